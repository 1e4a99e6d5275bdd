//! The configuration as every command reads it: the files, then the owner's templates tried with
//! every page there can be. What fails then is an error like any other.

use std::path::Path;

use crate::{
    config::{self, Loaded, Problem, Problems, spec::OwnPage},
    page::custom::complaints,
};

/// Reads a directory.
///
/// # Errors
/// Everything that is wrong in it, warnings included.
pub(super) fn load(dir: &Path) -> Result<Loaded, Problems> {
    let loaded = config::load(dir)?;
    let mut found = Vec::new();
    for site in &loaded.config.sites {
        let Some(OwnPage::Template(template)) = &site.own.page else {
            continue;
        };
        found.extend(complaints(site).into_iter().map(|complaint| {
            Problem::of_page("fallback.template", complaint.problem, complaint.way_out).in_line(
                &template.file,
                &template.text,
                complaint.line,
            )
        }));
    }
    if found.is_empty() {
        return Ok(loaded);
    }
    Err(Problems::new(
        found.into_iter().chain(loaded.warnings).collect(),
    ))
}
