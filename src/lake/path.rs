//! The object names of tables and runs are made here, and Hive's spelling of partition values with them; those of
//! captures are made in [`landing`](super::landing).
//!
//! Pure functions, no store. The escaping is Hive's `FileUtils.escapePathName`, which Spark's
//! `ExternalCatalogUtils` repeats: `%XX` for control characters and ``" # % ' * / : = ? \ { [ ] ^``;
//! null is spelled [`HIVE_NULL`].

use super::TableName;

/// How Hive, Spark and Athena spell a null partition value.
pub const HIVE_NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// The value of one partition column; `None` is null.
pub type PartitionValue = Option<String>;

/// `trusted/sales`: the folder that plain readers of the table open.
pub fn table_dir(table: &TableName) -> String {
    format!("{}/{}", table.zone, table.name)
}

/// `trusted/sales/category=a%2Fb/part-<run>-<task>-<n>.parquet`
pub fn data_file(
    dir: &str,
    columns: &[String],
    values: &[PartitionValue],
    run_id: &str,
    task: usize,
    n: usize,
) -> String {
    let mut path = format!("{dir}/");
    for (column, value) in columns.iter().zip(values) {
        path.push_str(&partition_segment(column, value.as_deref()));
        path.push('/');
    }
    path.push_str(&format!("part-{run_id}-{task:04}-{n:04}.parquet"));
    path
}

/// `versions/trusted/sales`: the folders of the runs that wrote a table whose files are replaced elsewhere than where they lie.
pub fn runs_dir(table: &TableName) -> String {
    format!("{VERSIONS}/{}", table_dir(table))
}

/// `versions/trusted/sales/<run>`: what one run wrote of it.
pub fn run_dir(table: &TableName, run_id: &str) -> String {
    format!("{}/{run_id}", runs_dir(table))
}

/// Holds the files of tables that are read as one version or the next. No folder in it is a table.
pub const VERSIONS: &str = "versions";

/// `quarantine/trusted/sales`: the folder of the rows that broke a check, with their reasons; never partitioned.
pub fn quarantine_dir(table: &TableName) -> String {
    format!("quarantine/{}", table_dir(table))
}

/// `_trapiche/tables/trusted/sales`: the table's versions, out of sight of plain readers.
pub fn versions_dir(table: &TableName) -> String {
    format!("{TABLES}/{}", table_dir(table))
}

/// Holds one folder of versions for each table that was ever made.
pub const TABLES: &str = "_trapiche/tables";

/// `…/v00000012.json`
pub fn version_file(table: &TableName, version: u64) -> String {
    format!("{}/v{version:08}.json", versions_dir(table))
}

/// The version number that [`version_file`] wrote into a file name.
pub fn parse_version(file_name: &str) -> Option<u64> {
    file_name.strip_prefix('v')?.strip_suffix(".json")?.parse().ok()
}

/// `…/oldest-00000012.json`: versions below that number are not kept any longer, though their objects may be there.
pub fn oldest_file(table: &TableName, version: u64) -> String {
    format!("{}/oldest-{version:08}.json", versions_dir(table))
}

/// The version number that [`oldest_file`] wrote into a file name.
pub fn parse_oldest(file_name: &str) -> Option<u64> {
    file_name.strip_prefix("oldest-")?.strip_suffix(".json")?.parse().ok()
}

/// `…/pending-00000012-<run>.json`: a run's commit under way. With run and number in its name, whoever removes it late
/// removes no other's.
pub fn pending_file(table: &TableName, version: u64, run_id: &str) -> String {
    format!("{}/{PENDING}{version:08}-{run_id}.json", versions_dir(table))
}

/// Whether a file name is one of [`pending_file`], of whatever form.
pub fn is_pending(file_name: &str) -> bool {
    file_name.starts_with("pending")
}

/// The number and the run that [`pending_file`] wrote into a file name.
pub fn parse_pending(file_name: &str) -> Option<(u64, &str)> {
    let (number, run_id) = file_name.strip_prefix(PENDING)?.strip_suffix(".json")?.split_once('-')?;
    Some((number.parse().ok()?, run_id))
}

const PENDING: &str = "pending-";

/// `…/nodes/v00000012-<run>-0001.json`: a node of the tree of files, as version 12 made it.
pub fn node_file(table: &TableName, version: u64, run_id: &str, n: usize) -> String {
    format!("{}/nodes/v{version:08}-{run_id}-{n:04}.json", versions_dir(table))
}

/// Whether [`node_file`] made it.
pub fn is_node(path: &str) -> bool {
    path.starts_with(TABLES) && path.contains("/nodes/")
}

/// `_trapiche/sources/products`: what a source is, one state after the other, and the captures under way.
pub fn source_dir(source: &str) -> String {
    format!("{SOURCES}/{source}")
}

/// Holds one folder of states for each source that was ever captured.
pub const SOURCES: &str = "_trapiche/sources";

/// `…/s00000012.json`
pub fn state_file(source: &str, sequence: u64) -> String {
    format!("{}/s{sequence:08}.json", source_dir(source))
}

/// The number that [`state_file`] wrote into a file name.
pub fn parse_state(file_name: &str) -> Option<u64> {
    file_name.strip_prefix('s')?.strip_suffix(".json")?.parse().ok()
}

/// `…/capture-<run>.json`: a capture under way.
pub fn capture_note(source: &str, run_id: &str) -> String {
    format!("{}/{CAPTURE_NOTE}{run_id}.json", source_dir(source))
}

pub fn is_capture_note(file_name: &str) -> bool {
    file_name.starts_with(CAPTURE_NOTE)
}

const CAPTURE_NOTE: &str = "capture-";

