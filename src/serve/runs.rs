//! `GET /runs` and `GET /runs/{id}`: what runs did to the tables that are shown.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::HeaderMap;
use serde_json::{Value, json};

use super::document::document;
use super::parameters::QueryParameters;
use super::refusal::HttpRefusal;
use super::served::Served;
use crate::lake::{TableName, path};
use crate::report::RunReport;

/// Runs of a list whose length nobody has said.
const DEFAULT_LIMIT: u64 = 20;

pub async fn runs(
    State(served): State<Arc<Served>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, HttpRefusal> {
    let mut parameters = QueryParameters::read(query.as_deref())?;
    let limit = parameters.take_number("limit", 1..=200)?.unwrap_or(DEFAULT_LIMIT);
    parameters.end(&["limit"])?;
    let reports = newest(&served, limit as usize).await?;
    let runs: Vec<Value> = reports.iter().map(|report| summary(report, &served)).collect();
    let ended = reports.first().map(|report| report.started_at);
    Ok(document(&json!({ "runs": runs }), ended, &headers))
}

pub async fn run(
    State(served): State<Arc<Served>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, HttpRefusal> {
    QueryParameters::none(query.as_deref())?;
    let missing = || HttpRefusal::not_found("there is no such run").hint("`/runs` lists them");
    // What is no name of a run must not become a path.
    if !is_name(&id) {
        return Err(missing());
    }
    let bytes = served.lake.read(&path::run_report(&id)).await?.ok_or_else(missing)?;
    let report: RunReport = serde_json::from_slice(&bytes).map_err(|_| missing())?;
    let mut shown = summary(&report, &served);
    let is_whole = |table: &TableName| served.settings.hidden(table).next().is_none();
    let datasets = shown_datasets(&report, &served);
    shown["datasets"] = datasets
        .map(|dataset| {
            let mut shown = serde_json::to_value(dataset).expect("text keys only");
            // They may quote what is hidden.
            let quotes = ["why", "checks"].iter().take(if is_whole(&dataset.dataset) { 1 } else { 2 });
            let members = shown.as_object_mut();
            members.into_iter().for_each(|members| quotes.clone().for_each(|quote| drop(members.remove(*quote))));
            shown
        })
        .collect();
    Ok(document(&shown, Some(report.started_at), &headers))
}

/// Whether a text can be the name of a run.
pub fn is_name(text: &str) -> bool {
    (1..=100).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The reports of the newest runs that can be read, newest first.
pub async fn newest(served: &Served, limit: usize) -> Result<Vec<RunReport>, HttpRefusal> {
    let mut reports = vec![];
    for file in served.lake.list(path::RUNS).await?.iter().rev() {
        if reports.len() == limit {
            break;
        }
        let bytes = served.lake.read(file).await?.unwrap_or_default();
        // A report in another version's form is no reason to hide the others.
        reports.extend(serde_json::from_slice::<RunReport>(&bytes).ok());
    }
    Ok(reports)
}

fn shown_datasets<'a>(
    report: &'a RunReport,
    served: &'a Served,
) -> impl Iterator<Item = &'a crate::report::DatasetReport> {
    report.datasets.iter().filter(|dataset| served.tables.contains_key(&dataset.dataset))
}

fn summary(report: &RunReport, served: &Served) -> Value {
    json!({
        "run_id": report.run_id,
        "status": report.status,
        "started_at": report.started_at,
        "seconds": report.seconds,
        "rows_out": shown_datasets(report, served).map(|dataset| dataset.rows_out).sum::<u64>(),
        "rows_quarantined": shown_datasets(report, served).map(|dataset| dataset.rows_quarantined).sum::<u64>(),
        "href": format!("/runs/{}", report.run_id),
    })
}
