//! Checks: what the header of a query says every row must keep.

use serde::Serialize;

use super::faults::Faults;
use super::read::{At, given, given_or};
use super::scalar::Scalar;
use super::spec::{AcceptedValuesSpec, CheckSpec, Literal, RangeSpec, RegexSpec};
use crate::error::Span;
use crate::spark::sql::condition::{ColumnAt, Constant};
use crate::spark::sql::{Condition, SqlFault};

/// A rule that every row must keep.
#[derive(Debug, Clone)]
pub struct Check {
    /// `not_null(cart_id)`, `rule(price >= 0)`: the reason that a quarantined row carries.
    pub name: String,
    /// Over the query's columns. False for a row that breaks the rule; as with SQL's CHECK, null does not break it.
    pub keeps: Condition,
    pub on_fail: OnFail,
    /// Where in the file the rule is written.
    pub place: Span,
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

/// The checks in the words that a dataset's fingerprint has for them.
pub fn fingerprint_text(checks: &[Check]) -> String {
    #[derive(Debug)]
    #[expect(dead_code, reason = "it is shown")]
    struct Check<'a> {
        name: &'a str,
        keeps: &'a str,
        on_fail: OnFail,
    }
    let shown = |check: &'_ self::Check| -> String {
        let keeps = check.keeps.fingerprint_text();
        format!("{:?}", Check { name: &check.name, keeps, on_fail: check.on_fail })
    };
    format!("[{}]", checks.iter().map(shown).collect::<Vec<_>>().join(", "))
}

/// The checks that one entry of `checks` stands for: one, or one per column of `not_null`.
pub fn checks(spec: &CheckSpec, span: &Span, faults: &mut Faults) -> Option<Vec<Check>> {
    let on_fail = given_or(&spec.on_fail, OnFail::default())?;
    let file = faults.file.text.clone();
    let named = |at: &At<String>| Some((at.value.clone()?, at.span.clone()));
    let CheckSpec { not_null, rule, accepted_values, range, regex, .. } = spec;
    let rules = match (not_null, rule, accepted_values, range, regex) {
        (Some(at), None, None, None, None) => {
            let columns = at.value.as_ref()?.iter().map(named).collect::<Option<Vec<_>>>()?;
            let rule = |(column, span): (String, Span)| {
                let keeps = Condition::is_not_null(ColumnAt { column: &column, file: &file, span: &span });
                Some(Rule { name: format!("not_null({column})"), keeps: sound(keeps, faults)?, place: span })
            };
            columns.into_iter().map(rule).collect::<Option<_>>()?
        }
        (None, Some(at), None, None, None) => vec![expression(at, faults)?],
        (None, None, Some(at), None, None) => {
            let AcceptedValuesSpec { column, values } = at.value.as_ref()?;
            let (column, place) = named(column)?;
            let values = values.value.as_ref()?.iter().map(constant).collect();
            let keeps = Condition::is_one_of(ColumnAt { column: &column, file: &file, span: &place }, values);
            vec![Rule { name: format!("accepted_values({column})"), keeps: sound(keeps, faults)?, place }]
        }
        (None, None, None, Some(at), None) => {
            let RangeSpec { column, min, max } = at.value.as_ref()?;
            let (column, place) = named(column)?;
            let (min, max) = (given(min)?.as_ref().map(constant), given(max)?.as_ref().map(constant));
            let Some(keeps) = Condition::is_within(ColumnAt { column: &column, file: &file, span: &place }, min, max)
            else {
                faults.add(&at.key, "a range has a `min`, a `max` or both");
                return None;
            };
            vec![Rule { name: format!("range({column})"), keeps: sound(keeps, faults)?, place }]
        }
        (None, None, None, None, Some(at)) => {
            let RegexSpec { column, pattern } = at.value.as_ref()?;
            let (column, place) = named(column)?;
            let column_named = ColumnAt { column: &column, file: &file, span: &place };
            let keeps = Condition::matches(column_named, pattern.value.as_ref()?);
            vec![Rule { name: format!("regex({column})"), keeps: sound(keeps, faults)?, place }]
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
    let check = |Rule { name, keeps, place }| Check { name: named(name), keeps, on_fail, place };
    Some(rules.into_iter().map(check).collect())
}

/// A check without what can be said of each.
struct Rule {
    name: String,
    keeps: Condition,
    place: Span,
}

fn sound(condition: Result<Condition, SqlFault>, faults: &mut Faults) -> Option<Condition> {
    condition.map_err(|fault| faults.add(&fault.span, fault.message).hint = fault.hint).ok()
}

fn expression(at: &At<String>, faults: &mut Faults) -> Option<Rule> {
    let rule = at.value.as_ref()?;
    let file = faults.file.text.clone();
    let scalar = Scalar::of(&file, &at.span, rule);
    let keeps = match Condition::parse(rule, &file, |part| scalar.place(part)) {
        Ok(keeps) => keeps,
        Err(fault) => {
            faults.add(&fault.span, fault.message).hint("write a condition like `price >= 0`");
            return None;
        }
    };
    if let Some(query) = keeps.subquery(&file) {
        faults
            .add(&query, "a check sees one row of the result, and no table")
            .hint("join the table in the query, and let the check compare columns");
        return None;
    }
    let written = rule.trim();
    let start = rule.len() - rule.trim_start().len();
    Some(Rule { name: format!("rule({written})"), keeps, place: scalar.place(start..start + written.len()) })
}

fn constant(value: &Literal) -> Constant {
    match value {
        Literal::Truth(truth) => Constant::truth(*truth),
        Literal::Whole(whole) => Constant::number(&whole.to_string()),
        Literal::Number(number) => Constant::number(&number.to_string()),
        Literal::Text(text) => Constant::text(text),
    }
}
