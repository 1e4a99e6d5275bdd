//! What a request costs, counted and not timed: instructions in our own code, and system calls.
//!
//! Counts do not drift with the machine's load. Two runs of different length differ only by their
//! requests, so what starting and stopping cost falls out.

use std::{collections::BTreeMap, fs, path::Path};

use rustix::process::Signal;

use crate::support::{
    eventually,
    load::{CONNECTIONS, QuickOrigin, ask_in_rounds},
    optimised,
    places::Refusing,
    proxy::{Setup, catch_all},
};

const PROCESS: &str = "workers = 1\n[log]\naccess = \"off\"\n";

/// What counts, and by what.
#[derive(Clone, Copy)]
enum Count {
    /// Valgrind's.
    Instructions,
    /// As strace sees them.
    SystemCalls,
}

impl Count {
    const BOTH: [Self; 2] = [Self::Instructions, Self::SystemCalls];

    const fn tool(self) -> &'static str {
        match self {
            Self::Instructions => "valgrind",
            Self::SystemCalls => "strace",
        }
    }

    /// What comes before the program on the command line.
    fn wrapper(self, file: &Path) -> String {
        let file = file.display();
        match self {
            Self::Instructions => {
                format!("valgrind -q --tool=callgrind --callgrind-out-file='{file}'")
            }
            Self::SystemCalls => format!("strace -f -c -D -o '{file}'"),
        }
    }

    /// Requests per connection, of the short run and of the long one.
    const fn rounds(self) -> [usize; 2] {
        match self {
            Self::Instructions => [10, 60],
            Self::SystemCalls => [16, 80],
        }
    }

    /// What was counted, by name, once it is all written.
    fn read(self, file: &Path) -> Option<BTreeMap<String, u64>> {
        let text = fs::read_to_string(file).ok()?;
        match self {
            Self::Instructions => instructions(&text),
            Self::SystemCalls => system_calls(&text),
        }
    }
}

fn instructions(text: &str) -> Option<BTreeMap<String, u64>> {
    let totals = text
        .lines()
        .find_map(|line| line.strip_prefix("totals: "))?;
    let total = totals.split_whitespace().next()?.parse().ok()?;
    Some(BTreeMap::from([("instructions".to_owned(), total)]))
}

/// A table whose fourth column is the calls and whose last is their name; its last row is the sum.
fn system_calls(text: &str) -> Option<BTreeMap<String, u64>> {
    let rows = text.lines().filter_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let calls = columns.get(3)?.parse().ok()?;
        Some((columns.last()?.to_string(), calls))
    });
    let mut calls: BTreeMap<String, u64> = rows.collect();
    calls.remove("total").map(|_| calls)
}

/// What one request costs, in hundredths.
struct Cost {
    all: u64,
    by_name: Vec<(String, u64)>,
}

impl Cost {
    fn assert_at_most(&self, bound: u64, what: &str) {
        let parts: String = self
            .by_name
            .iter()
            .filter(|(_, cost)| *cost >= 2)
            .map(|(name, cost)| format!(" {name} {}", decimal(*cost)))
            .collect();
        let said = format!(
            "{what}: {} of {} allowed;{parts}",
            decimal(self.all),
            decimal(bound)
        );
        eprintln!("{said}");
        assert!(self.all <= bound, "{said}");
    }
}

fn decimal(hundredths: u64) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// What a request to this site costs that is answered with this status.
fn cost(program: &str, count: Count, setup: &dyn Fn() -> Setup, status: u16) -> Cost {
    let [few, many] = count
        .rounds()
        .map(|rounds| run(program, count, setup(), (rounds, status)));
    let [short, long] = count.rounds();
    let requests = u64::try_from((long - short) * CONNECTIONS).expect("few requests");
    let all = many.values().sum::<u64>() - few.values().sum::<u64>();
    let mut by_name: Vec<_> = many
        .into_iter()
        .map(|(name, calls)| {
            let before = few.get(&name).copied().unwrap_or_default();
            (name, calls.saturating_sub(before) * 100 / requests)
        })
        .collect();
    by_name.sort_by_key(|(_, cost)| std::cmp::Reverse(*cost));
    Cost {
        all: all * 100 / requests,
        by_name,
    }
}

