//! Queries: one `.sql` file is one dataset; its header says what SQL can't.

use serde::Serialize;

use super::check::{self, Check};
use super::draft::{Defined, Name};
use super::faults::Faults;
use super::one_or_more::OneOrMore;
use super::projection::{self, ProjectedValues};
use super::read::{At, given, given_or, names, names_of, places, places_of, read, words};
use super::spec::{DedupeSpec, HeaderSpec, ReadsSpec};
use super::yaml;
use crate::error::Span;
use crate::lake::table::version::FileLayout;
use crate::spark::sql::{self, Parsed, Reference};

/// A `.sql` file and what its header says that SQL can't.
#[derive(Debug, Clone)]
pub struct Query {
    pub parsed: Parsed,
    pub partition_by: Vec<String>,
    pub write: WriteMode,
    /// The columns by which rows are merged; empty with other modes.
    pub key: Vec<String>,
    /// Where its files lie.
    pub layout: FileLayout,
    /// What the values of its partition columns may be, in their order; `None` where Glue lists the partitions.
    pub projection: Option<Vec<ProjectedValues>>,
    pub checks: Vec<Check>,
    pub dedupe: Option<Dedupe>,
}

/// Of the rows that keep the checks, only the latest of each key is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Dedupe {
    pub key: Vec<String>,
    /// The row with the greatest values is the latest. None of them is in the key.
    pub latest_by: Vec<String>,
}

/// What a write does to what the table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WriteMode {
    /// Refuse when the table already holds a version.
    Error,
    /// Add files; keep all that is there.
    Append,
    /// Replace the whole table.
    #[default]
    Overwrite,
    /// Replace the partitions that the result has rows for; keep the others. Without partitions, the whole table.
    OverwritePartitions,
    /// Replace the rows that have a key of the result's, add those that have none; keep all others.
    Merge,
}

/// Reads a `.sql` file. What it reads from is known as soon as its SQL parses, even if its header is broken.
pub fn check(faults: &mut Faults) -> (Vec<Reference>, Option<Defined<Query>>) {
    let text = faults.file.text.clone();
    let spec = match header_of(&text) {
        Header::None => Some(HeaderSpec::default()),
        Header::Open(span) => {
            faults.add(&span, "the header is not closed").hint("end it with `*/`");
            return (vec![], None);
        }
        Header::Yaml(span) => yaml::parse(span, faults).and_then(|node| read::<HeaderSpec>(&node, faults)),
    };
    let checked = spec.and_then(|spec| header(&spec, faults));
    let parsed = match sql::parse(&text) {
        Ok(parsed) if sql::is_query(&parsed.statement) => parsed,
        Ok(Parsed { statement, span, .. }) => {
            faults.add(&span, "this is not a SELECT").hint("the table is made from the rows of a SELECT");
            return (sql::references(&statement, &text), None);
        }
        Err(fault) => {
            faults.add(&fault.span, fault.message).hint = fault.hint;
            return (vec![], None);
        }
    };
    let references = sql::references(&parsed.statement, &text);
    let defined = checked.map(|checked| {
        let Checked { description, tags, partition_by, named, write, key, layout, projection, checks, dedupe } =
            checked;
        let by = if key.is_empty() { String::new() } else { format!(" by {key:?}") };
        let reads = if layout == FileLayout::Runs { "\nreads atomic" } else { "" };
        let latest = dedupe
            .as_ref()
            .map_or(String::new(), |Dedupe { key, latest_by }| format!("\ndedupe {key:?} latest_by {latest_by:?}"));
        let fingerprint_text = format!(
            "{}\npartition_by {partition_by:?}\nwrite {write:?}{by}{reads}\nchecks {}{latest}",
            parsed.written,
            check::fingerprint_text(&checks)
        );
        let query = Query { parsed, partition_by, write, key, layout, projection, checks, dedupe };
        Defined { description, tags, fingerprint_text, named, definition: query }
    });
    (references, defined)
}

enum Header {
    None,
    /// A header without an end, where it starts.
    Open(Span),
    Yaml(Span),
}

/// The header is the first thing in the file but for white space and `--` comments: `/* trapiche … */`.
fn header_of(text: &str) -> Header {
    let mut rest = text.trim_start();
    while rest.starts_with("--") {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
    }
    let start = text.len() - rest.len();
    let Some(comment) = rest.strip_prefix("/*") else { return Header::None };
    let Some(yaml) = comment.trim_start().strip_prefix("trapiche") else { return Header::None };
    if !yaml.starts_with(char::is_whitespace) && !yaml.starts_with("*/") {
        return Header::None;
    }
    let yaml_start = text.len() - yaml.len();
    match yaml.find("*/") {
        Some(length) => Header::Yaml(yaml_start..yaml_start + length),
        None => Header::Open(start..start + rest.lines().next().unwrap_or_default().len()),
    }
}

