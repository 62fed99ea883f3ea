//! The cases that are known not to hold yet: `spark-compat/cases/open/<family>.tsv`, one line each. The lists only get
//! shorter: a case that holds must be taken off, and one that is not listed must hold. What differs by design stands in
//! `spark-compat/DIFFERENCES.md` instead.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use trapiche::config;

use super::corpus::{Case, folder};
use super::judge::Status;

/// Set to anything, the lists are written anew, to look at with `git diff`.
const RENEW: &str = "RENEW_OPEN_CASES";

/// Line by line, in the order of the cases.
#[derive(Default)]
pub struct Open {
    lines: Vec<(Key, String)>,
}

/// Mode, number of the table, text.
type Key = (bool, usize, String);

pub fn is_renewed() -> bool {
    config::variable(RENEW).is_some()
}

fn file(family: &str) -> PathBuf {
    folder().join(format!("open/{family}.tsv"))
}

/// How it goes as literals and as columns, for each that is listed.
pub fn read(family: &str) -> BTreeMap<Key, String> {
    let text = fs::read_to_string(file(family)).unwrap_or_default();
    let line = |line: &str| {
        let fields: Vec<&str> = line.splitn(5, '\t').collect();
        let [ansi, table, literals, columns, case] = fields[..] else { panic!("a line of five fields: {line}") };
        let key = (ansi == "true", table.parse().expect("a number"), case.to_string());
        (key, format!("{literals}\t{columns}"))
    };
    text.lines().map(line).collect()
}

/// The same for the cases that hold here and not on workers: mode, family, number of the table, case.
pub fn check_workers(differing: &BTreeMap<String, String>) {
    let file = folder().join("open/_on_workers.tsv");
    if is_renewed() {
        return fs::write(file, differing.keys().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    }
    let text = fs::read_to_string(&file).unwrap_or_default();
    let listed: BTreeSet<&str> = text.lines().collect();
    let new = differing.iter().filter(|(line, _)| !listed.contains(line.as_str()));
    let new: Vec<String> = new.map(|(line, said)| format!("{line}: {said}")).collect();
    let held: Vec<_> = listed.iter().filter(|line| !differing.contains_key(**line)).collect();
    let words = format!("differ on workers:\n{}\nhold there now: {held:?}", new.join("\n"));
    assert!(
        new.is_empty() && held.is_empty(),
        "{words}\nThe list `{}` is written anew with {RENEW}=1.",
        file.display()
    );
}

/// The texts of the family's cases in the table of `DIFFERENCES.md`: `| family | `case` | reason |`.
pub fn by_design(family: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(folder().join("../DIFFERENCES.md")).unwrap();
    let row = |line: &str| {
        let row = line.strip_prefix("| ")?.strip_prefix(family)?.strip_prefix(" | `")?;
        Some(row.split_once("` | ")?.0.replace("\\|", "|"))
    };
    text.lines().filter_map(row).collect()
}

impl Open {
    pub fn add(&mut self, ansi: bool, table: usize, case: &Case, literals: Status, columns: Status) {
        if literals.max(columns) > Status::Equal {
            self.lines.push(((ansi, table, case.text.clone()), format!("{literals}\t{columns}")));
        }
    }

    /// Fails where the list says otherwise, or writes it.
    pub fn check(mut self, family: &str) {
        for case in by_design(family) {
            let before = self.lines.len();
            self.lines.retain(|((_, _, text), _)| *text != case);
            assert!(
                self.lines.len() < before,
                "{family}: DIFFERENCES.md says that this differs, and it does not: {case}"
            );
        }
        if is_renewed() {
            let line = |((ansi, table, case), how): &(Key, String)| format!("{ansi}\t{table}\t{how}\t{case}\n");
            return match self.lines.iter().map(line).collect::<String>() {
                text if text.is_empty() => drop(fs::remove_file(file(family))),
                text => fs::write(file(family), text).unwrap(),
            };
        }
        let mut listed = read(family);
        let mut differences = vec![];
        for ((ansi, table, case), how) in &self.lines {
            let was = listed.remove(&(*ansi, *table, case.clone()));
            if was.as_ref() != Some(how) {
                let was = was.unwrap_or("equal".into());
                differences.push(format!("was {was}, is {how} (ansi: {ansi}, table {table}): {case}"));
            }
        }
        let held = listed.keys().map(|(ansi, table, case)| format!("holds now (ansi: {ansi}, table {table}): {case}"));
        differences.extend(held);
        assert!(
            differences.is_empty(),
            "{family}: {} cases are not as `{}` says:\n{}\nThe list is written anew with {RENEW}=1.",
            differences.len(),
            file(family).display(),
            differences.join("\n").replace('\t', "/")
        );
    }
}
