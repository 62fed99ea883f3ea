//! `GET /tables` and `GET /tables/{zone}/{name}`: which tables there are, and what is known of one.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use chrono::{DateTime, Utc};
use http::HeaderMap;
use serde::Serialize;

use super::columns::ShownColumns;
use super::document::document;
use super::parameters::QueryParameters;
use super::refusal::HttpRefusal;
use super::served::Served;
use super::value;
use crate::lake::TableName;
use crate::lake::table::version::{self, Version};
use crate::project::{Dataset, Definition, OnFail};
use crate::spark::types;

/// A table in the list of all.
#[derive(Debug, Serialize)]
pub struct TableEntry {
    pub table: TableName,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `None` until the table is made.
    pub version: Option<u64>,
    pub rows: Option<u64>,
    pub committed_at: Option<DateTime<Utc>>,
    pub href: String,
}

/// What is known of a table, without opening a file.
#[derive(Debug, Serialize)]
pub struct TableDetails {
    pub table: TableName,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub version: u64,
    pub run_id: String,
    pub committed_at: DateTime<Utc>,
    pub rows: u64,
    pub files: u64,
    pub bytes: u64,
    /// Rows that were left out because they broke a check.
    pub quarantined: u64,
    pub columns: Vec<ColumnDetails>,
    pub partition_by: Vec<String>,
    pub checks: Vec<CheckDetails>,
    /// What it is made from, as far as that is shown.
    pub made_from: Vec<TableName>,
    /// Newest first.
    pub versions: Vec<VersionEntry>,
}

#[derive(Debug, Serialize)]
pub struct ColumnDetails {
    pub name: String,
    /// As Spark calls it.
    #[serde(rename = "type")]
    pub data_type: String,
    /// Whether its values can be compared and ordered.
    pub is_simple: bool,
    pub is_partition: bool,
}

#[derive(Debug, Serialize)]
pub struct CheckDetails {
    pub check: String,
    pub on_fail: OnFail,
}

#[derive(Debug, Serialize)]
pub struct VersionEntry {
    pub version: u64,
    pub created_at: DateTime<Utc>,
}

/// Versions that are listed.
const VERSIONS: usize = 20;

pub async fn tables(
    State(served): State<Arc<Served>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, HttpRefusal> {
    QueryParameters::none(query.as_deref())?;
    let entries = entries(&served).await?;
    let newest = entries.iter().filter_map(|entry| entry.committed_at).max();
    Ok(document(&serde_json::json!({ "project": served.project, "tables": entries }), newest, &headers))
}

/// All that can be shown.
pub async fn entries(served: &Served) -> Result<Vec<TableEntry>, HttpRefusal> {
    let mut entries = vec![];
    for (table, dataset) in &served.tables {
        let newest = served.versions.newest(table).await?;
        if newest.as_ref().is_none_or(|version| served.columns(version).is_ok()) {
            entries.push(entry(table, dataset, newest.as_deref()));
        }
    }
    Ok(entries)
}

fn entry(table: &TableName, dataset: &Dataset, newest: Option<&Version>) -> TableEntry {
    TableEntry {
        table: table.clone(),
        description: dataset.description.clone(),
        version: newest.map(|version| version.version),
        rows: newest.map(Version::rows),
        committed_at: newest.map(|version| version.committed_at),
        href: format!("/tables/{}/{}", table.zone, table.name),
    }
}

pub async fn table(
    State(served): State<Arc<Served>>,
    Path((zone, name)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, HttpRefusal> {
    QueryParameters::none(query.as_deref())?;
    let table = served.table(&zone, &name)?;
    let details = details(&served, &table).await?;
    Ok(document(&details, Some(details.committed_at), &headers))
}

pub async fn details(served: &Served, table: &TableName) -> Result<TableDetails, HttpRefusal> {
    let newest = served.newest(table).await?;
    let columns = served.columns(&newest)?;
    let dataset = &served.tables[table];
    let kept = version::kept(&served.lake, table).await?;
    let versions = kept.iter().rev().take(VERSIONS);
    let versions = versions.map(|kept| VersionEntry { version: kept.number, created_at: kept.created_at }).collect();
    Ok(TableDetails {
        table: table.clone(),
        description: dataset.description.clone(),
        version: newest.version,
        run_id: newest.run_id.clone(),
        committed_at: newest.committed_at,
        rows: newest.rows(),
        files: newest.files.files(),
        bytes: newest.files.bytes(),
        quarantined: newest.quarantine.rows(),
        columns: column_details(&newest, &columns),
        partition_by: newest
            .partition_by
            .iter()
            .filter(|name| columns.names().contains(&name.as_str()))
            .cloned()
            .collect(),
        checks: checks(dataset, served, table),
        made_from: dataset.inputs.iter().filter(|input| served.tables.contains_key(input)).cloned().collect(),
        versions,
    })
}

fn column_details(version: &Version, columns: &ShownColumns) -> Vec<ColumnDetails> {
    let details = |field: &arrow::datatypes::Field| ColumnDetails {
        name: field.name().clone(),
        data_type: types::name(field.data_type()),
        is_simple: value::is_simple(field.data_type()),
        is_partition: version.partition_by.contains(field.name()),
    };
    columns.iter().map(details).collect()
}

/// A table's checks. Those of a table with hidden columns are not shown: a rule may name one.
fn checks(dataset: &Dataset, served: &Served, table: &TableName) -> Vec<CheckDetails> {
    match &dataset.definition {
        Definition::Query(query) if served.settings.hidden(table).next().is_none() => {
            let details =
                |check: &crate::project::Check| CheckDetails { check: check.name.clone(), on_fail: check.on_fail };
            query.checks.iter().map(details).collect()
        }
        _ => vec![],
    }
}
