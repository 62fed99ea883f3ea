//! `GET /sql?query=…` and `POST /sql`: one SELECT of whoever asks, where `trapiche serve --allow-sql` lets them. It sees the tables
//! and columns that are shown, and is held to the same limits as every other answer.

use std::sync::Arc;

use arrow::datatypes::Schema;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use datafusion::logical_expr::ident;
use http::{HeaderMap, HeaderValue, header};
use serde_json::Map;

use super::answer::ROWS;
use super::form::{RowsBody, RowsForm};
use super::page::TakenRows;
use super::parameters::QueryParameters;
use super::refusal::HttpRefusal;
use super::served::Served;
use crate::engine::Session;
use crate::engine::faults::{self, Asked};
use crate::lake::{TableName, Zone};
use crate::spark::sql::{self, Parsed, SqlFault, names};

/// Longer than anybody writes by hand.
const MOST_BYTES: usize = 64 << 10;

const OPTIONS: [&str; 3] = ["query", "limit", "format"];

pub async fn get(
    State(served): State<Arc<Served>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, HttpRefusal> {
    let mut parameters = QueryParameters::read(query.as_deref())?;
    let text = parameters.take("query")?.ok_or_else(|| {
        HttpRefusal::bad("there is no SQL")
            .of("query", None)
            .hint("`?query=SELECT …`, or the SQL as the body of a POST")
    })?;
    answer(&served, &text, parameters, &headers).await
}

pub async fn post(
    State(served): State<Arc<Served>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    text: String,
) -> Result<Response, HttpRefusal> {
    answer(&served, &text, QueryParameters::read(query.as_deref())?, &headers).await
}

async fn answer(
    served: &Served,
    text: &str,
    mut parameters: QueryParameters,
    headers: &HeaderMap,
) -> Result<Response, HttpRefusal> {
    let form = RowsForm::wanted(parameters.take("format")?, headers)?;
    let most = u64::from(served.settings.most_rows);
    let limit = parameters.take_number("limit", 1..=most)?.unwrap_or(most);
    parameters.end(&OPTIONS)?;
    let parsed = select(text)?;
    let body = served.within_limits(rows(served, text, parsed, limit as usize)).await?;
    let count = body.rows() as u64;
    let mut response = body.write(form)?.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(form.media_type()));
    // It is of several versions, or of a moment.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(ROWS, HeaderValue::from(count));
    Ok(response)
}

/// The one statement, which only reads.
fn select(text: &str) -> Result<Parsed, HttpRefusal> {
    if text.len() > MOST_BYTES {
        return Err(HttpRefusal::bad("the SQL is longer than 64 kB").of("query", None));
    }
    let refused = |SqlFault { span, message, hint }: SqlFault| at(text, Some(span), message, hint);
    let parsed = sql::parse(text).map_err(refused)?;
    match sql::is_query(&parsed.statement) {
        true => Ok(parsed),
        false => Err(HttpRefusal::bad("this is no SELECT").of("query", Some(text)).hint("only what reads is answered")),
    }
}

async fn rows(served: &Served, text: &str, parsed: Parsed, limit: usize) -> Result<RowsBody, HttpRefusal> {
    let session = served.engine.session()?;
    open_tables(served, &session, &parsed, text).await?;
    let plan = match session.prepare(parsed.statement.clone()).await {
        Ok(plan) => plan,
        Err(error) => return Err(refused(&session, &error, parsed, text).await),
    };
    let rows = session.frame(plan).limit(0, Some(limit + 1)).map_err(faults::explain)?;
    let mut taken = TakenRows::new(Arc::new(rows.schema().as_arrow().clone()), limit);
    taken.take(rows).await?;
    let named = |field: &arrow::datatypes::FieldRef| field.as_ref().clone().with_name(names::shown(field.name()));
    let schema = Arc::new(Schema::new(taken.schema.fields().iter().map(named).collect::<Vec<_>>()));
    let mut about = Map::new();
    about.insert("has_more".into(), taken.has_more().into());
    let renamed = taken.batches.into_iter().map(|batch| batch.with_schema(schema.clone())).collect::<Result<_, _>>();
    let batches = renamed.map_err(|error| faults::explain(error.into()))?;
    Ok(RowsBody { schema, batches, about })
}

/// The tables that it reads, each as it is now and without what is hidden. Others do not exist.
async fn open_tables(served: &Served, session: &Session, parsed: &Parsed, text: &str) -> Result<(), HttpRefusal> {
    for reference in sql::references(&parsed.statement, text) {
        let [zone, name] = &reference.parts[..] else { continue };
        let table = Zone::parse(zone).map(|zone| TableName::new(zone, name.as_str()));
        let Some(table) = table.filter(|table| served.tables.contains_key(table)) else { continue };
        let version = served.newest(&table).await?;
        let shown = served.columns(&version)?.iter().map(|field| ident(field.name())).collect::<Vec<_>>();
        let rows = session.version(&version)?.select(shown).map_err(faults::explain)?;
        session.open_rows(&table, rows)?;
    }
    Ok(())
}

async fn refused(
    session: &Session,
    error: &datafusion::error::DataFusionError,
    parsed: Parsed,
    text: &str,
) -> HttpRefusal {
    if let Some(of_ours) = faults::known(error) {
        return of_ours.into();
    }
    let found = session.locate(error, &Asked::Statement(parsed.statement), text).await;
    let fault = found.into_iter().next().expect("one at least");
    at(text, fault.span.or(Some(parsed.span)), fault.message, fault.hint)
}

/// What is wrong with a part of the text.
fn at(text: &str, span: Option<std::ops::Range<usize>>, message: String, hint: Option<String>) -> HttpRefusal {
    let part = span.and_then(|span| text.get(span)).filter(|part| !part.is_empty());
    let refusal = HttpRefusal::bad(message).of("query", part);
    match hint {
        Some(hint) => refusal.hint(hint),
        None => refusal,
    }
}
