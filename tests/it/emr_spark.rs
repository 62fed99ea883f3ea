//! The same project on Spark, as a step behind the run, for who compares.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::cloud::{Cloud, object};
use crate::places::{KEY, SECRET};
use crate::workbench::Answer;
use crate::{aws, spark};

/// The folder that `scripts/spark-jars` makes.
fn jars() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    let jars =
        variable("TRAPICHE_SPARK_JARS").or_else(|| Some(variable("HOME")?.join(".cache/trapiche-spark-jars")))?;
    if jars.join("pom.xml").exists() {
        return Some(jars);
    }
    let message = format!("`{}` has no jars for S3: run scripts/spark-jars", jars.display());
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{message}");
    println!("skipped: {message}");
    None
}

#[test]
fn spark_makes_the_same_tables_on_the_same_cluster() {
    let (Some(python), Some(jars)) = (spark::python(), jars()) else { return };
    let bin = python.parent().unwrap().to_str().unwrap().to_string();
    let Some(cloud) = Cloud::with(&["--spark", &bin, "--spark-jars", jars.to_str().unwrap(), "--idle", "20"]) else {
        return;
    };
    let bench = cloud.demo("both", "");
    let refused = cloud.trapiche(&bench, &cloud.submit(&["--with", "spark-compat", "+refined.segments"]));
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("compares all tables"), "{}", refused.stderr);

    let args = cloud.submit(&["--run-id", "both-1", "--with", "spark-compat"]);
    let answer = cloud.patient(&bench, &args);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let place = "s3://lake/both/_trapiche/spark/both-1";
    for words in ["on Spark s-", "trusted.sales: ", &format!("Spark's tables are at {place}")] {
        assert!(answer.stderr.contains(words), "{words}: {}", answer.stderr);
    }
    cloud.until_ended();
    let request = cloud.launches().remove(0);
    assert_eq!(request["Applications"], serde_json::json!([{ "Name": "Hadoop" }, { "Name": "Spark" }]));
    let names: Vec<&str> = request["Steps"].as_array().unwrap().iter().map(|it| it["Name"].as_str().unwrap()).collect();
    assert_eq!(names, ["trapiche store both-1", "trapiche store both-1 spark-compat"]);
    let status = cloud.trapiche(&bench, &["submit", "status", "both-1", "-o", "json"]);
    let status: Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!((&status["exit_code"], &status["spark_state"]), (&0.into(), &"COMPLETED".into()), "{status}");

    let compare = Path::new(env!("CARGO_MANIFEST_DIR")).join("spark-compat/compare.py");
    let mut command = Command::new(&python);
    command.arg(compare).args(["s3://lake/both", place]).env("AWS_ENDPOINT_URL_S3", &cloud.server.endpoint);
    command.env("AWS_ACCESS_KEY_ID", KEY).env("AWS_SECRET_ACCESS_KEY", SECRET);
    let compared = Answer::from(command.output().unwrap());
    assert_eq!(compared.code, 0, "{}{}", compared.stdout, compared.stderr);
    // All but the profile, whose sketches differ.
    assert_eq!(compared.stdout.matches("same, ").count(), 11, "{}", compared.stdout);
    assert_eq!(compared.stdout.matches("not made on Spark").count(), 1, "{}", compared.stdout);

    // Of a run that failed there is nothing to compare.
    bench.write("queries/refined/broken.sql", "SELECT CAST(name AS int) AS n FROM raw.products");
    let failed = cloud.trapiche(&bench, &cloud.submit(&["--run-id", "both-2", "--with", "spark-compat"]));
    assert_eq!(failed.code, 1, "{}", failed.stderr);
    cloud.until_ended();
    assert_eq!(object(&cloud, "both/_trapiche/submissions/both-2/spark-exit.json").trim(), "");
}

/// EMR's Spark is 3.5, and its Python 3.9.
#[test]
fn what_is_sent_to_spark_is_of_its_pythons_grammar() {
    let Some(python) = aws::python() else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("spark-compat");
    for name in ["kmeans_on_spark", "lake", "places", "run_on_spark", "spark_session"] {
        let script = "import ast, sys; ast.parse(open(sys.argv[1]).read(), feature_version=(3, 9))";
        let parsed =
            Command::new(&python).args(["-c", script]).arg(folder.join(format!("{name}.py"))).output().unwrap();
        assert!(parsed.status.success(), "{name}: {}", String::from_utf8_lossy(&parsed.stderr));
    }
}
