//! `kill -9` at any moment, then run again: the lake is that of an undisturbed run.

use std::time::{Duration, Instant, SystemTime};

use crate::workbench::Workbench;

#[test]
fn a_killed_run_leaves_nothing_that_the_next_one_does_not_mend() {
    let undisturbed = Workbench::demo();
    let started = Instant::now();
    undisturbed.run(&[]);
    let whole = started.elapsed();
    let expected = undisturbed.lake_content();

    let mut killed = 0;
    for step in 1..=8u32 {
        let bench = Workbench::demo();
        let mut child = bench
            .command(&["run"])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        sleep(whole * step / 9);
        // Killed (SIGKILL on Unix), unless this machine was quicker this time.
        killed += u32::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();

        bench.run(&[]);
        assert_eq!(bench.lake_content(), expected, "killed after {step}/9 of {whole:?}");
        let strays: Vec<String> = bench
            .lake_files()
            .into_iter()
            .filter(|file| file.contains("staging") || file.contains("pending"))
            .collect();
        assert_eq!(strays, Vec::<String>::new(), "killed after {step}/9");
    }
    assert!(killed > 0, "no run was alive when it was to be killed");
}

#[test]
fn a_second_run_on_the_same_dataset_is_refused_and_one_on_another_is_not() {
    let bench = Workbench::demo();
    let claim = |age: Duration| {
        let process = r#"{ "host": "elsewhere", "machine": "another", "pid": 4711, "started": 1 }"#;
        let file = "lake/_trapiche/runs/20260101T000000Z-first.0007.json";
        let run = r#""format": 1, "run_id": "20260101T000000Z-first", "datasets": ["raw.regions"]"#;
        bench.write(file, &format!(r#"{{ {run}, "process": {process} }}"#));
        let file = std::fs::File::options().write(true).open(bench.path(file)).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
    };
    claim(Duration::from_secs(20));
    let answer = bench.trapiche(&["run"]);
    assert_eq!(answer.code, 4, "{}", answer.stderr);
    for word in ["20260101T000000Z-first", "raw.regions", "elsewhere"] {
        assert!(answer.stderr.contains(word), "{}", answer.stderr);
    }
    assert_eq!(bench.trapiche(&["run", "raw.regions"]).code, 4);
    assert_eq!(bench.trapiche(&["run", "raw.products"]).code, 0);
    claim(Duration::from_secs(70));
    assert_eq!(bench.trapiche(&["run", "raw.regions"]).code, 0);
    // Its owner, should it only have slept, finds out by this.
    let claims: Vec<String> =
        bench.lake_files().into_iter().filter(|file| file.starts_with("_trapiche/runs")).collect();
    assert_eq!(claims, ["_trapiche/runs/20260101T000000Z-first.0008.json"]);
}

#[expect(clippy::disallowed_methods, reason = "a test's own thread may wait")]
fn sleep(time: Duration) {
    std::thread::sleep(time);
}
