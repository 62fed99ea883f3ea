//! A project as one object: `tar` and `gzip`, as every machine unpacks them. The same files make the same bytes.

use std::fs;
use std::io::Write;
use std::path::Path;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::error::{Error, Result};
use crate::project::DOTENV;

/// The folders whose files a project is made of.
const FOLDERS: [&str; 2] = ["queries", "models"];

/// What the project is made of; never a lake, data or passwords.
pub fn of_project(root: &Path) -> Result<Bytes> {
    let mut files = vec![];
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        let is_settings = path.extension().is_some_and(|extension| extension == "yml" || extension == "json");
        if is_settings && path.is_file() && !is_hidden(&path) {
            files.push(path);
        }
    }
    for folder in FOLDERS {
        below(&root.join(folder), &mut files)?;
    }
    files.sort();
    let mut packed = GzEncoder::new(vec![], Compression::default());
    for path in &files {
        let name = path.strip_prefix(root).ok().and_then(Path::to_str);
        let name = name.ok_or_else(|| Error::config(format!("`{}` is no UTF-8", path.display())))?;
        let content = fs::read(path)?;
        packed.write_all(&header(name, content.len() as u64)?)?;
        packed.write_all(&content)?;
        packed.write_all(&vec![0; content.len().next_multiple_of(BLOCK) - content.len()])?;
    }
    packed.write_all(&[0; 2 * BLOCK])?;
    Ok(packed.finish()?.into())
}

fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.starts_with('.') || name.starts_with(DOTENV)
}

fn below(folder: &Path, files: &mut Vec<std::path::PathBuf>) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        match path.is_dir() {
            _ if is_hidden(&path) => {}
            true => below(&path, files)?,
            false => files.push(path),
        }
    }
    Ok(())
}

const BLOCK: usize = 512;

/// A header of POSIX's `ustar`.
fn header(name: &str, size: u64) -> Result<[u8; BLOCK]> {
    const NAME: usize = 100;
    const PREFIX: usize = 155;
    // A long path is cut at a slash.
    let cut = match name.len() {
        ..=NAME => Some(("", name)),
        _ => name.match_indices('/').map(|(at, _)| (&name[..at], &name[at + 1..])).find(|(_, end)| end.len() <= NAME),
    };
    let cut = cut.filter(|(prefix, _)| prefix.len() <= PREFIX);
    let (prefix, name) = cut.ok_or_else(|| Error::config(format!("the path `{name}` is too long for an archive")))?;
    let mut block = [0; BLOCK];
    let mut put = |at: usize, text: &str| block[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, "0000644\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, &format!("{size:011o}\0"));
    put(136, "00000000000\0");
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\x0000");
    put(345, prefix);
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    Ok(block)
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn tar_unpacks_what_a_project_is_made_of_and_no_more() {
        let project = tempfile::tempdir().unwrap();
        let long = format!("queries/trusted/{}/{}.sql", "d".repeat(80), "n".repeat(60));
        for (path, content) in [
            ("trapiche.yml", "name: x\n"),
            (".env", "WORD=hush\n"),
            ("data.csv", "1\n"),
            ("lake/x.json", "{}"),
            ("models/m.yml", "kmeans: {}\n"),
            ("queries/refined/ñ.sql", ""),
            (&long, &"SELECT 1\n".repeat(100)),
        ] {
            let path = project.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let packed = of_project(project.path()).unwrap();
        assert_eq!(packed, of_project(project.path()).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let mut tar =
            Command::new("tar").args(["xzf", "-", "-C"]).arg(folder.path()).stdin(Stdio::piped()).spawn().unwrap();
        tar.stdin.take().unwrap().write_all(&packed).unwrap();
        assert!(tar.wait().unwrap().success());
        let mut found = vec![];
        below(folder.path(), &mut found).unwrap();
        found.sort();
        let names: Vec<&str> =
            found.iter().map(|it| it.strip_prefix(folder.path()).unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["models/m.yml", "queries/refined/ñ.sql", &long, "trapiche.yml"]);
        assert_eq!(fs::read_to_string(folder.path().join(&long)).unwrap(), "SELECT 1\n".repeat(100));
    }
}
