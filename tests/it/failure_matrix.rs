//! The failure matrix: every way an upstream fails × method × client kind × protocol, and what
//! the client, the origin and the access log see of it.

mod check;
mod rows;
mod scenes;

use intermission::failure::UpstreamFailure;

use crate::support::at_once;

use check::{Combination, combinations, verify};
use rows::rows;

#[test]
fn every_failure_ends_in_the_right_answer_for_every_client() {
    let mut wrong = Vec::new();
    for row in rows() {
        let scene = (row.scene)();
        let combinations: Vec<Combination> = combinations(&row);
        let found = at_once(combinations.len(), |at| {
            verify(&row, &scene, &combinations[at])
        });
        wrong.extend(
            found
                .into_iter()
                .flatten()
                .map(|what| format!("{}: {what}", row.name)),
        );
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_variant_has_a_row() {
    let rows = rows();
    let missing: Vec<_> = UpstreamFailure::ALL
        .into_iter()
        .filter(|variant| {
            !rows
                .iter()
                .any(|row| row.variant.index() == variant.index())
        })
        .collect();
    assert!(missing.is_empty(), "no row for {missing:?}");
}
