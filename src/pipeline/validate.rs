//! Planning every query without running any, so that a faulty project is refused before anything is written.
//!
//! What a raw table looks like is known from its last landing, or by a look at a local file. Queries
//! over raw tables that nobody has seen yet cannot be planned; they are named, not passed as good.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;

use crate::analyze;
use crate::config::Limits;
use crate::engine::fault::{self, Fault};
use crate::engine::store::parse_check;
use crate::engine::{Engine, Session, raw};
use crate::error::{Error, Problem, Result};
use crate::ingest;
use crate::lake::landing::Landing;
use crate::lake::{Lake, TableName, state};
use crate::project::{self, Dataset, Definition, Found, Model, Origin, Project, Query, Source, sql};

/// What could be checked.
#[derive(Debug, Default)]
pub struct Validation {
    pub checked: Vec<TableName>,
    /// Not planned, and why: the columns of something they read are not known yet.
    pub unchecked: Vec<(TableName, String)>,
}

/// Loads a project as [`project::load`] does. A faulty one is refused with all its faults: also those that only show
/// when the sound queries in it are planned.
pub async fn load(
    start: &Path,
    target: Option<&str>,
    env: &dyn Fn(&str) -> Option<String>,
    limits: &Limits,
) -> Result<Project> {
    let Found { sound, mut problems } = project::find(start, target, env)?;
    if problems.is_empty() {
        return Ok(sound);
    }
    // Without a lake that opens there is less to say, and enough.
    if let Ok(lake) = Lake::open(&sound.target.storage).await
        && let Ok((_, more)) = plan_all(&sound, &lake, limits).await
    {
        problems.extend(more);
    }
    Err(Error::problems(problems))
}

/// Plans every query and model against the columns that are known. All faults come as one error.
pub async fn validate(project: &Project, lake: &Lake, limits: &Limits) -> Result<Validation> {
    let (validation, problems) = plan_all(project, lake, limits).await?;
    if problems.is_empty() { Ok(validation) } else { Err(Error::problems(problems)) }
}

async fn plan_all(project: &Project, lake: &Lake, limits: &Limits) -> Result<(Validation, Vec<Problem>)> {
    let session = Engine::local(lake, limits)?.session()?;
    let mut validation = Validation::default();
    let mut problems = vec![];
    let mut known: BTreeSet<TableName> = BTreeSet::new();
    let (mut made, mut twice): (BTreeSet<&TableName>, BTreeSet<&TableName>) = Default::default();
    for table in project.datasets.iter().flat_map(|dataset| &dataset.outputs) {
        // Which of the two its readers mean cannot be told; it has been reported.
        twice.extend((!made.insert(table)).then_some(table));
    }
    // With the source for whose capture each of them waits.
    let mut waiting: BTreeMap<TableName, TableName> = BTreeMap::new();
    let mut lake_answers = true;
    for dataset in &project.datasets {
        let blind = dataset.inputs.iter().find(|input| !known.contains(input));
        let planned = match (&dataset.definition, blind) {
            (_, Some(input)) => match waiting.get(input) {
                Some(source) => Planned::Waits(source.clone()),
                // What it reads is faulty, which has been reported.
                None => continue,
            },
            (Definition::Source(source), None) => {
                source_columns(lake, &mut lake_answers, project, dataset, source).await
            }
            (Definition::Query(query), None) => plan_query(&session, dataset, query).await,
            (Definition::Model(model), None) => plan_model(&session, project, dataset, model).await,
        };
        match planned {
            Planned::Columns(outputs) => {
                for (table, schema) in outputs {
                    if !twice.contains(&table) {
                        session.open_empty(&table, schema)?;
                        known.insert(table);
                    }
                }
                validation.checked.push(dataset.name.clone());
            }
            Planned::Waits(source) => {
                waiting.extend(dataset.outputs.iter().map(|table| (table.clone(), source.clone())));
                let why = match source == dataset.name {
                    true => "its columns are not known before it is captured".to_string(),
                    false => format!("the columns of `{source}` are not known before it is captured"),
                };
                validation.unchecked.push((dataset.name.clone(), why));
            }
            Planned::Faulty(found) => problems.extend(found),
        }
    }
    Ok((validation, problems))
}

enum Planned {
    /// The columns of each table that it makes.
    Columns(Vec<(TableName, SchemaRef)>),
    /// For this source to be captured.
    Waits(TableName),
    Faulty(Vec<Problem>),
}

async fn source_columns(
    lake: &Lake,
    lake_answers: &mut bool,
    project: &Project,
    dataset: &Dataset,
    source: &Source,
) -> Planned {
    // A lake that cannot be read leaves the columns unknown; whoever needs the lake will say what is wrong with it. It
    // is not asked for every source, as each answer that does not come takes seconds.
    let landed = if *lake_answers { landed(lake, &dataset.name.name).await } else { Ok(None) };
    *lake_answers &= landed.is_ok();
    if let Ok(Some(landings)) = landed
        && let Ok(table) = raw::table(lake, &landings)
    {
        return Planned::Columns(vec![(dataset.name.clone(), table.schema())]);
    }
    match ingest::peek(dataset, source).await {
        Ok(Some(landed)) => Planned::Columns(vec![(dataset.name.clone(), raw::lower_case(&landed))]),
        Ok(None) => Planned::Waits(dataset.name.clone()),
        Err(error) => {
            let text = text_of(project, dataset);
            let file_name = match &source.origin {
                Origin::Url { url, .. } => url.url().as_str().rsplit('/').next().unwrap_or_default(),
                Origin::Rest { .. } | Origin::Sql { .. } => "",
            };
            let span = text.find(file_name).map(|start| start..start + file_name.len());
            let span = span.or_else(|| word_in(&text, 0..text.len(), &dataset.name.name));
            Planned::Faulty(vec![plain(dataset, &text, &error, span.unwrap_or(0..0))])
        }
    }
}

