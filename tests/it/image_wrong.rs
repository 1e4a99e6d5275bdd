//! What goes wrong around a container: mounts that cannot be read, volumes that cannot be written,
//! ports that are not allowed, a proxy that finds itself behind its own name. Each is one clear
//! complaint, with exit code 1 where there is no sense in going on.

use crate::support::{
    clients::{Ask, Kind, Protocol},
    engine::{self, Image, configuration, docker},
    origin::Origin,
    script::{answer, head},
};

const SITE: &str = "hosts = [\"*\"]\nupstream = \"http://127.0.0.1:9\"\n";

/// The container ends by itself, with code 1 and these words in a few lines.
#[track_caller]
fn refuses(image: &Image, flags: &[&str], words: &[&str]) {
    let container = image.start(flags, &[]);
    let code = container.wait();
    let said = container.logs();
    assert_eq!(code, "1", "{flags:?}: {said:?}");
    for word in words {
        assert!(said.err.contains(word), "{word}: {said:?}");
    }
    assert!(said.err.lines().count() <= 6, "{said:?}");
    assert!(said.out.is_empty(), "{said:?}");
}

#[test]
fn a_container_that_cannot_work_says_why_and_ends_with_code_one() {
    let Some(program) = engine::program() else {
        return;
    };
    let image = Image::of(&program);
    let nothing = ["there is no site", "INTERMISSION_UPSTREAM"];
    refuses(&image, &[], &nothing);
    let typo = ["--env=INTERMISSION_UPSTREAM=app:3000"];
    refuses(&image, &typo, &["--upstream", "http://app:3000"]);
    let itself = ["--env=INTERMISSION_UPSTREAM=http://127.0.0.1:8080"];
    refuses(
        &image,
        &itself,
        &["own address", "address of the application"],
    );
    // Engines let everybody have every port since 2020; Kubernetes and older ones do not.
    let low = [
        "--sysctl=net.ipv4.ip_unprivileged_port_start=1024",
        "--env=INTERMISSION_UPSTREAM=http://127.0.0.1:9",
        "--env=INTERMISSION_LISTEN=:80",
    ];
    refuses(&image, &low, &["0.0.0.0:80", "CAP_NET_BIND_SERVICE"]);
}

#[test]
fn a_mount_that_the_containers_user_cannot_read_is_named_with_that_user() {
    let Some(program) = engine::program() else {
        return;
    };
    let image = Image::of(&program);
    let locked = configuration(&[("sites/shop.toml", SITE)], 0o700);
    let mount = format!("--volume={}:/etc/intermission:ro", locked.path().display());
    refuses(
        &image,
        &[&mount],
        &["permission denied", "user 65532", "sites"],
    );
    let open = configuration(&[], 0o755);
    let mount = format!("--volume={}:/etc/intermission:ro", open.path().display());
    refuses(&image, &[&mount], &["there is no site"]);
    let file = configuration(&[("sites/shop.toml", SITE)], 0o755);
    let shop = file.path().join("sites/shop.toml");
    let nobody = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(shop, nobody).expect("it is ours");
    let mount = format!("--volume={}:/etc/intermission:ro", file.path().display());
    let words = ["sites/shop.toml", "permission denied", "user 65532"];
    refuses(&image, &[&mount], &words);
}

/// The page is shown all the same, and the log says once what is lost.
fn runs_without_its_data(image: &Image, origin: &Origin, data: &[&str], why: &str) {
    let site = format!(
        "hosts = [\"*\"]\nupstream = \"{}\"\n[fallback]\nsnapshot = \"/\"\n",
        origin.url()
    );
    let files = configuration(&[("sites/shop.toml", &site)], 0o755);
    let mount = format!("--volume={}:/etc/intermission:ro", files.path().display());
    let fixed = [
        &mount,
        "--read-only",
        "--network=host",
        "--env=INTERMISSION_LISTEN=127.0.0.1:0",
        "--env=INTERMISSION_ADMIN=127.0.0.1:0",
    ];
    let container = image.start(&[&fixed[..], data].concat(), &[]);
    container.says(&["data directory cannot be written", why, "user 65532"]);
    container.says(&["snapshot taken"]);
    docker(&["stop", "--time", "20", &container.name]);
    assert_eq!(container.inspect()["State"]["ExitCode"], 0);
    let said = container.logs().err;
    let count = said.matches("data directory cannot be written").count();
    assert_eq!(count, 1, "{said}");
}

#[test]
fn a_data_directory_that_cannot_be_written_is_said_and_does_not_keep_it_from_working() {
    let Some(program) = engine::program() else {
        return;
    };
    let image = Image::of(&program);
    let page = "<!doctype html><html lang=\"en\"><title>Away</title><h1>Away</h1></html>";
    let length = format!("Content-Length: {}", page.len());
    let whole = [
        head("200 OK", &["Content-Type: text/html", &length]),
        page.into(),
    ];
    let origin = Origin::always(answer(whole.concat()));
    // Of root, as a directory of the host is that the engine has made.
    let foreign = configuration(&[], 0o755);
    let foreign = format!(
        "--volume={}:/var/lib/intermission",
        foreign.path().display()
    );
    runs_without_its_data(&image, &origin, &[&foreign], "ermission denied");
    let own = configuration(&[], 0o777);
    let read_only = format!("--volume={}:/var/lib/intermission:ro", own.path().display());
    runs_without_its_data(&image, &origin, &[&read_only], "ead-only file system");
}

#[test]
fn a_proxy_that_finds_itself_behind_a_name_answers_and_names_the_loop() {
    let Some(program) = engine::program() else {
        return;
    };
    let image = Image::of(&program);
    let network = Network::new();
    let name = format!("--network={}", network.0);
    let flags = [
        name.as_str(),
        "--network-alias=app",
        "--env=INTERMISSION_UPSTREAM=http://app:8080",
    ];
    let container = image.start(&flags, &[]);
    let ask = Ask::get("/").by(Kind::Navigation);
    let got = ask.ask(container.port(), Protocol::H1);
    assert_eq!(got.head.status(), 503);
    let cause = got.head.field("proxy-status").unwrap_or_default();
    assert!(cause.contains("proxy_loop_detected"), "{cause}");
    container.says(&["loop"]);
}

/// A network of its own, gone with it.
struct Network(String);

impl Network {
    fn new() -> Self {
        let name = engine::unique();
        docker(&["network", "create", &name]);
        Self(name)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        engine::run("docker", &["network", "rm", &self.0]);
    }
}
