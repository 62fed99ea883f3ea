//! The planner's sentences, said to those who write queries: they are meant for those who write engines.

use std::collections::BTreeSet;

use datafusion::common::{Column, SchemaError};
use datafusion::error::DataFusionError;

use crate::hints::{nearest, suggest};
use crate::spark::sql::names;
use crate::spark::{functions, sql_types};

/// What happened, and what to do.
type Wording = (String, Option<String>);

/// How the engine begins to say that it has no such function.
const UNKNOWN_FUNCTION: &str = "Invalid function '";

const ALIAS: &str = "name one of them with AS";

/// The words for an error; the engine's own where we have no better ones.
pub(super) fn of(error: &DataFusionError) -> Wording {
    if let Some(known) = super::known(error) {
        return (known.to_string(), known.hint_text().map(String::from));
    }
    let diagnostic = error.diagnostic();
    let notes: Vec<&str> = diagnostic.iter().flat_map(|d| &d.notes).map(|note| note.message.as_str()).collect();
    match error.find_root() {
        DataFusionError::SchemaError(fault, _) => of_columns(fault, &notes),
        _ => {
            let text = message(error);
            let said = diagnostic.map_or(text.as_str(), |diagnostic| &diagnostic.message);
            let help = diagnostic.and_then(|diagnostic| Some(diagnostic.helps.first()?.message.as_str()));
            let plain = || (said.to_string(), help.or(notes.first().copied()).map(String::from));
            rephrased(said, &notes).unwrap_or_else(plain)
        }
    }
}

fn of_columns(fault: &SchemaError, notes: &[&str]) -> Wording {
    match fault {
        SchemaError::FieldNotFound { field, .. } if is_repeated(fault) => {
            let message = format!("[AMBIGUOUS_REFERENCE] several columns here are named `{}`", field.name);
            (message, Some("give them names of their own with AS".into()))
        }
        SchemaError::FieldNotFound { field, valid_fields } => {
            let named: Vec<_> = valid_fields
                .iter()
                .map(|valid| (valid.relation.as_ref().map(|of| of.table()), names::shown(&valid.name)))
                .collect();
            let known = || named.iter().map(|(table, name)| (*table, name.as_ref()));
            let Some(table) = field.relation.as_ref().map(|table| table.table()) else {
                let hint = suggest(&field.name, known().map(|(_, name)| name));
                return (format!("[UNRESOLVED_COLUMN] there is no column `{}`", field.name), Some(hint));
            };
            let tables: BTreeSet<&str> = known().filter_map(|(table, _)| table).collect();
            if !tables.contains(table) {
                return (format!("there is no table `{table}` in this query"), Some(suggest(table, tables)));
            }
            let of_table = known().filter(|(of, _)| *of == Some(table)).map(|(_, name)| name);
            (
                format!("[UNRESOLVED_COLUMN] there is no column `{}` in `{table}`", field.name),
                Some(suggest(&field.name, of_table)),
            )
        }
        // Without a table it is a column that was asked for, else two that were made.
        SchemaError::AmbiguousReference { field } if field.relation.is_none() => {
            let choices = notes.iter().filter_map(|note| note.strip_prefix("possible column "));
            // A table without a name has one that nobody is to see.
            let choices = choices.filter(|column| !column.contains('\u{2063}'));
            let choices: Vec<String> = choices.map(|column| format!("`{column}`")).collect();
            let hint = (!choices.is_empty()).then(|| format!("write {}", choices.join(" or ")));
            (format!("the column `{}` is in several tables", field.name), hint)
        }
        SchemaError::AmbiguousReference { field } => {
            (format!("two columns are named `{}`", field.name), Some(ALIAS.into()))
        }
        SchemaError::DuplicateQualifiedField { name, .. } | SchemaError::DuplicateUnqualifiedField { name } => {
            (format!("two columns are named `{name}`"), Some(ALIAS.into()))
        }
    }
}

/// Whether a column is not found because there are several of its name.
pub(super) fn is_repeated(fault: &SchemaError) -> bool {
    let SchemaError::FieldNotFound { field, valid_fields } = fault else { return false };
    let is_of_name = |valid: &Column| valid.name != field.name && names::shown(&valid.name) == field.name;
    valid_fields.iter().any(is_of_name)
}

/// Whether a function is asked for that there is not.
pub(super) fn is_unknown_function(error: &DataFusionError) -> bool {
    message(error).contains(UNKNOWN_FUNCTION)
}

