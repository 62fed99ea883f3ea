//! One query or model, planned without being run: the columns of its tables, or all of its faults at their places.

use arrow::datatypes::SchemaRef;

use crate::analyze;
use crate::engine::Session;
use crate::engine::faults::{About, Asked, Fault};
use crate::error::{self, Error, Problem, Span};
use crate::lake::TableName;
use crate::project::{Dataset, Definition, Model, Query};
use crate::publish;
use crate::spark::sql::{self, Parsed, find};

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
        // Arguments are told with their types, which are others in each trial.
        let is_same_call = matches!(self.about, About::Arguments { .. }) && self.about == other.about;
        self.problem.span == other.problem.span && (is_same_call || self.problem.message == other.problem.message)
    }
}

/// Plans it over the tables that `session` has open.
pub(super) async fn plan(session: &Session, dataset: &Dataset) -> Result<Outputs, Vec<FoundFault>> {
    match &dataset.definition {
        Definition::Source(_) => Ok(vec![]),
        Definition::Query(query) => plan_query(session, dataset, query).await,
        Definition::Model(model) => plan_model(session, dataset, model).await,
    }
}

async fn plan_query(session: &Session, dataset: &Dataset, query: &Query) -> Result<Outputs, Vec<FoundFault>> {
    let of = |faults: Vec<Fault>, whole: &Span| {
        let found = |fault: Fault| {
            let about = fault.about.clone();
            FoundFault { problem: fault.in_file(&dataset.file, &dataset.text, whole), about }
        };
        faults.into_iter().map(found).collect::<Vec<_>>()
    };
    let Parsed { statement, span, .. } = &query.parsed;
    let plan = match session.plan(statement.clone()).await {
        Ok(plan) => plan,
        Err(error) => {
            let faults = session.locate(&error, &Asked::Statement(statement.clone()), &dataset.text).await;
            return Err(of(faults, span));
        }
    };
    let mut found = vec![];
    let stored = session.stored_schema(&plan, &query.partition_by);
    let stored = stored.and_then(|schema| session.check_key(&schema, &query.key).map(|()| schema));
    let stored = stored.and_then(|schema| match &query.dedupe {
        Some(dedupe) => session.check_dedupe(&schema, dedupe).map(|()| schema),
        None => Ok(schema),
    });
    let stored = stored.and_then(|schema| check_projection(query, &schema).map(|()| schema));
    if let Err(error) = &stored {
        let in_header = || named(dataset, error.subject()?);
        let in_query = || {
            let column = error.subject()?;
            let nth = plan.schema().fields().iter().position(|field| field.name() == column)?;
            let place = find::result_column(statement, nth, column)?;
            sql::bytes_of(&dataset.text, place)
        };
        found.push(plain(dataset, error, in_header().or_else(in_query).unwrap_or_else(|| span.clone())));
    }
    // What has no settled types has been found above.
    let Ok(schema) = session.settled_schema(&plan) else { return Err(found) };
    for check in &query.checks {
        if let Err(error) = session.plan_condition(&check.keeps, &schema) {
            let asked = Asked::Condition(check.keeps.clone(), schema.clone());
            found.extend(of(session.locate(&error, &asked, &dataset.text).await, &check.place));
        }
    }
    match stored {
        Ok(schema) if found.is_empty() => Ok(vec![(dataset.name.clone(), schema)]),
        _ => Err(found),
    }
}

/// Whether the partition columns are of types that Athena can project as the header says.
fn check_projection(query: &Query, schema: &SchemaRef) -> error::Result<()> {
    let partition_columns = schema.fields().iter().skip(schema.fields().len() - query.partition_by.len());
    partition_columns.zip(query.projection.iter().flatten()).try_for_each(|(column, of)| publish::projected(column, of))
}

async fn plan_model(session: &Session, dataset: &Dataset, model: &Model) -> Result<Outputs, Vec<FoundFault>> {
    analyze::outputs(session, dataset, model).await.map_err(|error| {
        let place = error.subject().and_then(|name| named(dataset, name));
        vec![plain(dataset, &error, place.unwrap_or_else(|| dataset.place.clone()))]
    })
}

/// An error at a place of the dataset's file.
pub(super) fn plain(dataset: &Dataset, error: &Error, span: Span) -> FoundFault {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    let problem = Problem {
        file: dataset.file.clone(),
        text: dataset.text.clone(),
        span,
        message: format!("{error}{cause}"),
        hint: error.hint_text().map(String::from),
    };
    FoundFault { problem, about: About::Other }
}

/// Where the definition names a column or a table beside its SQL.
fn named(dataset: &Dataset, name: &str) -> Option<Span> {
    dataset.named.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, span)| span.clone())
}
