//! `trapiche init`: a new project for data that is there.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::Utc;
use clap::ValueHint;

use crate::config::Limits;
use crate::error::{Error, Result};
use crate::init::{self, DEMO, NewProject};
use crate::pipeline::RunOptions;
use crate::pipeline::doctor::prepare;
use crate::{config, pipeline};

use super::doctor;
use super::options::{Format, Global};
use super::run::stamp;
use super::talk::ask;
use super::talk::words::Words;

/// Write a project that runs, for a file, an API or a database; or make ready the bucket of a target
///
/// Looks at what is there and writes `trapiche.yml`, one query in `queries/trusted`, and a `.gitignore`. Of a database each table
/// becomes a source, 20 at most; a password goes into `.env`, and `trapiche.yml` names it as a variable. Nothing that is there
/// already is written over. Without `--from` it asks, if there is a terminal.
///
/// With `--target` of a project that is there: the bucket of its lake is created if it is not there, closed to the public, encrypted, and
/// given the rules by which uploads that broke off go. What is so already stays as it is. `doctor` looks at the same.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trapiche init shop --from postgres://etl:secret@db.example.org/shop
  trapiche init quakes --from https://earthquake.usgs.gov/earthquakes/feed/v1.0/summary/all_day.geojson
  trapiche init sales --from ./sales.csv
  trapiche init try --from demo            the store that comes with the program
  trapiche init --target prod              the bucket of that target, in the project here")]
pub struct InitArguments {
    /// The folder of the project; it is made if it is not there
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub folder: Option<PathBuf>,

    /// What the project is for: a file, http://…, https://…, postgres://…, mysql://…, sqlite://…, or `demo`
    #[arg(long, value_name = "FROM")]
    pub from: Option<String>,
}

pub async fn init(global: &Global, limits: &Limits, args: InitArguments, words: &Words) -> Result<ExitCode> {
    if let (Some(target), None, None) = (&global.target, &args.from, &args.folder) {
        return bucket(global, limits, target).await;
    }
    let here = absolute(&global.directory)?;
    let (from, folder) = match args.from {
        Some(from) => (from, args.folder),
        None if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() => {
            let from = ask::ask("file or address (https://…, postgres://…, mysql://…, sqlite://…)", DEMO)?;
            let folder = match args.folder {
                Some(folder) => folder,
                None => PathBuf::from(ask::ask("folder of the project", "trapiche-project")?),
            };
            (from, Some(folder))
        }
        None => {
            return Err(Error::config("`init` is not told what the project is for, and there is no terminal to ask")
                .hint("name it with `--from`: a file, an address of an API or a database, or `demo`"));
        }
    };
    let named = folder.unwrap_or_else(|| PathBuf::from("."));
    let folder = absolute(&here.join(&named))?;
    let project = init::draft(&from, &folder, &here, &stamp(Utc::now())).await?;
    let written = init::write(&project, &folder)?;
    // It is read as every command reads it.
    pipeline::load(&folder, None, &config::variable, limits).await?;
    say(&project, &written, &shown(global, &named), words);
    Ok(ExitCode::SUCCESS)
}

/// The bucket of a target of the project that is here.
async fn bucket(global: &Global, limits: &Limits, target: &str) -> Result<ExitCode> {
    let (project, _) = super::open(global, limits, &RunOptions::default()).await?;
    let findings = prepare(&project).await;
    if findings.is_empty() {
        let url = &project.target.storage.url;
        return Err(Error::config(format!("the target `{target}` has no bucket: its lake is `{url}`"))
            .hint("a folder is made by the first run"));
    }
    doctor::told(Format::Table, &findings)
}

fn say(project: &NewProject, written: &[String], folder: &str, words: &Words) {
    project.notes.iter().for_each(|note| words.note(note));
    words.note(&format!("wrote {} in `{folder}`", written.join(", ")));
    for (name, value) in &project.secrets {
        if config::variable(name).is_some_and(|set| set != *value) {
            words.note(&format!("`{name}` is set in the environment to something else, which goes before `.env`"));
        }
    }
    let is_kept = !written.iter().any(|path| path == ".gitignore");
    if is_kept && written.iter().any(|path| path == crate::project::DOTENV) {
        words.note("`.gitignore` is as it was: see to it that `.env` is in it, which holds a password");
    }
    let there = if folder == "." { String::new() } else { format!(" -C {folder}") };
    words.note(&format!("next:\n  trapiche{there} preview {}\n  trapiche{there} run", project.first));
}

/// The folder as it is to be typed.
fn shown(global: &Global, named: &Path) -> String {
    let folder = if named.is_absolute() { named.to_path_buf() } else { global.directory.join(named) };
    let parts: PathBuf = folder.components().filter(|part| part.as_os_str() != ".").collect();
    let text = parts.to_string_lossy().into_owned();
    match text.as_str() {
        "" => ".".to_string(),
        plain if plain.chars().all(|c| c.is_alphanumeric() || "/._-".contains(c)) => text,
        _ => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

fn absolute(path: &Path) -> Result<PathBuf> {
    let path = std::path::absolute(path)?;
    // A link is followed as far as there is one.
    let there = path.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    let rest = path.strip_prefix(there).unwrap_or(Path::new(""));
    Ok(if rest.as_os_str().is_empty() { there.canonicalize()? } else { there.canonicalize()?.join(rest) })
}
