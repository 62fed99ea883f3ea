//! How messages call a file.

use crate::error::Error;
use crate::project::Address;

/// By its path if it is local and may be shown.
pub fn shown(url: &Address) -> String {
    let local = if url.is_secret() { None } else { url.url().to_file_path().ok() };
    local.map_or_else(|| format!("`{url}`"), |path| format!("`{}`", path.display()))
}

pub fn in_file(error: Error, url: &Address) -> Error {
    error.context(shown(url))
}
