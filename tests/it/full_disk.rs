//! A disk that takes no more: the run says which file and what to do, and the last version stays what it was.
//!
//! Two ways to such a disk: a limit on the size of a file, which any process may set itself (`ulimit -f`), and a small
//! file system in memory, for which the kernel must let us have a mount namespace of our own.

use std::process::Command;

use serde_json::{Value, json};

use crate::workbench::{Answer, Workbench};

/// A project on a lake in `lake/`, which has a small table by now; its next version is larger than a megabyte.
fn about_to_grow() -> Workbench {
    let bench = Workbench::of(&[
        (
            "trapiche.yml",
            "name: full\ntargets: { here: { storage: \"file://./lake\" } }\nsources: { rows: { url: \"file://./rows.csv\" } }\n",
        ),
        ("rows.csv", "day,n\nmon,1\n"),
        ("queries/trusted/days.sql", "/* trapiche\npartition_by: [day]\n*/ SELECT n, day FROM raw.rows"),
    ]);
    bench.run(&[]);
    // What a hash gives does not become smaller in a Parquet file.
    let mut csv = String::from("day,n\n");
    (0..30_000u128).for_each(|n| {
        csv.push_str(&format!("mon,{:x}\n", n.pow(3).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)))
    });
    bench.write("rows.csv", &csv);
    bench
}

const DAYS: &str = "SELECT day, n FROM trusted.days";

fn is_as_it_was(bench: &Workbench) {
    assert_eq!(bench.query(DAYS), [json!({"day": "mon", "n": "1"})]);
    assert_eq!(bench.hive_rows("trusted/days"), ["n=1 day=mon"]);
    let left = |file: &&String| ["staging", "pending", "_trapiche/runs"].iter().any(|part| file.contains(part));
    assert_eq!(bench.lake_files().iter().filter(left).collect::<Vec<_>>(), Vec::<&String>::new());
}

/// The report's line on a dataset.
fn why(report: &str, dataset: &str) -> String {
    let report: Value = serde_json::from_str(report).unwrap();
    let datasets = report["datasets"].as_array().unwrap();
    let found = datasets.iter().find(|found| found["dataset"] == dataset).unwrap();
    assert_eq!(found["status"], "failed", "{report}");
    found["why"].as_str().unwrap().to_string()
}

const HINT: &str =
    "(hint: make room on that disk, or raise its limit, and run again; what was there before is as it was)";

#[test]
fn a_file_that_may_not_grow_is_named_and_the_version_before_stays() {
    let bench = about_to_grow();
    let limited = |args: &[&str]| {
        let program = env!("CARGO_BIN_EXE_trapiche");
        // Ignored, because the signal would kill the process before it sees its write fail. In blocks of 512 bytes.
        let script = format!("trap '' XFSZ; ulimit -f 800; exec {program} run -o json \"$@\"");
        let mut shell = Command::new("sh");
        shell.current_dir(bench.path("")).args(["-c", &script, "sh"]).args(args);
        Answer::from(shell.output().unwrap())
    };

    // First the bytes of the source do not fit, and then what is made of them.
    let answer = limited(&[]);
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    let said = why(&answer.stdout, "raw.rows");
    assert!(said.starts_with("writing `raw/rows/ingest_date=") && said.contains("/part-0001.csv`: the disk"), "{said}");
    assert!(said.ends_with(HINT), "{said}");
    is_as_it_was(&bench);

    bench.run(&["raw.rows"]);
    let answer = limited(&["trusted.days"]);
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    let said = why(&answer.stdout, "trusted.days");
    assert!(said.starts_with("writing `trusted/days/day=mon/part-") && said.contains(".parquet`: the disk"), "{said}");
    assert!(said.ends_with(HINT), "{said}");
    is_as_it_was(&bench);

    bench.run(&[]);
    assert_eq!(bench.query("SELECT count(*) AS n FROM trusted.days"), [json!({"n": 30_000})]);
}

#[test]
fn a_full_file_system_is_told_as_such() {
    let bench = about_to_grow();
    // The lake moves to a disk of 3 MB for as long as the script lasts; what is left there afterwards comes back.
    let script = r#"
        mkdir disk && mount -t tmpfs -o size=3m tmpfs disk || exit 99
        cp -a lake/. disk/ && mount --bind disk lake || exit 99
        fill() { "$PROGRAM" run -o json raw.rows >/dev/null 2>&1 && head -c "$1" /dev/zero >disk/ballast; }
        fill 1500k || exit 98
        "$PROGRAM" run -o json trusted.days
        code=$?
        rm disk/ballast
        umount lake && rm -r lake && cp -a disk lake
        exit $code
    "#;
    let mut unshare = Command::new("unshare");
    unshare.args(["--map-root-user", "--mount", "sh", "-c", script]);
    let answer = unshare.current_dir(bench.path("")).env("PROGRAM", env!("CARGO_BIN_EXE_trapiche")).output();
    let Ok(answer) = answer.map(Answer::from) else { return println!("skipped: there is no `unshare`") };
    if answer.code == 99 || answer.stderr.contains("unshare") {
        return println!("skipped: this kernel lets us mount nothing: {}", answer.stderr);
    }
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    let said = why(&answer.stdout, "trusted.days");
    assert!(said.contains("the disk takes no more: No space left on device"), "{said}");
    assert!(said.ends_with(HINT), "{said}");
    is_as_it_was(&bench);
}
