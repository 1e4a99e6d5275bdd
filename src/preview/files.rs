//! The gallery as files: one for each answer, and an index that shows them.

use std::{fs, io, path::Path};

use super::{Gallery, Sample, site::Shot};

/// Writes all of it; what is there already is written over. Returns how many files.
///
/// # Errors
/// When a file cannot be written.
pub fn write(gallery: &Gallery, to: &Path) -> io::Result<usize> {
    fs::create_dir_all(to)?;
    let index = gallery.index(false).map_err(io::Error::other)?;
    fs::write(to.join("index.html"), index)?;
    let mut count = 1;
    for site in &gallery.sites {
        for sample in Sample::all(site.spec()) {
            let Some(shot) = site.shot(&sample, "identity") else {
                continue;
            };
            let file = to.join("pages").join(site.name()).join(sample.path());
            if let Some(folder) = file.parent() {
                fs::create_dir_all(folder)?;
            }
            let is_html = sample.kind.is_html();
            fs::write(
                file,
                if is_html {
                    shot.body.to_vec()
                } else {
                    as_text(&shot).into_bytes()
                },
            )?;
            count += 1;
        }
    }
    Ok(count)
}

/// An answer for programs, as people can read it.
pub(super) fn as_text(shot: &Shot) -> String {
    let mut text = format!("HTTP {}\n", shot.status);
    for (name, value) in &shot.head {
        text += &format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes()));
    }
    text + "\n" + &String::from_utf8_lossy(&shot.body)
}
