//! A project for data that lies somewhere: what `trapiche init` writes, so that it runs at once and can be changed from there.
//!
//! Nothing is written before a source has been read with the settings that are to be written, and nothing that is there is
//! written over.

mod api;
mod database;
mod file;
mod given;
mod json_rows_at;
mod spelled;

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::Schema;
use object_store::memory::InMemory;

use crate::engine::read::names::lower_case;
use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::project::{self, Dataset, Definition, Project};
use crate::report::RunStamp;
use crate::{demo, ingest};

pub use given::DEMO;
use given::Given;
use spelled::{dotenv_line, quoted, table_name};

/// Rows that are read to learn a source's columns.
const SAMPLE_ROWS: u64 = 100;

/// The files of a project, and what to say of them. There are secrets in it.
pub struct NewProject {
    /// Each by its path in the project's folder.
    pub files: Vec<(String, String)>,
    /// The source that has a query.
    pub first: String,
    /// The variables of its `.env`.
    pub secrets: Vec<(String, String)>,
    pub notes: Vec<String>,
}

/// The sources that were found, and how they are read.
#[derive(Default, Clone)]
struct FoundSources {
    /// Whether the target brings the demo store along.
    is_demo: bool,
    /// By name, as flow mappings of YAML.
    connections: Vec<(String, String)>,
    sources: Vec<(String, String)>,
    /// What stands below them.
    comments: Vec<String>,
    /// Variables that hold secrets.
    secrets: Vec<(String, String)>,
}

/// Looks at what lies at `from` (a file, an address, or [`DEMO`]) and thinks of a project in `folder`, which is absolute and
/// need not be there. Relative paths start from `here`.
///
/// # Errors
/// When it cannot be read, or is nothing that a source can be.
pub async fn draft(from: &str, folder: &Path, here: &Path, stamp: &RunStamp) -> Result<NewProject> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or("project");
    // Several ways of reading it may be thinkable: the first that works is taken.
    let ways = match Given::of(from, here)? {
        Given::Demo => vec![demo_sources()],
        Given::Database(address) => vec![database::found(&address, folder).await?],
        Given::File(path) => vec![file::found(&path, folder).await?],
        Given::Web(address) => api::found(&address).await?,
    };
    let mut first_error = None;
    for found in ways {
        let settings = settings(name, &found);
        match columns(&settings, &found, folder, stamp).await {
            Ok((source, schema, notes)) => {
                let query = query(&source, &schema)?;
                let mut files = vec![
                    (project::SETTINGS.to_string(), settings),
                    (format!("queries/trusted/{source}.sql"), query),
                    (".gitignore".to_string(), GITIGNORE.to_string()),
                ];
                if !found.secrets.is_empty() {
                    let lines = found.secrets.iter().map(|(name, value)| dotenv_line(name, value));
                    files.push((project::DOTENV.to_string(), lines.collect()));
                }
                return Ok(NewProject { files, first: source, secrets: found.secrets, notes });
            }
            Err(error) => drop(first_error.get_or_insert(error)),
        }
    }
    Err(first_error.unwrap_or_else(|| Error::failed("nothing was found")))
}

/// Writes the files; none of them may be there. A `.gitignore` that is there stays as it is. Gives the paths that were written.
///
/// # Errors
/// When one of them is there, or cannot be written.
pub fn write(project: &NewProject, folder: &Path) -> Result<Vec<String>> {
    let is_kept = |path: &str| path == ".gitignore" && folder.join(path).exists();
    let wanted: Vec<_> = project.files.iter().filter(|(path, _)| !is_kept(path)).collect();
    if let Some((path, _)) = wanted.iter().find(|(path, _)| folder.join(path).symlink_metadata().is_ok()) {
        return Err(Error::config(format!("`{}` is there already", folder.join(path).display()))
            .hint("`init` writes over nothing: name another folder, or move that file away"));
    }
    for (path, text) in &wanted {
        let path = folder.join(path);
        let unwritten =
            |error: std::io::Error| Error::config(format!("cannot write `{}`", path.display())).because(error);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(unwritten)?;
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        if path.file_name().is_some_and(|name| name == project::DOTENV) {
            // It holds a password.
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        let mut file = options.open(&path).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => Error::config(format!("`{}` is there already", path.display())),
            _ => unwritten(error),
        })?;
        file.write_all(text.as_bytes()).map_err(unwritten)?;
    }
    Ok(wanted.into_iter().map(|(path, _)| path.clone()).collect())
}

