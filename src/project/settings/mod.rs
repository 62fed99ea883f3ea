//! `trapiche.yml`: the chosen target, and the sources with the connections that they have there.

pub mod address;
pub mod alerts;
pub mod all_tables;
pub mod auth;
pub mod connection;
pub mod cron;
pub mod cursor;
pub mod dashboard;
pub mod database_kind;
pub mod emr;
pub mod file_format;
pub mod file_places;
pub mod glue;
pub mod pace;
pub mod rest;
pub mod schedule;
pub mod secret;
pub mod serve;
pub mod source;
mod source_keys;
mod sql;
pub mod target;
pub mod token;
pub mod variables;
pub mod workers;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::draft::{Defined, Draft, name_hint};
use super::faults::Faults;
use super::read::{At, given, given_or, read, within, words};
use super::spec::{ConnectionSpec, Contract, ProjectSpec, SourceSpec, TargetSpec};
use super::written::Written;
use super::{files, yaml};
use crate::error::{Problem, Span};
use crate::hints::suggest;
use crate::lake::{TableName, Zone};
use crate::spark::mode::SqlMode;
use crate::spark::sql::Reference;
use alerts::Alerts;
use all_tables::AllTables;
use connection::{Connection, Connections};
use dashboard::ChartSettings;
use schedule::Schedule;
use serve::Serve;
use source::{Around, Origin, Source};
use target::Target;
use variables::{Outside, Unresolved};

/// What `trapiche.yml` says. Parts that are missing are broken, which has been reported.
#[derive(Default)]
pub struct Settings {
    pub name: Option<String>,
    pub target: Option<Target>,
    /// `None` when it is not even known which sources there are.
    pub sources: Option<Vec<Draft<Source>>>,
    /// Sources that are as many as a schema has tables.
    pub all_tables: Vec<AllTables>,
    pub schedule: Option<Schedule>,
    pub alerts: Option<Alerts>,
    pub serve: Option<Serve>,
    pub dashboard: Vec<ChartSettings>,
    /// The variables that the target uses.
    pub variables: BTreeSet<String>,
    /// The secrets that the target uses and that nobody was asked for: what they belong to is missing.
    pub unasked: BTreeSet<String>,
}

/// The tables that are meant by the sources that stand for all of a schema, by the names of these.
pub type AgreedTables = BTreeMap<String, Vec<String>>;

pub fn check(
    root: &Path,
    target: Option<&str>,
    outside: Outside,
    agreed: &AgreedTables,
    problems: &mut Vec<Problem>,
) -> Settings {
    match files::read(root, Path::new(files::SETTINGS)) {
        Ok(mut faults) => {
            let settings = checked(root, target, outside, agreed, &mut faults);
            problems.append(&mut faults.problems);
            settings.unwrap_or_default()
        }
        Err(problem) => {
            problems.push(problem);
            Settings::default()
        }
    }
}

pub(super) fn checked(
    root: &Path,
    wanted: Option<&str>,
    outside: Outside,
    agreed: &AgreedTables,
    faults: &mut Faults,
) -> Option<Settings> {
    let mut tree = yaml::parse(0..faults.file.text.len(), faults)?;
    let unresolved = variables::resolve(&mut tree, &faults.file, outside);
    let settings = settled(&tree, unresolved, root, wanted, agreed, faults);
    faults.hide(&variables::secrets(&tree));
    settings
}