/// `_trapiche/attic/trusted/sales/…`: where a replaced file stays for a while, out of sight of plain readers.
pub fn attic_file(file: &str) -> String {
    format!("{ATTIC}/{file}")
}

/// Holds the replaced files of all tables, each under its whole path.
pub const ATTIC: &str = "_trapiche/attic";

/// `_trapiche/staging/<run>`: what a run keeps until its commits.
pub fn staging_dir(run_id: &str) -> String {
    format!("{STAGING}/{run_id}")
}

/// `_trapiche/staging/<run>/trusted/sales/…parquet`: where the file of that path waits.
pub fn staged_file(run_id: &str, path: &str) -> String {
    format!("{}/{path}", staging_dir(run_id))
}

/// `_trapiche/staging/<run>/merge/trusted/sales`: the rows that a merge brings, where they can be read more than once.
pub fn merge_dir(run_id: &str, table: &TableName) -> String {
    format!("{}/merge/{}", staging_dir(run_id), table_dir(table))
}

/// `…parquet.upload.json`: the note that says that a staged file is an open upload.
pub fn upload_note(staged_file: &str) -> String {
    format!("{staged_file}{UPLOAD_NOTE}")
}

pub fn is_upload_note(path: &str) -> bool {
    path.ends_with(UPLOAD_NOTE)
}

const UPLOAD_NOTE: &str = ".upload.json";

/// `_trapiche/runs/<run>.0001.json`: a run at work and what it makes. Each renewal is the next generation.
pub fn claim_file(run_id: &str, generation: u64) -> String {
    format!("{CLAIMS}/{run_id}.{generation:04}.json")
}

/// The run and the generation that [`claim_file`] wrote into a path.
pub fn parse_claim(path: &str) -> Option<(&str, u64)> {
    let name = path.strip_prefix(CLAIMS)?.strip_prefix('/')?.strip_suffix(".json")?;
    let (run_id, generation) = name.rsplit_once('.')?;
    Some((run_id, generation.parse().ok()?))
}

/// Holds one object for each run at work, two while it is renewed.
pub const CLAIMS: &str = "_trapiche/runs";

/// Holds one folder for each run that stages files.
pub const STAGING: &str = "_trapiche/staging";

/// What is written to find out whether the lake can be, and removed at once.
pub fn probe(run_id: &str) -> String {
    format!("_trapiche/probes/{run_id}")
}

/// `_trapiche/releases/0.1.0/project-3f2a….tar.gz`: what clusters fetch, under names that say what is in it.
pub fn release_file(version: &str, stem: &str, hash: &str, ending: &str) -> String {
    format!("_trapiche/releases/{version}/{stem}-{hash}{ending}")
}

/// `_trapiche/submissions/<name>`: what is kept of a run that was submitted to a cluster.
pub fn submission_dir(name: &str) -> String {
    format!("_trapiche/submissions/{name}")
}

/// `_trapiche/spark/<name>`: the tables that Spark has made of a run's landings.
pub fn spark_dir(name: &str) -> String {
    format!("_trapiche/spark/{name}")
}

/// `_runs/<run>.json`
pub fn run_report(run_id: &str) -> String {
    format!("{RUNS}/{run_id}.json")
}

/// Holds the report of every run.
pub const RUNS: &str = "_runs";

/// `category=men%27s clothing`
pub fn partition_segment(column: &str, value: Option<&str>) -> String {
    format!("{}={}", escape(column), value.map_or(HIVE_NULL.to_string(), escape))
}

/// Reads [`partition_segment`] back.
pub fn parse_partition_segment(segment: &str) -> Option<(String, PartitionValue)> {
    let (column, value) = segment.split_once('=')?;
    Some((unescape(column), (value != HIVE_NULL).then(|| unescape(value))))
}

/// Hive's percent-encoding of one name or value.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if needs_escape(c) {
            out.push_str(&format!("%{:02X}", c as u32));
        } else {
            out.push(c);
        }
    }
    out
}

/// The inverse of [`escape`]. As in Spark, a `%` that begins no escape stands for itself, and one of more than ASCII,
/// which nobody writes, is a character of Latin-1.
pub fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, after)) = rest.split_once('%') {
        out.push_str(plain);
        let escaped = after.get(..2).filter(|hex| hex.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(code) => {
                out.push(char::from(code));
                rest = &after[2..];
            }
            None => {
                out.push('%');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn needs_escape(c: char) -> bool {
    matches!(
        c,
        '\x01'..='\x1f' | '\x7f' | '"' | '#' | '%' | '\'' | '*' | '/' | ':' | '=' | '?' | '\\' | '{' | '[' | ']' | '^'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spells_values_as_hive_does() {
        let spelled = |value| partition_segment("category", value);
        assert_eq!(spelled(Some("men's clothing")), "category=men%27s clothing");
        assert_eq!(spelled(Some("a/b")), "category=a%2Fb");
        assert_eq!(spelled(Some("50%")), "category=50%25");
        assert_eq!(spelled(Some("x=y:z")), "category=x%3Dy%3Az");
        assert_eq!(spelled(Some("ñandú {}")), "category=ñandú %7B}");
        assert_eq!(spelled(None), "category=__HIVE_DEFAULT_PARTITION__");
    }

    proptest! {
        #[test]
        fn parsing_a_segment_gives_back_its_parts(column in "\\PC{1,12}", value in proptest::option::of("(?s).{1,20}")) {
            prop_assume!(value.as_deref() != Some(HIVE_NULL) && !value.as_deref().unwrap_or("").contains('\0'));
            let segment = partition_segment(&column, value.as_deref());
            prop_assert!(!segment.contains('/'));
            prop_assert_eq!(parse_partition_segment(&segment), Some((column, value)));
        }
    }
}
