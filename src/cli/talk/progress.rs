//! How far a run has come: live lines on a terminal, plain lines in a text log, JSON lines elsewhere.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::lake::TableName;
use crate::machine;
use crate::report::{DatasetReport, DatasetStatus, Event, Meter};
use futures::FutureExt;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde::Serialize;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;
use tokio::time::MissedTickBehavior;

use super::words::Words;
use crate::cli::options::Log;
use crate::cli::print::output::word;
use crate::cli::print::units;

const LIVE_EVERY: Duration = Duration::from_millis(100);
const LOG_EVERY: Duration = Duration::from_secs(2);

/// Shows what a run tells of itself, until it is over: `over` is sent or dropped, and all it told before is shown.
pub async fn watch(mut events: UnboundedReceiver<Event>, over: oneshot::Receiver<()>, words: Words) {
    let mut over = over.fuse();
    let mut running: BTreeMap<TableName, Running> = BTreeMap::new();
    let mut ticks = tokio::time::interval(if words.live().is_some() { LIVE_EVERY } else { LOG_EVERY });
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.reset();
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(Event::Warned(problem)) => words.warn(&problem),
                Some(Event::Started { dataset, meter }) => {
                    let line = Running::start(&dataset, meter, words.live());
                    log(&words, &Line::Started { dataset: &dataset });
                    running.insert(dataset, line);
                }
                Some(Event::Retrying { dataset, why }) => match words.log() {
                    Log::Text => words.line(&format!("{dataset}: begun again, because {why}")),
                    Log::Json => log(&words, &Line::Retrying { dataset: &dataset, why: &why }),
                },
                Some(Event::Finished(report)) => {
                    running.remove(&report.dataset);
                    match words.log() {
                        Log::Text => words.line(&finished(&report, &words)),
                        Log::Json => log(&words, &Line::Finished(&report)),
                    }
                }
                None => return,
            },
            // A task that was given up may still hold its end of the channel: nobody waits for that.
            _ = &mut over => events.close(),
            _ = ticks.tick() => for (dataset, line) in &running {
                let progress = line.measure();
                line.show(&progress);
                log(&words, &Line::Progress { dataset, progress });
            },
        }
    }
}

/// A dataset under way. Dropping it takes its live line away.
struct Running {
    since: Instant,
    meter: Meter,
    bar: Option<ProgressBar>,
}

impl Running {
    fn start(dataset: &TableName, meter: Meter, live: Option<&MultiProgress>) -> Self {
        let style = ProgressStyle::with_template("{spinner} {prefix}  {wide_msg}").expect("the template is a constant");
        let bar = live.map(|live| {
            let bar = live.add(ProgressBar::new_spinner().with_style(style).with_prefix(dataset.to_string()));
            bar.tick();
            bar
        });
        Running { since: Instant::now(), meter, bar }
    }

    fn measure(&self) -> Progress {
        let seconds = self.since.elapsed().as_secs_f64();
        let (rows, bytes) = (self.meter.rows(), self.meter.bytes());
        Progress {
            seconds,
            rows,
            rows_per_second: (rows as f64 / seconds) as u64,
            bytes,
            bytes_per_second: (bytes as f64 / seconds) as u64,
            resident_memory_bytes: machine::resident_memory(),
        }
    }

    fn show(&self, progress: &Progress) {
        let Some(bar) = &self.bar else { return };
        bar.set_message(format!(
            "{} rows  {} rows/s  {}/s  {} memory",
            units::count(progress.rows),
            units::count(progress.rows_per_second),
            units::bytes(progress.bytes_per_second),
            units::bytes(progress.resident_memory_bytes),
        ));
        bar.tick();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Rates are means since the dataset was started; the memory is the whole process's.
#[derive(Serialize)]
struct Progress {
    seconds: f64,
    rows: u64,
    rows_per_second: u64,
    bytes: u64,
    bytes_per_second: u64,
    resident_memory_bytes: u64,
}

/// A JSON line.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Line<'a> {
    Started {
        dataset: &'a TableName,
    },
    Progress {
        dataset: &'a TableName,
        #[serde(flatten)]
        progress: Progress,
    },
    Retrying {
        dataset: &'a TableName,
        why: &'a str,
    },
    Finished(&'a DatasetReport),
}

fn log(words: &Words, line: &Line) {
    if words.log() == Log::Json {
        words.json(line);
    }
}

/// The line that stays: `✓ trusted.sales  made 12,300 rows in 3 files, 1.23 MB, 0.420 s`.
fn finished(report: &DatasetReport, words: &Words) -> String {
    let (mark, code) = match report.status {
        DatasetStatus::Made => ("✓", 32),
        DatasetStatus::Unchanged => ("=", 2),
        DatasetStatus::Failed => ("✗", 31),
        DatasetStatus::Blocked => ("-", 33),
    };
    let mut line = format!("{} {}  {}", words.coloured(mark, code), report.dataset, word(report.status));
    if report.status == DatasetStatus::Made {
        line += &format!(
            " {} in {}, {}, {} s",
            units::counted(report.rows_out, "row"),
            units::counted(report.files, "file"),
            units::bytes(report.bytes),
            units::seconds(report.seconds),
        );
        if report.rows_quarantined > 0 {
            line += &format!(", {} quarantined", units::count(report.rows_quarantined));
        }
        for remark in report.remarks() {
            line += &format!(", {remark}");
        }
    }
    if let Some(why) = &report.why {
        line += &format!(": {why}");
    }
    line
}
