//! PySpark as a judge: its python, and the scripts of `spark-compat/` that tests start.
//!
//! It lives in a virtual environment that `scripts/python-env spark` makes, and runs on Java. Without them the tests
//! that ask it are skipped, except in CI.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::workbench::Answer;

/// Runs a script of `spark-compat/`; `None` where there is no PySpark.
pub fn script(name: &str, arguments: &[impl AsRef<OsStr>]) -> Option<Answer> {
    let python = python()?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("spark-compat").join(name);
    Some(Answer::from(Command::new(python).arg(script).args(arguments).output().unwrap()))
}

/// TRAPICHE_SPARK_PYTHON, or the one that `scripts/python-env spark` makes.
pub fn python() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    let venv =
        || variable("TRAPICHE_SPARK_VENV").or_else(|| Some(variable("HOME")?.join(".cache/trapiche-spark-venv")));
    let python = variable("TRAPICHE_SPARK_PYTHON").or_else(|| Some(venv()?.join("bin/python")))?;
    let works = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
    let message = if !works(Command::new(&python).args(["-c", "import pyspark, pyarrow"])) {
        format!("`{}` has no PySpark: run scripts/python-env spark", python.display())
    } else if !works(Command::new("java").arg("-version")) {
        "there is no `java`, which PySpark runs on: install Java 17".to_string()
    } else {
        return Some(python);
    };
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{message}");
    println!("skipped: {message}");
    None
}
