//! Planning every query without running any, so that a faulty project is refused before anything is written.
//!
//! What a raw table looks like is known from its last landing, or by a look at a local file. Queries
//! over raw tables that nobody has seen yet cannot be planned; they are named, not passed as good.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;

use crate::analyze;
use crate::config::Limits;
use crate::engine::store::parse_check;
use crate::engine::{Engine, Session, fault, raw};
use crate::error::{Error, Problem, Result};
use crate::ingest;
use crate::lake::{Lake, TableName, landing};
use crate::project::{Dataset, Definition, Model, Project, Query, sql};

/// What could be checked.
#[derive(Debug, Default)]
pub struct Validation {
    pub checked: Vec<TableName>,
    /// Not planned, and why: the columns of something they read are not known yet.
    pub unchecked: Vec<(TableName, String)>,
}

/// Plans every query and model against the columns that are known. All faults come as one error.
pub async fn validate(project: &Project, limits: &Limits) -> Result<Validation> {
    let lake = Lake::open(&project.target.storage)?;
    let session = Engine::local(&lake, limits)?.session()?;
    let mut found = Validation::default();
    let mut problems = vec![];
    let mut unknown: BTreeMap<TableName, String> = BTreeMap::new();
    for dataset in &project.datasets {
        let blind = dataset.inputs.iter().find_map(|input| Some((input, unknown.get(input)?)));
        let checked = match (&dataset.definition, blind) {
            (_, Some((input, why))) => Checked::Unknown(format!("the columns of `{input}` are not known: {why}")),
            (Definition::Source(source), None) => match raw_columns(&lake, dataset, source).await {
                Some(schema) => Checked::Columns(vec![(dataset.name.clone(), schema)]),
                None => Checked::Unknown("it was never captured".to_string()),
            },
            (Definition::Query(query), None) => match check_query(&session, dataset, query).await {
                Ok(schema) => Checked::Columns(vec![(dataset.name.clone(), schema)]),
                Err(problem) => Checked::Faulty(problem),
            },
            (Definition::Model(model), None) => match check_model(&session, project, dataset, model).await {
                Ok(outputs) => Checked::Columns(outputs),
                Err(problem) => Checked::Faulty(problem),
            },
        };
        match checked {
            Checked::Columns(outputs) => {
                for (table, schema) in outputs {
                    session.open_empty(&table, schema)?;
                }
                found.checked.push(dataset.name.clone());
            }
            Checked::Unknown(why) => {
                unknown.extend(dataset.outputs.iter().map(|table| (table.clone(), why.clone())));
                found.unchecked.push((dataset.name.clone(), why));
            }
            Checked::Faulty(problem) => {
                unknown.extend(dataset.outputs.iter().map(|table| (table.clone(), "it has an error".to_string())));
                problems.push(*problem);
            }
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(Error::problems(problems)) }
}

enum Checked {
    /// The columns of each table that it makes.
    Columns(Vec<(TableName, SchemaRef)>),
    Unknown(String),
    Faulty(Box<Problem>),
}

async fn raw_columns(lake: &Lake, dataset: &Dataset, source: &crate::project::Source) -> Option<SchemaRef> {
    // A lake that cannot be read leaves the columns unknown; whoever needs the lake will say what is wrong with it.
    if let Ok(Some(landing)) = landing::latest(lake, &dataset.name.name).await
        && let Ok(table) = raw::table(lake, &landing)
    {
        return Some(table.schema());
    }
    ingest::peek(dataset, source).await.map(|landed| raw::lower_case(&landed))
}

async fn check_query(session: &Session, dataset: &Dataset, query: &Query) -> Result<SchemaRef, Box<Problem>> {
    let problem = |message: String, span: Option<std::ops::Range<usize>>, hint: Option<String>| {
        let text: Arc<str> = query.sql.as_str().into();
        let span = span.unwrap_or_else(|| named_place(&message, &text));
        Box::new(Problem { file: dataset.file.clone(), text, span, message, hint })
    };
    let statement = sql::parse(&query.sql).map_err(|fault| problem(fault.message, Some(fault.span), fault.hint))?;
    let plan = session.plan(statement).await.map_err(|error| {
        let (message, span, hint) = fault::locate(&error, &query.sql);
        problem(message, span, hint)
    })?;
    let plain = |error: Error| problem(error.to_string(), None, error.hint_text().map(str::to_string));
    let schema = session.stored_schema(&plan, &query.partition_by).map_err(plain)?;
    let frame = session.frame(plan);
    for check in &query.checks {
        parse_check(&frame, check).map_err(plain)?;
    }
    Ok(schema)
}

async fn check_model(
    session: &Session,
    project: &Project,
    dataset: &Dataset,
    model: &Model,
) -> Result<Vec<(TableName, SchemaRef)>, Box<Problem>> {
    let outputs = async {
        let input = session.table(model.input()).await?;
        analyze::outputs(dataset, model, input).await
    };
    outputs.await.map_err(|error: Error| {
        let text: Arc<str> = std::fs::read_to_string(project.root.join(&dataset.file)).unwrap_or_default().into();
        let span = named_place(&error.to_string(), &text);
        Box::new(Problem {
            file: dataset.file.clone(),
            text,
            span,
            message: error.to_string(),
            hint: error.hint_text().map(str::to_string),
        })
    })
}

/// Where the first quoted word of a message stands in the file; else where the file's own text begins.
fn named_place(message: &str, text: &str) -> std::ops::Range<usize> {
    let word = message.split(['`', '\'', '"']).nth(1).filter(|word| !word.is_empty());
    let body = text.find("*/").map_or(0, |end| end + 2);
    match word.and_then(|word| Some((text[body..].find(word)? + body, word.len()))) {
        Some((start, length)) => start..start + length,
        None => {
            let start = body + text[body..].len() - text[body..].trim_start().len();
            start..start + text[start..].lines().next().map_or(0, str::len)
        }
    }
}
