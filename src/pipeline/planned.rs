//! One query or model, planned without being run: the columns of its tables, or all of its faults at their places.

use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;

use crate::analyze;
use crate::engine::faults::{About, Fault};
use crate::engine::write::store::parse_check;
use crate::engine::{Session, faults};
use crate::error::{Error, Problem};
use crate::lake::TableName;
use crate::project::{Dataset, Definition, Model, Project, Query};
use crate::spark::sql;

/// The columns of each table that a dataset makes.
pub(super) type Outputs = Vec<(TableName, SchemaRef)>;

/// A fault of a query or model, and what kind of fault it is.
#[derive(Debug, Clone)]
pub(super) struct FoundFault {
    pub problem: Problem,
    pub about: About,
}

impl FoundFault {
    /// Whether another look has found the same.
    pub(super) fn is(&self, other: &FoundFault) -> bool {
        (&self.problem.span, &self.problem.message) == (&other.problem.span, &other.problem.message)
    }
}

/// Plans it over the tables that `session` has open.
pub(super) async fn plan(session: &Session, project: &Project, dataset: &Dataset) -> Result<Outputs, Vec<FoundFault>> {
    match &dataset.definition {
        Definition::Source(_) => Ok(vec![]),
        Definition::Query(query) => plan_query(session, dataset, query).await,
        Definition::Model(model) => plan_model(session, project, dataset, model).await,
    }
}

async fn plan_query(session: &Session, dataset: &Dataset, query: &Query) -> Result<Outputs, Vec<FoundFault>> {
    let text: Arc<str> = query.sql.as_str().into();
    // A query with a header begins with it.
    let body = text.find("*/").map_or(0, |end| end + 2);
    let of = |fault: Fault, span: Range<usize>| {
        let Fault { message, hint, about, .. } = fault;
        let about = match about {
            About::Arguments { function, count } if !session.takes(&function, count) => About::Function,
            about => about,
        };
        let problem = Problem { file: dataset.file.clone(), text: text.clone(), span, message, hint };
        FoundFault { problem, about }
    };
    let statement = sql::parse(&query.sql).expect("the project's queries were parsed when it was loaded");
    let plan = match session.plan(statement).await {
        Ok(plan) => plan,
        Err(error) => {
            let faults = faults::locate(&error, &text).into_iter().map(|fault| {
                let span = fault.span.clone().or_else(|| named_in(&text, body..text.len(), &fault.message));
                of(fault, span.unwrap_or_else(|| first_line(&text, body)))
            });
            return Err(faults.collect());
        }
    };
    let mut found = vec![];
    let stored = session.stored_schema(&plan, &query.partition_by);
    if let Err(error) = &stored {
        let partition_by = text[..body].find("partition_by").unwrap_or(body);
        let named = named_in(&text, partition_by..body, &error.to_string());
        let span = named.or_else(|| named_in(&text, body..text.len(), &error.to_string()));
        found.push(plain(dataset, &text, error, span.unwrap_or_else(|| first_line(&text, body))));
    }
    let frame = session.frame(plan);
    let checks = text[..body].find("checks").unwrap_or(0);
    for check in &query.checks {
        let Err(error) = parse_check(&frame, check) else { continue };
        for fault in faults::locate(&error, &check.keeps) {
            // A rule stands in the header; other checks are found by the column that they name.
            let rule = check.name.strip_prefix("rule(").and_then(|rule| rule.strip_suffix(')')).unwrap_or(&check.keeps);
            let rule = text[checks..body].find(rule).map(|start| checks + start..checks + start + rule.len());
            let within = rule.clone().unwrap_or(checks..body);
            let span = named_in(&text, within, &fault.message).or(rule).unwrap_or_else(|| first_line(&text, checks));
            found.push(of(fault, span));
        }
    }
    match stored {
        Ok(schema) if found.is_empty() => Ok(vec![(dataset.name.clone(), schema)]),
        _ => Err(found),
    }
}

async fn plan_model(
    session: &Session,
    project: &Project,
    dataset: &Dataset,
    model: &Model,
) -> Result<Outputs, Vec<FoundFault>> {
    let outputs = async {
        let input = session.table(model.input()).await?;
        analyze::outputs(dataset, model, input).await
    };
    outputs.await.map_err(|error| {
        let text = text_of(project, dataset);
        let span = named_in(&text, 0..text.len(), &error.to_string()).unwrap_or_else(|| first_line(&text, 0));
        vec![plain(dataset, &text, &error, span)]
    })
}

/// An error at a place of the dataset's file.
pub(super) fn plain(dataset: &Dataset, text: &Arc<str>, error: &Error, span: Range<usize>) -> FoundFault {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    let problem = Problem {
        file: dataset.file.clone(),
        text: text.clone(),
        span,
        message: format!("{error}{cause}"),
        hint: error.hint_text().map(String::from),
    };
    FoundFault { problem, about: About::Other }
}

/// The file that defines a dataset; a file that has gone since it was read has no text.
pub(super) fn text_of(project: &Project, dataset: &Dataset) -> Arc<str> {
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
