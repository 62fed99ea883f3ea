//! Planning every query without running any, so that a project with a fault in its text is refused before anything is
//! written.
//!
//! What depends on a source's columns is only known once it is captured. Before that it is judged by the last landing, or
//! by a look at a local file, and told as a warning: the next capture may set it right, and if it does not, the
//! dataset fails then. What nobody has seen yet is named, not passed as good.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use arrow::datatypes::SchemaRef;

use super::RunOptions;
use super::all_tables;
use super::columns::{self, Columns, Others, POSSIBLE};
use super::known;
use super::planned::{self, FoundFault, Outputs};
use crate::config::Limits;
use crate::engine::faults::About;
use crate::engine::{Engine, Session};
use crate::error::{Error, Problem, Result};
use crate::lake::live::Live;
use crate::lake::{Lake, TableName};
use crate::project::{self, Dataset, Definition, Project, select};
use crate::spark::sql;

/// What could be checked.
#[derive(Debug, Default)]
pub struct Validation {
    pub checked: Vec<TableName>,
    /// Not planned, and why: the columns of something they read are not known yet.
    pub unchecked: Vec<(TableName, String)>,
    /// What keeps a dataset from being made, unless the sources it reads are others by then.
    pub warnings: Vec<Warning>,
    /// Functions that Spark does not have, where datasets call them.
    pub foreign: Vec<Problem>,
    /// The faults of what was not asked for.
    pub passed_over: Vec<Problem>,
    /// The columns of the tables of which they are known.
    pub(super) columns: BTreeMap<TableName, SchemaRef>,
    /// The sources as the lake has them, by which it was judged.
    pub(super) sources: BTreeMap<TableName, Live>,
}

/// What is wrong with a dataset for now.
#[derive(Debug)]
pub struct Warning {
    pub dataset: TableName,
    pub problem: Problem,
}

/// Loads a project as [`project::load`] does. A faulty one is refused with all its faults: also those that only show
/// when the sound queries in it are planned.
pub async fn load(
    start: &Path,
    target: Option<&str>,
    env: &dyn Fn(&str) -> Option<String>,
    limits: &Limits,
) -> Result<Project> {
    load_for(start, target, env, limits, &RunOptions::default()).await
}

/// The same for a part of the project: a fault in what is not of it is only noted, as long as the settings have none.
pub async fn load_for(
    start: &Path,
    target: Option<&str>,
    env: &dyn Fn(&str) -> Option<String>,
    limits: &Limits,
    part: &RunOptions,
) -> Result<Project> {
    let project::Found { sound, mut problems } = project::find(start, target, env)?;
    let concerns = |problem: &Problem| match select::files(&sound, &part.select, &part.exclude) {
        Ok(files) => {
            let is_of_all = [project::SETTINGS, project::DOTENV].iter().any(|file| problem.file == Path::new(file));
            is_of_all || files.contains(problem.file.as_path())
        }
        Err(_) => true,
    };
    let is_whole = part.select.is_empty() && part.exclude.is_empty();
    if problems.is_empty() || !is_whole && !problems.iter().any(concerns) {
        return Ok(Project { problems, ..sound });
    }
    // Without a lake that opens there is less to say, and enough.
    if let Ok(lake) = Lake::open(&sound.target.storage).await
        && let Ok((_, more)) = plan_all(&sound, &lake, limits).await
    {
        problems.extend(more.into_iter().map(|(_, problem)| problem));
    }
    Err(Error::problems(problems))
}

/// Plans every query and model against the columns that are known. All faults of the text come as one error.
pub async fn validate(project: &Project, lake: &Lake, limits: &Limits) -> Result<Validation> {
    all_tables::refuse_unknown(project)?;
    let all: Vec<&Dataset> = project.datasets.iter().collect();
    validate_for(project, lake, limits, &all).await
}

/// The same for some of the datasets: only with a fault in one of these nothing can be made.
pub(super) async fn validate_for(
    project: &Project,
    lake: &Lake,
    limits: &Limits,
    part: &[&Dataset],
) -> Result<Validation> {
    let (validation, faults) = plan_all(project, lake, limits).await?;
    let is_concerned = faults.iter().any(|(faulty, _)| part.iter().any(|dataset| dataset.name == *faulty));
    let faults = project.problems.iter().cloned().chain(faults.into_iter().map(|(_, problem)| problem)).collect();
    match is_concerned {
        true => Err(Error::problems(faults)),
        false => Ok(Validation { passed_over: faults, ..validation }),
    }
}

/// Faults, each with the dataset that it keeps from being made.
type DatasetFaults = Vec<(TableName, Problem)>;

