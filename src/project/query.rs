//! Queries: one `.sql` file is one dataset; its header says what SQL can't.

use serde::Serialize;

use super::draft::Defined;
use super::faults::Faults;
use super::read::{At, given, given_or, names, read, words};
use super::spec::{AcceptedValuesSpec, CheckSpec, HeaderSpec, Literal, RangeSpec, RegexSpec};
use super::yaml;
use crate::error::Span;
use crate::spark::sql::{self, Reference};

/// A `.sql` file and what its header says that SQL can't.
#[derive(Debug, Clone)]
pub struct Query {
    pub sql: String,
    pub partition_by: Vec<String>,
    pub write: WriteMode,
    pub checks: Vec<Check>,
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
}

/// A rule that every row must keep, as a boolean SQL expression over the query's columns.
#[derive(Debug, Clone, Serialize, serde::Deserialize)]
pub struct Check {
    /// `not_null(cart_id)`, `rule(price >= 0)`: the reason that a quarantined row carries.
    pub name: String,
    /// False for a row that breaks the rule; as with SQL's CHECK, null does not break it.
    pub keeps: String,
    pub on_fail: OnFail,
}

/// What happens to a row that breaks a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnFail {
    /// Keep the row, count it.
    Warn,
    /// Leave the row out, count it.
    Drop,
    /// Keep the row beside the table, with every reason.
    Quarantine,
    /// Fail the dataset; nothing is published.
    #[default]
    Fail,
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
    let statement = match sql::parse(&text) {
        Ok(statement) if sql::is_query(&statement) => statement,
        Ok(statement) => {
            let span = sql::start_of(&text, 0);
            faults.add(&span, "this is not a SELECT").hint("the table is made from the rows of a SELECT");
            return (sql::references(&statement, &text), None);
        }
        Err(fault) => {
            faults.add(&fault.span, fault.message).hint = fault.hint;
            return (vec![], None);
        }
    };
    let references = sql::references(&statement, &text);
    let defined = checked.map(|checked| {
        let Checked { description, tags, partition_by, write, checks } = checked;
        let fingerprint_text =
            format!("{statement}\npartition_by {partition_by:?}\nwrite {write:?}\nchecks {checks:?}");
        let query = Query { sql: text.to_string(), partition_by, write, checks };
        Defined { description, tags, fingerprint_text, definition: query }
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
    write: WriteMode,
    checks: Vec<Check>,
}

fn header(spec: &HeaderSpec, faults: &mut Faults) -> Option<Checked> {
    let partition_by = names(&spec.partition_by, faults);
    let mut checks = Some(vec![]);
    for at in spec.checks.iter().flat_map(|checks| checks.value.iter().flatten()) {
        let found = at.value.as_ref().and_then(|check| rules(check, &at.span, faults));
        checks = checks.zip(found).map(|(all, more)| [all, more].concat());
    }
    let broken = spec.checks.as_ref().is_some_and(|checks| checks.value.is_none());
    Some(Checked {
        description: given(&spec.description)?,
        tags: words(&spec.tags)?,
        partition_by: partition_by?,
        write: given_or(&spec.write, WriteMode::default())?,
        checks: checks.filter(|_| !broken)?,
    })
}

/// The rules that one entry of `checks` stands for: one, or one per column of `not_null`.
fn rules(spec: &CheckSpec, span: &Span, faults: &mut Faults) -> Option<Vec<Check>> {
    let on_fail = given_or(&spec.on_fail, OnFail::default())?;
    let CheckSpec { not_null, rule, accepted_values, range, regex, .. } = spec;
    let rules = match (not_null, rule, accepted_values, range, regex) {
        (Some(at), None, None, None, None) => at
            .value
            .as_ref()?
            .iter()
            .map(|column| {
                column
                    .value
                    .as_ref()
                    .map(|column| (format!("not_null({column})"), format!("{} IS NOT NULL", quoted(column))))
            })
            .collect::<Option<Vec<_>>>()?,
        (None, Some(at), None, None, None) => vec![expression(at, faults)?],
        (None, None, Some(at), None, None) => vec![accepted(at.value.as_ref()?)?],
        (None, None, None, Some(at), None) => vec![between(at, faults)?],
        (None, None, None, None, Some(at)) => {
            let RegexSpec { column, pattern } = at.value.as_ref()?;
            let (column, pattern) = (column.value.as_ref()?, pattern.value.as_ref()?);
            vec![(format!("regex({column})"), format!("regexp_like({}, {})", quoted(column), text(pattern)))]
        }
        _ if faults.any_in(span) => return None,
        _ => {
            let hint =
                "write `not_null`, `rule`, `accepted_values`, `range` or `regex`; several checks are several entries";
            faults.add(span, "a check has exactly one rule").hint(hint);
            return None;
        }
    };
    let own_name = given(&spec.name)?;
    let named = |name| own_name.clone().unwrap_or(name);
    Some(rules.into_iter().map(|(name, keeps)| Check { name: named(name), keeps, on_fail }).collect())
}

fn expression(at: &At<String>, faults: &mut Faults) -> Option<(String, String)> {
    let rule = at.value.as_ref()?.trim();
    match sql::parse_condition(rule) {
        Ok(keeps) => Some((format!("rule({rule})"), keeps)),
        Err(fault) => {
            faults.add(&at.span, fault.message).hint("write a condition like `price >= 0`");
            None
        }
    }
}

fn accepted(spec: &AcceptedValuesSpec) -> Option<(String, String)> {
    let column = spec.column.value.as_ref()?;
    let values: Vec<String> = spec.values.value.as_ref()?.iter().map(literal).collect();
    Some((format!("accepted_values({column})"), format!("{} IN ({})", quoted(column), values.join(", "))))
}

fn between(at: &At<RangeSpec>, faults: &mut Faults) -> Option<(String, String)> {
    let spec = at.value.as_ref()?;
    let column = spec.column.value.as_ref()?;
    let limit = |limit: &Option<At<Literal>>, sign| {
        let limit = limit.as_ref()?.value.as_ref()?;
        Some(format!("{} {sign} {}", quoted(column), literal(limit)))
    };
    let limits: Vec<String> = [limit(&spec.min, ">="), limit(&spec.max, "<=")].into_iter().flatten().collect();
    if spec.min.is_none() && spec.max.is_none() {
        faults.add(&at.key, "a range has a `min`, a `max` or both");
        return None;
    }
    Some((format!("range({column})"), limits.join(" AND ")))
}

fn quoted(column: &str) -> String {
    format!("`{}`", column.to_lowercase().replace('`', "``"))
}

fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn literal(value: &Literal) -> String {
    match value {
        Literal::Truth(truth) => truth.to_string(),
        Literal::Whole(whole) => whole.to_string(),
        Literal::Number(number) => number.to_string(),
        Literal::Text(words) => text(words),
    }
}
