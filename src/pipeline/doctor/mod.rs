//! Whether all is there that a run needs: the lake, and each source with the server that it lies on.
//!
//! Each check asks for what a run would ask for, and goes on where another has failed. A source's rows are read into this
//! process only; the lake gets one small object, which is removed. Of a bucket rules are set where that is asked for.

mod bucket;
mod lake;
mod secrets;
mod server;

use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use serde::Serialize;

use super::preview;
use crate::demo;
use crate::error::{self, Error, Result};
use crate::lake::Lake;
use crate::project::{Definition, Project};
use crate::report::RunStamp;

pub use bucket::Mending;

/// What a check has found.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// What was looked at: `lake`, `source orders`.
    pub what: String,
    pub check: String,
    pub health: Health,
    pub detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    Ok,
    Warn,
    Fail,
}

/// How long one check may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sources that are asked at once.
const AT_ONCE: usize = 4;

/// The findings of the target's bucket, which is created if it is not there, and set up.
pub async fn prepare(project: &Project) -> Vec<Finding> {
    bucket::examine(project, Mending::All).await
}

/// All findings: of the bucket, of the lake, of servers, of sources, in this order.
pub async fn examine(project: &Project, lake: &Lake, stamp: &RunStamp, mending: Mending) -> Result<Vec<Finding>> {
    let mut findings: Vec<Finding> = secrets::examine(&project.root).into_iter().collect();
    let of_bucket = bucket::examine(project, mending).await;
    let is_there = of_bucket.first().is_none_or(|found| found.health != Health::Fail);
    findings.extend(of_bucket);
    if is_there {
        findings.extend(lake::examine(lake, stamp).await);
    }
    findings.extend(server::examine(project).await);
    let store = demo::Store::of(project).await?;
    let sources = project.datasets.iter().filter_map(|dataset| match &dataset.definition {
        Definition::Source(source) => Some((dataset, source)),
        Definition::Query(_) | Definition::Model(_) => None,
    });
    let looks: Vec<_> = sources
        .map(|(dataset, _)| {
            let (store, name) = (store.as_ref(), dataset.name.to_string());
            async move {
                let look = async {
                    let began = Instant::now();
                    let landing = preview::sample(project, store, &name, 1, stamp).await?.1;
                    let rows = if landing.rows == 0 { "no row" } else { "a row" };
                    let columns = landing.schema.fields().len();
                    let took = began.elapsed().as_secs_f64();
                    Ok((Health::Ok, format!("read {rows} of {columns} columns in {took:.2} s")))
                };
                finding(&format!("source {}", dataset.name.name), "read", look).await
            }
        })
        .collect();
    findings.extend(stream::iter(looks).buffered(AT_ONCE).collect::<Vec<_>>().await);
    Ok(findings)
}

/// What comes of a check; an error is a failure, and its hint is that of the finding.
async fn finding(what: &str, check: &str, look: impl Future<Output = Result<(Health, String)>>) -> Finding {
    let slow = || Error::connection(format!("no answer within {} s", PATIENCE.as_secs()));
    let found = tokio::time::timeout(PATIENCE, look).await.unwrap_or_else(|_| Err(slow()));
    let (health, detail, hint) = match found {
        Ok((health, detail)) => (health, detail, None),
        Err(error) => {
            let words = error::chain(&error).map(ToString::to_string).collect::<Vec<_>>().join(": ");
            (Health::Fail, words, error.hint_text().map(String::from))
        }
    };
    Finding { what: what.to_string(), check: check.to_string(), health, detail, hint }
}
