//! A project: the user's folder, read once and checked, so that code further in cannot meet an unchecked one.
//!
//! text → [`yaml`] tree → [`spec`] (serde, as typed) → [`Project`] (checked). Faults are collected as
//! [`Problem`](crate::error::Problem)s over all files and reported together.

mod check;
mod dataset;
#[cfg(test)]
mod docs_page;
mod dotenv;
mod draft;
pub mod drift;
mod faults;
mod files;
mod graph;
mod model;
mod one_or_more;
pub mod projection;
mod query;
mod read;
mod scalar;
mod schema_lock;
mod secret_file;
pub mod select;
mod settings;
mod spec;
#[cfg(test)]
mod tests;
mod written;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

pub use check::{Check, OnFail};
pub use dataset::{Broken, Dataset, Definition};
pub use dotenv::DOTENV;
pub use files::SETTINGS;
pub use model::{Describe, Deviation, DistanceMeasure, Impute, Init, InitMethod, Kmeans, Model, Precision, Scale};
pub use query::{Dedupe, Query, WriteMode};
pub use schema_lock::{SCHEMA_LOCK, SchemaLock};
pub use settings::AgreedTables;
pub use settings::address::Address;
pub use settings::alerts::Alerts;
pub use settings::all_tables::AllTables;
pub use settings::auth::Auth;
pub use settings::cursor::{Cursor, Lag};
use settings::dashboard;
pub use settings::dashboard::ChartSettings;
pub use settings::database_kind::DatabaseKind;
pub use settings::emr::{Architecture, ClusterSettings, Fleet, GlibcVersion, SecurityGroups};
pub use settings::file_format::FileFormat;
pub use settings::file_places::{BucketAccess, Dates, FilePlaces};
pub use settings::glue::GlueSettings;
pub use settings::pace::Pace;
pub use settings::rest::{
    ApiConnection, EnvelopeColumn, ForEach, HiddenColumn, PageSize, Pages, Paginator, RestRead, put_in_body,
};
pub use settings::schedule::{DueRun, Schedule};
pub use settings::secret::Secret;
pub use settings::serve::{Jwks, Jwt, Serve, ServeKey, Shown};
pub use settings::source::{Origin, Source, SqlRead};
pub use settings::target::{DemoStore, Storage, Target};
pub use settings::token::Token;
use settings::variables::{Outside, SecretText};
pub use settings::workers::{Nodes, Workers};
pub use spec::{AlertOn, ChartKind, Contract, KeyPlace, Mask, MethodSpec, Overlap, ParameterPlace, json_schema};
pub use written::Written;

use crate::aws::secrets;
use crate::error::{self, Error, Kind, Problem, Result};

/// A checked project, bound to one target.
#[derive(Debug)]
pub struct Project {
    pub name: String,
    /// The folder that holds `trapiche.yml`; absolute.
    pub root: PathBuf,
    pub target: Target,
    /// Every dataset, each after all that it reads.
    pub datasets: Vec<Dataset>,
    /// When it runs by itself.
    pub schedule: Option<Schedule>,
    /// Who is told of its runs.
    pub alerts: Option<Alerts>,
    /// What is shown of it to programs, and to whom.
    pub serve: Serve,
    /// The charts on its page; one for each small result, if there are none.
    pub dashboard: Vec<ChartSettings>,
    /// Sources that are as many as a schema has tables.
    pub all_tables: Vec<AllTables>,
    /// The variables of `trapiche.yml` that the target uses, set or not.
    pub variables: BTreeSet<String>,
    /// The columns that were agreed on, if they were.
    pub schema_lock: Option<SchemaLock>,
    /// What would be datasets, if there were no fault in their files. Only a project of which a part was asked for has any.
    pub broken: Vec<Broken>,
    /// The faults of these.
    pub problems: Vec<Problem>,
}

/// What a look at a project's files gives.
#[derive(Debug)]
pub struct Found {
    /// The datasets in which there is no fault. Without any problem this is the whole project.
    pub sound: Project,
    pub problems: Vec<Problem>,
}

const NOTHING_OUTSIDE: Outside =
    Outside { variable: &|_| None, file: &|_| Err("there is no such file".into()), secret: &|_| SecretText::NotAsked };

/// The faults of a text as a settings file, as a query and as a model.
pub(crate) fn faults_of(text: &str) -> Vec<Problem> {
    let file = || faults::File { path: PathBuf::from("x"), text: text.into() };
    let mut found = vec![];
    let checks: [&dyn Fn(&mut faults::Faults); 3] =
        [&|faults| drop(query::check(faults)), &|faults| drop(model::check(faults)), &|faults| {
            drop(settings::checked(Path::new("/"), None, NOTHING_OUTSIDE, &AgreedTables::new(), faults))
        }];
    for check in checks {
        let mut faults = faults::Faults::of(file());
        check(&mut faults);
        found.extend(faults.problems);
    }
    found
}

/// Reads the project that `start` lies in and binds it to a target: the named one, else its default.
///
/// Variables of `trapiche.yml` are asked of `env`, and of the `.env` beside it where they are not set there; then of the secret that
/// `TRAPICHE_SECRET` names. All faults of all files come as one error.
pub fn load(start: &Path, target: Option<&str>, env: &dyn Fn(&str) -> Option<String>) -> Result<Project> {
    let Found { sound, problems } = find(start, target, env)?;
    if problems.is_empty() { Ok(sound) } else { Err(Error::problems(problems)) }
}