struct Checked {
    description: Option<String>,
    tags: Vec<String>,
    partition_by: Vec<String>,
    named: Vec<Name>,
    write: WriteMode,
    key: Vec<String>,
    layout: FileLayout,
    projection: Option<Vec<ProjectedValues>>,
    checks: Vec<Check>,
    dedupe: Option<Dedupe>,
}

fn header(spec: &HeaderSpec, faults: &mut Faults) -> Option<Checked> {
    let partition_by = names(&spec.partition_by, faults);
    let write = given_or(&spec.write, WriteMode::default());
    let key = key(spec, write, faults);
    let layout = layout(spec, write, faults);
    let projection = projection::check(spec, partition_by.as_deref(), faults);
    let mut checks = Some(vec![]);
    for at in spec.checks.iter().flat_map(|checks| checks.value.iter().flatten()) {
        let found = at.value.as_ref().and_then(|spec| check::checks(spec, &at.span, faults));
        checks = checks.zip(found).map(|(all, more)| [all, more].concat());
    }
    let dedupe = dedupe(spec, faults);
    let of_dedupe = spec.dedupe.iter().filter_map(|at| at.value.as_ref());
    let of_dedupe = of_dedupe.flat_map(|spec| [&spec.key, &spec.latest_by]).flat_map(one_or_more_places).collect();
    let named = [places(spec.partition_by.as_ref()), places(spec.key.as_ref()), of_dedupe].concat();
    let broken = spec.checks.as_ref().is_some_and(|checks| checks.value.is_none());
    Some(Checked {
        description: given(&spec.description)?,
        tags: words(&spec.tags)?,
        partition_by: partition_by?,
        named,
        write: write?,
        key: key?,
        layout: layout?,
        projection: projection?,
        checks: checks.filter(|_| !broken)?,
        dedupe: dedupe?,
    })
}

/// Which rows are of one key, and which of them is the latest.
fn dedupe(spec: &HeaderSpec, faults: &mut Faults) -> Option<Option<Dedupe>> {
    let Some(at) = &spec.dedupe else { return Some(None) };
    let DedupeSpec { key: key_at, latest_by: latest_at } = at.value.as_ref()?;
    let (key, latest_by) = (columns(key_at, faults), columns(latest_at, faults));
    let (key, latest_by) = (key?, latest_by?);
    match one_or_more_places(latest_at).into_iter().find(|(name, _)| key.contains(name)) {
        Some((name, place)) => {
            faults
                .add(&place, format!("`{name}` is in the key: all rows of a key have the same"))
                .hint("name what tells which row is the latest, such as the time of its last change");
            None
        }
        None => Some(Some(Dedupe { key, latest_by })),
    }
}

fn columns(list: &At<OneOrMore<String>>, faults: &mut Faults) -> Option<Vec<String>> {
    let OneOrMore(columns) = list.value.as_ref()?;
    if columns.is_empty() {
        faults.add(&list.key, "it names no column").hint("name one, or a list of them");
        return None;
    }
    names_of(columns, faults)
}

fn one_or_more_places(list: &At<OneOrMore<String>>) -> Vec<Name> {
    list.value.iter().flat_map(|OneOrMore(columns)| places_of(columns)).collect()
}

/// Where the table's files lie. A folder of a run has all that the table has of a partition, or nothing of it.
fn layout(spec: &HeaderSpec, write: Option<WriteMode>, faults: &mut Faults) -> Option<FileLayout> {
    match (given_or(&spec.reads, ReadsSpec::Folder)?, write?, &spec.reads) {
        (ReadsSpec::Atomic, WriteMode::Append | WriteMode::Merge, Some(at)) => {
            let hint = "choose `write: overwrite` or `overwrite_partitions`, or leave `reads` out";
            let message = "`reads: atomic` needs partitions that are replaced as a whole";
            faults.add(&at.span, message).hint(hint);
            None
        }
        (ReadsSpec::Atomic, ..) => Some(FileLayout::Runs),
        (ReadsSpec::Folder, ..) => Some(FileLayout::Folder),
    }
}

/// The key of a table that is merged. Of one that is not there is none.
fn key(spec: &HeaderSpec, write: Option<WriteMode>, faults: &mut Faults) -> Option<Vec<String>> {
    let key = names(&spec.key, faults)?;
    match (write?, &spec.key, &spec.write) {
        (WriteMode::Merge, None, Some(write)) => {
            faults
                .add(&write.span, "`write: merge` needs a `key`")
                .hint("add `key: [id]`, by which rows are told apart");
            None
        }
        (WriteMode::Merge, Some(at), _) if key.is_empty() => {
            faults.add(&at.span, "`key` names no column").hint("name the columns by which rows are told apart");
            None
        }
        (WriteMode::Merge, _, _) => Some(key),
        (_, Some(at), _) => {
            faults.add(&at.key, "`key` goes with `write: merge`").hint("add `write: merge`, or leave `key` out");
            None
        }
        _ => Some(key),
    }
}