fn settled(
    tree: &yaml::YamlNode,
    unresolved: Unresolved,
    root: &Path,
    wanted: Option<&str>,
    agreed: &AgreedTables,
    faults: &mut Faults,
) -> Option<Settings> {
    let spec: ProjectSpec = read(tree, faults)?;
    for (key, is_missing) in [("name", spec.name.is_none()), ("targets", spec.targets.is_none())] {
        if is_missing {
            faults.add(&(0..0), format!("`{key}` is missing")).hint(format!("add `{key}:`"));
        }
    }

    let chosen = spec.targets.as_ref().and_then(|targets| target::choose(targets, wanted, faults));
    // What is wrong with it has been said: the targets' own is looked at all the same.
    let sql = sql::check(&spec.sql, &SqlMode::default(), faults);
    let around = sql.clone().unwrap_or_default();
    let mut target = None;
    for (name, at) in spec.targets.iter().flat_map(|targets| targets.value.iter().flatten()) {
        let checked = at.value.as_ref().and_then(|spec| target::check(name, spec, root, &around, faults));
        if chosen.is_some_and(|(chosen, _)| chosen == name) {
            target = checked.filter(|_| sql.is_some());
        }
    }

    let connections = in_target(&spec, chosen.map(|(_, at)| at), faults);
    let used = used_places(&spec, chosen.map(|(_, at)| at), &connections);
    let Unresolved { missing, unasked } = unresolved;
    let is_used = |span: &Span| used.iter().any(|used| used.contains(&span.start));
    let missing = missing.into_iter().filter(|problem| is_used(&problem.span));
    let unasked = unasked.into_iter().filter(|(span, _)| is_used(span)).map(|(_, reference)| reference).collect();
    let variables = used.iter().flat_map(|used| variables::named_in(&faults.file.text[used.clone()])).collect();
    faults.problems.extend(variables::once_each(missing.collect()));

    // Without a target, nothing is said about its demo store.
    let demo = chosen.is_none_or(|(_, at)| at.value.as_ref().is_none_or(|target| target.demo.is_some()));
    let connections: BTreeMap<String, Option<Connection>> =
        connections.into_iter().map(|(name, at)| (name.clone(), connection::check(at, root, demo, faults))).collect();
    let around = Around { root, demo, connections: &connections };
    let kept = keep_landings(&spec.keep_landings, faults);
    let mut all_tables = vec![];
    let sources = match &spec.sources {
        // A fault nearby may be what became of the key.
        None if faults.any_in(&tree.span) => None,
        None => Some(vec![]),
        Some(at) => at.value.as_ref().map(|sources| {
            let mut drafts = vec![];
            for (name, at) in sources {
                if !AllTables::is_meant(name) {
                    drafts.push(draft(name, at, None, &around, kept, faults));
                    continue;
                }
                let all = all_of(name, at, agreed, &around, faults).filter(|_| !faults.any_in(&at.span));
                let Some(all) = all else { continue };
                for table in all.agreed.iter().flatten() {
                    let (name, table) = (all.source_name(table), all.qualified(table));
                    drafts.push(draft(&name, at, Some(&table), &around, kept, faults));
                }
                all_tables.push(all);
            }
            drafts
        }),
    };
    // What a query reads may be one of theirs.
    let sources = sources.filter(|_| all_tables.iter().all(|all| all.agreed.is_some()));
    let schedule = spec.schedule.as_ref().and_then(|at| schedule::check(at, faults));
    let alerts = spec.alerts.as_ref().and_then(|at| alerts::check(at, root, faults));
    let serve = spec.serve.as_ref().and_then(|at| serve::check(at, root, faults));
    let dashboard = spec.dashboard.as_ref().and_then(|at| dashboard::check(at, faults)).unwrap_or_default();
    let name = spec.name.and_then(|name| name.value);
    Some(Settings { name, target, sources, all_tables, schedule, alerts, serve, dashboard, variables, unasked })
}

/// The connections as the target has them: its own in place of the project's.
fn in_target<'a>(
    spec: &'a ProjectSpec,
    target: Option<&'a At<TargetSpec>>,
    faults: &mut Faults,
) -> BTreeMap<&'a String, &'a At<ConnectionSpec>> {
    let of = |at: &'a Option<At<Connections>>| at.iter().flat_map(|at| at.value.iter().flatten());
    let mut connections: BTreeMap<_, _> = of(&spec.connections).collect();
    if let Some(target) = target.and_then(|target| target.value.as_ref()) {
        for (name, at) in of(&target.connections) {
            if !connections.contains_key(name) {
                let hint = suggest(name, connections.keys().map(|name| name.as_str()));
                faults.add(&at.key, format!("there is no connection `{name}` to put this in place of")).hint(hint);
            }
            connections.insert(name, at);
        }
    }
    connections
}

/// The places whose variables must be set: what only another target uses may stay open.
fn used_places(
    spec: &ProjectSpec,
    target: Option<&At<TargetSpec>>,
    connections: &BTreeMap<&String, &At<ConnectionSpec>>,
) -> Vec<Span> {
    let mut places: Vec<_> = spec.name.iter().map(|at| at.span.clone()).collect();
    places.extend(spec.sql.iter().map(|at| at.span.clone()));
    places.extend(spec.schedule.iter().map(|at| at.span.clone()));
    places.extend(spec.alerts.iter().map(|at| at.span.clone()));
    places.extend(spec.dashboard.iter().map(|at| at.span.clone()));
    places.extend(spec.serve.iter().map(|at| at.span.clone()));
    if let Some(at) = target {
        // The target's own connections count one by one, as the project's do.
        let own = at.value.as_ref().and_then(|target| Some(target.connections.as_ref()?.span.clone()));
        let own = own.unwrap_or(at.span.end..at.span.end);
        places.extend([at.span.start..own.start, own.end..at.span.end]);
    }
    for at in spec.sources.iter().flat_map(|at| at.value.iter().flatten()).map(|(_, at)| at) {
        places.push(at.span.clone());
        let from = at.value.as_ref().and_then(|source| source.from.as_ref()?.value.as_ref());
        places.extend(from.and_then(|from| connections.get(from)).map(|at| at.span.clone()));
    }
    places
}

