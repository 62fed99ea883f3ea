//! Selections, in dbt's words: `name`, `+name` with all it reads, `name+` with all that reads it, `tag:x`, `trusted.*`.
//!
//! Several are joined. <https://docs.getdbt.com/reference/node-selection/syntax>

use std::collections::BTreeSet;
use std::path::Path;

use super::{Broken, Dataset, Project};
use crate::error::{Error, Result};
use crate::hints::suggest;
use crate::lake::TableName;

/// Indices into `project.datasets`, in the order in which they are made; all when `select` is empty.
pub fn select(project: &Project, select: &[String], exclude: &[String]) -> Result<Vec<usize>> {
    Ok(chosen(&nodes(project), select, exclude)?.into_iter().filter_map(|node| node.dataset).collect())
}

/// The files of all that is selected, be there a fault in them or not.
pub fn files<'a>(project: &'a Project, select: &[String], exclude: &[String]) -> Result<BTreeSet<&'a Path>> {
    Ok(chosen(&nodes(project), select, exclude)?.into_iter().map(|node| node.file).collect())
}

/// A dataset in its place among the others.
#[derive(Clone, Copy)]
struct Placed<'a> {
    file: &'a Path,
    outputs: &'a [TableName],
    inputs: &'a [TableName],
    tags: &'a [String],
    /// `None` for a broken one.
    dataset: Option<usize>,
}

/// All of them, each after all that it reads.
fn nodes(project: &Project) -> Vec<Placed<'_>> {
    let mut broken = project.broken.iter().peekable();
    let mut nodes = vec![];
    for at in 0..=project.datasets.len() {
        while let Some(Broken { file, outputs, inputs, .. }) = broken.next_if(|broken| broken.after == at) {
            nodes.push(Placed { file, outputs, inputs, tags: &[], dataset: None });
        }
        if let Some(Dataset { file, outputs, inputs, tags, .. }) = project.datasets.get(at) {
            nodes.push(Placed { file, outputs, inputs, tags, dataset: Some(at) });
        }
    }
    nodes
}

fn chosen<'a>(nodes: &[Placed<'a>], select: &[String], exclude: &[String]) -> Result<Vec<Placed<'a>>> {
    let mut chosen: BTreeSet<usize> = (0..nodes.len()).filter(|_| select.is_empty()).collect();
    for selector in select {
        chosen.extend(matching(nodes, selector)?);
    }
    for selector in exclude {
        for at in matching(nodes, selector)? {
            chosen.remove(&at);
        }
    }
    Ok(chosen.into_iter().map(|at| nodes[at]).collect())
}

fn matching(nodes: &[Placed], selector: &str) -> Result<BTreeSet<usize>> {
    let (up, rest) = selector.strip_prefix('+').map_or((false, selector), |rest| (true, rest));
    let (down, word) = rest.strip_suffix('+').map_or((false, rest), |rest| (true, rest));
    let found: BTreeSet<usize> = (0..nodes.len()).filter(|at| is_meant(&nodes[*at], word)).collect();
    if found.is_empty() {
        return Err(unknown(nodes, word));
    }
    let mut all = found.clone();
    // They are in the order of their making, so one pass in each direction finds everything.
    if up {
        let mut above = found.clone();
        for at in (0..nodes.len()).rev() {
            let is_read = above.iter().any(|reader| reads(&nodes[*reader], &nodes[at]));
            above.extend(is_read.then_some(at));
        }
        all.extend(above);
    }
    if down {
        let mut below = found;
        for at in 0..nodes.len() {
            let does_read = below.iter().any(|read| reads(&nodes[at], &nodes[*read]));
            below.extend(does_read.then_some(at));
        }
        all.extend(below);
    }
    Ok(all)
}

fn reads(reader: &Placed, read: &Placed) -> bool {
    reader.inputs.iter().any(|input| read.outputs.contains(input))
}

fn is_meant(node: &Placed, word: &str) -> bool {
    if let Some(tag) = word.strip_prefix("tag:") {
        return node.tags.iter().any(|known| known == tag);
    }
    let word = word.to_lowercase();
    node.outputs.iter().any(|table| matches_glob(&word, &table.name) || matches_glob(&word, &table.to_string()))
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

fn unknown(nodes: &[Placed], word: &str) -> Error {
    if let Some(tag) = word.strip_prefix("tag:") {
        let tags: BTreeSet<&str> = nodes.iter().flat_map(|node| node.tags).map(String::as_str).collect();
        return Error::config(format!("no dataset has the tag `{tag}`")).hint(suggest(tag, tags));
    }
    let full: Vec<String> = nodes.iter().flat_map(|node| node.outputs).map(|table| table.to_string()).collect();
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
