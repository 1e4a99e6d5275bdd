//! Whether what outlives the process can be kept. Said at the start, because what is kept is wanted
//! at the next one, when it is too late.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use crate::config::spec::{Config, OwnPage};

/// Says so when a site wants something kept and the data directory cannot be written. No reason
/// not to start: what is in memory answers all the same.
pub(super) fn check(config: &Config) {
    let mut pages = config.sites.iter().map(|site| &site.own.page);
    if !pages.any(|page| matches!(page, Some(OwnPage::Snapshot(_)))) {
        return;
    }
    let directory = &config.process.data;
    let Err(error) = try_out(directory) else {
        return;
    };
    let (data, user) = (directory.display(), rustix::process::geteuid().as_raw());
    let way_out = format!("let user {user} write there, as whom this process runs, or set `data`");
    tracing::warn!(
        %data, %error, way_out,
        "the data directory cannot be written: what is kept there is lost at the next start"
    );
}

fn try_out(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let file = directory.join(".writable");
    File::create(&file)?;
    fs::remove_file(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trying_a_directory_out_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("new");
        try_out(&data).unwrap();
        assert_eq!(fs::read_dir(&data).unwrap().count(), 0);
        let file = directory.path().join("file");
        File::create(&file).unwrap();
        try_out(&file).unwrap_err();
    }
}
