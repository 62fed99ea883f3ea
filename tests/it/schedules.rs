//! `trapiche schedule`: times that come, runs that begin at them, and what the machine's own schedulers are given.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::web::{Reply, Web};
use crate::workbench::{Workbench, files_below};

fn bench(schedule: &str, url: &str) -> Workbench {
    let settings = format!(
        "name: often\ntargets: {{ here: {{ storage: \"file://./lake\" }} }}\nschedule: {schedule}\nsources: {{ t: {{ url: \"{url}\", format: csv }} }}\n"
    );
    Workbench::of(&[("trapiche.yml", &settings), ("t.csv", "id\n1\n")])
}

#[test]
fn the_next_times_are_those_that_python_finds() {
    let judge = "
import sys, datetime, zoneinfo
zone, at, found = zoneinfo.ZoneInfo(sys.argv[1]), datetime.datetime.fromisoformat(sys.argv[2]), []
utc = datetime.timezone.utc
minute = at.astimezone(utc).replace(second=0, microsecond=0)
while len(found) < 20:
    minute += datetime.timedelta(minutes=1)
    wall = minute.astimezone(zone)
    if wall.minute % 20 == 0 and wall.hour in (6, 7, 22) and wall.isoweekday() in (1, 2, 3, 4, 5):
        found.append(minute.strftime('%Y-%m-%dT%H:%M:%SZ'))
print('\\n'.join(found))
";
    for zone in ["Europe/Madrid", "America/New_York", "UTC"] {
        let bench = bench(&format!("{{ cron: \"*/20 6,7,22 * * mon-fri\", time_zone: {zone} }}"), "file://./t.csv");
        let answer = bench.trapiche(&["schedule", "--next", "20", "-o", "json"]);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        let found: Vec<Value> = serde_json::from_str(&answer.stdout).unwrap();
        let times: Vec<&str> = found.iter().map(|time| time["at"].as_str().unwrap()).collect();
        // Five minutes before the first of them, whatever the clock says when this runs.
        let first: chrono::DateTime<chrono::Utc> = times[0].parse().unwrap();
        let from = (first - chrono::TimeDelta::minutes(5)).to_rfc3339();
        let judged = Command::new("python3").args(["-c", judge, zone, &from]).output().unwrap();
        assert_eq!(times, String::from_utf8(judged.stdout).unwrap().lines().collect::<Vec<_>>(), "{zone}");
    }
    assert!(!bench("\"@daily\"", "file://./t.csv").path("lake").exists());
}

#[test]
fn a_schedule_that_is_none_is_told_at_its_place() {
    for (schedule, words) in [
        ("\"61 * * * *\"", "`61` is no minute"),
        ("\"* * * *\"", "has 4 fields"),
        ("{ cron: \"@daily\", time_zone: Europe/Madrit }", "did you mean `Europe/Madrid`?"),
        ("{ cron: \"@daily\", jitter: soon }", "`jitter` is no time"),
        ("{ cron: \"@daily\", overlap: skp }", "did you mean `skip`?"),
        ("{ cron: \"@daily\", catchup: true }", "did you mean `catch_up`?"),
        ("{ jitter: 3s }", "`cron` is missing"),
        ("5", "expected a cron expression"),
    ] {
        let answer = bench(schedule, "file://./t.csv").trapiche(&["validate"]);
        assert_eq!(answer.code, 2, "{schedule}: {}", answer.stderr);
        assert!(answer.stderr.contains(words) && answer.stderr.contains("trapiche.yml:3:"), "{}", answer.stderr);
    }
    let without = Workbench::of(&[("trapiche.yml", "name: x\ntargets: { here: { storage: \"file://./lake\" } }\n")]);
    let answer = without.trapiche(&["schedule", "--next", "1"]);
    assert!(answer.code == 2 && answer.stderr.contains("has no `schedule`"), "{}", answer.stderr);
}

/// A scheduler that is ended when dropped, and the lines that it says.
struct Scheduler {
    process: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStderr>>,
}

