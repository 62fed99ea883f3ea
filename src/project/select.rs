//! Selections, in dbt's words: `name`, `+name` with all it reads, `name+` with all that reads it, `tag:x`, `trusted.*`.
//!
//! Several are joined. <https://docs.getdbt.com/reference/node-selection/syntax>

use std::collections::BTreeSet;

use super::faults::suggest;
use super::{Dataset, Project};
use crate::error::{Error, Result};

/// Indices into `project.datasets`, in the order in which they are made; all when `select` is empty.
pub fn select(project: &Project, select: &[String], exclude: &[String]) -> Result<Vec<usize>> {
    let mut chosen: BTreeSet<usize> = (0..project.datasets.len()).filter(|_| select.is_empty()).collect();
    for selector in select {
        chosen.extend(matching(&project.datasets, selector)?);
    }
    for selector in exclude {
        for at in matching(&project.datasets, selector)? {
            chosen.remove(&at);
        }
    }
    Ok(chosen.into_iter().collect())
}

fn matching(datasets: &[Dataset], selector: &str) -> Result<BTreeSet<usize>> {
    let (up, rest) = selector.strip_prefix('+').map_or((false, selector), |rest| (true, rest));
    let (down, word) = rest.strip_suffix('+').map_or((false, rest), |rest| (true, rest));
    let found: BTreeSet<usize> = (0..datasets.len()).filter(|at| is_meant(&datasets[*at], word)).collect();
    if found.is_empty() {
        return Err(unknown(datasets, word));
    }
    let mut all = found.clone();
    // The datasets are in the order of their making, so one pass in each direction finds everything.
    if up {
        let mut above = found.clone();
        for at in (0..datasets.len()).rev() {
            let is_read = above.iter().any(|reader| reads(&datasets[*reader], &datasets[at]));
            above.extend(is_read.then_some(at));
        }
        all.extend(above);
    }
    if down {
        let mut below = found;
        for at in 0..datasets.len() {
            let does_read = below.iter().any(|read| reads(&datasets[at], &datasets[*read]));
            below.extend(does_read.then_some(at));
        }
        all.extend(below);
    }
    Ok(all)
}

fn reads(reader: &Dataset, read: &Dataset) -> bool {
    reader.inputs.iter().any(|input| read.outputs.contains(input))
}

fn is_meant(dataset: &Dataset, word: &str) -> bool {
    if let Some(tag) = word.strip_prefix("tag:") {
        return dataset.tags.iter().any(|known| known == tag);
    }
    let word = word.to_lowercase();
    dataset.outputs.iter().any(|table| matches_glob(&word, &table.name) || matches_glob(&word, &table.to_string()))
}

/// Whether a text has the form of a pattern, whose `*` stands for any number of characters.
fn matches_glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| matches_glob(rest, &text[at..]))
        }),
    }
}

fn unknown(datasets: &[Dataset], word: &str) -> Error {
    if let Some(tag) = word.strip_prefix("tag:") {
        let tags: BTreeSet<&str> = datasets.iter().flat_map(|dataset| &dataset.tags).map(String::as_str).collect();
        return Error::config(format!("no dataset has the tag `{tag}`")).hint(suggest(tag, tags));
    }
    let full: Vec<String> =
        datasets.iter().flat_map(|dataset| &dataset.outputs).map(|table| table.to_string()).collect();
    let short = full.iter().filter_map(|name| Some(name.split_once('.')?.1));
    let known: Vec<&str> = if word.contains('.') { full.iter().map(String::as_str).collect() } else { short.collect() };
    Error::config(format!("the selection `{word}` matches no dataset")).hint(suggest(word, known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        assert!(matches_glob("trusted.*", "trusted.sales"));
        assert!(matches_glob("*_by_*", "revenue_by_month"));
        assert!(matches_glob("sales", "sales"));
        assert!(!matches_glob("sale", "sales"));
        assert!(!matches_glob("*x", "sales"));
    }
}
