//! The project's folder: finding it, and reading its files.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::faults::{Faults, File};
use crate::error::{Error, Problem, Result};

/// The file that makes a folder a project.
pub const SETTINGS: &str = "trapiche.yml";

/// The nearest folder at or above `start` that holds `trapiche.yml`; absolute.
pub fn root(start: &Path) -> Result<PathBuf> {
    let start = fs::canonicalize(start)
        .map_err(|error| Error::config(format!("`{}` can't be opened", start.display())).because(error))?;
    start.ancestors().find(|folder| folder.join(SETTINGS).exists()).map(Path::to_path_buf).ok_or_else(|| {
        Error::config(format!("there is no `{SETTINGS}` in `{}` or in a folder above it", start.display()))
            .hint("name the project's folder with `-C DIR`")
    })
}

/// A file by its path relative to the root, ready to collect faults.
pub fn read(root: &Path, path: &Path) -> Result<Faults, Problem> {
    let unreadable = |message: String, hint: &str| {
        let mut faults = Faults::of(File { path: path.to_path_buf(), text: Arc::from("") });
        faults.add(&(0..0), message).hint(hint);
        faults.problems.remove(0)
    };
    let bytes = fs::read(root.join(path)).map_err(|error| match error.kind() {
        ErrorKind::IsADirectory => unreadable("this is a folder, not a file".into(), "rename or remove it"),
        ErrorKind::PermissionDenied => unreadable("this file may not be read".into(), "check its permissions"),
        _ => unreadable(format!("this file can't be read: {error}"), "check that it is a readable file"),
    })?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Faults::of(File { path: path.to_path_buf(), text: text.into() })),
        Err(error) => {
            let text = String::from_utf8_lossy(error.as_bytes());
            let at = error.utf8_error().valid_up_to();
            let mut faults = Faults::of(File { path: path.to_path_buf(), text: text.into() });
            let place = at..at + char::REPLACEMENT_CHARACTER.len_utf8();
            faults.add(&place, "this file is not UTF-8 text").hint("save it as UTF-8");
            Err(faults.problems.remove(0))
        }
    }
}

/// The files of a folder of the project with one of the endings, sorted; none when there is no such folder.
pub fn list(root: &Path, folder: &str, endings: &[&str]) -> Result<Vec<PathBuf>> {
    let has_ending =
        |path: &PathBuf| path.extension().is_some_and(|ending| endings.iter().any(|known| ending == *known));
    Ok(entries(root, folder)?.into_iter().filter(has_ending).collect())
}

/// The folders in a folder of the project, sorted.
pub fn folders(root: &Path, folder: &str) -> Result<Vec<PathBuf>> {
    Ok(entries(root, folder)?.into_iter().filter(|path| root.join(path).is_dir()).collect())
}

fn entries(root: &Path, folder: &str) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(root.join(folder)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(vec![]),
        Err(error) => return Err(Error::config(format!("`{folder}` can't be opened")).because(error)),
    };
    let mut paths = vec![];
    for entry in entries {
        paths.push(Path::new(folder).join(entry?.file_name()));
    }
    paths.sort();
    Ok(paths)
}