impl Scheduler {
    fn start(bench: &Workbench) -> Scheduler {
        let mut command = bench.command(&["schedule"]);
        let mut process = command.env("NO_PROXY", "*").stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stderr.take().unwrap()).lines();
        Scheduler { process, lines }
    }

    /// The first line from here on that has these words.
    fn says(&mut self, words: &str) -> String {
        let mut said = vec![];
        for line in self.lines.by_ref() {
            let line = line.unwrap();
            if line.contains(words) {
                return line;
            }
            said.push(line);
        }
        panic!("it did not say `{words}`: {said:#?}");
    }

    /// Its exit code after SIGTERM.
    fn end(mut self) -> Option<i32> {
        assert!(Command::new("kill").arg(self.process.id().to_string()).status().unwrap().success());
        let code = self.process.wait().unwrap().code();
        std::mem::forget(self);
        code
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Makes the lake's last run one of long ago.
fn age(bench: &Workbench) {
    let runs = files_below(&bench.path("lake/_runs"));
    let path = format!("lake/_runs/{}", runs.last().unwrap());
    let mut report: Value = serde_json::from_str(&std::fs::read_to_string(bench.path(&path)).unwrap()).unwrap();
    report["started_at"] = "2020-01-01T00:00:00Z".into();
    bench.write(&path, &report.to_string());
}

const YEARLY: &str = "{ cron: \"@yearly\", catch_up: true }";

#[test]
fn a_missed_time_is_made_up_for_and_a_signal_ends_it() {
    let bench = bench(YEARLY, "file://./t.csv");
    bench.run(&[]);
    age(&bench);
    let mut scheduler = Scheduler::start(&bench);
    assert!(scheduler.says("missed").contains("the last of 20"));
    let ran = scheduler.says(" ok: ");
    assert!(ran.contains("-01-01T00:00:00Z") && ran.contains("made 0, unchanged 1, failed 0"), "{ran}");
    scheduler.says("next run at ");
    assert_eq!(scheduler.end(), Some(0));
    assert_eq!(files_below(&bench.path("lake/_runs")).len(), 2);
}

#[test]
fn a_run_that_fails_or_finds_another_at_work_does_not_end_it() {
    let web = Web::start(|path| {
        if path == "/slow" {
            #[expect(clippy::disallowed_methods, reason = "it is a thread of a test")]
            std::thread::sleep(Duration::from_secs(8));
        }
        Reply::file("id\n1\n")
    });
    let bench = bench(YEARLY, &web.url("/quick"));
    bench.run(&[]);
    age(&bench);
    // Another run holds the source while it is asked for.
    bench.write(
        "trapiche.yml",
        &std::fs::read_to_string(bench.path("trapiche.yml")).unwrap().replace("/quick", "/slow"),
    );
    let mut other =
        bench.command(&["run"]).env("NO_PROXY", "*").stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    while !web.asked().iter().any(|request| request.starts_with("GET /slow")) {
        std::thread::yield_now();
    }
    let mut scheduler = Scheduler::start(&bench);
    let locked = scheduler.says("not run: ");
    assert!(locked.contains("is at work"), "{locked}");
    scheduler.says("next run at ");
    assert_eq!(scheduler.end(), Some(0));
    assert!(other.wait().unwrap().success());

    age(&bench);
    bench.write(
        "trapiche.yml",
        &std::fs::read_to_string(bench.path("trapiche.yml"))
            .unwrap()
            .replace("/slow", "/gone")
            .replace("http://", "http://nobody.invalid/"),
    );
    let mut scheduler = Scheduler::start(&bench);
    let failed = scheduler.says(" failed: ");
    assert!(failed.contains("; raw.t: "), "{failed}");
    scheduler.says("next run at ");
    assert_eq!(scheduler.end(), Some(0));
}

#[test]
fn the_units_are_those_that_systemd_and_a_shell_understand() {
    let bench = bench(
        "{ cron: \"0,30 9-10 1 * mon\", time_zone: Europe/Madrid, jitter: 30s, catch_up: true }",
        "file://./t.csv",
    );
    bench.run(&[]);
    let cron = bench.trapiche(&["schedule", "t", "--emit", "cron"]);
    assert_eq!(cron.code, 0, "{}", cron.stderr);
    let line = cron.stdout.lines().last().unwrap();
    let command = line.strip_prefix("0,30 9-10 1 * mon ").unwrap();
    assert!(cron.stdout.contains("CRON_TZ=Europe/Madrid\n"), "{}", cron.stdout);
    let ran = Command::new("/bin/sh").current_dir("/").args(["-c", command]).output().unwrap();
    assert!(ran.status.success(), "{command}: {}", String::from_utf8_lossy(&ran.stderr));
    assert_eq!(files_below(&bench.path("lake/_runs")).len(), 2);

    let units = bench.trapiche(&["schedule", "--emit", "systemd"]).stdout;
    for words in ["ExecStart=/", " run\n", "SuccessExitStatus=4", "Persistent=true", "RandomizedDelaySec=30"] {
        assert!(units.contains(words), "{words}: {units}");
    }
    let calendar: Vec<&str> = units.lines().filter_map(|line| line.strip_prefix("OnCalendar=")).collect();
    assert_eq!(calendar, ["Mon *-*-* 09,10:00,30:00 Europe/Madrid", "*-*-01 09,10:00,30:00 Europe/Madrid"]);
    // Where systemd is, it says when that is.
    let judged = |spec: &str| {
        let mut command = Command::new("systemd-analyze");
        let answer = command.args(["calendar", "--iterations=10", spec]).env("TZ", "UTC").output().ok()?;
        assert!(answer.status.success(), "{spec}: {}", String::from_utf8_lossy(&answer.stderr));
        let text = String::from_utf8(answer.stdout).unwrap();
        // `Next elapse: Mon 2026-11-30 08:00:00 UTC`, `Iter. #2: …`
        let times = text.lines().map(|line| line.split_whitespace().rev().take(3).collect::<Vec<_>>());
        let times = times.filter(|words| words[0] == "UTC").map(|words| format!("{}T{}Z", words[2], words[1]));
        Some(times.collect::<Vec<_>>())
    };
    let Some(mut expected) = judged(calendar[0]).zip(judged(calendar[1])).map(|(one, two)| [one, two].concat()) else {
        return;
    };
    expected.sort();
    expected.dedup();
    let found = bench.trapiche(&["schedule", "--next", "5", "-o", "csv"]).stdout;
    let found: Vec<&str> = found.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(found, expected[..5]);
}
