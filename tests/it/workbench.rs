//! A folder with a project in it, the program to run on it, and ways to look at what it wrote.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

/// A project in a temporary folder, gone when dropped.
pub struct Workbench {
    pub dir: tempfile::TempDir,
}

impl Workbench {
    /// The repository's own project: the demo store.
    pub fn demo() -> Self {
        let bench = Workbench { dir: tempfile::tempdir().unwrap() };
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
        for file in ["trapiche.yml", "queries", "models"] {
            copy(&repository.join(file), &bench.path(file));
        }
        bench
    }

    /// A project of these files: (path, content).
    pub fn of(files: &[(&str, &str)]) -> Self {
        let bench = Workbench { dir: tempfile::tempdir().unwrap() };
        for (path, content) in files {
            bench.write(path, content);
        }
        bench
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.dir.path().join(relative)
    }

    pub fn write(&self, relative: &str, content: &str) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trapiche"));
        command.current_dir(self.dir.path()).args(args).env_remove("DEMO_SCALE");
        command
    }

    pub fn trapiche(&self, args: &[&str]) -> Answer {
        Answer::from(self.command(args).output().unwrap())
    }

    /// Runs the project and gives its report; panics with the program's words if it fails.
    pub fn run(&self, args: &[&str]) -> Value {
        let answer = self.trapiche(&[&["run", "-o", "json"], args].concat());
        assert_eq!(answer.code, 0, "{}\n{}", answer.stdout, answer.stderr);
        serde_json::from_str(&answer.stdout).unwrap()
    }

    /// The rows of a query, as JSON objects.
    pub fn query(&self, sql: &str) -> Vec<Value> {
        let answer = self.trapiche(&["query", "-o", "json", sql]);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        serde_json::from_str(&answer.stdout).unwrap()
    }

    /// The table's rows, read from its folder as Hive and Spark would, each as `column=value` texts, sorted.
    pub fn hive_rows(&self, table: &str) -> Vec<String> {
        let root = self.path(&format!("lake/{table}"));
        let mut rows = vec![];
        for file in files_below(&root).iter().filter(|file| file.ends_with(".parquet")) {
            let keys: Vec<String> =
                Path::new(file).parent().unwrap().iter().map(|part| part.to_str().unwrap().to_string()).collect();
            let reader = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(root.join(file)).unwrap()).unwrap();
            for batch in reader.build().unwrap() {
                rows.extend(texts(&batch.unwrap()).into_iter().map(|mut row| {
                    row.extend(keys.clone());
                    row.join(" ")
                }));
            }
        }
        rows.sort();
        rows
    }

    /// Every file of the lake: path and content of all that is not named after a run.
    pub fn lake_files(&self) -> Vec<String> {
        files_below(&self.path("lake"))
    }

    /// What the lake says, whatever runs made it: each visible table's rows and each source's newest bytes.
    pub fn lake_content(&self) -> BTreeMap<String, Vec<String>> {
        let mut content = BTreeMap::new();
        for zone in ["trusted", "refined", "quarantine/trusted", "quarantine/refined"] {
            for table in folders(&self.path(&format!("lake/{zone}"))) {
                let name = format!("{zone}/{table}");
                content.insert(name.clone(), self.hive_rows(&name));
            }
        }
        for source in folders(&self.path("lake/raw")) {
            let root = self.path(&format!("lake/raw/{source}"));
            let manifests: Vec<String> =
                files_below(&root).into_iter().filter(|file| file.ends_with("_landing.json")).collect();
            let landings = manifests.iter().map(|file| {
                let landing: Value = serde_json::from_str(&fs::read_to_string(root.join(file)).unwrap()).unwrap();
                landing["sha256"].as_str().unwrap().to_string()
            });
            content.insert(format!("raw/{source}"), landings.collect());
        }
        content
    }
}

/// What the program said and how it ended.
pub struct Answer {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        Answer {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Paths of all files below a folder, relative to it, sorted; none if there is no such folder.
pub fn files_below(root: &Path) -> Vec<String> {
    fn walk(root: &Path, dir: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(dir).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, found);
            } else {
                found.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_string());
            }
        }
    }
    let mut found = vec![];
    walk(root, root, &mut found);
    found.sort();
    found
}

fn folders(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).into_iter().flatten().map(|entry| entry.unwrap());
    entries.filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name().into_string().unwrap()).collect()
}

fn texts(batch: &RecordBatch) -> Vec<Vec<String>> {
    let options = FormatOptions::new().with_null("NULL");
    let schema: &Schema = batch.schema_ref();
    let columns: Vec<ArrayFormatter> =
        batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
    let cell =
        |row: usize, (i, column): (usize, &ArrayFormatter)| format!("{}={}", schema.field(i).name(), column.value(row));
    (0..batch.num_rows()).map(|row| columns.iter().enumerate().map(|column| cell(row, column)).collect()).collect()
}

/// A folder with all that is in it, or a file.
pub fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}

/// A port that nobody has, and no test was given.
///
/// It lies below those that the system gives to connections: of these one may be given, between this and the moment when
/// a server listens, to whoever connects somewhere, even to the one who tries whether the server is there.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id() * 100;
    let ports = std::iter::repeat_with(|| first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)));
    let mut ports = ports.map(|number| 20_000 + (number % 12_000) as u16);
    ports.find(|&port| TcpListener::bind(("127.0.0.1", port)).is_ok()).unwrap()
}

/// A server that says the same to everyone, as long as the tests run.
pub fn answering(status: &str, body: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}