async fn plan_all(project: &Project, lake: &Lake, limits: &Limits) -> Result<(Validation, DatasetFaults)> {
    let engine = Engine::local(lake, limits, &project.target.sql)?;
    let seen = known::sources(lake, project).await;
    let mut sources = BTreeMap::new();
    for dataset in &project.datasets {
        if let Definition::Source(source) = &dataset.definition {
            let columns = columns::of_source(lake, dataset, source, seen.get(&dataset.name)).await;
            sources.insert(&dataset.name, columns);
        }
    }
    let mut planning = Planning::of(project, &engine, &sources, false).await?;
    // What might be is only looked at when something is wrong or not known; as a rule nothing is.
    if !planning.is_sound() {
        planning = Planning::of(project, &engine, &sources, true).await?;
    }
    let columns = planning.known.into_iter().filter_map(|(table, known)| match known {
        Known::Columns(columns) if columns.unseen.is_none() => Some((table, columns.schema)),
        Known::Columns(_) | Known::Waits(_) => None,
    });
    let columns = columns.collect();
    Ok((Validation { columns, sources: seen, ..planning.validation }, planning.problems))
}

/// What is known of each source's columns, and what is wrong with it now.
type Sources<'a> = BTreeMap<&'a TableName, (Columns, Option<Error>)>;

struct Planning<'a> {
    engine: &'a Engine,
    /// Whether queries are also planned against columns as they might be.
    thorough: bool,
    /// Sees all tables of which the columns are known.
    session: Session,
    /// Not of a table in whose making there is a fault of the text: what reads it has no faults of its own.
    known: BTreeMap<TableName, Known>,
    /// Tables that are made twice: which of the two a reader means cannot be told.
    twice: BTreeSet<&'a TableName>,
    validation: Validation,
    problems: DatasetFaults,
}

#[derive(Clone)]
enum Known {
    Columns(Columns),
    /// Nothing, before this source is captured.
    Waits(TableName),
}

/// What planning a query or model has shown.
enum Judged {
    Sound(Vec<(TableName, Columns)>),
    /// A source has to be captured first. Until then there may be warnings, and what the text says of its columns.
    Open {
        source: TableName,
        warnings: Vec<Problem>,
        outputs: Vec<(TableName, Columns)>,
    },
    Faulty(Vec<Problem>),
}

impl<'a> Planning<'a> {
    /// Plans everything.
    async fn of(project: &'a Project, engine: &'a Engine, sources: &Sources<'_>, thorough: bool) -> Result<Self> {
        let (mut made, mut twice) = (BTreeSet::new(), BTreeSet::new());
        for table in project.datasets.iter().flat_map(|dataset| &dataset.outputs) {
            twice.extend((!made.insert(table)).then_some(table));
        }
        let mut planning = Planning {
            session: engine.session()?,
            engine,
            thorough,
            twice,
            known: BTreeMap::new(),
            validation: Validation::default(),
            problems: vec![],
        };
        for dataset in &project.datasets {
            match sources.get(&dataset.name) {
                Some((columns, fault)) => planning.source(dataset, columns.clone(), fault.as_ref())?,
                None => planning.refine(dataset).await?,
            }
        }
        Ok(planning)
    }

    fn is_sound(&self) -> bool {
        let Validation { unchecked, warnings, .. } = &self.validation;
        self.problems.is_empty() && unchecked.is_empty() && warnings.is_empty()
    }

    fn source(&mut self, dataset: &Dataset, columns: Columns, fault: Option<&Error>) -> Result<()> {
        match (&columns.unseen, fault) {
            (_, Some(error)) => {
                let FoundFault { problem, .. } = planned::plain(dataset, error, dataset.place.clone());
                self.validation.warnings.push(Warning { dataset: dataset.name.clone(), problem });
            }
            (Some(_), None) => self.not_planned(dataset, &dataset.name),
            (None, None) => self.validation.checked.push(dataset.name.clone()),
        }
        self.learn(vec![(dataset.name.clone(), columns)])
    }

