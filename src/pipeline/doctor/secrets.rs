//! The project's `.env`: whether others can read it, on this machine or where the project is kept.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::{Finding, Health};
use crate::project::DOTENV;

pub fn examine(root: &Path) -> Option<Finding> {
    let metadata = std::fs::metadata(root.join(DOTENV)).ok().filter(|metadata| metadata.is_file())?;
    let ignored = std::fs::read_to_string(root.join(".gitignore")).unwrap_or_default();
    let is_ignored = ignored.lines().any(|line| matches!(line.trim(), ".env" | "/.env" | ".env*" | "*.env"));
    let is_in_git = root.ancestors().any(|folder| folder.join(".git").exists());
    let (health, detail, hint) = match (metadata.mode() & 0o077, is_in_git && !is_ignored) {
        (0, false) => (Health::Ok, "only its owner can read it", None),
        (0, true) => (Health::Warn, "git may take it along", Some("put `.env` into `.gitignore`")),
        _ => (Health::Warn, "others on this machine can read it", Some("chmod 600 .env")),
    };
    Some(Finding {
        what: DOTENV.to_string(),
        check: "secret".to_string(),
        health,
        detail: detail.to_string(),
        hint: hint.map(String::from),
    })
}