const GITIGNORE: &str = "/lake\n/.trapiche\n.env\n";

fn demo_sources() -> FoundSources {
    let of = |name: &str, text: &str| (name.to_string(), text.to_string());
    FoundSources {
        is_demo: true,
        connections: vec![of("store", "{ rest: \"demo://api\" }"), of("shop", "{ database: \"demo://database\" }")],
        sources: vec![
            of("products", "{ from: store, path: /products }"),
            of("users", "{ from: store, path: /users, drop: [password] }"),
            of("orders", "{ from: shop, table: orders }"),
        ],
        ..FoundSources::default()
    }
}

fn settings(name: &str, found: &FoundSources) -> String {
    let mut text =
        format!("# `trapiche run` captures the sources and makes the tables of `queries/`.\nname: {}\n", quoted(name));
    text += "targets:\n  here: { default: true, storage: \"file://./lake\"";
    text += if found.is_demo { ", demo: {} }\n" } else { " }\n" };
    for (key, entries) in [("connections", &found.connections), ("sources", &found.sources)] {
        if !entries.is_empty() {
            text += &format!("{key}:\n");
            entries.iter().for_each(|(name, value)| text += &format!("  {name}: {value}\n"));
        }
    }
    found.comments.iter().for_each(|comment| text += &format!("# {comment}\n"));
    text
}

/// The first source and its columns, read as the settings say.
async fn columns(
    settings: &str,
    found: &FoundSources,
    folder: &Path,
    stamp: &RunStamp,
) -> Result<(String, Arc<Schema>, Vec<String>)> {
    let secret = |name: &str| found.secrets.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let project = project::of_settings(folder, settings, &secret)?;
    let first = found.sources.first().map(|(name, _)| name.clone()).unwrap_or_default();
    let source = |dataset: &&Dataset| dataset.name.name == first;
    let Some(Dataset { definition: Definition::Source(spec), .. }) = project.datasets.iter().find(source) else {
        return Err(Error::failed("nothing was found"));
    };
    let dataset = project.datasets.iter().find(source).expect("just found");
    let lake = Lake::on("memory://init", Arc::new(InMemory::new()), None)?;
    let store = demo_store(&project).await?;
    let spec = store.as_ref().map_or_else(|| spec.clone(), |(store, _)| store.point(spec));
    let landing = ingest::sample(dataset, &spec, &lake, None, stamp, SAMPLE_ROWS).await?;
    Ok((first, lower_case(&landing.schema), landing.notes))
}

/// The demo's store in a folder that is gone afterwards: the project's own is not there yet.
async fn demo_store(project: &Project) -> Result<Option<(demo::Store, PassingFolder)>> {
    let Some(settings) = &project.target.demo else { return Ok(None) };
    let folder = PassingFolder::new()?;
    Ok(Some((demo::Store::open(&folder.0, settings).await?, folder)))
}

/// A folder among the system's temporary ones.
struct PassingFolder(std::path::PathBuf);

impl PassingFolder {
    fn new() -> Result<Self> {
        let folder = crate::config::temporary_folder().join(format!("trapiche-init-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        Ok(PassingFolder(folder))
    }
}

impl Drop for PassingFolder {
    fn drop(&mut self) {
        // What cannot be removed lies among what the system removes.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A query of all columns, with names that a table may have.
fn query(source: &str, schema: &Schema) -> Result<String> {
    if schema.fields().is_empty() {
        return Err(Error::failed(format!("`{source}` has no rows, so nothing tells its columns"))
            .hint("run `trapiche init` again when there are some"));
    }
    let mut taken: Vec<String> = vec![];
    let columns: Vec<String> = schema
        .fields()
        .iter()
        .map(|field| {
            let name = spelled::unlike(&spelled::column_name(field.name()), &mut taken);
            let written = format!("`{}`", field.name().replace('`', "``"));
            if name == *field.name() { format!("  {written}") } else { format!("  {written} AS {name}") }
        })
        .collect();
    Ok(format!(
        "/* trapiche\ndescription: All of {source}, as it was captured. Name and cast here what is needed, and leave out the rest.\n*/\n\
         SELECT\n{}\nFROM raw.{source}\n",
        columns.join(",\n")
    ))
}

/// Adds a source under a name that no other has.
fn add(sources: &mut Vec<(String, String)>, name: &str, value: String) {
    let mut taken = sources.iter().map(|(name, _)| name.clone()).collect();
    sources.push((spelled::unlike(&table_name(name), &mut taken), value));
}
