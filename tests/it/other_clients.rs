//! HTTP/2 clients that are not ours and know nothing of our libraries: nghttp2's own.

use std::process::Command;

use crate::support::{
    origin::Origin,
    proxy::Proxy,
    script::{answer, response},
};

/// Its output, if it has succeeded.
fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}; tests/run installs it"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{program}: {output:#?}");
    text
}

#[test]
fn nghttp_is_content_with_answers_uploads_and_the_page() {
    let origin = Origin::always(answer(response("200 OK", &[], &vec![b'x'; 300_000])));
    let proxy = Proxy::before(&origin.url(), "");
    let url = format!("http://{}/one", proxy.address);
    let directory = tempfile::tempdir().unwrap();
    let upload = directory.path().join("upload");
    std::fs::write(&upload, vec![b'u'; 500_000]).unwrap();
    let data = format!("--data={}", upload.display());
    let said = run("nghttp", &["-nv", "--timeout=10", "-m", "20", &url]);
    assert_eq!(said.matches(":status: 200").count(), 20, "{said}");
    let said = run(
        "nghttp",
        &[
            "-nv",
            "--timeout=10",
            "-H",
            "trailer: x-sum",
            "--no-content-length",
            "--trailer=x-sum: 1",
            &data,
            &url,
        ],
    );
    assert!(said.contains(":status: 200"), "{said}");
    let uploads = origin.requests();
    let uploaded = uploads.iter().find(|seen| seen.method() == "POST").unwrap();
    assert_eq!(uploaded.body_length, 500_000);
    assert_eq!(
        uploaded.trailers.fields,
        [("x-sum".to_owned(), "1".to_owned())]
    );
    drop(origin);
    let said = run(
        "nghttp",
        &["-nv", "--timeout=10", "-H", "accept: text/html", &url],
    );
    assert!(
        said.contains(":status: 503") && said.contains("retry-after"),
        "{said}"
    );
    assert!(
        !said.contains("INVALID") && !said.contains("[ERROR]"),
        "{said}"
    );
}

#[test]
fn h2load_is_content_with_many_streams() {
    let origin = Origin::always(answer(response("200 OK", &[], &vec![b'x'; 20_000])));
    let proxy = Proxy::before(&origin.url(), "");
    let url = format!("http://{}/one", proxy.address);
    let said = run("h2load", &["-n", "2000", "-c", "4", "-m", "32", &url]);
    assert!(
        said.contains("2000 succeeded, 0 failed, 0 errored"),
        "{said}"
    );
}
