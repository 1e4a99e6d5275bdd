//! The shipped compose project on a real engine: whatever becomes of the application's container,
//! visitors see the site or the page. Prints the table of docs/reliability.md.

use std::{collections::BTreeSet, time::Duration};

use tokio::time::Instant;

use crate::support::{
    compose::{Project, Seen, Visitors},
    engine::{Container, docker, unique},
    eventually,
    h1::{Client, End},
    let_pass, within,
};

/// How long each outage lasts at least.
const OUTAGE: Duration = Duration::from_secs(4);
/// A silent application is found out by probes every 5 s, two of which have to fail, or by the
/// first request's timeout.
const FIRST_PAGE: Duration = Duration::from_secs(25);
/// The longest from the application's first own answer to one of its answers through the proxy: a
/// name is looked up once a second, and this machine may have other things to do.
const BACK: Duration = Duration::from_secs(3);

/// Something that happens to the application's container, and how it is undone.
struct Event {
    what: &'static str,
    breaks: fn(&Project),
    repairs: fn(&Project) -> Option<Container>,
}

const EVENTS: [Event; 6] = [
    Event {
        what: "stopped",
        breaks: |project| drop(project.compose(&["stop", "app"])),
        repairs: |project| {
            project.compose(&["start", "app"]);
            None
        },
    },
    Event {
        what: "killed",
        breaks: |project| drop(docker(&["kill", &project.container("app")])),
        repairs: |project| {
            project.compose(&["start", "app"]);
            None
        },
    },
    Event {
        what: "paused",
        breaks: |project| drop(docker(&["pause", &project.container("app")])),
        repairs: |project| {
            docker(&["unpause", &project.container("app")]);
            None
        },
    },
    Event {
        what: "stopped, started with a new address",
        breaks: |project| drop(project.compose(&["stop", "app"])),
        repairs: moved,
    },
    Event {
        what: "cut off from the network",
        breaks: |project| {
            docker(&[
                "network",
                "disconnect",
                &project.back(),
                &project.container("app"),
            ]);
        },
        repairs: |project| {
            let app = project.container("app");
            docker(&[
                "network",
                "connect",
                "--alias",
                "app",
                &project.back(),
                &app,
            ]);
            None
        },
    },
    Event {
        what: "removed with its name, made anew",
        breaks: |project| drop(project.compose(&["rm", "--stop", "--force", "app"])),
        repairs: |project| {
            project.up(&["app"]);
            None
        },
    },
];

/// Somebody else has got the address meanwhile.
fn moved(project: &Project) -> Option<Container> {
    let other = Container { name: unique() };
    let (network, site) = (format!("--network={}", project.back()), &project.site.name);
    let fixed = [
        "run",
        "--detach",
        "--name",
        &other.name,
        &network,
        "--init",
        site,
    ];
    docker(&[&fixed[..], &["sleep", "600"]].concat());
    project.compose(&["start", "app"]);
    Some(other)
}

/// The site or our answer, whole, and with all that ours has.
#[track_caller]
fn is_in_order(seen: &Seen) {
    let is_site = seen.status == 200 && seen.cause.is_none();
    let is_page = seen.status == 503
        && seen.cause.is_some()
        && seen.retry_after.is_some_and(|seconds| seconds > 0);
    assert!(
        (is_site || is_page) && seen.end == End::Complete,
        "{seen:?}"
    );
}

/// Waits until visitors see nothing but the site.
fn all_is_well(visitors: &Visitors) {
    let begun = Instant::now();
    eventually("forty visits in a row see the site", || {
        let seen = visitors.so_far();
        let mut later = seen.iter().rev().take_while(|seen| seen.begun > begun);
        let run = later.by_ref().take_while(|seen| seen.status == 200).count();
        (run >= 40).then_some(())
    });
}

fn first_page(visitors: &Visitors, since: Instant) {
    let page = within(FIRST_PAGE, || {
        let seen = visitors.so_far();
        let mut pages = seen
            .iter()
            .filter(|seen| seen.ended > since && seen.status == 503);
        pages.next().map(|_| ())
    });
    assert!(page.is_some(), "nobody saw a page within {FIRST_PAGE:?}");
}

