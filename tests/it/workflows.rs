//! The workflows of continuous integration and of releases: they ask for little, name what is there,
//! and pack what they say.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::support::proxy::BINARY;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Each with its name.
fn workflows() -> Vec<(PathBuf, Value)> {
    let folder = fs::read_dir(root().join(".github/workflows")).expect("a folder");
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a readable file");
        let parsed = serde_saphyr::from_str(&text);
        let parsed = parsed.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (path, parsed)
    };
    let found: Vec<_> = folder
        .map(|entry| read(entry.expect("an entry").path()))
        .collect();
    assert_eq!(found.len(), 2, "ci and release");
    found
}

fn jobs(workflow: &Value) -> impl Iterator<Item = (&String, &Value)> {
    workflow["jobs"].as_object().expect("jobs").iter()
}

fn steps(job: &Value) -> &[Value] {
    job["steps"].as_array().expect("steps")
}

/// One name, a list of names, or none.
fn names(value: &Value) -> Vec<&str> {
    let list = value.as_array().into_iter().flatten();
    list.chain(Some(value)).filter_map(Value::as_str).collect()
}

#[test]
fn jobs_end_wait_for_jobs_that_exist_and_may_little() {
    for (path, workflow) in workflows() {
        let name = path.display();
        let little = serde_json::json!({ "contents": "read" });
        assert_eq!(workflow["permissions"], little, "{name}");
        assert!(workflow["on"]["pull_request_target"].is_null(), "{name}");
        for (id, job) in jobs(&workflow) {
            assert!(job["timeout-minutes"].as_u64() <= Some(75), "{name}: {id}");
            assert!(job["timeout-minutes"].is_u64(), "{name}: {id}");
            for needed in names(&job["needs"]) {
                assert!(workflow["jobs"][needed].is_object(), "{name}: {needed}");
            }
            let writes = job["permissions"].as_object().into_iter().flatten();
            for (what, _) in writes.filter(|(_, how)| *how == "write") {
                let may = [
                    ("image", "packages"),
                    ("image", "id-token"),
                    ("image", "attestations"),
                    ("publish", "contents"),
                    ("publish", "id-token"),
                    ("publish", "attestations"),
                ];
                assert!(may.contains(&(id, what)), "{name}: {id} writes {what}");
            }
        }
    }
}

#[test]
fn actions_are_pinned_and_leave_no_credentials_behind() {
    for (path, workflow) in workflows() {
        let name = path.display();
        for (_, job) in jobs(&workflow) {
            for step in steps(job) {
                let Some(action) = step["uses"].as_str() else {
                    continue;
                };
                let (action, version) = action.split_once('@').expect("a version");
                let is_version = version.starts_with('v') && version.len() > 1;
                let is_commit = version.len() == 40;
                assert!(is_version || is_commit, "{name}: {action}@{version}");
                if action == "actions/checkout" {
                    assert_eq!(step["with"]["persist-credentials"], false, "{name}");
                }
            }
        }
    }
}

/// Text of a step that is put into a script by the runner could become part of the script.
#[test]
fn nothing_is_pasted_into_scripts_and_the_programs_they_call_exist() {
    let mut called = 0;
    for (path, workflow) in workflows() {
        let name = path.display();
        for (_, job) in jobs(&workflow) {
            for script in steps(job).iter().filter_map(|step| step["run"].as_str()) {
                assert!(!script.contains("${{"), "{name}: {script}");
                for program in [".ci/run", ".github/pack", "deploy/build"] {
                    if script.contains(program) {
                        let file = fs::metadata(root().join(program));
                        let file = file.unwrap_or_else(|error| panic!("{program}: {error}"));
                        assert!(file.permissions().mode() & 0o111 != 0, "{program}");
                        called += 1;
                    }
                }
            }
        }
    }
    assert!(called >= 4, "{called} programs");
}

#[test]
fn a_release_is_checked_summed_signed_attested_and_says_what_it_is_made_of() {
    let found = workflows();
    let (_, release) = found
        .iter()
        .find(|(path, _)| path.ends_with("release.yml"))
        .expect("a release");
    let mut scripts = String::new();
    for (_, job) in jobs(release) {
        for step in steps(job) {
            scripts += step["run"].as_str().or(step["uses"].as_str()).unwrap_or("");
            scripts += "\n";
        }
    }
    for words in [
        ".ci/run",
        "cargo deny --locked check advisories",
        "sha256sum",
        "cargo cyclonedx",
        "cosign sign ",
        "cosign sign-blob",
        "cosign attest",
        "actions/attest-build-provenance@",
    ] {
        assert!(scripts.contains(words), "{words}");
    }
    let matrix = release["jobs"]["binaries"]["strategy"]["matrix"]["include"].as_array();
    let architectures = matrix.expect("a matrix").iter().map(|one| &one["arch"]);
    assert_eq!(architectures.collect::<Vec<_>>(), ["amd64", "arm64"]);
}

#[test]
fn actionlint_finds_nothing() {
    match Command::new("actionlint").current_dir(root()).output() {
        Ok(output) => assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        ),
        Err(_) => eprintln!("skipped: there is no actionlint here"),
    }
}

#[test]
fn an_archive_holds_the_program_its_manual_and_completions_and_is_the_same_each_time() {
    let dir = tempfile::tempdir().expect("a directory");
    // Small, so that packing it takes no time.
    let program = dir.path().join("intermission");
    fs::write(&program, format!("#!/bin/sh\nexec {BINARY} \"$@\"\n")).expect("a new file");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("our own file");
    let pack = |into: &str| {
        let into = dir.path().join(into);
        let output = Command::new(root().join(".github/pack"))
            .arg(&program)
            .arg("intermission-test")
            .arg(&into)
            .output()
            .expect("a program");
        assert!(output.status.success(), "{output:?}");
        into.join("intermission-test.tar.gz")
    };
    let (first, second) = (pack("first"), pack("second"));
    assert!(fs::read(&first).expect("an archive") == fs::read(&second).expect("an archive"));
    let listed = Command::new("tar").arg("tzf").arg(&first).output();
    let listed = String::from_utf8(listed.expect("tar runs").stdout).expect("text");
    for file in [
        "intermission",
        "completions/_intermission",
        "man/intermission-run.1",
        "systemd/intermission.service",
        "LICENSE-MIT",
    ] {
        let line = format!("intermission-test/{file}");
        assert!(listed.lines().any(|one| one == line), "{file}: {listed}");
    }
}
