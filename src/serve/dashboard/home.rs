//! The first page: the tables, how they are made, what the last runs did, and what the results look like.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::chart::Drawing;
use super::frame::{moment, page};
use super::graph;
use super::link;
use super::look::first_rows;
use super::plot;
use crate::lake::Zone;
use crate::report::{RunReport, RunStatus};
use crate::serve::models;
use crate::serve::parameters::QueryParameters;
use crate::serve::refusal::HttpRefusal;
use crate::serve::runs;
use crate::serve::served::Served;
use crate::serve::tables::{self, TableEntry};
use crate::units;

/// Runs that are listed.
const RUNS: usize = 10;

pub async fn home(State(served): State<Arc<Served>>, RawQuery(query): RawQuery) -> Result<Response, HttpRefusal> {
    QueryParameters::none(query.as_deref())?;
    let content = served.within_limits(content(&served)).await?;
    Ok(page(&served, TITLE, &content))
}

pub const TITLE: &str = "What there is";

pub async fn content(served: &Served) -> Result<Markup, HttpRefusal> {
    let now = Utc::now();
    let entries = tables::entries(served).await?;
    let reports = runs::newest(served, RUNS).await?;
    Ok(html! {
        (listed(&entries, served, now))
        h2 { "How they are made" }
        (graph::draw(served))
        (charts(served).await?)
        (clusters(served).await)
        (last_runs(&reports, served, now))
        (left_out(&reports, served))
    })
}

fn listed(entries: &[TableEntry], served: &Served, now: DateTime<Utc>) -> Markup {
    html! {
        h2 { "Tables" }
        div.wide tabindex="0" role="region" aria-label="Tables" {
            table {
                thead { tr { th scope="col" { "table" } th.number scope="col" { "rows" } th scope="col" { "made" } th scope="col" { "what it is" } } }
                tbody {
                    @for entry in entries {
                        tr {
                            td { a href=(link::table(served.transport, &entry.table)) { (entry.table) } }
                            td.number { @if let Some(rows) = entry.rows { (units::count(rows)) } @else { span.null { "not made yet" } } }
                            td { @if let Some(at) = entry.committed_at { (moment(at, now)) } }
                            td.text { (entry.description.as_deref().unwrap_or_default()) }
                        }
                    }
                }
            }
        }
    }
}

/// The charts that are named, or of each small result the one that suits it.
async fn charts(served: &Served) -> Result<Markup, HttpRefusal> {
    let (mut drawings, mut missing) = (vec![], vec![]);
    for chart in &served.charts {
        match plot::plot(served, chart).await {
            Ok(drawing) => drawings.push(drawing),
            Err(refusal) => missing.push(format!("The chart of `{}`: {}", chart.table, refusal.detail())),
        }
    }
    if served.charts.is_empty() {
        drawings = suitable(served).await?;
    }
    Ok(html! {
        @if !drawings.is_empty() || !missing.is_empty() {
            h2 { "Results" }
            @for missing in &missing { p.about { (missing) } }
            div.charts { @for drawing in &drawings { (drawing.draw()) } }
        }
    })
}

async fn suitable(served: &Served) -> Result<Vec<Drawing>, HttpRefusal> {
    let mut drawings = vec![];
    for (table, dataset) in
        served.tables.iter().filter(|(table, _)| table.zone == Zone::Refined && served.settings.shows(table))
    {
        // Of a model's tables the page has its own.
        if matches!(dataset.definition, crate::project::Definition::Model(_)) {
            continue;
        }
        // One that cannot be shown is in no list either.
        let Ok(Some(rows)) = first_rows(served, table).await else { continue };
        drawings.extend(rows.drawing(&table.name));
    }
    Ok(drawings)
}

async fn clusters(served: &Served) -> Markup {
    let mut found = vec![];
    for (dataset, spec) in models::fitted(served) {
        // One that is not made yet, or is being published, is left out for now.
        if let Ok(loaded) = models::load(served, dataset, spec).await {
            found.push((dataset, spec, loaded));
        }
    }
    html! {
        @for (dataset, spec, loaded) in &found {
            h2 { "Clusters: " (dataset.name.name) }
            @if let Some(description) = &dataset.description { p.about { (description) } }
            div.wide tabindex="0" role="region" aria-label=(format!("Clusters of {}", dataset.name.name)) {
                table {
                    thead { tr {
                        th.number scope="col" { "cluster" } th.number scope="col" { "rows" }
                        @for feature in &spec.features { th.number scope="col" { (feature) } }
                    } }
                    tbody {
                        @for (at, (size, centre)) in loaded.fitted.clusters.iter().enumerate() {
                            tr {
                                td.number { (at) } td.number { (size) }
                                @for value in centre { td.number { (format!("{value:.2}")) } }
                            }
                        }
                    }
                }
            }
            @if let Some((_, value)) = loaded.fitted.metrics.iter().find(|(name, _)| name == "silhouette_spark") {
                p.about { "Silhouette " (format!("{value:.3}")) " (1: well apart, 0: no clusters)." }
            }
        }
    }
}

fn last_runs(reports: &[RunReport], served: &Served, now: DateTime<Utc>) -> Markup {
    html! {
        h2 { "Last runs" }
        div.wide tabindex="0" role="region" aria-label="Last runs" {
            table {
                thead { tr { th scope="col" { "run" } th scope="col" { "ended" } th scope="col" { "began" } th.number scope="col" { "seconds" } th.number scope="col" { "rows" } th.number scope="col" { "left out" } } }
                tbody {
                    @for report in reports {
                        @let shown = || report.datasets.iter().filter(|dataset| served.tables.contains_key(&dataset.dataset));
                        tr {
                            td { (link::run(served.transport, &report.run_id)) }
                            td class=(class(report.status)) { (class(report.status)) }
                            td { (moment(report.started_at, now)) }
                            td.number { (format!("{:.1}", report.seconds)) }
                            td.number { (units::count(shown().map(|dataset| dataset.rows_out).sum())) }
                            td.number { (units::count(shown().map(|dataset| dataset.rows_quarantined + dataset.rows_dropped + dataset.rows_duplicate).sum())) }
                        }
                    }
                }
            }
        }
    }
}

fn class(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Ok => "ok",
        RunStatus::Failed => "failed",
        RunStatus::Interrupted => "interrupted",
    }
}

/// Rows that broke a check when their table was last made, as far as the reports at hand say.
fn left_out(reports: &[RunReport], served: &Served) -> Markup {
    let mut reasons: BTreeMap<(&crate::lake::TableName, &str), u64> = BTreeMap::new();
    for (table, _) in served.tables.iter().filter(|(table, _)| served.settings.hidden(table).next().is_none()) {
        let made = reports
            .iter()
            .flat_map(|report| &report.datasets)
            .find(|dataset| dataset.dataset == *table && dataset.status == crate::report::DatasetStatus::Made);
        for broken in made.iter().flat_map(|dataset| &dataset.checks) {
            reasons.insert((table, &broken.check), broken.rows);
        }
    }
    html! {
        @if !reasons.is_empty() {
            h2 { "Rows that broke a check" }
            div.wide tabindex="0" role="region" aria-label="Rows that broke a check" {
                table {
                    thead { tr { th scope="col" { "table" } th scope="col" { "check" } th.number scope="col" { "rows" } } }
                    tbody { @for ((table, check), rows) in &reasons { tr { td { (table) } td { (check) } td.number { (units::count(*rows)) } } } }
                }
            }
        }
    }
}