    async fn refine(&mut self, dataset: &Dataset) -> Result<()> {
        let inputs: Vec<(TableName, Known)> = dataset
            .inputs
            .iter()
            .filter_map(|input| self.known.get(input).map(|known| (input.clone(), known.clone())))
            .collect();
        if inputs.len() < dataset.inputs.len() {
            // What it reads is faulty, which has been reported.
            return Ok(());
        }
        let mut read = vec![];
        for (table, known) in &inputs {
            match known {
                Known::Columns(columns) => read.push((table, columns)),
                Known::Waits(source) => return self.wait(dataset, source, vec![]),
            }
        }
        match self.judge(dataset, &read).await? {
            Judged::Sound(outputs) => {
                self.validation.checked.push(dataset.name.clone());
                self.validation.foreign.extend(foreign(dataset));
                self.learn(outputs)
            }
            Judged::Open { source, warnings, outputs } if warnings.is_empty() => self.wait(dataset, &source, outputs),
            Judged::Open { source, warnings, outputs } => {
                let named = warnings.into_iter().map(|problem| Warning { dataset: dataset.name.clone(), problem });
                self.validation.warnings.extend(named);
                self.wait_for(dataset, &source, outputs)
            }
            Judged::Faulty(problems) => {
                self.problems.extend(problems.into_iter().map(|problem| (dataset.name.clone(), problem)));
                Ok(())
            }
        }
    }

    async fn judge(&self, dataset: &Dataset, inputs: &[(&TableName, &Columns)]) -> Result<Judged> {
        let unseen = inputs.iter().find_map(|(_, input)| input.unseen.clone());
        let planned = match &unseen {
            Some(_) => Err(vec![]),
            None => planned::plan(&self.session, dataset).await,
        };
        let possible = match self.thorough && !inputs.iter().all(|(_, input)| input.are_settled()) {
            true => self.possible(dataset, inputs).await?,
            false => vec![],
        };
        let columns = |outputs: &Outputs| columns_of(dataset, outputs, inputs, &possible);
        let found = match &planned {
            Ok(outputs) => return Ok(Judged::Sound(columns(outputs))),
            Err(found) => found,
        };
        let tables = tables_of(dataset);
        let hidden = possible.first().and_then(|planned| planned.as_ref().err()).into_iter().flatten();
        // Behind a fault that a source may set right, there may be one that none can.
        let hidden = hidden.filter(|hidden| {
            matches!(hidden.about, About::Function | About::UnknownColumn(_)) && !found.iter().any(|it| it.is(hidden))
        });
        let (of_text, of_sources): (Vec<FoundFault>, Vec<FoundFault>) =
            found.iter().chain(hidden).cloned().partition(|found| is_of_text(found, &tables, inputs, &possible));
        if !of_text.is_empty() {
            return Ok(Judged::Faulty(of_text.into_iter().map(|found| found.problem).collect()));
        }
        let open = inputs.iter().filter(|(_, input)| !input.are_settled());
        let told_by: BTreeSet<&TableName> = open.flat_map(|(_, input)| &input.told_by).collect();
        let Some(source) = unseen.clone().or_else(|| told_by.first().map(|source| (*source).clone())) else {
            return Ok(Judged::Faulty(of_sources.into_iter().map(|found| found.problem).collect()));
        };
        let warnings = of_sources.into_iter().filter(|_| unseen.is_none()).map(|FoundFault { problem, .. }| {
            let seen: Vec<String> = told_by.iter().map(|source| format!("`{source}`")).collect();
            let were = if seen.len() == 1 { "was" } else { "were" };
            let message = format!("{}, as {} {were} last seen", problem.message, seen.join(" and "));
            Problem { message, ..problem }
        });
        let made_up = possible.iter().find_map(|planned| planned.as_ref().ok());
        let outputs = made_up.map(columns).unwrap_or_default().into_iter();
        let unseen = |(table, columns)| (table, Columns { unseen: Some(source.clone()), ..columns });
        Ok(Judged::Open { warnings: warnings.collect(), outputs: outputs.map(unseen).collect(), source })
    }

    /// Plans it against the columns that its inputs might have.
    async fn possible(
        &self,
        dataset: &Dataset,
        inputs: &[(&TableName, &Columns)],
    ) -> Result<Vec<Result<Outputs, Vec<FoundFault>>>> {
        let mut asked = columns::words(&dataset.text);
        let tables = tables_of(dataset);
        asked.retain(|word| !tables.contains(word));
        let fields = inputs.iter().flat_map(|(_, input)| input.schema.fields());
        let known: BTreeSet<String> = fields.map(|field| field.name().clone()).collect();
        let mut possible = vec![];
        for data_type in &POSSIBLE {
            let session = self.engine.session()?;
            for (table, input) in inputs {
                session.open_empty(table, input.possible(&asked, &known, data_type))?;
            }
            possible.push(planned::plan(&session, dataset).await);
        }
        Ok(possible)
    }

    /// Cannot be planned before a source is captured.
    fn wait(&mut self, dataset: &Dataset, source: &TableName, outputs: Vec<(TableName, Columns)>) -> Result<()> {
        self.not_planned(dataset, source);
        self.wait_for(dataset, source, outputs)
    }

