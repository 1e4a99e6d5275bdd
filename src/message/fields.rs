//! Fields that a site's owner sets and removes on a head. Pure; [`crate::upstream::forward`] does
//! it to requests, the site to answers.

use http::HeaderMap;

use crate::config::spec::FieldsSpec;

/// Does what a spec says.
pub fn edit(headers: &mut HeaderMap, spec: &FieldsSpec) {
    for name in &spec.remove {
        headers.remove(name);
    }
    for (name, value) in &spec.set {
        headers.insert(name, value.clone());
    }
}
