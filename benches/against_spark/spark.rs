//! One PySpark that stays: `answers.py` beside this file makes tables when it is asked to, and says how long each took.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use trapiche::config::variable;
use trapiche::lake::TableName;

use crate::answer::Answer;

pub struct Spark {
    process: Child,
    pipes: RefCell<Option<(ChildStdin, BufReader<ChildStdout>)>>,
    log: PathBuf,
}

impl Spark {
    /// Over the lake of this folder; what Spark writes and says lies there, too.
    pub fn start(python: &Path, folder: &Path) -> Spark {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let log = folder.join("spark.log");
        let mut process = Command::new(python)
            .arg(root.join("benches/against_spark/answers.py"))
            .args([root, &folder.join("lake"), &folder.join("spark")])
            .env("SPARK_LOCAL_DIRS", folder.join("spill"))
            // Java spells file names in the locale's encoding.
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).expect("a file"))
            .spawn()
            .expect("a Python that starts");
        let (stdin, stdout) = (process.stdin.take().expect("a pipe"), process.stdout.take().expect("a pipe"));
        Spark { process, pipes: RefCell::new(Some((stdin, BufReader::new(stdout)))), log }
    }

    /// How long it took, by Spark's own clock around reading, making and writing.
    pub fn make(&self, table: &TableName, centres: Option<&[Vec<f64>]>) -> Duration {
        #[derive(Deserialize)]
        struct Made {
            seconds: f64,
        }
        let request = match centres {
            Some(centres) => json!({ "make": table.to_string(), "centres": centres }),
            None => json!({ "make": table.to_string() }),
        };
        Duration::from_secs_f64(self.ask::<Made>(&request).seconds)
    }

    /// What [`make`](Self::make) wrote.
    pub fn answer(&self, table: &TableName) -> Answer {
        self.ask(&json!({ "rows": table.to_string() }))
    }

    fn ask<T: DeserializeOwned>(&self, request: &Value) -> T {
        let mut pipes = self.pipes.borrow_mut();
        let (requests, answers) = pipes.as_mut().expect("it is open until it is dropped");
        let mut line = String::new();
        let asked = writeln!(requests, "{request}").and_then(|()| requests.flush());
        match asked.and_then(|()| answers.read_line(&mut line)) {
            Ok(1..) => serde_json::from_str(&line).expect("an answer"),
            _ => panic!("PySpark ended at {request}:\n{}", fs::read_to_string(&self.log).unwrap_or_default()),
        }
    }
}

impl Drop for Spark {
    /// At the end of its requests it stops by itself.
    fn drop(&mut self) {
        drop(self.pipes.take());
        let _ = self.process.wait();
    }
}

/// TRAPICHE_SPARK_PYTHON, the one that `scripts/python-env spark` makes, or `python3`: the first that has PySpark. A debug
/// build takes the first alone, for whoever asks for it.
pub fn python() -> Option<PathBuf> {
    let path = |name: &str| variable(name).map(PathBuf::from);
    let venv = || path("TRAPICHE_SPARK_VENV").or_else(|| Some(path("HOME")?.join(".cache/trapiche-spark-venv")));
    let given = path("TRAPICHE_SPARK_PYTHON");
    let others = match given {
        None if !cfg!(debug_assertions) => [venv().map(|venv| venv.join("bin/python")), Some("python3".into())],
        _ => [None, None],
    };
    let has_it = |python: &PathBuf| {
        let asked = Command::new(python).args(["-c", "import pyspark, pyarrow, yaml"]).output();
        asked.is_ok_and(|output| output.status.success())
    };
    given.into_iter().chain(others.into_iter().flatten()).find(has_it)
}