/// The name that two columns have where each must have its own.
pub(super) fn repeated(error: &DataFusionError) -> Option<String> {
    match error.find_root() {
        DataFusionError::SchemaError(fault, _) => match fault.as_ref() {
            SchemaError::AmbiguousReference { field } if field.relation.is_some() => Some(field.name.clone()),
            SchemaError::DuplicateQualifiedField { name, .. } | SchemaError::DuplicateUnqualifiedField { name } => {
                Some(name.clone())
            }
            SchemaError::AmbiguousReference { .. } | SchemaError::FieldNotFound { .. } => None,
        },
        _ => repeated_in(&message(error)).map(String::from),
    }
}

fn repeated_in(said: &str) -> Option<&str> {
    let name = between(said, "unique expression names but the expression \"", "\" at position")?;
    Some(unqualified(name.rsplit_once(" AS ").map_or(name, |(_, alias)| alias)))
}

/// The function that does not take its arguments, and how many these are.
pub(super) fn refused_call(error: &DataFusionError) -> Option<(String, usize)> {
    let text = message(error);
    let (function, types) = between(&text, "argument types '", "'.")?.split_once('(')?;
    let types = types.strip_suffix(')')?;
    let count = if types.is_empty() { 0 } else { parts(types).len() };
    Some((function.to_string(), count))
}

/// The sentences that people meet most. One that the engine changes comes through as it is.
fn rephrased(said: &str, notes: &[&str]) -> Option<Wording> {
    let words = |message: String, hint: &str| Some((message, Some(hint.to_string())));
    // Of messages between machines, which nest twice for each operator.
    if said.contains("recursion limit reached") {
        let hint = "make it on this machine alone (`local_below` of the target's `engine`), or its inner parts in a query of \
                    their own";
        return words("an expression nests too deep to be sent to workers".to_string(), hint);
    }
    if let Some(table) = between(said, "table '", "' not found") {
        let table = table.trim_start_matches("lake.");
        let hint = "`SHOW TABLES` lists what there is; the project's tables are made by `trapiche run`";
        return words(format!("there is no table `{table}`"), hint);
    }
    if let Some(name) = between(said, UNKNOWN_FUNCTION, "'") {
        let near = notes.iter().filter_map(|note| between(note, "Possible function '", "'"));
        let hint = match nearest(name, near) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "the functions are Spark's: https://spark.apache.org/docs/latest/api/sql/".to_string(),
        };
        return words(format!("[UNRESOLVED_ROUTINE] there is no function `{name}`"), &hint);
    }
    // `sum(Utf8)`
    if let Some((name, types)) = between(said, "argument types '", "'.").and_then(|call| call.split_once('(')) {
        let types: Vec<String> = parts(types.strip_suffix(')').unwrap_or(types)).into_iter().map(spark_type).collect();
        let name = functions::written(name);
        let hint = format!("convert it with CAST to a type that `{name}` takes");
        return words(format!("`{name}` does not take ({})", types.join(", ")), &hint);
    }
    let is_unsupported = |kind: &&str| said.contains(&format!("does not support logical expression {kind}("));
    if ["ScalarSubquery", "InSubquery", "Exists"].iter().any(is_unsupported) {
        let message = "[UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY] a subquery here depends on the row outside in a way that is not \
                       known"
            .to_string();
        return words(message, "name what it reads in a WITH, and join that");
    }
    if said == "expressions have incompatible types" {
        let types = notes.iter().filter_map(|note| note.strip_prefix("has type ")).map(spark_type);
        let types = types.collect::<Vec<_>>().join(" and ");
        return words(format!("{types} do not go together here"), "convert one of them with CAST");
    }
    if let Some(condition) = between(said, "non-boolean predicate '", "' returning ") {
        let (_, data_type) = said.rsplit_once(' ')?;
        let message = format!("the condition `{}` is of type {}", unqualified(condition), spark_type(data_type));
        return words(message, "a condition is true or false: compare it with something");
    }
    if let Some(column) = between(said, "'", "' must appear in GROUP BY clause") {
        let column = unqualified(column);
        let hint = format!("add it to GROUP BY, or take one value of each group: `max({column})`");
        return words(format!("`{column}` is neither in GROUP BY nor in an aggregate"), &hint);
    }
    if let Some(operation) = said.strip_suffix(" queries have different number of columns") {
        // "this side has 2 fields"
        let counts = notes.iter().map(|note| note.chars().filter(char::is_ascii_digit).collect::<String>());
        let counts = counts.collect::<Vec<_>>().join(" and ");
        let message = format!("the two sides of {operation} have {counts} columns");
        return words(message, "give both sides the same columns");
    }
    if let Some(name) = repeated_in(said) {
        return words(format!("two columns are named `{name}`"), ALIAS);
    }
    if said.contains("OuterReferenceColumn(") {
        let hint = "join the tables, or compare with the row outside behind WHERE alone";
        return words("this subquery depends on the row outside in a way that is not known here".into(), hint);
    }
    if said.starts_with("Substring without for/from") {
        return words("`substr` is not told where to start".into(), "write `substr(text, start, length)`");
    }
    if let Some(field) = between(said, "Field ", " not found in struct") {
        return Some((format!("there is no field `{field}` in this struct"), None));
    }
    None
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    Some(text.split_once(before)?.1.split_once(after)?.0)
}

