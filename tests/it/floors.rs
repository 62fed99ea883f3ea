//! The house's rules, checked: a module imports only from the floors below it, and some things have one place.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// From the ground up. Modules of one floor do not know each other.
const FLOORS: [&[&str]; 14] = [
    &["error", "hints", "machine", "units"],
    &["config"],
    &["aws", "spark"],
    &["formats"],
    &["lake"],
    &["project", "report"],
    &["engine"],
    &["demo", "ingest", "publish", "transform"],
    &["analyze", "assess", "init"],
    &["node", "pipeline"],
    &["serve", "submit"],
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

/// Inside a folder, too: its files and folders, as far as they are no tests, import one another in one direction. What
/// they share is in the folder's own `mod.rs`, which stands for the folder.
#[test]
fn siblings_do_not_import_in_a_circle() {
    let modules: BTreeMap<Vec<String>, PathBuf> =
        sources().into_iter().map(|file| (path_of(&file), file)).filter(|(module, _)| !is_test(module)).collect();
    // From one sibling to another, with a line that says so.
    let mut imported: BTreeMap<Vec<String>, BTreeMap<Vec<String>, String>> = BTreeMap::new();
    for (module, file) in &modules {
        for (line, path) in paths(module, file) {
            let Some(other) = (1..=path.len()).rev().map(|n| &path[..n]).find(|path| modules.contains_key(*path))
            else {
                continue;
            };
            let common = module.iter().zip(other).take_while(|(a, b)| a == b).count();
            if common < module.len() && common < other.len() {
                let (from, to) = (module[..=common].to_vec(), other[..=common].to_vec());
                let example = format!("{}:{line} imports {}", file.display(), other.join("::"));
                imported.entry(from).or_default().entry(to).or_insert(example);
            }
        }
    }
    let mut faults = vec![];
    for start in imported.keys() {
        // Back to where it began, by any way: each edge that lies on one is named.
        for (to, example) in &imported[start] {
            if reaches(&imported, to, start) {
                faults.push(format!("{} and {} import each other: {example}", start.join("::"), to.join("::")));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn reaches(
    imported: &BTreeMap<Vec<String>, BTreeMap<Vec<String>, String>>,
    from: &Vec<String>,
    to: &Vec<String>,
) -> bool {
    let (mut seen, mut left) = (BTreeSet::from([from]), vec![from]);
    while let Some(at) = left.pop() {
        if at == to {
            return true;
        }
        left.extend(imported.get(at).into_iter().flat_map(BTreeMap::keys).filter(|next| seen.insert(next)));
    }
    false
}

/// Of types that a module defines for more than one of its functions; tests have their own.
#[test]
fn a_type_name_has_one_meaning() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in sources().iter().filter(|file| !is_test(&path_of(file))) {
        let text = fs::read_to_string(file).unwrap();
        for line in text.split("#[cfg(test)]\nmod ").next().unwrap_or_default().lines() {
            let line = line.strip_prefix("pub ").or(line.strip_prefix("pub(crate) ")).unwrap_or(line);
            let line = line.strip_prefix("pub(").and_then(|rest| rest.split_once(") ")).map_or(line, |(_, rest)| rest);
            let name = ["struct ", "enum ", "trait ", "type "].iter().find_map(|word| line.strip_prefix(word));
            if let Some(name) = name {
                let end = name.find(|c: char| !c.is_alphanumeric()).unwrap_or(name.len());
                places.entry(name[..end].to_string()).or_default().push(file.display().to_string());
            }
        }
    }
    let twice: Vec<_> = places.iter().filter(|(_, files)| files.len() > 1).collect();
    assert!(places.len() > 200 && twice.is_empty(), "{twice:#?}");
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

/// `src/lake/table/mod.rs` → `lake`, `table`.
fn path_of(file: &Path) -> Vec<String> {
    let inside = file.strip_prefix(root().join("src")).unwrap().with_extension("");
    let mut path: Vec<String> = inside.iter().map(|part| part.to_str().unwrap().to_string()).collect();
    path.pop_if(|last| last == "mod");
    path
}

/// Tests may look at whatever they like.
fn is_test(module: &[String]) -> bool {
    let tests = ["tests", "docs_page", "simulation"];
    module.iter().any(|part| tests.contains(&part.as_str()))
}

/// (line, absolute path) of what a file names by `crate::…` or `super::…`, outside its tests.
fn paths(module: &[String], file: &Path) -> Vec<(usize, Vec<String>)> {
    let text = fs::read_to_string(file).unwrap();
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let mut found = vec![];
    let mut code = String::new();
    for (number, line) in text.lines().enumerate() {
        code += line.split("//").next().unwrap_or_default();
        // A list may go on over several lines.
        if code.trim_start().starts_with("use ") && !code.contains(';') {
            continue;
        }
        let code = std::mem::take(&mut code);
        for start in ["crate::", "super::"] {
            for (at, _) in code.match_indices(start) {
                // Of `super::super::x` only the first one begins a path.
                if code[..at].ends_with("::") {
                    continue;
                }
                let mut rest = &code[at..];
                let mut base: Vec<String> = if start == "crate::" { vec![] } else { module.to_vec() };
                while let Some(after) = rest.strip_prefix("super::") {
                    base.pop();
                    rest = after;
                }
                rest = rest.strip_prefix("crate::").unwrap_or(rest);
                let (path, list) = rest.split_once('{').map_or((rest, None), |(path, list)| (path, Some(list)));
                let names = |path: &str| -> Vec<String> {
                    let end = path.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').unwrap_or(path.len());
                    path[..end].split("::").filter(|name| !name.is_empty()).map(str::to_string).collect()
                };
                let path = [base, names(path)].concat();
                match list {
                    None => found.push((number + 1, path)),
                    Some(list) => found.extend(
                        list.split(['}', ';'])
                            .next()
                            .unwrap_or_default()
                            .split(',')
                            .map(str::trim)
                            .map(|name| (number + 1, [path.clone(), names(name)].concat())),
                    ),
                }
            }
        }
    }
    found
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
