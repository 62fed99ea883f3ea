//! How SQL is meant: `sql:` of a project.
//!
//! A session has it among its options, for the rules that make a plan and for functions that ask for it when they compute.
//! It goes to workers with every plan, and a worker takes no plan without it: what a plan means must not depend on where it
//! runs. <https://spark.apache.org/docs/latest/sql-ref-ansi-compliance.html>

// The macro's own.
#![allow(clippy::manual_non_exhaustive)]

use chrono_tz::TZ_VARIANTS;
use datafusion::common::extensions_options;
use datafusion::config::{ConfigExtension, ConfigOptions};

use crate::hints::suggest;

extensions_options! {
    /// The two things that change what the same text means.
    pub struct SqlMode {
        /// What does not fit is an error, as in Spark 4; else null, or it wraps around, as in Spark 3.5.
        pub ansi: bool, default = true
        /// Where the days of timestamps begin, and which time a text without a zone is of.
        pub time_zone: String, default = UTC.to_string()
    }
}

impl ConfigExtension for SqlMode {
    /// Of its options' names: `sql.ansi`.
    const PREFIX: &'static str = "sql";
}

/// What becomes of a value that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Strictness {
    /// It is an error: the ANSI mode.
    Ansi,
    /// It is null, or wraps around: without the ANSI mode.
    Legacy,
    /// It is null, in either mode: what `try_` means.
    Try,
}

pub const UTC: &str = "UTC";

/// Other names of the same zone.
const SAME_AS_UTC: [&str; 8] = ["UTC", "Etc/UTC", "Z", "GMT", "Etc/GMT", "Zulu", "+00:00", "UTC+0"];

impl SqlMode {
    pub fn of(options: &ConfigOptions) -> SqlMode {
        options.extensions.get::<SqlMode>().cloned().unwrap_or_default()
    }

    pub fn strictness(&self) -> Strictness {
        if self.ansi { Strictness::Ansi } else { Strictness::Legacy }
    }

    /// What tells tables that were made in this mode from those of the usual one; nothing of the usual one.
    pub fn fingerprint(&self) -> Option<String> {
        let usual = SqlMode::default();
        let is_usual = self.ansi == usual.ansi && self.time_zone == usual.time_zone;
        (!is_usual).then(|| format!("sql ansi={} time_zone={}", self.ansi, self.time_zone))
    }
}

/// The zone of that name, as [`SqlMode`] has it; else what is wrong with it, and what to do.
pub fn time_zone(name: &str) -> Result<String, (String, String)> {
    if SAME_AS_UTC.contains(&name) {
        return Ok(UTC.to_string());
    }
    if name.parse::<chrono_tz::Tz>().is_ok() || name.starts_with(['+', '-']) {
        let hint =
            "leave it out for `UTC`, and write `from_utc_timestamp(at, 'Europe/Berlin')` where a local time is meant";
        return Err((
            format!("the time zone `{name}` is not there yet: this version computes in `UTC`"),
            hint.to_string(),
        ));
    }
    let names = TZ_VARIANTS.iter().map(|zone| zone.name());
    Err((format!("there is no time zone `{name}`"), suggest(name, names)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_not_usual_leaves_a_trace() {
        let mut mode = SqlMode::default();
        assert_eq!(mode.fingerprint(), None);
        mode.ansi = false;
        assert_eq!(mode.fingerprint().unwrap(), "sql ansi=false time_zone=UTC");
    }

    #[test]
    fn zones_are_utc_or_refused() {
        assert_eq!(time_zone("Etc/UTC").unwrap(), "UTC");
        assert!(time_zone("Europe/Berlin").unwrap_err().0.contains("is not there yet"));
        assert!(time_zone("+02:00").unwrap_err().0.contains("is not there yet"));
        let (message, hint) = time_zone("Europe/Berlim").unwrap_err();
        assert_eq!(
            (message.as_str(), hint.as_str()),
            ("there is no time zone `Europe/Berlim`", "did you mean `Europe/Berlin`?")
        );
    }
}
