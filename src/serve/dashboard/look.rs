//! One table: its columns, checks and versions, and its first rows.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::DataType;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use chrono::Utc;
use maud::{Markup, html};

use super::chart::Drawing;
use super::frame::{moment, page};
use super::link;
use crate::engine::faults;
use crate::formats::row_text;
use crate::lake::TableName;
use crate::serve::page::Question;
use crate::serve::parameters::QueryParameters;
use crate::serve::refusal::HttpRefusal;
use crate::serve::served::{Served, Transport};
use crate::serve::tables;
use crate::units;

/// Rows that are drawn.
const DRAWN: usize = 500;
/// Rows that are listed.
const LISTED: usize = 20;
/// A longer value is cut off in the list.
const LETTERS: usize = 80;

pub async fn look(
    State(served): State<Arc<Served>>,
    Path((zone, name)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, HttpRefusal> {
    QueryParameters::none(query.as_deref())?;
    let table = served.table(&zone, &name)?;
    let content = served.within_limits(content(&served, &table)).await?;
    Ok(page(&served, &table.to_string(), &content))
}

pub async fn content(served: &Served, table: &TableName) -> Result<Markup, HttpRefusal> {
    if served.transport == Transport::Files && served.versions.newest(table).await?.is_none() {
        return Ok(html! { p.about { "It has not been made yet." } (definition(served, table)) });
    }
    let details = tables::details(served, table).await?;
    let rows = match served.is_shown(table) {
        true => first_rows(served, table).await?,
        false => None,
    };
    let now = Utc::now();
    Ok(html! {
        @if let Some(description) = &details.description { p.about { (description) } }
        p.about {
            (units::counted(details.rows, "row")) " in " (units::counted(details.files, "file")) ", " (units::bytes(details.bytes))
            "; version " (details.version) ", made " (moment(details.committed_at, now)) " by "
            "run " (link::run(served.transport, &details.run_id))
            @if details.quarantined > 0 { "; " (units::counted(details.quarantined, "row")) " left out" } "."
        }
        @if !details.made_from.is_empty() {
            p.about { "Made from " @for (at, input) in details.made_from.iter().enumerate() {
                @if at > 0 { ", " } a href=(link::table(served.transport, input)) { (input) }
            } "." }
        }
        @if let Some(drawing) = rows.as_ref().and_then(|rows| rows.drawing(&table.name)) {
            div.charts { (drawing.draw()) }
        }
        h2 { "Columns" }
        div.wide tabindex="0" role="region" aria-label="Columns" { table {
            thead { tr { th scope="col" { "column" } th scope="col" { "type" } th scope="col" { "place" } } }
            tbody { @for column in &details.columns { tr {
                td { (column.name) } td { (column.data_type) } td { @if column.is_partition { "in the path" } @else { "in the files" } }
            } } }
        } }
        @if !details.checks.is_empty() {
            h2 { "Checks" }
            div.wide tabindex="0" role="region" aria-label="Checks" { table {
                thead { tr { th scope="col" { "check" } th scope="col" { "a row that breaks it" } } }
                tbody { @for check in &details.checks { tr { td { (check.check) } td { (format!("{:?}", check.on_fail).to_lowercase()) } } } }
            } }
        }
        @if let Some(rows) = &rows { h2 { "First rows" } (listed(&rows.rows)?) }
        @if served.transport == Transport::Files { (definition(served, table)) } @else {
            p.about { a href=(format!("/tables/{}/{}/rows", table.zone, table.name)) { "as JSON" } ", " a href=(format!("/tables/{}/{}/rows?format=csv&limit={}", table.zone, table.name, served.settings.most_rows)) { "as CSV" } }
        }
    })
}

/// The file that says how the table is made.
fn definition(served: &Served, table: &TableName) -> Markup {
    let dataset = &served.tables[table];
    html! {
        h2 { "How it is made" }
        p.about { code { (dataset.file.display()) } ", from " (dataset.inputs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")) }
        pre tabindex="0" { code { (dataset.text) } }
    }
}

/// The first rows of a table, as they lie in its files.
pub struct FirstRows {
    rows: RecordBatch,
    are_all: bool,
}

impl FirstRows {
    /// What suits them; a part of a table has no picture.
    pub fn drawing(&self, title: &str) -> Option<Drawing> {
        Drawing::of(title, &self.rows).filter(|_| self.are_all)
    }
}

/// `None` when the table was never made.
pub async fn first_rows(served: &Served, table: &TableName) -> Result<Option<FirstRows>, HttpRefusal> {
    let Some(version) = served.versions.newest(table).await? else { return Ok(None) };
    let columns = served.columns(&version)?;
    let selected: Vec<_> = columns.iter().collect();
    let page = Question::of_all(served, &version, &columns, &selected, DRAWN).page(None).await?;
    let rows = concat_batches(&page.schema, &page.batches).map_err(|error| faults::explain(error.into()))?;
    Ok(Some(FirstRows { rows, are_all: page.after.is_none() }))
}

fn listed(rows: &RecordBatch) -> Result<Markup, HttpRefusal> {
    let first = rows.slice(0, rows.num_rows().min(LISTED));
    let is_number: Vec<bool> = first.schema_ref().fields().iter().map(|field| field.data_type().is_numeric()).collect();
    let texts = row_text::rows(&first, |text, _: &DataType| text).map_err(|error| faults::explain(error.into()))?;
    let cell = |text: &Option<String>| match text {
        None => html! { span.null { "null" } },
        Some(text) => match text.char_indices().nth(LETTERS) {
            None => html! { (text) },
            Some((end, _)) => html! { (text[..end]) "…" },
        },
    };
    Ok(html! {
        div.wide tabindex="0" role="region" aria-label="First rows" { table {
            thead { tr { @for (field, number) in first.schema_ref().fields().iter().zip(&is_number) {
                th.number[*number] scope="col" { (field.name()) }
            } } }
            tbody { @for row in &texts { tr { @for (text, number) in row.iter().zip(&is_number) { td.number[*number] { (cell(text)) } } } } }
        } }
    })
}
