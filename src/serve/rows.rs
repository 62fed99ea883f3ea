//! `GET /tables/{zone}/{name}/rows`: rows of a table, filtered, ordered, page by page.

use std::sync::Arc;

use arrow::datatypes::Field;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use datafusion::logical_expr::Expr;
use http::HeaderMap;
use serde_json::{Map, json};
use url::form_urlencoded;

use super::answer::{self, RowsAnswer};
use super::columns::ShownColumns;
use super::cursor::{self, PageCursor};
use super::filter::{self, RowCondition};
use super::form::{RowsBody, RowsForm};
use super::order::{self, OrderKey};
use super::page::{Question, RowsPage};
use super::parameters::QueryParameters;
use super::refusal::HttpRefusal;
use super::runs;
use super::served::Served;
use crate::lake::TableName;
use crate::lake::table::version::Version;

/// The parameters that are no conditions. A column of one of these names is asked by `name.eq`.
pub const OPTIONS: [&str; 7] = ["select", "order", "limit", "cursor", "as_of", "count", "format"];

/// Rows of a page whose length nobody has said.
pub const DEFAULT_LIMIT: u32 = 100;

/// A longer address is taken by few servers, and by this one neither.
const MOST_CURSOR_BYTES: usize = 8 << 10;

/// How rows are counted that are not all shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Count {
    Exact,
    /// No more than that, without opening a file.
    Estimated,
}

/// What is asked of a table's rows, read from a request.
struct RowsQuery<'a> {
    columns: &'a ShownColumns,
    selected: Vec<&'a Field>,
    conditions: Vec<RowCondition>,
    keys: Vec<OrderKey>,
    limit: usize,
    count: Option<Count>,
    /// What a cursor must be of.
    question: String,
}

