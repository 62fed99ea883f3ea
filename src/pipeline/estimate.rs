//! How long a run may take, from the rates of past runs: what each dataset read a second, where that is on record.
//!
//! An estimate and no more: a query that reads twice as much need not take twice as long, and machines differ.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::error::Result;
use crate::lake::{Lake, TableName, path};
use crate::report::{DatasetReport, DatasetStatus, RunReport};

/// Reports that are looked at, newest first: older ones are of other machines and other queries.
const REPORTS: usize = 20;

/// With less to read a rate says how long it takes to begin.
const LEAST_BYTES: u64 = 1_000_000;

/// What the datasets that would be made take, by what is known of earlier ones.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
    /// What they read.
    pub bytes: u64,
    /// On one machine like those of the runs; `None` when none of them is on record with enough to tell by.
    pub seconds: Option<f64>,
    /// The runs that tell, newest first.
    pub runs: Vec<String>,
    /// The most that one of them had read for one dataset.
    pub largest_bytes: u64,
    /// Datasets that were never made by these runs: they are taken to be as fast as all others together.
    pub unknown: Vec<TableName>,
}

/// How fast one machine was.
#[derive(Debug, Default, Clone)]
struct Rate {
    bytes: u64,
    seconds: f64,
    run: String,
}

/// Of datasets that would be made, with what each reads, by the newest reports of a target.
pub(super) async fn estimate(lake: &Lake, target: &str, made: &[(&TableName, u64)]) -> Result<Estimate> {
    let mut reports = vec![];
    for file in lake.list(path::RUNS).await?.iter().rev().take(REPORTS) {
        let bytes = lake.read(file).await?.unwrap_or_default();
        reports.extend(serde_json::from_slice::<RunReport>(&bytes).ok().filter(|report| report.target == target));
    }
    Ok(of(made, &reports))
}

fn of(made: &[(&TableName, u64)], reports: &[RunReport]) -> Estimate {
    let mut rates: BTreeMap<&TableName, Rate> = BTreeMap::new();
    let mut all = Rate::default();
    for report in reports {
        for dataset in report.datasets.iter().filter(|dataset| dataset.status == DatasetStatus::Made) {
            let Some(rate) = rate(dataset, &report.run_id) else { continue };
            all.bytes += rate.bytes;
            all.seconds += rate.seconds;
            // The largest one tells most: in the others more of the time is what a beginning takes.
            let known = rates.entry(&dataset.dataset).or_default();
            if rate.bytes > known.bytes {
                *known = rate;
            }
        }
    }
    let mut estimate = Estimate {
        bytes: made.iter().map(|(_, bytes)| bytes).sum(),
        seconds: None,
        runs: vec![],
        largest_bytes: rates.values().map(|rate| rate.bytes).max().unwrap_or_default(),
        unknown: made.iter().map(|(table, _)| *table).filter(|table| !rates.contains_key(table)).cloned().collect(),
    };
    if all.bytes == 0 {
        return estimate;
    }
    let rate_of = |table: &TableName| rates.get(table).unwrap_or(&all);
    let seconds = |(table, bytes): &(&TableName, u64)| {
        let rate = rate_of(table);
        *bytes as f64 * rate.seconds / rate.bytes as f64
    };
    estimate.seconds = Some(made.iter().map(seconds).sum());
    let runs: BTreeSet<&String> = rates.values().map(|rate| &rate.run).collect();
    estimate.runs = runs.into_iter().rev().cloned().collect();
    estimate
}

/// What one machine read of a dataset's inputs; `None` where that tells nothing.
fn rate(dataset: &DatasetReport, run: &str) -> Option<Rate> {
    let machines = dataset.on_workers.map_or(1, |used| used.workers.max(1));
    let is_telling = dataset.input_bytes >= LEAST_BYTES && dataset.seconds > 0.0;
    is_telling.then(|| Rate {
        bytes: dataset.input_bytes,
        seconds: dataset.seconds * machines as f64,
        run: run.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lake::Zone;
    use crate::report::{RunStatus, WorkerUse};

    fn report(run: &str, datasets: &[(&str, u64, f64, u64)]) -> RunReport {
        let dataset = |(name, bytes, seconds, workers): &(&str, u64, f64, u64)| {
            let table = TableName::new(Zone::Trusted, *name);
            let on_workers = (*workers > 0).then(|| WorkerUse { workers: *workers, ..WorkerUse::default() });
            DatasetReport {
                input_bytes: *bytes,
                seconds: *seconds,
                on_workers,
                status: DatasetStatus::Made,
                ..DatasetReport::not_made(table)
            }
        };
        RunReport {
            run_id: run.into(),
            project: "p".into(),
            target: "prod".into(),
            trapiche_version: String::new(),
            started_at: chrono::DateTime::UNIX_EPOCH,
            seconds: 0.0,
            status: RunStatus::Ok,
            exit_code: 0,
            peak_memory_bytes: 0,
            datasets: datasets.iter().map(dataset).collect(),
        }
    }

    #[test]
    fn a_dataset_takes_what_it_took_and_a_new_one_what_all_did() {
        let [a, b, new] = ["a", "b", "new"].map(|name| TableName::new(Zone::Trusted, name));
        let reports = [
            report("3", &[("a", 10_000_000, 1.0, 0), ("b", 20_000_000, 2.0, 4)]),
            // Read less, took as long: most of that was no reading.
            report("2", &[("a", 2_000_000, 1.0, 0), ("b", 10, 5.0, 0)]),
        ];
        let told = of(&[(&a, 30_000_000), (&b, 10_000_000), (&new, 32_000_000)], &reports);
        // 3 s of `a`, 4 s of `b` on one machine, and 10 s for 32 MB by all.
        assert_eq!(told.seconds, Some(3.0 + 4.0 + 10.0));
        assert_eq!((told.bytes, told.largest_bytes, told.runs), (72_000_000, 20_000_000, vec!["3".to_string()]));
        assert_eq!(told.unknown, [new]);
        assert_eq!(of(&[(&a, 1)], &[]).seconds, None);
    }
}
