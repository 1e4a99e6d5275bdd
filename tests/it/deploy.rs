//! The examples below `deploy` and the workflows are right, as far as the programs that read them
//! are here to say so.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use intermission::config::{Loaded, load_with};
use rustix::process::Signal;
use serde_json::Value;

use crate::support::{
    eventually,
    origin::Origin,
    proxy::{BINARY, Setup, catch_all},
    script::{answer, ok},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn examples() -> PathBuf {
    root().join("deploy")
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every file below, in order.
fn files(below: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![below.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn yaml(path: &Path) -> Value {
    serde_saphyr::from_str(&text(path))
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Whether the program is here. What is not checked for want of it is said.
fn is_here(program: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", "command -v \"$1\"", "sh", program])
        .output();
    let is_here = found.expect("sh runs").status.success();
    if !is_here {
        eprintln!("skipped: there is no {program} here");
    }
    is_here
}

/// Runs a check that has to succeed, and returns all that it says.
fn passes(command: &mut Command) -> String {
    let output = command.output().expect("the program runs");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{command:?}:\n{said}");
    said
}

fn loads(directory: &Path) -> Loaded {
    let loaded = load_with(directory, &|_| None)
        .unwrap_or_else(|problems| panic!("{}: {problems}", directory.display()));
    // A kubelet asks from outside the pod, for health alone: that needs no token.
    let mut meant = loaded.warnings.iter().filter(|warning| {
        let is_for_kubelet = loaded.config.process.admin == Some(([0, 0, 0, 0], 9090).into());
        !(is_for_kubelet && warning.key == "admin")
    });
    let unmeant = meant.next();
    assert!(unmeant.is_none(), "{}: {unmeant:?}", directory.display());
    loaded
}

#[test]
fn every_configuration_loads_without_a_warning() {
    let mut seen = 0;
    for file in files(&examples()) {
        if file
            .parent()
            .is_some_and(|folder| folder.ends_with("sites"))
            && file.extension().is_some_and(|ending| ending == "toml")
        {
            let directory = file.parent().and_then(Path::parent).expect("two folders");
            assert_eq!(loads(directory).config.sites.len(), 1, "{}", file.display());
            seen += 1;
        }
    }
    assert!(seen >= 9, "{seen} examples");
}

#[test]
fn every_compose_file_is_right_and_stands_behind_nothing_that_can_fail_with_the_application() {
    let checks = is_here("docker-compose");
    let mut seen = 0;
    for file in files(&examples()) {
        if !file.ends_with("compose.yaml") {
            continue;
        }
        seen += 1;
        if checks {
            let mut command = Command::new("docker-compose");
            command
                .env("DATABASE_PASSWORD", "x")
                .arg("--file")
                .arg(&file);
            passes(command.args(["config", "--quiet"]));
        }
        let project = yaml(&file);
        let proxy = &project["services"]["intermission"];
        assert!(proxy.is_object(), "{}", file.display());
        // To wait for the application's health would be to be away while it is down.
        let name = file.display();
        assert!(proxy["depends_on"].is_null(), "{name}");
        assert_eq!(proxy["restart"], "unless-stopped", "{name}");
        let grace = proxy["stop_grace_period"].as_str().unwrap_or_default();
        let seconds: u32 = grace.trim_end_matches('s').parse().expect("seconds");
        assert!(seconds > 30, "{name}: less than `drain`");
    }
    assert!(seen >= 6, "{seen} compose files");
}

#[test]
fn traefik_routes_to_the_proxy_alone_and_has_no_health_to_wait_for() {
    let project = yaml(&examples().join("traefik/compose.yaml"));
    let services = project["services"].as_object().expect("services");
    for (name, service) in services {
        let has_labels = service["labels"].is_object();
        assert_eq!(has_labels, name == "intermission", "{name}");
    }
    assert_eq!(services["intermission"]["healthcheck"]["disable"], true);
    let port = "traefik.http.services.shop.loadBalancer.server.port";
    assert_eq!(services["intermission"]["labels"][port], "8080");
}

#[test]
fn caddy_accepts_its_file() {
    if is_here("caddy") {
        let file = examples().join("caddy/Caddyfile");
        let mut command = Command::new("caddy");
        command.args(["validate", "--adapter", "caddyfile", "--config"]);
        passes(command.arg(file));
    }
}

/// The files of a ConfigMap as the kubelet lays them out: behind links, so that all change at once.
fn mounted(overlay: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    let version = dir.path().join("..2026");
    let config = examples().join("kubernetes").join(overlay).join("config");
    fs::create_dir_all(version.join("sites")).expect("a new directory");
    fs::copy(
        config.join("intermission.toml"),
        version.join("intermission.toml"),
    )
    .expect("a copy");
    fs::copy(
        config.join("sites/shop.toml"),
        version.join("sites/shop.toml"),
    )
    .expect("a copy");
    for (target, link) in [
        ("..2026", "..data"),
        ("..data/intermission.toml", "intermission.toml"),
        ("..data/sites", "sites"),
    ] {
        symlink(target, dir.path().join(link)).expect("a link");
    }
    dir
}

#[test]
fn kubernetes_can_reach_health_and_the_configuration_loads_as_it_is_mounted() {
    for (overlay, deployment) in [("base", "containers"), ("sidecar", "initContainers")] {
        let dir = mounted(overlay);
        let process = loads(dir.path()).config.process;
        let file = examples().join(format!("kubernetes/{overlay}/deployment.yaml"));
        let pod = &yaml(&file)["spec"]["template"]["spec"];
        let proxy = &pod[deployment][0];
        let admin = process.admin.expect("an admin listener");
        assert!(admin.ip().is_unspecified(), "{overlay}: {admin}");
        let ports = proxy["ports"].as_array().expect("ports");
        let named = |name: &str| {
            let port = ports.iter().find(|port| port["name"] == name);
            port.and_then(|port| port["containerPort"].as_u64())
        };
        assert_eq!(named("admin"), Some(u64::from(admin.port())), "{overlay}");
        let listen = process.listen.first().expect("an address");
        assert_eq!(named("http"), Some(u64::from(listen.port())), "{overlay}");
        for (probe, path) in [("readinessProbe", "/readyz"), ("livenessProbe", "/livez")] {
            assert_eq!(proxy[probe]["httpGet"]["path"], path, "{overlay}");
            assert_eq!(proxy[probe]["httpGet"]["port"], "admin", "{overlay}");
        }
        let stop = proxy["lifecycle"]["preStop"]["sleep"]["seconds"].as_u64();
        let allowed = pod["terminationGracePeriodSeconds"].as_u64();
        assert!(
            stop.unwrap_or(0) + process.drain.as_secs() < allowed.expect("a limit"),
            "{overlay}: killed before it is done"
        );
        let security = &proxy["securityContext"];
        assert_eq!(security["readOnlyRootFilesystem"], true, "{overlay}");
        assert_eq!(security["capabilities"]["drop"][0], "ALL", "{overlay}");
    }
}

#[test]
fn nothing_but_the_proxy_decides_whether_a_pod_gets_requests() {
    let sidecar = examples().join("kubernetes/sidecar");
    let pod = &yaml(&sidecar.join("deployment.yaml"))["spec"]["template"]["spec"];
    assert_eq!(pod["initContainers"][0]["restartPolicy"], "Always");
    for container in pod["containers"].as_array().expect("containers") {
        assert!(container["readinessProbe"].is_null(), "{container}");
    }
    let service = yaml(&sidecar.join("service.yaml"));
    assert_eq!(service["spec"]["publishNotReadyAddresses"], true);
    let base = examples().join("kubernetes/base");
    let disruption = yaml(&base.join("disruption.yaml"));
    let replicas = yaml(&base.join("deployment.yaml"))["spec"]["replicas"].as_u64();
    assert!(replicas > disruption["spec"]["minAvailable"].as_u64());
}

/// Every file that a kustomization names is there, and every file beside it is named.
#[test]
fn kustomizations_name_their_files_and_build() {
    for overlay in ["base", "overlays/production", "sidecar"] {
        let folder = examples().join("kubernetes").join(overlay);
        let kustomization = yaml(&folder.join("kustomization.yaml"));
        let strings = |value: &Value| -> Vec<String> {
            let list = value.as_array().into_iter().flatten();
            list.filter_map(|one| one.as_str().map(str::to_owned))
                .collect()
        };
        let mut named = strings(&kustomization["resources"]);
        for map in kustomization["configMapGenerator"].as_array().expect("one") {
            let files = strings(&map["files"]);
            named.extend(
                files
                    .iter()
                    .map(|file| file.rsplit('=').next().unwrap_or_default().to_owned()),
            );
        }
        for name in &named {
            assert!(folder.join(name).exists(), "{overlay}: {name}");
        }
        for file in files(&folder) {
            let below = file.strip_prefix(&folder).expect("a path below");
            let below = below.to_string_lossy().into_owned();
            assert!(
                below == "kustomization.yaml" || named.contains(&below),
                "{overlay} leaves out {below}"
            );
        }
        if is_here("kustomize") {
            let built = passes(Command::new("kustomize").arg("build").arg(&folder));
            assert!(built.contains("kind: ConfigMap"), "{built}");
        }
    }
}

/// The units in a directory, with what this machine's systemd and file system cannot have.
fn units() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    for name in ["intermission.service", "intermission.socket"] {
        let unit = text(&examples().join("systemd").join(name))
            .replace("/usr/local/bin/intermission", BINARY)
            .replace("Type=notify-reload", "Type=notify");
        fs::write(dir.path().join(name), unit).expect("a new file");
    }
    dir
}

#[test]
fn systemd_accepts_the_units_and_finds_little_that_is_exposed() {
    if !is_here("systemd-analyze") {
        return;
    }
    let dir = units();
    let service = dir.path().join("intermission.service");
    let mut verify = Command::new("systemd-analyze");
    verify.args(["--man=no", "verify"]).arg(&service);
    let said = passes(verify.arg(dir.path().join("intermission.socket")));
    assert!(!said.contains("intermission."), "{said}");
    let mut security = Command::new("systemd-analyze");
    // In tenths: "OK" ends at 4.
    security.args(["security", "--offline=true", "--threshold=20"]);
    passes(security.arg(&service));
}

#[test]
fn the_unit_and_its_socket_speak_of_the_same_addresses() {
    let systemd = examples().join("systemd");
    let dir = tempfile::tempdir().expect("a directory");
    fs::copy(
        systemd.join("intermission.toml"),
        dir.path().join("intermission.toml"),
    )
    .expect("a copy");
    fs::create_dir(dir.path().join("sites")).expect("a new directory");
    let site = "hosts = [\"*\"]\nupstream = \"http://127.0.0.1:3000\"\n";
    fs::write(dir.path().join("sites/shop.toml"), site).expect("a new file");
    let configured = loads(dir.path()).config.process.listen;
    let socket = text(&systemd.join("intermission.socket"));
    let handed: Vec<_> = socket
        .lines()
        .filter_map(|line| line.strip_prefix("ListenStream="))
        .map(|address| address.parse().expect("an address in full"))
        .collect();
    assert_eq!(configured, handed);
    let service = text(&systemd.join("intermission.service"));
    assert!(service.contains("\nType=notify-reload\n"));
}

/// Names of system calls in a set of systemd's, the sets in it included.
fn calls(sets: &str, set: &str) -> Vec<String> {
    let members = sets.lines().skip_while(|line| *line != set).skip(1);
    members
        .take_while(|line| line.starts_with(' ') || line.is_empty())
        .map(str::trim)
        .filter(|name| !name.is_empty() && !name.starts_with('#'))
        .flat_map(|name| match name.strip_prefix('@') {
            Some(_) => calls(sets, name),
            None => vec![name.to_owned()],
        })
        .collect()
}

/// A day in the life of a process, with all that it asks of the kernel.
fn traced() -> String {
    let dir = tempfile::tempdir().expect("a directory");
    let trace = dir.path().join("trace");
    let origin = Origin::always(answer(ok("hello")));
    let script = format!(
        "exec strace -D -f -qq -o {} -e trace=all \"$@\"",
        trace.display()
    );
    let setup = Setup::new("").site("shop", &catch_all(&origin.url(), ""));
    let mut proxy = setup.shell(&script).start();
    assert_eq!(proxy.get("/").body, b"hello");
    proxy.write(
        "sites/shop.toml",
        &catch_all("http://nowhere.invalid:80", ""),
    );
    proxy.signal(Signal::HUP);
    eventually("the reload counts", || {
        (proxy.get("/").head.status() == 503).then_some(())
    });
    proxy.signal(Signal::TERM);
    assert_eq!(proxy.wait().code(), Some(0));
    eventually("the end of the trace", || {
        Some(fs::read_to_string(&trace).ok()?).filter(|text| text.contains("exit_group(0"))
    })
}

#[test]
fn what_the_process_asks_of_the_kernel_is_what_the_unit_lets_it() {
    if !is_here("systemd-analyze") || !is_here("strace") {
        return;
    }
    let sets = passes(Command::new("systemd-analyze").arg("syscall-filter"));
    let (granted, denied) = (calls(&sets, "@system-service"), calls(&sets, "@privileged"));
    assert!(granted.len() > 200 && denied.len() > 20, "{sets}");
    let trace = traced();
    let mut seen = 0;
    for line in trace.lines() {
        // "PID name(arguments) = result"; what goes on is "<... name resumed>".
        let call = line
            .split_once(' ')
            .map_or("", |(_, rest)| rest.trim_start());
        let Some((name, arguments)) = call.split_once('(') else {
            continue;
        };
        if !name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        {
            continue;
        }
        seen += 1;
        assert!(granted.iter().any(|one| one == name), "{line}");
        assert!(!denied.iter().any(|one| one == name), "{line}");
        if name == "socket" {
            let families = ["AF_INET,", "AF_INET6,", "AF_UNIX,"];
            assert!(
                families.iter().any(|one| arguments.starts_with(one)),
                "{line}"
            );
        }
        assert!(!arguments.contains("PROT_WRITE|PROT_EXEC"), "{line}");
    }
    assert!(seen > 100, "{seen} calls");
}

/// The blocks in this language of a document, without their indentation.
fn blocks(document: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}");
    let mut found = Vec::new();
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        if line.trim_start() == fence {
            let indentation = line.len() - fence.len();
            let block = lines.by_ref().take_while(|line| line.trim() != "```");
            let text = block.map(|line| line.get(indentation..).unwrap_or_default());
            found.push(text.collect::<Vec<_>>().join("\n"));
        }
    }
    found
}

