//! Behind the servers that people have already, each with the configuration that the examples and
//! the documents give it: what passes, and that the page reaches the visitor as it is.

use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::Command,
};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::{
    clients::{Ask, Protocol},
    eventually,
    origin::Origin,
    places::Refusing,
    process::Process,
    proxy::{Proxy, Setup, catch_all},
    script::{answer, ok},
};

/// A server in front, on a free port.
struct Front {
    process: Process,
    address: SocketAddr,
    _dir: TempDir,
}

impl Front {
    /// Writes this configuration, and starts the program with it.
    fn start(dir: TempDir, address: SocketAddr, config: &str, command: &mut Command) -> Self {
        let file = dir.path().join("config");
        fs::write(&file, config).expect("a new file");
        let process = Process::start(command.arg(file).process_group(0), true);
        eventually("it listens", || TcpStream::connect(address).ok());
        Self {
            process,
            address,
            _dir: dir,
        }
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        if self.process.has_ended().is_none() {
            self.process.signal_group(Signal::KILL);
        }
    }
}

/// A port that nobody else is given so soon: none of these servers can choose one by itself.
fn free() -> SocketAddr {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    taken.local_addr().expect("a bound socket")
}

fn text(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The text with each of these replaced, all of which are there.
fn with(mut text: String, changes: &[(&str, &str)]) -> String {
    for (from, to) in changes {
        assert!(text.contains(from), "no {from} in:\n{text}");
        text = text.replace(from, to);
    }
    text
}

/// The first block in this language of a document, without its indentation.
fn block(document: &str, language: &str) -> String {
    let fence = format!("   ```{language}");
    let lines = document.lines().skip_while(|line| *line != fence).skip(1);
    let block = lines.take_while(|line| *line != "   ```");
    block.fold(String::new(), |text, line| {
        text + line.strip_prefix("   ").unwrap_or(line) + "\n"
    })
}

fn proxy(origin: &Origin) -> Proxy {
    Setup::new("trusted_proxies = [\"127.0.0.1\"]")
        .site(
            "shop",
            &catch_all(&origin.url(), "[brand]\nname = \"Blumen Krause\"\n"),
        )
        .start()
}

fn get(target: &str) -> Ask {
    Ask::get(target).host("shop.example")
}

/// What a visitor sees through it, while the application is well and when it is not.
fn stands_between(front: &Front, proxy: &Proxy, origin: Origin) {
    let well = eventually("the way through is open", || {
        let response = get("/well").ask(front.address, Protocol::H1);
        (response.head.status() == 200).then_some(response)
    });
    assert_eq!(well.body, b"hello");
    assert!(well.head.field("x-request-id").is_some(), "{:?}", well.head);
    let seen = origin.request("/well").head;
    assert_eq!(
        seen.field("host").as_deref(),
        Some("shop.example"),
        "{seen:?}"
    );
    let clients = seen.field("x-forwarded-for").expect("the field");
    assert!(clients.starts_with("127.0.0.1"), "{seen:?}");
    assert_eq!(proxy.record("/well")["client.address"], "127.0.0.1");
    let address = origin.address;
    drop(origin);
    let _gone = Refusing::at(address);
    for method in ["GET", "POST"] {
        let ask = Ask::new(method, "/gone").host("shop.example");
        let down = ask.ask(front.address, Protocol::H1);
        assert_eq!(down.head.status(), 503, "{:?}", down.head);
        assert!(down.head.field("retry-after").is_some(), "{:?}", down.head);
        let cause = down.head.field("proxy-status").expect("the cause");
        assert!(cause.contains("connection_refused"), "{cause}");
        let page = String::from_utf8_lossy(&down.body).into_owned();
        assert!(page.contains("Blumen Krause"), "{page}");
    }
}

fn nginx(dir: TempDir, address: SocketAddr, server: &str) -> Front {
    let path = dir.path().display();
    let config = format!(
        "daemon off; pid {path}/pid; error_log stderr crit; worker_processes 1;\n\
         events {{ worker_connections 64; }}\n\
         http {{ access_log off; client_body_temp_path {path}/b; proxy_temp_path {path}/p;\n\
         fastcgi_temp_path {path}/f; uwsgi_temp_path {path}/u; scgi_temp_path {path}/s;\n\
         {server} }}\n"
    );
    let mut command = Command::new("nginx");
    Front::start(dir, address, &config, command.args(["-e", "stderr", "-c"]))
}

#[test]
fn behind_nginx_as_the_example_has_it() {
    let origin = Origin::always(answer(ok("hello")));
    let proxy = proxy(&origin);
    let (address, plain) = (free(), free());
    // Without TLS, so that plain clients can look at it.
    let server = with(
        text("deploy/nginx/shop.conf"),
        &[
            ("listen 80;", &format!("listen {plain};")),
            ("listen 443 ssl;", &format!("listen {address};")),
            ("ssl_certificate ", "# "),
            ("ssl_certificate_key ", "# "),
            ("intermission:8080", &proxy.address.to_string()),
        ],
    );
    let front = nginx(tempfile::tempdir().expect("a directory"), address, &server);
    let moved = get("/there?a=b").ask(plain, Protocol::H1);
    assert_eq!(moved.head.status(), 308);
    let to = moved.head.field("location");
    assert_eq!(to.as_deref(), Some("https://shop.example/there?a=b"));
    stands_between(&front, &proxy, origin);
}

#[test]
fn behind_nginx_as_the_page_on_moving_has_it() {
    let origin = Origin::always(answer(ok("hello")));
    let proxy = proxy(&origin);
    let address = free();
    let location = with(
        block(&text("docs/migrate/nginx-error-page.md"), "nginx"),
        &[("127.0.0.1:8080", &proxy.address.to_string())],
    );
    let server = format!("server {{ listen {address}; {location} }}");
    let front = nginx(tempfile::tempdir().expect("a directory"), address, &server);
    stands_between(&front, &proxy, origin);
}

#[test]
fn behind_haproxy_as_the_page_on_moving_has_it() {
    let origin = Origin::always(answer(ok("hello")));
    let proxy = proxy(&origin);
    let address = free();
    let admin = proxy.admin.port().to_string();
    let backend = with(
        block(&text("docs/migrate/haproxy-errorfile.md"), "haproxy"),
        &[
            ("127.0.0.1:8080", &proxy.address.to_string()),
            ("9090", &admin),
        ],
    );
    let config = format!(
        "defaults\n    mode http\n    timeout client 30s\n    timeout connect 3s\n    timeout \
         server 30s\nfrontend visitors\n    bind {address}\n    default_backend shop\n{backend}"
    );
    let mut command = Command::new("haproxy");
    let dir = tempfile::tempdir().expect("a directory");
    let front = Front::start(dir, address, &config, command.args(["-db", "-f"]));
    // Its check of our health has to pass, too, and to go on passing.
    eventually("it has asked for health", || {
        let lines = front.process.stderr().join("\n");
        assert!(!lines.contains("is DOWN"), "{lines}");
        let asked = get("/").ask(front.address, Protocol::H1);
        (asked.head.status() == 200).then_some(())
    });
    stands_between(&front, &proxy, origin);
}

#[test]
fn behind_caddy_as_the_example_has_it() {
    let caddy = Command::new("caddy").arg("version").output();
    if caddy.is_err() {
        eprintln!("skipped: there is no caddy here");
        return;
    }
    let origin = Origin::always(answer(ok("hello")));
    let proxy = proxy(&origin);
    let address = free();
    let site = with(
        text("deploy/caddy/Caddyfile"),
        &[
            (
                "\nshop.example {",
                &format!("\nhttp://shop.example:{} {{", address.port()),
            ),
            ("intermission:8080", &proxy.address.to_string()),
        ],
    );
    let config = format!("{{\n\tadmin off\n\tdefault_bind 127.0.0.1\n}}\n{site}");
    let dir = tempfile::tempdir().expect("a directory");
    let home = PathBuf::from(dir.path());
    let mut command = Command::new("caddy");
    command.env("HOME", &home).env("XDG_DATA_HOME", &home);
    command.env("XDG_CONFIG_HOME", &home);
    command.args(["run", "--adapter", "caddyfile", "--config"]);
    let front = Front::start(dir, address, &config, &mut command);
    stands_between(&front, &proxy, origin);
}
