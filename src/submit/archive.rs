//! Files as one object: `tar` and `gzip`, as every machine unpacks them. The same files make the same bytes.

use std::fs;
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
    packed(files.iter().map(|path| {
        let name = path.strip_prefix(root).ok().and_then(Path::to_str);
        let name = name.ok_or_else(|| Error::config(format!("`{}` is no UTF-8", path.display())))?;
        Ok((name.to_string(), fs::read(path)?))
    }))
}

/// Files of the program's own, by their names.
pub fn of_texts(texts: &[(&str, &str)]) -> Result<Bytes> {
    packed(texts.iter().map(|(name, text)| Ok((name.to_string(), text.as_bytes().to_vec()))))
}

fn packed(files: impl Iterator<Item = Result<(String, Vec<u8>)>>) -> Result<Bytes> {
    let mut archive = tar::Builder::new(GzEncoder::new(vec![], Compression::default()));
    for file in files {
        let (name, content) = file?;
        // Whose they are and of when is left out.
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        archive.append_data(&mut header, &name, content.as_slice())?;
    }
    Ok(archive.into_inner()?.finish()?.into())
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

#[cfg(test)]
mod tests {
    use std::io::Write;
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
