//! The house's rules, checked: a module imports only from the floors below it, and some things have one place.

use std::fs;
use std::path::{Path, PathBuf};

/// From the ground up. Modules of one floor do not know each other; `lake` is below `project` because a
/// project names tables, types and storage of a lake.
const FLOORS: [&[&str]; 10] = [
    &["error"],
    &["config", "lake"],
    &["report", "spark"],
    &["project"],
    &["engine"],
    &["analyze", "demo", "ingest", "transform"],
    &["node", "pipeline"],
    &["cli"],
    &["fuzzing"],
    &["lib", "main"],
];

#[test]
fn modules_import_only_from_the_floors_below() {
    let mut faults = vec![];
    for file in sources() {
        let module = module_of(&file);
        let floor = floor_of(&module).unwrap_or_else(|| panic!("`{module}` stands on no floor: add it to FLOORS"));
        for (line, imported) in imports(&file) {
            let below = floor_of(&imported).is_some_and(|other| other < floor);
            if imported != module && !below {
                faults.push(format!("{}:{line}: `{module}` may not import `{imported}`", file.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn some_things_have_one_place() {
    let rules = [
        (
            "std::env",
            "src/config.rs",
            "the environment is read in config.rs, so that it is known what a run depends on",
        ),
        ("println!", "src/cli", "only the command line prints"),
        ("aws_sdk", "src/aws", "the control plane has one door"),
    ];
    let mut faults = vec![];
    for file in sources() {
        let text = fs::read_to_string(&file).unwrap();
        for (needle, place, why) in rules {
            let here = file.strip_prefix(root()).unwrap();
            let is_excepted = here == Path::new("src/main.rs") || here.starts_with("src/lake/simulation");
            if text.contains(needle) && !here.starts_with(place) && !is_excepted {
                faults.push(format!("{}: `{needle}`: {why}", here.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<PathBuf> {
    fn walk(dir: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, files);
            } else if path.extension().is_some_and(|e| e == "rs") {
                files.push(path);
            }
        }
    }
    let mut files = vec![];
    walk(&root().join("src"), &mut files);
    assert!(files.len() > 20, "the sources were not found");
    files.sort();
    files
}

/// `src/lake/path.rs` → `lake`, `src/transform.rs` → `transform`.
fn module_of(file: &Path) -> String {
    let inside = file.strip_prefix(root().join("src")).unwrap();
    inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_string()
}

fn floor_of(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

/// (line, module) for each `crate::module` or `trapiche::module` named in the file, also in `use crate::{a, b}`.
fn imports(file: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(file).unwrap();
    let mut found = vec![];
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        for root in ["crate::", "trapiche::"] {
            for (at, _) in line.match_indices(root) {
                let rest = &line[at + root.len()..];
                let names: Vec<&str> = match rest.strip_prefix('{') {
                    Some(list) => list.trim_end_matches("};").split(',').map(str::trim).collect(),
                    None => vec![rest],
                };
                for name in names {
                    let word: String = name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                    if floor_of(&word).is_some() {
                        found.push((number + 1, word));
                    }
                }
            }
        }
    }
    found
}
