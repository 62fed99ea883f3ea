//! `GET /metrics`: what was asked and how long it took, in Prometheus's text format
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>).

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper bounds of the classes of duration, in seconds.
const BOUNDS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// Counts since the start.
#[derive(Debug, Default)]
pub struct Metrics {
    requests: Mutex<BTreeMap<(&'static str, u16), u64>>,
    durations: Mutex<BTreeMap<&'static str, Durations>>,
    kept: AtomicU64,
}

#[derive(Debug, Default)]
struct Durations {
    /// Up to each bound, and all.
    counts: [u64; BOUNDS.len() + 1],
    seconds: f64,
}

impl Metrics {
    pub fn record(&self, route: &'static str, status: u16, took: Duration) {
        *lock(&self.requests).entry((route, status)).or_default() += 1;
        let mut durations = lock(&self.durations);
        let durations = durations.entry(route).or_default();
        let seconds = took.as_secs_f64();
        durations.seconds += seconds;
        let bounds = BOUNDS.iter().chain([&f64::INFINITY]).zip(&mut durations.counts);
        bounds.filter(|(bound, _)| seconds <= **bound).for_each(|(_, count)| *count += 1);
    }

    /// An answer was given that was there already.
    pub fn kept(&self) {
        self.kept.fetch_add(1, Ordering::Relaxed);
    }

    /// `kept_files`: how many have their rows in memory.
    pub fn text(&self, kept_files: u64) -> String {
        let mut text = String::from("# HELP trapiche_requests_total Requests by route and status.\n");
        text += "# TYPE trapiche_requests_total counter\n";
        for ((route, status), count) in lock(&self.requests).iter() {
            let _ = writeln!(text, "trapiche_requests_total{{route=\"{route}\",status=\"{status}\"}} {count}");
        }
        text += "# HELP trapiche_request_duration_seconds How long answers took.\n";
        text += "# TYPE trapiche_request_duration_seconds histogram\n";
        for (route, durations) in lock(&self.durations).iter() {
            let name = "trapiche_request_duration_seconds";
            for (bound, count) in BOUNDS.iter().map(f64::to_string).chain(["+Inf".into()]).zip(durations.counts) {
                let _ = writeln!(text, "{name}_bucket{{route=\"{route}\",le=\"{bound}\"}} {count}");
            }
            let _ = writeln!(text, "{name}_sum{{route=\"{route}\"}} {}", durations.seconds);
            let _ = writeln!(text, "{name}_count{{route=\"{route}\"}} {}", durations.counts[BOUNDS.len()]);
        }
        text += "# HELP trapiche_answers_kept_total Answers that were there already.\n";
        text += "# TYPE trapiche_answers_kept_total counter\n";
        let _ = writeln!(text, "trapiche_answers_kept_total {}", self.kept.load(Ordering::Relaxed));
        text += "# HELP trapiche_kept_files Files whose rows are in memory.\n";
        text += "# TYPE trapiche_kept_files gauge\n";
        let _ = writeln!(text, "trapiche_kept_files {kept_files}");
        text
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The route of a path, with names in place of what varies, so that there are few.
pub fn route(path: &str) -> &'static str {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match parts[..] {
        [""] => "/",
        ["health"] => "/health",
        ["ready"] => "/ready",
        ["metrics"] => "/metrics",
        ["openapi.json"] => "/openapi.json",
        ["look", _, _] => "/look/{zone}/{name}",
        ["sql"] => "/sql",
        ["tables"] => "/tables",
        ["tables", _, _] => "/tables/{zone}/{name}",
        ["tables", _, _, "rows"] => "/tables/{zone}/{name}/rows",
        ["tables", _, _, "aggregate"] => "/tables/{zone}/{name}/aggregate",
        ["tables", _, _, "distinct", _] => "/tables/{zone}/{name}/distinct/{column}",
        ["profiles", _] => "/profiles/{name}",
        ["models"] => "/models",
        ["models", _] => "/models/{name}",
        ["models", _, "predict"] => "/models/{name}/predict",
        ["runs"] => "/runs",
        ["runs", _] => "/runs/{id}",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_counted_up_to_each_bound() {
        let metrics = Metrics::default();
        metrics.record("/tables", 200, Duration::from_millis(3));
        metrics.record("/tables", 404, Duration::from_secs(20));
        let text = metrics.text(0);
        for line in [
            "trapiche_requests_total{route=\"/tables\",status=\"200\"} 1",
            "trapiche_request_duration_seconds_bucket{route=\"/tables\",le=\"0.001\"} 0",
            "trapiche_request_duration_seconds_bucket{route=\"/tables\",le=\"0.005\"} 1",
            "trapiche_request_duration_seconds_bucket{route=\"/tables\",le=\"+Inf\"} 2",
            "trapiche_request_duration_seconds_count{route=\"/tables\"} 2",
        ] {
            assert!(text.lines().any(|it| it == line), "{line}\n{text}");
        }
    }

    #[test]
    fn every_address_of_the_router_has_its_name() {
        let routes: Vec<&str> = include_str!("mod.rs")
            .match_indices(".route(\"")
            .filter_map(|(at, start)| include_str!("mod.rs")[at + start.len()..].split('"').next())
            .collect();
        assert!(routes.len() > 15, "{routes:?}");
        for path in routes {
            assert_eq!(route(path), path);
        }
    }
}
