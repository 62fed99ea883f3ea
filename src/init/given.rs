//! What was meant by `--from`.

use std::path::{Path, PathBuf};

use url::Url;

use crate::error::{Error, Result};
use crate::project::DatabaseKind;

/// The word for the store that comes with the program.
pub const DEMO: &str = "demo";

/// How every SQLite database begins (<https://www.sqlite.org/fileformat.html>).
const SQLITE: &[u8] = b"SQLite format 3\0";

#[derive(Debug)]
pub enum Given {
    Demo,
    Database(Url),
    Web(Url),
    File(PathBuf),
}

impl Given {
    /// Relative paths start from `here`, which is absolute.
    pub fn of(text: &str, here: &Path) -> Result<Given> {
        if text == DEMO {
            return Ok(Given::Demo);
        }
        let Some((scheme, rest)) = text.split_once("://") else { return of_path(here.join(text)) };
        match scheme {
            "file" => of_path(local(scheme, rest, here)?),
            "sqlite" => Ok(Given::Database(sqlite(&local(scheme, rest, here)?)?)),
            "http" | "https" => parsed(text).map(Given::Web),
            _ if DatabaseKind::of(scheme).is_some() => parsed(text).map(Given::Database),
            _ => Err(Error::config("nothing is known of addresses of this kind")
                .hint("known are http://, https://, postgres://, mysql://, sqlite:// and file://, and paths of files")),
        }
    }
}

/// What is wrong with an address is told without it: there may be a password in it.
fn parsed(text: &str) -> Result<Url> {
    let url = Url::parse(text).map_err(|error| Error::config("this is no address").because(error))?;
    match url.host_str() {
        None | Some("") => Err(Error::config("this address names no host")),
        Some(_) => Ok(url),
    }
}

fn local(scheme: &str, rest: &str, here: &Path) -> Result<PathBuf> {
    if rest.starts_with('/') {
        let file = Url::parse(&format!("file://{rest}")).ok().and_then(|url| url.to_file_path().ok());
        return file.ok_or_else(|| Error::config(format!("this is not the path of a file: `{scheme}://{rest}`")));
    }
    Ok(here.join(rest))
}

fn of_path(path: PathBuf) -> Result<Given> {
    let unreadable = |error| Error::config(format!("cannot read `{}`", path.display())).because(error);
    let mut head = [0; SQLITE.len()];
    let mut file = std::fs::File::open(&path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.is_dir() {
        return Err(Error::config(format!("`{}` is a folder", path.display())).hint("name a file of it"));
    }
    let is_sqlite = std::io::Read::read_exact(&mut file, &mut head).is_ok() && head == SQLITE;
    // Without `.` and `..` in it.
    let path = path.canonicalize().map_err(unreadable)?;
    if is_sqlite { Ok(Given::Database(sqlite(&path)?)) } else { Ok(Given::File(path)) }
}

fn sqlite(path: &Path) -> Result<Url> {
    let unreadable = |error| Error::config(format!("cannot read `{}`", path.display())).because(error);
    let path = path.canonicalize().map_err(unreadable)?;
    let file = Url::from_file_path(&path).map_err(|()| Error::config("this is no path of a file"))?;
    parsed_sqlite(file.path())
}

fn parsed_sqlite(path: &str) -> Result<Url> {
    Url::parse(&format!("sqlite://{path}")).map_err(|error| Error::config("this is no address").because(error))
}