#[test]
fn what_the_documents_have_people_write_loads() {
    let mut documents = files(&root().join("docs/migrate"));
    documents.push(root().join("docs/quickstart.md"));
    let (mut seen, mut projects) = (0, 0);
    for document in documents {
        let text = text(&document);
        for block in blocks(&text, "toml") {
            let dir = tempfile::tempdir().expect("a directory");
            let sites = dir.path().join("sites");
            fs::create_dir(&sites).expect("a new directory");
            let (process, site) = match block.contains("hosts = ") {
                true => ("", block.as_str()),
                false => (
                    block.as_str(),
                    "hosts = [\"*\"]\nupstream = \"http://app:80\"\n",
                ),
            };
            fs::write(dir.path().join("intermission.toml"), process).expect("a new file");
            fs::write(sites.join("shop.toml"), site).expect("a new file");
            loads(dir.path());
            seen += 1;
        }
        for block in blocks(&text, "yaml") {
            let parsed: Result<Value, _> = serde_saphyr::from_str(&block);
            let parsed = parsed.unwrap_or_else(|error| panic!("{}: {error}", document.display()));
            assert!(parsed.is_object(), "{}", document.display());
            projects += 1;
        }
    }
    assert!(seen >= 9 && projects >= 4, "{seen} and {projects} blocks");
}