/// As [`load`], but what is sound in a faulty project can be looked at further, so that no fault hides another.
pub fn find(start: &Path, target: Option<&str>, env: &dyn Fn(&str) -> Option<String>) -> Result<Found> {
    let held = secrets::variables()?;
    found(start, target, &|name| env(name).or_else(|| held.get(name).cloned()), true)
}

/// The same for a project that will run elsewhere: secrets are not asked for, as they are told to who runs there, and what
/// they belong to is left out; nor are files of this machine.
pub fn find_for_elsewhere(start: &Path, target: Option<&str>, env: &dyn Fn(&str) -> Option<String>) -> Result<Found> {
    found(start, target, env, false)
}

fn found(start: &Path, target: Option<&str>, env: &dyn Fn(&str) -> Option<String>, is_here: bool) -> Result<Found> {
    let root = files::root(start)?;
    let mut problems = vec![];
    let dotenv = dotenv::read(&root, &mut problems);
    let variable = |name: &str| env(name).or_else(|| dotenv.get(name));
    let schema_lock = schema_lock::find(&root, &mut problems);
    let agreed = schema_lock.as_ref().map(SchemaLock::sources).cloned().unwrap_or_default();
    let file = |path: &str| match is_here {
        true => secret_file::read(&root.join(path)),
        false => Err("it is a file of this machine, and the run is elsewhere".into()),
    };
    let outside = Outside { variable: &variable, file: &file, ..NOTHING_OUTSIDE };
    let mut of_settings = vec![];
    let mut settings = settings::check(&root, target, outside, &agreed, &mut of_settings);
    if is_here && !settings.unasked.is_empty() {
        let told = secrets::fetch_all(&settings.unasked);
        // Who cannot ask knows nothing of the project's faults.
        let unreached = |(reference, told): (&String, &Result<String>)| {
            let error = told.as_ref().err().filter(|error| error.kind() == Kind::Connection)?;
            Some(error.clone().context(format!("`{reference}` can't be had")))
        };
        if let Some(error) = told.iter().find_map(unreached) {
            return Err(error);
        }
        let secret = |reference: &str| match told.get(reference) {
            Some(Ok(text)) => SecretText::Had(text.clone()),
            Some(Err(error)) => SecretText::Refused(why(error)),
            None => SecretText::NotAsked,
        };
        of_settings.clear();
        settings = settings::check(&root, target, Outside { secret: &secret, ..outside }, &agreed, &mut of_settings);
    }
    problems.append(&mut of_settings);
    let mut drafts = dataset::queries(&root, &mut problems)?;
    drafts.extend(dataset::models(&root, &mut problems)?);
    let sound = Project { schema_lock, ..linked(&root, settings, drafts, &mut problems) };
    Ok(Found { sound, problems })
}

/// The variables that a project uses, as they are here; those that are not set are left out.
pub fn variables_here(project: &Project, env: &dyn Fn(&str) -> Option<String>) -> BTreeMap<String, String> {
    // What is wrong with the file has been told.
    let dotenv = dotenv::read(&project.root, &mut vec![]);
    let value = |name: &String| Some((name.clone(), env(name).or_else(|| dotenv.get(name))?));
    project.variables.iter().filter_map(value).collect()
}

/// An error with its causes, on one line.
fn why(error: &Error) -> String {
    error::chain(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The project that a text of `trapiche.yml` makes in a folder, of which no file is read: its sources and nothing else.
///
/// # Errors
/// All faults of the text as one.
pub fn of_settings(root: &Path, text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<Project> {
    let mut faults = faults::Faults::of(faults::File { path: PathBuf::from(SETTINGS), text: text.into() });
    let outside = Outside { variable: env, ..NOTHING_OUTSIDE };
    let settings = settings::checked(root, None, outside, &AgreedTables::new(), &mut faults).unwrap_or_default();
    let mut problems = faults.problems;
    let project = linked(root, settings, vec![], &mut problems);
    if problems.is_empty() { Ok(project) } else { Err(Error::problems(problems)) }
}

/// Sources, queries and models as one graph.
fn linked(
    root: &Path,
    settings: settings::Settings,
    others: Vec<draft::Draft<Definition>>,
    problems: &mut Vec<Problem>,
) -> Project {
    let raw_known = settings.sources.is_some();
    let sources = settings.sources.unwrap_or_default().into_iter();
    let drafts = sources.map(|draft| draft.map(Definition::Source)).chain(others).collect();
    let (datasets, broken) = graph::link(drafts, raw_known, problems);
    let made = || datasets.iter().flat_map(|it| &it.outputs).chain(broken.iter().flat_map(|it| &it.outputs));
    let serve = settings.serve.unwrap_or_default();
    problems.extend(serve.unknown(|table| made().any(|made| made == table)));
    let dashboard = settings.dashboard;
    problems.extend(dashboard::unknown(&dashboard, &serve, |table| made().any(|made| made == table)));

    let (name, target) = (settings.name.unwrap_or_default(), settings.target);
    let (schedule, alerts) = (settings.schedule, settings.alerts);
    let variables = settings.variables;
    debug_assert!(
        target.is_some() || !problems.is_empty() || !settings.unasked.is_empty(),
        "a target that is missing has been reported"
    );
    let target = target.unwrap_or_else(|| Target::nowhere(root));
    problems.extend(datasets.iter().filter(|_| target.keep.is_zero()).filter_map(Dataset::unkept));
    Project {
        name,
        root: root.to_path_buf(),
        target,
        datasets,
        schedule,
        alerts,
        serve,
        dashboard,
        all_tables: settings.all_tables,
        variables,
        schema_lock: None,
        broken,
        problems: vec![],
    }
}