/// Lets it happen, and prints what visitors saw of it: a row of the table.
fn try_out(project: &Project, event: &Event) {
    let (mut broken, mut returned, mut repaired) = (None, None, None);
    let seen = Visitors::of(project.address(), |visitors| {
        all_is_well(visitors);
        let before = project.app();
        broken = Some(Instant::now());
        (event.breaks)(project);
        first_page(visitors, broken.expect("just set"));
        let_pass(OUTAGE.saturating_sub(broken.expect("just set").elapsed()));
        repaired = Some(Instant::now());
        let guard = std::thread::scope(|scope| {
            let direct = scope.spawn(|| project.app_answers());
            let guard = (event.repairs)(project);
            returned = direct.join().ok();
            guard
        });
        all_is_well(visitors);
        if guard.is_some() {
            assert_ne!(project.app(), before, "it has another address");
        }
    });
    seen.iter().for_each(is_in_order);
    let instants = (broken, repaired, returned);
    let (Some(broken), Some(repaired), Some(returned)) = instants else {
        panic!("all three are set: {instants:?}");
    };
    let back = seen
        .iter()
        .find(|seen| seen.status == 200 && seen.ended > repaired);
    let back = back
        .expect("the site is back")
        .ended
        .saturating_duration_since(returned);
    print_row(event.what, &seen, broken, Some(back));
    assert!(back <= BACK, "{}: {back:?}", event.what);
}

fn print_row(what: &str, seen: &[Seen], broken: Instant, back: Option<Duration>) {
    let after: Vec<&Seen> = seen.iter().filter(|seen| seen.ended > broken).collect();
    let longest = after.iter().map(|seen| seen.ended - seen.begun).max();
    let longest = longest.unwrap_or_default();
    let pages: Vec<&&Seen> = after.iter().filter(|seen| seen.status == 503).collect();
    let mut waits: Vec<Duration> = pages.iter().map(|page| page.ended - page.begun).collect();
    waits.sort();
    let (Some(half), Some(back)) = (waits.get(waits.len() / 2), back) else {
        eprintln!("| {what} | no page | {longest:.1?} | - | - | - | - |");
        return;
    };
    let causes: BTreeSet<&str> = pages
        .iter()
        .filter_map(|page| page.cause.as_deref())
        .collect();
    let causes = causes.into_iter().collect::<Vec<_>>().join(", ");
    let retry: BTreeSet<u64> = pages.iter().filter_map(|page| page.retry_after).collect();
    let (least, most) = (retry.first().copied(), retry.last().copied());
    eprintln!(
        "| {what} | {} pages | {longest:.1?} | {half:.1?} | {causes} | {} to {} s | {back:.0?} |",
        pages.len(),
        least.unwrap_or_default(),
        most.unwrap_or_default(),
    );
}

/// From nothing to the page, while the application is not even there, and on to the site.
fn first_minutes(project: &Project) {
    let begun = Instant::now();
    project.up(&["intermission"]);
    let address = project.address();
    let page = eventually("the page", || {
        let mut client = Client::connect_for(address, Duration::from_secs(10));
        let got = client.ask("GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n");
        (got.head.status() == 503).then_some(got)
    });
    let page = String::from_utf8_lossy(&page.body).into_owned();
    assert!(page.contains("Blumen Krause"), "{page}");
    eprintln!("compose up to the page: {:?}", begun.elapsed());
    let begun = Instant::now();
    project.up(&[]);
    project.app_answers();
    eprintln!(
        "compose up of the application to its own answer: {:?}",
        begun.elapsed()
    );
}

#[test]
fn visitors_see_the_site_or_the_page_whatever_becomes_of_the_container() {
    let Some(project) = Project::new() else {
        return;
    };
    first_minutes(&project);
    eprintln!(
        "| the container is | visitors got | longest wait | half of the pages within | cause | Retry-After | site back after |"
    );
    for event in &EVENTS {
        try_out(&project, event);
    }
    restarted(&project);
}

/// A restart is over before anybody has waited for long.
fn restarted(project: &Project) {
    let mut broken = None;
    let seen = Visitors::of(project.address(), |visitors| {
        all_is_well(visitors);
        broken = Some(Instant::now());
        docker(&["restart", "--time", "1", &project.container("app")]);
        project.app_answers();
        all_is_well(visitors);
    });
    seen.iter().for_each(is_in_order);
    print_row("restarted", &seen, broken.expect("it is set"), None);
}
