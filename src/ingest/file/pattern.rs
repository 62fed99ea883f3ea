//! Paths with stars.

use super::shown::shown;
use crate::error::{Error, Result};
use crate::project::Address;

/// How a pattern is matched: a star is a part of a name, and passes over hidden files, as in a shell.
pub const MATCHING: glob::MatchOptions =
    glob::MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// A path with stars as a pattern: all else in it is a name.
///
/// # Errors
/// When two stars stand where only one can.
pub fn pattern(path: &str, url: &Address) -> Result<String> {
    let pattern = glob::Pattern::escape(path).replace("[*]", "*");
    match glob::Pattern::new(&pattern) {
        Ok(_) => Ok(pattern),
        Err(error) => Err(Error::config(format!("{} is no pattern", shown(url)))
            .hint("a star stands for a part of a name, and two for any folders: `data/**/*.csv`")
            .because(error)),
    }
}
