//! The columns that a source is held to: what its contract says, and by whom they were agreed on.

use arrow::datatypes::SchemaRef;

use super::CaptureOptions;
use crate::engine::read::names::lower_case;
use crate::error::{Error, Kind, Result};
use crate::lake::capture::Capture;
use crate::lake::landing::Landing;
use crate::lake::live::Live;
use crate::lake::{Lake, columns};
use crate::project::{Contract, Source, drift};

/// Who says so where the project says it.
const LOCK: &str = "`schema.lock.yml`";

/// The columns that SQL must see, and who says so.
pub struct Terms {
    /// Names in lower case, those of fields within them, too.
    pub columns: SchemaRef,
    pub by: &'static str,
    pub contract: Contract,
    /// Without these a row is none: those of its key, and its cursor.
    pub needed: Vec<String>,
}

impl Terms {
    /// What a capture is held to: to the lock, or without one to what the source was before, unless that may change.
    pub async fn of(
        spec: &Source,
        lake: &Lake,
        capture: &Capture,
        previous: Option<&Live>,
        options: &CaptureOptions,
    ) -> Result<Option<Terms>> {
        let cursor = spec.cursor.iter();
        let needed = cursor.flat_map(|cursor| cursor.key.iter().chain([&cursor.column]));
        let needed: Vec<String> = needed.map(|name| name.to_lowercase()).collect();
        let terms = |columns: SchemaRef, by| Terms { columns, by, contract: spec.contract, needed };
        if let Some(columns) = &options.agreed {
            return Ok(Some(terms(columns.clone(), LOCK)));
        }
        let Some(before) = capture.before.as_ref().filter(|_| spec.contract != Contract::Evolve) else {
            return Ok(None);
        };
        let columns = match previous {
            Some(previous) => columns::of_landings(&previous.landings)?,
            // It is to be captured anew: that thaws nothing.
            None => columns::of_landings(&before.landings(lake).await?)?,
        };
        Ok(Some(terms(lower_case(&columns), "its last landing")))
    }

    /// Whether rows land without what is not of them. Where no column is known yet, none is left out.
    pub fn discards(&self) -> bool {
        self.contract.discards() && !self.columns.fields().is_empty()
    }
}

/// # Errors
/// When the landings have no columns in common, or others than were agreed on.
pub fn refuse_others(landings: &[Landing], terms: Option<&Terms>) -> Result<()> {
    let found = columns::of_landings(landings)?;
    let Some(Terms { columns, by, contract, .. }) = terms else { return Ok(()) };
    // A source that had no row has no column that was agreed on.
    if contract.discards() && columns.fields().is_empty() && *by != LOCK {
        return Ok(());
    }
    match drift::between(columns, &lower_case(&found)).as_slice() {
        [] => Ok(()),
        drifts => {
            let words = drift::words(drifts);
            Err(Error::new(Kind::Drift, format!("it has other columns than {by}, and has not landed: {words}")).hint(
                "let it in by a run without `--locked` and `contract: freeze`; `trapiche lock` then agrees to them",
            ))
        }
    }
}
