//! The image: built from the shipped Dockerfile and run by a real engine. Its first stage, which
//! only compiles, is replaced by the program that was compiled already.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::support::{
    clients::{Ask, Kind, Protocol},
    engine::{self, Container, Image, docker, must},
    eventually,
    h1::{Client, End},
    origin::Origin,
    script::{answer, head},
    within,
};

/// Twenty megabytes, as engines count.
const LARGEST: u64 = 20_000_000;

/// What a cautious operator sets, and an engine's health checks once a second.
pub(crate) const STRICT: [&str; 4] = [
    "--read-only",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--health-interval=1s",
];

fn healthy(container: &Container) {
    eventually("the container is healthy", || {
        (container.health() == "healthy").then_some(())
    });
}

#[test]
fn the_image_holds_one_program_and_says_how_to_run_it() {
    let Some(program) = engine::program() else {
        return;
    };
    let image = Image::of(&program);
    let seen = image.inspect();
    let bytes = seen["Size"].as_u64().expect("a size");
    eprintln!("the image has {} bytes", bytes);
    assert!(bytes <= LARGEST, "{bytes} bytes");
    let config = &seen["Config"];
    assert_eq!(config["User"], "65532:65532");
    assert_eq!(config["StopSignal"], "SIGTERM");
    assert_eq!(config["Entrypoint"], serde_json::json!(["intermission"]));
    assert_eq!(config["Cmd"], serde_json::json!(["run"]));
    let ports = ["8080/tcp", "8443/tcp", "9090/tcp"];
    assert!(
        ports
            .iter()
            .all(|port| !config["ExposedPorts"][port].is_null())
    );
    let check = serde_json::json!(["CMD", "intermission", "healthcheck"]);
    assert_eq!(config["Healthcheck"]["Test"], check);
    assert!(!config["Volumes"]["/var/lib/intermission"].is_null());
    for label in [
        "title",
        "description",
        "licenses",
        "version",
        "revision",
        "source",
    ] {
        let label = format!("org.opencontainers.image.{label}");
        assert!(config["Labels"][&label].is_string(), "{label}");
    }
    assert_eq!(
        config["Labels"]["org.opencontainers.image.version"],
        env!("CARGO_PKG_VERSION")
    );
    files_are(&image);
}

/// What is in it, and whose.
fn files_are(image: &Image) {
    let container = Container {
        name: engine::unique(),
    };
    docker(&["create", "--name", &container.name, &image.name]);
    let list = format!(
        "docker export {} | tar --list --verbose --numeric-owner",
        container.name
    );
    let list = must("sh", &["-c", &list]);
    let owner = |path: &str| {
        let mut lines = list
            .lines()
            .filter(|line| line.ends_with(&format!(" {path}")));
        let line = lines.next().unwrap_or_else(|| panic!("{path} in {list}"));
        line.split_whitespace().nth(1).map(str::to_owned)
    };
    for ours in ["etc/intermission/", "var/lib/intermission/"] {
        assert_eq!(owner(ours).as_deref(), Some("65532/65532"), "{list}");
    }
    for other in [
        "usr/local/bin/intermission",
        "etc/passwd",
        "etc/ssl/certs/ca-certificates.crt",
    ] {
        assert_eq!(owner(other).as_deref(), Some("0/0"), "{list}");
    }
    // The engine adds empty files of its own.
    let is_program = |line: &&str| {
        let size = line.split_whitespace().nth(2);
        line.starts_with("-rwx") && size != Some("0")
    };
    assert_eq!(list.lines().filter(is_program).count(), 1, "{list}");
}

#[test]
fn two_variables_make_a_site_that_is_healthy_while_its_application_is_not() {
    let Some(program) = engine::program() else {
        return;
    };
    let image = Image::of(&program);
    let variables = [
        "--env=INTERMISSION_UPSTREAM=http://127.0.0.1:9",
        "--env=INTERMISSION_NAME=My shop",
    ];
    let container = image.start(&[&STRICT[..], &variables].concat(), &[]);
    let ask = Ask::get("/").by(Kind::Navigation);
    let got = ask.ask(container.port(), Protocol::H1);
    assert_eq!((got.head.status(), got.end), (503, End::Complete));
    assert!(got.head.field("retry-after").is_some(), "{:?}", got.head);
    let cause = got.head.field("proxy-status").unwrap_or_default();
    assert!(cause.contains("connection_refused"), "{cause}");
    assert!(String::from_utf8_lossy(&got.body).contains("My shop"));
    healthy(&container);
    let checks = eventually("four checks", || {
        let log = container.inspect()["State"]["Health"]["Log"].clone();
        log.as_array().filter(|log| log.len() >= 4).cloned()
    });
    assert!(
        checks.iter().all(|check| check["ExitCode"] == 0),
        "{checks:?}"
    );
    assert_eq!(container.health(), "healthy");
    stops_in_order(&container);
    logs_are_json(&container);
}