/// Starts the program, asks, stops it, and reads what it all took.
fn run(
    program: &str,
    count: Count,
    setup: Setup,
    (rounds, status): (usize, u16),
) -> BTreeMap<String, u64> {
    let file = setup.path().join("counted");
    let mut proxy = optimised::start(program, &count.wrapper(&file), setup);
    let answers = ask_in_rounds(proxy.address, rounds);
    assert!(
        answers.iter().all(|answer| answer.status == status),
        "every answer is a {status}"
    );
    proxy.signal(Signal::TERM);
    assert_eq!(proxy.wait().code(), Some(0));
    eventually("the counts are written", || count.read(&file))
}

/// Both counts, each within its bound, given in hundredths.
fn assert_costs(what: &str, site: &str, status: u16, bounds: [u64; 2]) {
    let Some(program) = optimised::program() else {
        return;
    };
    for count in Count::BOTH {
        optimised::require(count.tool());
    }
    for (count, bound) in Count::BOTH.into_iter().zip(bounds) {
        let name = match count {
            Count::Instructions => "instructions",
            Count::SystemCalls => "system calls",
        };
        let setup = || Setup::new(PROCESS).site("shop", site);
        cost(&program, count, &setup, status).assert_at_most(bound, &format!("{name} per {what}"));
    }
}

/// A proxy of hyper alone takes 41,500 instructions and 4.2 calls: 2 reads, 2 writes, and a share of
/// one wait. The bound is 1.3 times that.
#[test]
fn a_forwarded_request_costs_little_more_than_hyper_alone() {
    let origin = QuickOrigin::start();
    let site = catch_all(
        &format!("http://{}", origin.address),
        "[health]\n[breaker]\n",
    );
    assert_costs("forwarded request", &site, 200, [5_400_000, 450]);
}

/// Each tries to connect: a socket is made, refused and closed for every request.
#[test]
fn a_page_for_a_refusing_origin_costs_no_more_than_forwarding() {
    let port = Refusing::start();
    let site = catch_all(&format!("http://{}", port.address), "");
    assert_costs("page", &site, 503, [4_500_000, 1_030]);
}

/// No socket but the client's is touched: one read, one write, and a share of one wait. It takes
/// less than the page above, which it must not outgrow.
#[test]
fn a_page_in_a_known_outage_costs_no_connection() {
    let port = Refusing::start();
    let upstream = format!("http://{}", port.address);
    let site = catch_all(
        &upstream,
        "[breaker]\nshortest = \"1h\"\nlongest = \"1h\"\n",
    );
    assert_costs("page in a known outage", &site, 503, [4_000_000, 230]);
}

/// A page is a reference, whatever its size: what a large one takes more is the kernel's copy,
/// which valgrind does not count.
#[test]
fn a_page_of_64_kib_takes_no_more_instructions_than_one_of_1_kib() {
    let Some(program) = optimised::program() else {
        return;
    };
    optimised::require(Count::Instructions.tool());
    let port = Refusing::start();
    let upstream = format!("http://{}", port.address);
    let [small, large] = [1, 64].map(|kib: usize| {
        let site = catch_all(
            &upstream,
            "[fallback]\ntemplate = \"page.html\"\nlanguages = [\"en\"]\n\
             [breaker]\nshortest = \"1h\"\nlongest = \"1h\"\n",
        );
        let before = "<!doctype html><html lang=en><title>Closed</title><p>";
        let page = format!("{before}{}", "x".repeat(kib * 1024 - before.len()));
        let setup = move || {
            Setup::new(PROCESS)
                .site("shop", &site)
                .file("sites/page.html", &page)
        };
        cost(&program, Count::Instructions, &setup, 503)
    });
    large.assert_at_most(small.all * 115 / 100, "instructions per page of 64 KiB");
}
