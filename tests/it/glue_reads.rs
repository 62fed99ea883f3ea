//! Readers who go by Glue while a table is overwritten: what they see with `reads: atomic`, and without.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::aws::Moto;
use crate::plain_readers;
use crate::workbench::Answer;

#[test]
fn no_reader_of_an_atomic_table_sees_two_versions() {
    let Some(python) = plain_readers::python() else { return };
    let Some(moto) = Moto::start() else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/glue_reads.py");
    let mut command = Command::new(python);
    command.arg(script).args([env!("CARGO_BIN_EXE_trapiche"), &moto.endpoint, "--overwrites", "50"]);
    let answer = Answer::from(command.output().unwrap());
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    println!("{}", answer.stdout);
    let counts: Value = serde_json::from_str(&answer.stdout).unwrap();
    for table in ["partitioned_atomic", "whole_atomic"] {
        let seen = counts[table].as_object().unwrap();
        assert!(seen.len() == 1 && seen["right"].as_u64().unwrap() > 50, "{table}: {seen:?}");
    }
    // A reader that would not notice proves nothing.
    let noticed = ["partitioned", "whole"].iter().flat_map(|table| ["mixed", "failed"].map(|how| &counts[table][how]));
    assert!(noticed.filter_map(Value::as_u64).sum::<u64>() > 0, "{counts}");
}
