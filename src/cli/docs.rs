//! `trapiche docs`: the project as pages to look at.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use clap::ValueHint;

use crate::config::{self, Limits};
use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::project::Project;
use crate::serve;

use super::talk::words::Words;

/// Write pages about the project: its tables, how they are made, the last runs and what the results look like
///
/// `index.html`, and one for each table of `trusted` and `refined` with its columns, checks and SQL. They need no server and load nothing,
/// so they can be put anywhere or sent by mail. Rows are in them as far as `serve:` of `trapiche.yml` shows them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trapiche docs --out site
  trapiche docs --open")]
pub struct DocsArguments {
    /// Write them into this folder; what else is there stays [default: one of the user's caches]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, required_unless_present = "open")]
    pub out: Option<PathBuf>,

    /// Open the first one in the browser that `BROWSER` names, or the system's
    #[arg(long)]
    pub open: bool,
}

pub async fn docs(
    project: &Project,
    lake: &Lake,
    limits: &Limits,
    args: DocsArguments,
    words: &Words,
) -> Result<ExitCode> {
    let folder = args.out.unwrap_or_else(|| cached(project));
    let first = write(project, lake, limits, &folder).await?;
    words.note(&format!("wrote `{}`", first.display()));
    if args.open {
        open(&first, words);
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes the pages into a folder of the user's caches and opens the first.
pub async fn show(project: &Project, lake: &Lake, limits: &Limits, words: &Words) -> Result<()> {
    let first = write(project, lake, limits, &cached(project)).await?;
    open(&first, words);
    Ok(())
}

/// Of the user's caches. The same one each time, so that a page that is open can be loaded again.
fn cached(project: &Project) -> PathBuf {
    let folder = |name: &str| config::variable(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
    let caches = folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")));
    caches.unwrap_or_else(config::temporary_folder).join("trapiche/docs").join(&project.name)
}

async fn write(project: &Project, lake: &Lake, limits: &Limits, folder: &Path) -> Result<PathBuf> {
    let pages = serve::pages(project, lake, limits).await?;
    let failed = |error| Error::config(format!("cannot write into `{}`", folder.display())).because(error);
    make_private(folder).map_err(failed)?;
    for page in &pages {
        std::fs::write(folder.join(&page.name), &page.html).map_err(failed)?;
    }
    Ok(folder.join(&pages[0].name))
}

/// A folder that is made here is its user's alone.
fn make_private(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// A machine may have no browser: then the user is told where the page is.
fn open(page: &Path, words: &Words) {
    let system = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let browser = config::variable("BROWSER").unwrap_or_else(|| system.to_string());
    let started =
        Command::new(&browser).arg(page).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    match started {
        Ok(_) => words.note(&format!("opened `{}`", page.display())),
        Err(_) => words.note(&format!("`{browser}` does not start here: open `{}` yourself", page.display())),
    }
}