async fn landed(lake: &Lake, source: &str) -> Result<Option<Vec<Landing>>> {
    match state::latest(lake, source).await? {
        Some(state) => state.landings(lake).await.map(Some),
        None => Ok(None),
    }
}

/// The columns of its result, or all faults of the query and of its header.
async fn plan_query(session: &Session, dataset: &Dataset, query: &Query) -> Planned {
    let text: Arc<str> = query.sql.as_str().into();
    // A query with a header begins with it.
    let body = text.find("*/").map_or(0, |end| end + 2);
    let of = |fault: Fault, span: Range<usize>| Problem {
        file: dataset.file.clone(),
        text: text.clone(),
        span,
        message: fault.message,
        hint: fault.hint,
    };
    let statement = sql::parse(&query.sql).expect("the project's queries were parsed when it was loaded");
    let plan = match session.plan(statement).await {
        Ok(plan) => plan,
        Err(error) => {
            let faults = fault::locate(&error, &text).into_iter().map(|fault| {
                let span = fault.span.clone().or_else(|| named_in(&text, body..text.len(), &fault.message));
                of(fault, span.unwrap_or_else(|| first_line(&text, body)))
            });
            return Planned::Faulty(faults.collect());
        }
    };
    let mut problems = vec![];
    let stored = session.stored_schema(&plan, &query.partition_by);
    if let Err(error) = &stored {
        let partition_by = text[..body].find("partition_by").unwrap_or(body);
        let named = named_in(&text, partition_by..body, &error.to_string());
        let span = named.or_else(|| named_in(&text, body..text.len(), &error.to_string()));
        problems.push(plain(dataset, &text, error, span.unwrap_or_else(|| first_line(&text, body))));
    }
    let frame = session.frame(plan);
    let checks = text[..body].find("checks").unwrap_or(0);
    for check in &query.checks {
        let Err(error) = parse_check(&frame, check) else { continue };
        for fault in fault::locate(&error, &check.keeps) {
            // A rule stands in the header; other checks are found by the column that they name.
            let rule = check.name.strip_prefix("rule(").and_then(|rule| rule.strip_suffix(')')).unwrap_or(&check.keeps);
            let rule = text[checks..body].find(rule).map(|start| checks + start..checks + start + rule.len());
            let within = rule.clone().unwrap_or(checks..body);
            let span = named_in(&text, within, &fault.message).or(rule).unwrap_or_else(|| first_line(&text, checks));
            problems.push(of(fault, span));
        }
    }
    match stored {
        Ok(schema) if problems.is_empty() => Planned::Columns(vec![(dataset.name.clone(), schema)]),
        _ => Planned::Faulty(problems),
    }
}

async fn plan_model(session: &Session, project: &Project, dataset: &Dataset, model: &Model) -> Planned {
    let outputs = async {
        let input = session.table(model.input()).await?;
        analyze::outputs(dataset, model, input).await
    };
    match outputs.await {
        Ok(outputs) => Planned::Columns(outputs),
        Err(error) => {
            let text = text_of(project, dataset);
            let span = named_in(&text, 0..text.len(), &error.to_string()).unwrap_or_else(|| first_line(&text, 0));
            Planned::Faulty(vec![plain(dataset, &text, &error, span)])
        }
    }
}

fn plain(dataset: &Dataset, text: &Arc<str>, error: &Error, span: Range<usize>) -> Problem {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    Problem {
        file: dataset.file.clone(),
        text: text.clone(),
        span,
        message: format!("{error}{cause}"),
        hint: error.hint_text().map(String::from),
    }
}

fn text_of(project: &Project, dataset: &Dataset) -> Arc<str> {
    std::fs::read_to_string(project.root.join(&dataset.file)).unwrap_or_default().into()
}

/// Where the first word that a message quotes stands in a part of the file; of `sum(a)` that is where `sum` does.
fn named_in(text: &str, part: Range<usize>, message: &str) -> Option<Range<usize>> {
    let quoted = message.split('`').nth(1)?;
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let start: &str = quoted.split(|c| !is_part(c)).next().unwrap_or_default();
    word_in(text, part.clone(), quoted).or_else(|| word_in(text, part, start))
}

/// The first place of a word, in any letter case and not as part of a longer one.
fn word_in(text: &str, part: Range<usize>, word: &str) -> Option<Range<usize>> {
    let (lower, word) = (text.to_ascii_lowercase(), word.to_ascii_lowercase());
    let goes_on = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let places =
        lower.get(part.clone())?.match_indices(&word).map(|(at, _)| part.start + at..part.start + at + word.len());
    places
        .filter(|place| !place.is_empty())
        .find(|place| !goes_on(text[..place.start].chars().next_back()) && !goes_on(text[place.end..].chars().next()))
}

/// The first line from a place on that is not blank.
fn first_line(text: &str, from: usize) -> Range<usize> {
    let start = from + text[from..].len() - text[from..].trim_start().len();
    start..start + text[start..].lines().next().map_or(0, str::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_word_is_found_as_a_word() {
        let text = "SELECT summary, Sum(a) FROM t";
        assert_eq!(named_in(text, 0..text.len(), "`sum(trusted.t.a)` is no name"), Some(16..19));
        assert_eq!(named_in(text, 20..text.len(), "`sum` is no name"), None);
        assert_eq!(named_in(text, 0..text.len(), "nothing is named"), None);
        assert_eq!(first_line("/* */\n\n  SELECT 1\nFROM t", 5), 9..17);
    }
}