/// `trusted.sales.day` → `day`; anything else as it is.
fn unqualified(name: &str) -> &str {
    let is_name = name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
    name.rsplit_once('.').filter(|_| is_name).map_or(name, |(_, last)| last)
}

/// What stands between commas: `Decimal128(10, 2)` and `List(Struct(…))` have some of their own.
fn parts(types: &str) -> Vec<&str> {
    let mut depth = 0;
    let commas = types.char_indices().filter(|(_, c)| {
        depth += i32::from(*c == '(') - i32::from(*c == ')');
        *c == ',' && depth == 0
    });
    let ends: Vec<usize> = commas.map(|(at, _)| at).chain([types.len()]).collect();
    let starts = std::iter::once(0).chain(ends.iter().map(|end| end + 1));
    starts.zip(&ends).map(|(start, end)| types[start..*end].trim()).collect()
}

/// `Utf8` → `string`. Of what lies within a map or a struct the engine writes more than it reads.
fn spark_type(arrow: &str) -> String {
    let plain = arrow.trim();
    let nested = [("Map(", "map"), ("Struct(", "struct"), ("List(", "array"), ("LargeList(", "array")];
    match plain.parse() {
        Ok(data_type) => sql_types::name(&data_type),
        Err(_) => {
            let of = nested.iter().find(|(begins, _)| plain.starts_with(begins));
            of.map_or_else(|| plain.to_string(), |(_, name)| name.to_string())
        }
    }
}

/// The text of an error without the engine's own labels, and without what it says to its own developers.
pub(super) fn message(error: &DataFusionError) -> String {
    let text = error.find_root().strip_backtrace();
    const LABELS: [&str; 10] = [
        "Error during planning: ",
        "Internal error: ",
        "Schema error: ",
        "Execution error: ",
        "External error: ",
        "Arrow error: ",
        "Cast error: ",
        "Compute error: ",
        "This feature is not implemented: ",
        "type_coercion\ncaused by\n",
    ];
    let mut rest = text.as_str();
    while let Some(shorter) = LABELS.iter().find_map(|label| rest.strip_prefix(label)) {
        rest = shorter;
    }
    // After the call for bug reports comes something of use only where types do not match.
    const FOR_DEVELOPERS: &str = ".\nThis issue was likely caused by a bug in DataFusion";
    if let Some((before, after)) = rest.split_once(FOR_DEVELOPERS)
        && !after.contains("argument types '")
    {
        rest = before;
    }
    without_tree(rest).unwrap_or(rest).trim_end_matches('.').to_string()
}

/// Signs of the parser's or the planner's tree of what is meant, which is no word for a user.
const OF_TREES: [&str; 8] =
    ["Value(", "Ident {", "Span(", "ScalarFunction(", "ScalarFunction {", "Expr::", "Identifier(", "BinaryOp"];

/// What is said before such a tree.
fn without_tree(text: &str) -> Option<&str> {
    let tree = OF_TREES.iter().filter_map(|sign| text.find(sign)).min()?;
    let said = text[..tree].rsplit_once(": ").map_or("", |(said, _)| said);
    let is_told = !said.is_empty() && !said.contains("ast node") && !said.contains("Unsupported");
    Some(if is_told { said } else { "this is not supported here" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_those_of_spark() {
        let map = r#"Map("entries": non-null Struct("key": non-null Utf8, "value": Int32), unsorted)"#;
        let said = format!("No function matches the given name and argument types 'sum({map}, Decimal128(10, 2))'.");
        let (words, _) = rephrased(&said, &[]).unwrap();
        assert!(
            words == "`sum` does not take (map<string,int>, decimal(10,2))"
                || words == "`sum` does not take (map, decimal(10,2))",
            "{words}"
        );
        assert_eq!(spark_type("Timestamp(µs)"), "timestamp");
    }
}
