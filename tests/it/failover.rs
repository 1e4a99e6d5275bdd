//! Backups: when they serve, and when no longer.

use crate::support::{
    eventually,
    origin::Origin,
    proxy::{Proxy, Setup},
    script::{answer, ok},
};

fn with_backup(primary: &Origin, backup: &Origin) -> Proxy {
    let site = format!(
        "hosts = [\"*\"]\n[[upstream]]\nurl = \"{}\"\nbackup = true\n[[upstream]]\nurl = \"{}\"\n",
        backup.url(),
        primary.url()
    );
    Setup::new("").site("shop", &site).start()
}

fn says(text: &str) -> Origin {
    Origin::always(answer(ok(text)))
}

#[test]
fn a_backup_serves_while_the_primary_is_gone_and_hands_back() {
    let (primary, backup) = (says("primary"), says("backup"));
    let address = primary.address;
    let proxy = with_backup(&primary, &backup);
    for _ in 0..30 {
        assert_eq!(proxy.get("/").body, b"primary");
    }
    assert!(backup.requests().is_empty());
    drop(primary);
    for _ in 0..30 {
        assert_eq!(proxy.get("/").body, b"backup");
    }
    let _primary = Origin::at(address, answer(ok("primary")));
    eventually("the primary serves again", || {
        (proxy.get("/").body == b"primary").then_some(())
    });
}

#[test]
fn backups_alone_serve_as_if_they_were_none() {
    let only = says("backup");
    let site = format!(
        "hosts = [\"*\"]\n[[upstream]]\nurl = \"{}\"\nbackup = true\n",
        only.url()
    );
    let proxy = Setup::new("").site("shop", &site).start();
    assert_eq!(proxy.get("/").body, b"backup");
}

#[test]
fn with_primary_and_backup_gone_the_page_comes() {
    let (primary, backup) = (says("primary"), says("backup"));
    let proxy = with_backup(&primary, &backup);
    drop((primary, backup));
    let response = proxy.get("/down");
    assert_eq!(response.head.status(), 503);
    assert_eq!(proxy.record("/down")["failure"], "connection_refused");
}
