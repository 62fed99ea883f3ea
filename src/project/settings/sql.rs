//! `sql:` of a project or of a target: how its queries are meant.

use crate::project::faults::Faults;
use crate::project::read::{At, given_or};
use crate::project::spec::SqlSpec;
use crate::spark::mode::{self, SqlMode};

/// The mode that a block gives, key by key, over that of the project around it.
pub fn check(block: &Option<At<SqlSpec>>, around: &SqlMode, faults: &mut Faults) -> Option<SqlMode> {
    let mut mode = around.clone();
    let Some(block) = block else { return Some(mode) };
    let spec = block.value.as_ref()?;
    if let Some(at) = &spec.time_zone {
        match mode::time_zone(at.value.as_ref()?) {
            Ok(zone) => mode.time_zone = zone,
            Err((message, hint)) => {
                faults.add(&at.span, message).hint(hint);
                return None;
            }
        }
    }
    mode.ansi = given_or(&spec.ansi, mode.ansi)?;
    Some(mode)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::project::{Project, load};
    use crate::spark::mode::SqlMode;

    fn loaded(sql: &str, of_target: &str, target: &str) -> crate::error::Result<Project> {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "name: x\n{sql}\ntargets:\n  here: {{ default: true, storage: \"file://./l\" }}\n  emr: {{ storage: \"file://./l\", {of_target} }}\n"
        );
        fs::write(folder.path().join("trapiche.yml"), text).unwrap();
        load(folder.path(), Some(target), &|name| (name == "ANSI").then(|| "false".to_string()))
    }

    fn mode(sql: &str, of_target: &str, target: &str) -> SqlMode {
        loaded(sql, of_target, target).unwrap().target.sql
    }

    #[test]
    fn a_target_overrides_the_project_key_by_key() {
        assert!(mode("", "", "here").ansi);
        assert!(!mode("sql: { ansi: false, time_zone: UTC }", "", "here").ansi);
        assert!(!mode("sql: { ansi: \"${ANSI}\" }", "sql: { time_zone: GMT }", "emr").ansi);
        let mode = |target| mode("sql: { ansi: true }", "sql: { ansi: false }", target).ansi;
        assert_eq!((mode("here"), mode("emr")), (true, false));
    }

    #[test]
    fn zones_and_keys_that_are_not_there_are_faults() {
        let fault = |sql: &str, of_target: &str| {
            let error = loaded(sql, of_target, "here").unwrap_err();
            let problems = error.found_problems();
            assert_eq!(problems.len(), 1);
            (problems[0].message.clone(), problems[0].hint.clone().unwrap_or_default())
        };
        let (message, hint) = fault("sql: { time_zone: Europe/Berlim }", "");
        assert_eq!(
            (message.as_str(), hint.as_str()),
            ("there is no time zone `Europe/Berlim`", "did you mean `Europe/Berlin`?")
        );
        assert!(fault("", "sql: { time_zone: Asia/Tokyo }").0.contains("`Asia/Tokyo` is not there yet"));
        assert_eq!(fault("sql: { ansy: true }", ""), ("unknown key `ansy`".into(), "did you mean `ansi`?".into()));
        assert!(fault("sql: { ansi: maybe }", "").0.contains("expected true or false"));
    }
}