pub async fn rows(
    State(served): State<Arc<Served>>,
    Path((zone, name)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, HttpRefusal> {
    let table = served.table(&zone, &name)?;
    let mut parameters = QueryParameters::read(query.as_deref())?;
    let form = RowsForm::wanted(parameters.take("format")?, &headers)?;
    let cursor_text = parameters.take("cursor")?;
    let cursor = cursor_text.as_deref().map(PageCursor::read).transpose()?;
    let as_of = parameters.take("as_of")?;
    let version = version_for(&served, &table, cursor.as_ref(), as_of.as_deref()).await?;
    let columns = served.columns(&version)?;
    let asked = RowsQuery::read(parameters, &served, &columns, &version)?;
    if let (Some(cursor), Some(text)) = (&cursor, &cursor_text) {
        cursor.check(&asked.question, text)?;
    }

    let state = served.state(&version);
    let count = format!("{:?}", asked.count);
    let limit = asked.limit.to_string();
    let parts = ["rows", &table.to_string(), &state, form.media_type(), &asked.question, &limit, &count];
    let tag = answer::tag(
        &[&parts[..], &[cursor_text.as_deref().unwrap_or_default(), query.as_deref().unwrap_or_default()]].concat(),
    );
    let work = asked.answer(&served, &version, cursor, form, tag.clone(), query.as_deref());
    Ok(served.answer(&tag, work).await?.response(&headers))
}

/// The version that a cursor goes on with, or that of a run, or the newest.
pub async fn version_for(
    served: &Served,
    table: &TableName,
    cursor: Option<&PageCursor>,
    as_of: Option<&str>,
) -> Result<Arc<Version>, HttpRefusal> {
    match (cursor, as_of) {
        (Some(_), Some(run_id)) if version_of_run(served, table, run_id).await?.version != cursor_version(cursor) => {
            Err(HttpRefusal::bad("the cursor is of another version than that run's").of("as_of", Some(run_id)))
        }
        (Some(cursor), _) => served.versions.numbered(table, cursor.version).await?.ok_or_else(|| {
            HttpRefusal::gone(format!("version {} of `{table}` is not kept any longer", cursor.version))
                .hint("begin without a cursor; `keep` in the target says how long replaced versions are kept")
        }),
        (None, Some(run_id)) => version_of_run(served, table, run_id).await,
        (None, None) => served.newest(table).await,
    }
}

fn cursor_version(cursor: Option<&PageCursor>) -> u64 {
    cursor.map_or(0, |cursor| cursor.version)
}

async fn version_of_run(served: &Served, table: &TableName, run_id: &str) -> Result<Arc<Version>, HttpRefusal> {
    // What is no name of a run must not become a path.
    if !runs::is_name(run_id) {
        return Err(no_run(table, run_id));
    }
    served.versions.as_of(table, run_id).await?.ok_or_else(|| no_run(table, run_id))
}

fn no_run(table: &TableName, run_id: &str) -> HttpRefusal {
    let what = format!("`{table}` as that run left it is not kept, or there was no such run");
    HttpRefusal::not_found(what).of("as_of", Some(run_id)).hint("`/runs` lists the runs")
}

impl<'a> RowsQuery<'a> {
    fn read(
        mut parameters: QueryParameters,
        served: &Served,
        columns: &'a ShownColumns,
        version: &Version,
    ) -> Result<RowsQuery<'a>, HttpRefusal> {
        let select = parameters.take_list("select")?;
        let order = parameters.take_list("order")?;
        let most = u64::from(served.settings.most_rows);
        let limit = parameters.take_number("limit", 1..=most)?.unwrap_or(u64::from(DEFAULT_LIMIT).min(most));
        let count = match parameters.take("count")?.as_deref() {
            None => None,
            Some("exact") => Some(Count::Exact),
            Some("estimated") => Some(Count::Estimated),
            Some(other) => return Err(HttpRefusal::bad("`exact` or `estimated` is wanted").of("count", Some(other))),
        };
        let selected: Vec<&Field> = match &select {
            None => columns.iter().collect(),
            Some(names) => names.iter().map(|name| columns.find(name, "select")).collect::<Result<_, _>>()?,
        };
        let conditions = filter::conditions(parameters.rest(), columns, &OPTIONS, &served.session)?;
        let keys = match &order {
            None => vec![],
            Some(order) => order::keys(order, columns, &selected, &served.session)?,
        };
        let texts: Vec<&str> = conditions.iter().map(|condition| condition.text.as_str()).collect();
        // A lake that was made anew has the same numbers for other versions.
        let question = cursor::question(&json!([version.run_id, select, order, texts]).to_string());
        Ok(RowsQuery { columns, selected, conditions, keys, limit: limit as usize, count, question })
    }

    async fn answer(
        &self,
        served: &Served,
        version: &Version,
        cursor: Option<PageCursor>,
        form: RowsForm,
        tag: String,
        query: Option<&str>,
    ) -> Result<RowsAnswer, HttpRefusal> {
        let conditions: Vec<Expr> = self.conditions.iter().map(|condition| condition.expr.clone()).collect();
        let question = Question {
            session: &served.session,
            row_cache: &served.row_cache,
            version,
            columns: self.columns,
            selected: &self.selected,
            conditions: &conditions,
            keys: &self.keys,
            limit: self.limit,
        };
        let RowsPage { schema, batches, after, files } =
            question.page(cursor.as_ref().map(|cursor| &cursor.after)).await?;
        let next = after.map(|after| PageCursor::new(version.version, &self.question, after).write());
        if next.as_ref().is_some_and(|next| next.len() > MOST_CURSOR_BYTES) {
            return Err(HttpRefusal::bad("the values of the order are too long to go on from")
                .of("order", None)
                .hint("choose shorter columns by `select`, or ask for no order"));
        }
        let mut about = Map::new();
        about.insert("table".into(), version.table.to_string().into());
        about.insert("version".into(), version.version.into());
        match self.count {
            None => {}
            Some(Count::Exact) => drop(about.insert("count".into(), question.count().await?.into())),
            Some(Count::Estimated) => drop(about.insert("count".into(), question.estimate().await?.into())),
        }
        about.insert("next".into(), next.clone().into());
        let body = RowsBody { schema, batches, about };
        let rows = body.rows();
        Ok(RowsAnswer {
            form,
            body: body.write(form)?.into(),
            rows,
            version: version.version,
            committed_at: version.committed_at,
            files: (files as u64, version.files.files()),
            next: next.map(|next| next_page(&version.table, query, &next)),
            tag,
        })
    }
}

/// The address of the next page, as it was asked for this one.
fn next_page(table: &TableName, query: Option<&str>, next: &str) -> String {
    let kept = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).filter(|(name, _)| name != "cursor");
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).append_pair("cursor", next).finish();
    format!("/tables/{}/{}/rows?{query}", table.zone, table.name)
}
