//! A site's file; what follows a line of `%%%` is the process's.

use std::cell::OnceCell;

use intermission::config::{self, Loaded, Problems};

use super::input::Files;

/// Stands in the environment, and may stand nowhere else.
const SECRET: &str = "kept-out-of-every-message";

thread_local! {
    static FILES: OnceCell<Files> = const { OnceCell::new() };
}

/// Any text is read the same each time; what is wrong with it is said without what is private.
pub fn check(data: &[u8]) {
    let cut = data.windows(5).position(|five| five == b"\n%%%\n");
    let (site, process) = cut.map_or((data, &b""[..]), |at| (&data[..at], &data[at + 5..]));
    FILES.with(|files| {
        let files = files.get_or_init(Files::new);
        files.write("sites/shop.toml", site);
        files.write("intermission.toml", process);
        let [first, second] = [load(files), load(files)];
        match (first, second) {
            (Ok(first), Ok(second)) => {
                assert_eq!(first.config, second.config);
                assert_eq!(first.config.sites.len(), 1, "one file is one site");
                said(&Problems::new(first.warnings));
            }
            (Err(first), Err(second)) => {
                assert!(first.errors() > 0);
                assert_eq!(first.to_json(), second.to_json());
                said(&first);
            }
            _ => panic!("the same files load, and do not"),
        }
    });
}

fn load(files: &Files) -> Result<Loaded, Problems> {
    config::load_with(files.path(), &|name| {
        name.starts_with('S').then(|| SECRET.to_owned())
    })
}

fn said(problems: &Problems) {
    for text in [
        problems.render(false),
        problems.render(true),
        problems.to_json(),
    ] {
        assert!(!text.contains(SECRET), "{text}");
    }
    for problem in problems.iter() {
        assert!(!problem.way_out.is_empty() && !problem.problem.is_empty());
    }
}
