//! Intermission.

fn main() {}