    fn wait_for(&mut self, dataset: &Dataset, source: &TableName, outputs: Vec<(TableName, Columns)>) -> Result<()> {
        let waits = dataset.outputs.iter().map(|table| (table.clone(), Known::Waits(source.clone())));
        self.known.extend(waits);
        self.learn(outputs)
    }

    fn not_planned(&mut self, dataset: &Dataset, source: &TableName) {
        let why = match *source == dataset.name {
            true => "its columns are not known before it is captured".to_string(),
            false => format!("the columns of `{source}` are not known before it is captured"),
        };
        self.validation.unchecked.push((dataset.name.clone(), why));
    }

    fn learn(&mut self, outputs: Vec<(TableName, Columns)>) -> Result<()> {
        for (table, columns) in outputs.into_iter().filter(|(table, _)| !self.twice.contains(table)) {
            if columns.unseen.is_none() {
                self.session.open_empty(&table, columns.schema.clone())?;
            }
            self.known.insert(table, Known::Columns(columns));
        }
        Ok(())
    }
}

/// Functions of the engine below, of which Spark has none.
fn foreign(dataset: &Dataset) -> Vec<Problem> {
    let Definition::Query(query) = &dataset.definition else { return vec![] };
    let named = query.parsed.foreign.iter().map(|(name, span)| Problem {
        file: dataset.file.clone(),
        text: dataset.text.clone(),
        span: span.clone(),
        message: format!("Spark has no function `{name}`: this query runs here, and not there"),
        hint: None,
    });
    named.collect()
}

/// What its text calls the tables that it reads.
fn tables_of(dataset: &Dataset) -> BTreeSet<String> {
    match &dataset.definition {
        Definition::Query(query) => sql::table_names(&query.parsed.statement),
        Definition::Model(_) | Definition::Source(_) => BTreeSet::new(),
    }
}

fn columns_of(
    dataset: &Dataset,
    outputs: &Outputs,
    inputs: &[(&TableName, &Columns)],
    possible: &[Result<Outputs, Vec<FoundFault>>],
) -> Vec<(TableName, Columns)> {
    let names_all = match &dataset.definition {
        Definition::Query(query) => !sql::has_wildcard(&query.parsed.statement),
        Definition::Model(_) | Definition::Source(_) => false,
    };
    let of = |(table, schema): &(TableName, SchemaRef)| {
        let of_table = |outputs: &Outputs| outputs.iter().find(|(of, _)| of == table).map(|(_, schema)| schema.clone());
        let possible: Vec<Option<SchemaRef>> =
            possible.iter().map(|planned| planned.as_ref().ok().and_then(of_table)).collect();
        (table.clone(), Columns::of_result(schema, &possible, inputs, names_all))
    };
    outputs.iter().map(of).collect()
}

/// Whether a fault is there whatever the sources say of their columns.
fn is_of_text(
    found: &FoundFault,
    tables: &BTreeSet<String>,
    inputs: &[(&TableName, &Columns)],
    possible: &[Result<Outputs, Vec<FoundFault>>],
) -> bool {
    let are_named = inputs.iter().all(|(_, input)| input.others == Others::None);
    let is_made_up = inputs.iter().any(|(_, input)| input.unseen.is_some());
    // What one table is known to have, no other was given for the trial; but it may have it, too.
    let is_withheld = |name: &str| {
        let has = |input: &Columns| input.schema.field_with_name(name).is_ok();
        inputs.iter().any(|(_, input)| has(input))
            && inputs.iter().any(|(_, input)| input.others != Others::None && !has(input))
    };
    // The first has nulls, which fit everywhere. With other types another fault may come before this one.
    let is_there = |planned: &Result<Outputs, Vec<FoundFault>>| {
        planned.as_ref().is_err_and(|others| others.iter().any(|other| other.is(found)))
    };
    let stands = || possible.first().is_some_and(is_there) && possible.iter().all(Result::is_err);
    match &found.about {
        About::Function => true,
        _ if inputs.iter().all(|(_, input)| input.are_settled()) => true,
        About::UnknownColumn(_) if are_named => true,
        // A column may be called as a table is.
        About::UnknownColumn(name) => !tables.contains(name) && !is_withheld(name) && stands(),
        // Another source may have taken the name only lately.
        About::AmbiguousColumn if !are_named => false,
        // Of columns that are made up the names are as good as any, and the types are not.
        About::AmbiguousColumn | About::Arguments { .. } | About::Other => !is_made_up && stands(),
    }
}
