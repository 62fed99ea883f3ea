//! A dataset: one thing to make, and the files that say how.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::draft::{Defined, Draft, Name, name_hint};
use super::faults::{Faults, File};
use super::{Model, Query, Source, files, model, query};
use crate::error::{Problem, Result, Span};
use crate::lake::table::version::FileLayout;
use crate::lake::{TableName, Zone};
use crate::spark::sql::Reference;

/// One thing to make: a source's landing, a query's table or a model's tables.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// The (main) table it makes.
    pub name: TableName,
    /// All tables it makes; the first is `name`.
    pub outputs: Vec<TableName>,
    /// Tables it reads, sorted; taken from the SQL or the model.
    pub inputs: Vec<TableName>,
    pub description: Option<String>,
    pub tags: Vec<String>,
    /// The file that defines it, relative to the root.
    pub file: PathBuf,
    /// What that file held when it was read.
    pub text: Arc<str>,
    /// Where in the file: of a source, what says where its rows come from.
    pub place: Span,
    /// The columns and tables that the definition names beside its SQL, and where in the file.
    pub named: Vec<Name>,
    /// What it was defined by, as text without secrets: a change of this text is a change of the dataset. Comments, the
    /// description and tags are not part of it.
    pub fingerprint_text: String,
    pub definition: Definition,
}

impl Dataset {
    /// The fault of a table whose readers need what it replaces, in a target that keeps nothing of that.
    pub(super) fn unkept(&self) -> Option<Problem> {
        let Definition::Query(Query { layout: FileLayout::Runs, .. }) = self.definition else { return None };
        Some(Problem {
            file: self.file.clone(),
            text: self.text.clone(),
            span: self.place.clone(),
            message: "`reads: atomic` needs replaced files for readers who are at work, and the target has `keep: 0s`"
                .into(),
            hint: Some("statements of Athena may take 30 minutes: leave `keep` at `1h`, or at `30m`".into()),
        })
    }
}

#[derive(Debug, Clone)]
pub enum Definition {
    Source(Source),
    Query(Query),
    Model(Model),
}

/// A dataset of which only the place among the others is known.
#[derive(Debug)]
pub struct Broken {
    pub file: PathBuf,
    pub outputs: Vec<TableName>,
    pub inputs: Vec<TableName>,
    /// How many datasets come before it.
    pub after: usize,
}

/// Reads `queries/{trusted,refined}/*.sql`: one table each.
pub fn queries(root: &Path, problems: &mut Vec<Problem>) -> Result<Vec<Draft<Definition>>> {
    misplaced(root, problems)?;
    let mut drafts = vec![];
    for zone in [Zone::Trusted, Zone::Refined] {
        for path in files::list(root, &format!("queries/{zone}"), &["sql"])? {
            let outputs = |name: &str, _: Option<&Query>| vec![TableName::new(zone, name)];
            drafts.push(draft(root, &path, query::check, outputs, problems).map(Definition::Query));
        }
    }
    Ok(drafts)
}

/// A query that lies beside the zones' folders would be left out without a word.
fn misplaced(root: &Path, problems: &mut Vec<Problem>) -> Result<()> {
    let mut paths = files::list(root, "queries", &["sql"])?;
    for folder in files::folders(root, "queries")? {
        match folder.file_name().and_then(|name| name.to_str()) {
            Some("trusted" | "refined") => {}
            _ => paths.extend(files::list(root, &folder.to_string_lossy(), &["sql"])?),
        }
    }
    for path in paths {
        let mut faults = Faults::of(File { path, text: "".into() });
        faults.add(&(0..0), "this query is in no zone").hint("move it to `queries/trusted` or `queries/refined`");
        problems.append(&mut faults.problems);
    }
    Ok(())
}

/// Reads `models/*.yml`: one or more tables each.
pub fn models(root: &Path, problems: &mut Vec<Problem>) -> Result<Vec<Draft<Definition>>> {
    let paths = files::list(root, "models", &["yml", "yaml"])?;
    Ok(paths
        .iter()
        .map(|path| draft(root, path, model::check, model::outputs, problems).map(Definition::Model))
        .collect())
}

/// One file as a draft. `outputs` names its tables, also when its definition is broken.
fn draft<D>(
    root: &Path,
    path: &Path,
    check: impl FnOnce(&mut Faults) -> (Vec<Reference>, Option<Defined<D>>),
    outputs: impl Fn(&str, Option<&D>) -> Vec<TableName>,
    problems: &mut Vec<Problem>,
) -> Draft<D> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let name = stem.to_lowercase();
    match files::read(root, path) {
        Ok(mut faults) => {
            let place = 0..faults.file.text.lines().next().unwrap_or_default().len();
            if !TableName::is_valid_name(&stem) {
                faults.add(&place, format!("`{stem}` can't be a table's name")).hint(name_hint(&stem));
            }
            let (references, defined) = check(&mut faults);
            let outputs = outputs(&name, defined.as_ref().map(|defined| &defined.definition));
            let is_sound = faults.problems.is_empty();
            problems.append(&mut faults.problems);
            Draft { file: faults.file, place, outputs, references, defined: defined.filter(|_| is_sound) }
        }
        Err(problem) => {
            let file = File { path: problem.file.clone(), text: problem.text.clone() };
            problems.push(problem);
            Draft { file, place: 0..0, outputs: outputs(&name, None), references: vec![], defined: None }
        }
    }
}