/// What `docker stop` does, well before the engine would kill.
fn stops_in_order(container: &Container) {
    let begun = Instant::now();
    docker(&["stop", "--time", "20", &container.name]);
    let took = begun.elapsed();
    eprintln!("docker stop took {took:?}");
    assert_eq!(container.inspect()["State"]["ExitCode"], 0);
    assert!(took < Duration::from_secs(8), "{took:?}");
}

/// Records on standard output, the process's own words on standard error, a JSON object a line.
fn logs_are_json(container: &Container) {
    let said = container.logs();
    let json = |text: &str| -> Vec<Value> {
        let lines = text.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().expect("JSON, line by line")
    };
    let (records, words) = (json(&said.out), json(&said.err));
    assert!(
        records.iter().any(|record| record["url.path"] == "/"),
        "{said:?}"
    );
    assert!(
        words.iter().any(|word| word["message"] == "listening"),
        "{said:?}"
    );
    assert!(
        words.iter().any(|word| word["message"] == "stopped"),
        "{said:?}"
    );
}

/// A volume that nothing else is in, gone with it.
struct Volume(String);

impl Volume {
    fn new() -> Self {
        Self(docker(&["volume", "create", &engine::unique()]))
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        engine::run("docker", &["volume", "rm", "--force", &self.0]);
    }
}

#[test]
fn what_is_kept_on_the_volume_outlives_the_container() {
    let Some(program) = engine::program() else {
        return;
    };
    let image = Image::of(&program);
    let body = "<!doctype html><html lang=\"en\"><head><title>Away</title></head>\
                <body><h1>The shop's own words</h1></body></html>";
    let length = format!("Content-Length: {}", body.len());
    let whole = [
        head("200 OK", &["Content-Type: text/html", &length]),
        body.into(),
    ];
    let origin = Origin::always(answer(whole.concat()));
    let site = format!(
        "hosts = [\"*\"]\nupstream = \"{}\"\n[fallback]\nsnapshot = \"/away\"\n",
        origin.url()
    );
    let files = engine::configuration(&[("sites/shop.toml", &site)], 0o755);
    let volume = Volume::new();
    let mounts = [
        format!("--volume={}:/etc/intermission:ro", files.path().display()),
        format!("--volume={}:/var/lib/intermission", volume.0),
        // So that it reaches the origin of this test.
        "--network=host".to_owned(),
        "--env=INTERMISSION_LISTEN=127.0.0.1:0".to_owned(),
        "--env=INTERMISSION_ADMIN=127.0.0.1:0".to_owned(),
    ];
    let mounts: Vec<&str> = mounts.iter().map(String::as_str).collect();
    let flags = [&STRICT[..], &mounts].concat();
    let first = image.start(&flags, &[]);
    first.says(&["snapshot taken"]);
    docker(&["stop", "--time", "20", &first.name]);
    drop((first, origin));
    let second = image.start(&flags, &[]);
    let line = second.says(&["listening", "\"clients\""]);
    let line: Value = serde_json::from_str(&line).expect("JSON");
    let address = line["address"].as_str().and_then(|at| at.parse().ok());
    let mut client = Client::connect(address.expect("an address"));
    let got = client.ask("GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n");
    assert_eq!(got.head.status(), 503);
    assert!(String::from_utf8_lossy(&got.body).contains("The shop's own words"));
}

#[test]
fn the_first_answer_comes_soon_after_the_container_is_started() {
    let Some(program) = engine::program() else {
        return;
    };
    let image = Image::of(&program);
    let begun = Instant::now();
    let container = image.start(&["--env=INTERMISSION_UPSTREAM=http://127.0.0.1:9"], &[]);
    let listens = container.port();
    let took = begun.elapsed();
    eprintln!("docker run to the first connection: {took:?}");
    let status = Ask::get("/.intermission/status").ask(listens, Protocol::H1);
    assert_ne!(status.head.status(), 0);
    let healthy = within(Duration::from_secs(15), || {
        (container.health() == "healthy").then_some(())
    });
    eprintln!("docker run to healthy: {:?}", begun.elapsed());
    assert!(healthy.is_some(), "the image's own interval is 5 s");
}