/// How many states of a source keep their landings; `None` for all.
fn keep_landings(at: &Option<At<u32>>, faults: &mut Faults) -> Option<u32> {
    let at = at.as_ref()?;
    within("keep_landings", at, 1..=1_000_000, faults);
    at.value
}

/// What becomes of columns that were not agreed on. Rows are taken apart before they land only where they come one by one.
fn contract(spec: &SourceSpec, source: &Source, faults: &mut Faults) -> Option<Contract> {
    let contract = given_or(&spec.contract, Contract::default())?;
    if let Some(at) = &spec.contract
        && contract.discards()
        && !matches!(source.origin, Origin::Rest(_))
    {
        faults.add(&at.span, "only the rows of an API land in part").hint(
            "of a database `select` names the columns; files land as they are: take `contract: freeze`, or name the columns in \
             a query of `trusted`",
        );
        return None;
    }
    Some(contract)
}

/// A source that stands for several. What is wrong with it is reported once, not with each table.
fn all_of(
    name: &str,
    at: &At<SourceSpec>,
    agreed: &AgreedTables,
    around: &Around,
    faults: &mut Faults,
) -> Option<AllTables> {
    let spec = at.value.as_ref()?;
    let connection = spec.from.as_ref().and_then(|from| around.connections.get(from.value.as_ref()?));
    let database = match connection.map(Option::as_ref) {
        Some(None) => return None,
        Some(Some(Connection::Database(database))) if spec.table.is_some() => database,
        _ => {
            faults
                .add(&at.key, format!("`{name}` stands for all tables of a database, and this source has none"))
                .hint("write `from:` a database and `table: \"schema.*\"`, or give the source a name without `*`");
            return None;
        }
    };
    let all = AllTables::check(name, spec, database, agreed.get(name).cloned(), faults)?;
    source::check(at, Some(&all.qualified("*")), around, faults)?;
    Some(all)
}

fn draft(
    name: &str,
    at: &At<SourceSpec>,
    of_all: Option<&Written>,
    around: &Around,
    kept: Option<u32>,
    faults: &mut Faults,
) -> Draft<Source> {
    if !TableName::is_valid_name(name) {
        faults.add(&at.key, format!("`{name}` can't be a table's name")).hint(name_hint(name));
    }
    let table = TableName::new(Zone::Raw, name.to_lowercase());
    let checked = source::check(at, of_all, around, faults);
    let spec = at.value.as_ref();
    let own = spec.and_then(|spec| keep_landings(&spec.keep_landings, faults));
    let outputs = vec![table];
    // One with a fault is not what it was meant to be: what is planned on it would only find what follows from that.
    let is_sound = !faults.any_in(&at.span);
    let mut place = at.key.clone();
    let defined = checked.zip(spec).filter(|_| is_sound).and_then(|((source, text), spec)| {
        let contract = contract(spec, &source, faults)?;
        // What says where its rows come from.
        let (url, path) = (spec.url.as_ref().map(|at| &at.span), spec.path.as_ref().map(|at| &at.span));
        place = url.or(path).unwrap_or(&at.key).clone();
        Some(Defined {
            description: given(&spec.description)?,
            tags: words(&spec.tags)?,
            // The same project in another folder is the same project.
            fingerprint_text: text.replace(around.root.to_str().unwrap_or("\0"), "."),
            named: vec![],
            definition: Source { keep_landings: own.or(kept), contract, ..source },
        })
    });
    let parent = spec.and_then(|spec| spec.for_each.as_ref());
    let reference = parent.and_then(|at| {
        let name = at.value.as_ref()?.to_lowercase();
        Some(Reference { parts: vec![Zone::Raw.as_str().into(), name], span: at.span.clone() })
    });
    Draft { file: faults.file.clone(), place, outputs, references: reference.into_iter().collect(), defined }
}
