//! Folder names of partition values, judged by PySpark: it writes thousands of odd ones, and ours must be the same.

use serde::Deserialize;
use trapiche::lake::path;

use crate::spark;

/// What `spark-compat/partition_names.py` prints.
#[derive(Deserialize)]
struct Names {
    folders: Vec<(Option<String>, String)>,
    empty: String,
    unescaped: Vec<(String, String)>,
}

#[test]
fn partition_values_are_spelled_as_spark_spells_them() {
    let folder = tempfile::tempdir().unwrap();
    let Some(answer) = spark::script("partition_names.py", &[folder.path()]) else { return };
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let Names { folders, empty, unescaped } = serde_json::from_str(&answer.stdout).unwrap();

    assert!(folders.len() > 2_000, "only {} values", folders.len());
    for (value, folder) in folders {
        assert_eq!(path::partition_segment("value", value.as_deref()), folder, "the folder of {value:?}");
        assert_eq!(path::parse_partition_segment(&folder), Some(("value".to_string(), value)), "{folder}");
    }
    for (text, read) in unescaped {
        assert_eq!(path::unescape(&text), read, "{text}");
    }
    // This is why we refuse it: whoever reads the folder takes it for null.
    assert_eq!(path::parse_partition_segment(&empty), Some(("value".to_string(), None)));
}
