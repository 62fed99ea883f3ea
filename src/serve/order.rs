//! In which order rows come: what was asked for, and then by all that is shown, so that no two rows that differ are
//! without an order, and a page can begin where the last one ended.

use arrow::datatypes::{DataType, Field};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::Sort;
use datafusion::logical_expr::{Expr, cast, ident, lit, when};

use super::columns::ShownColumns;
use super::refusal::HttpRefusal;
use super::value;
use crate::engine::{Session, faults};
use crate::spark::types::has_timestamps;

/// Each costs a part of the plan and of every comparison.
const MOST_KEYS: usize = 64;

/// One column that rows are ordered by. Nulls come first, and in descending order last, as in Spark.
#[derive(Debug, Clone)]
pub struct OrderKey {
    /// What is compared.
    pub expr: Expr,
    pub data_type: DataType,
    pub descending: bool,
}

/// The name under which the key is computed beside the rows.
pub fn key_name(index: usize) -> String {
    // No column of a lake has a space in its name.
    format!("key {index}")
}

/// Reads `price.desc,title`. `selected` are the columns that are shown.
///
/// # Errors
/// For what is no column, or no direction.
pub fn keys(
    order: &[String],
    columns: &ShownColumns,
    selected: &[&Field],
    session: &Session,
) -> Result<Vec<OrderKey>, HttpRefusal> {
    let (mut keys, mut named) = (vec![], vec![]);
    for text in order {
        let (name, direction) = text.split_once('.').unwrap_or((text, "asc"));
        let field = columns.find(name, "order")?;
        let descending = match direction {
            "asc" => false,
            "desc" => true,
            _ => return Err(HttpRefusal::bad("a direction is `asc` or `desc`").of("order", Some(text))),
        };
        // Once more it decides nothing.
        if named.contains(&field) {
            continue;
        }
        named.push(field);
        keys.push(key(field, descending, session));
    }
    let rest: Vec<&&Field> = selected.iter().filter(|field| !named.contains(*field)).collect();
    if let Some(field) = rest.iter().find(|field| field.data_type().is_nested() && has_timestamps(field.data_type())) {
        return Err(HttpRefusal::bad(format!("`{}` has times inside, and no order of its own", field.name()))
            .of("order", None)
            .hint("choose other columns by `select`"));
    }
    keys.extend(rest.iter().map(|field| key(field, false, session)));
    let doubles: Vec<&Field> = named.iter().chain(rest).copied().filter(is_float).collect();
    keys.extend(doubles.into_iter().map(sign_of_zero).collect::<Result<Vec<_>, _>>()?);
    if keys.len() > MOST_KEYS {
        return Err(HttpRefusal::bad(format!("rows of more than {MOST_KEYS} columns have no order"))
            .of("order", None)
            .hint("choose columns by `select`"));
    }
    Ok(keys)
}

fn is_float(field: &&Field) -> bool {
    matches!(field.data_type(), DataType::Float32 | DataType::Float64)
}

/// Behind all other keys: 0 and −0 are equal, but not the same row.
fn sign_of_zero(field: &Field) -> Result<OrderKey, HttpRefusal> {
    let column = ident(field.name());
    let text = when(column.clone().eq(lit(0.0_f64)), cast(column, DataType::Utf8)).end().map_err(faults::explain)?;
    Ok(OrderKey { expr: text, data_type: DataType::Utf8, descending: false })
}

fn key(field: &Field, descending: bool, session: &Session) -> OrderKey {
    let column = ident(field.name());
    let (expr, data_type) = match field.data_type() {
        // −0 + 0 = 0: what is equal must not have two places.
        DataType::Float64 => (column + lit(0.0_f64), DataType::Float64),
        DataType::Float32 => (cast(column, DataType::Float64) + lit(0.0_f64), DataType::Float64),
        // Lists and maps have an order by their text.
        other if other.is_nested() => (session.function("to_json").call(vec![column]), DataType::Utf8),
        other => (column, other.clone()),
    };
    OrderKey { expr, data_type, descending }
}

impl OrderKey {
    pub fn sort(&self, index: usize) -> Sort {
        ident(key_name(index)).sort(!self.descending, !self.descending)
    }

    /// Whether a row's key is the given one.
    fn is(&self, index: usize, value: &ScalarValue) -> Expr {
        let key = ident(key_name(index));
        if value.is_null() { key.is_null() } else { key.eq(lit(value.clone())) }
    }

    /// Whether a row's key comes after the given one.
    fn is_after(&self, index: usize, value: &ScalarValue) -> Expr {
        let key = ident(key_name(index));
        match (self.descending, value.is_null()) {
            (false, true) => key.is_not_null(),
            (false, false) => key.gt(lit(value.clone())),
            (true, true) => lit(false),
            (true, false) => key.clone().lt(lit(value.clone())).or(key.is_null()),
        }
    }
}

/// Whether a row comes after the one with these keys, or has the same.
pub fn is_at_or_after(keys: &[OrderKey], values: &[ScalarValue]) -> Expr {
    let all = keys.iter().zip(values).enumerate().rev();
    all.fold(lit(true), |rest, (index, (key, value))| key.is_after(index, value).or(key.is(index, value).and(rest)))
}

/// The keys' values from their texts.
pub fn values(keys: &[OrderKey], texts: &[Option<String>]) -> Option<Vec<ScalarValue>> {
    let value = |(key, text): (&OrderKey, &Option<String>)| match text {
        None => ScalarValue::try_from(&key.data_type).ok(),
        Some(text) => value::parse(text, &key.data_type).ok(),
    };
    (keys.len() == texts.len()).then(|| keys.iter().zip(texts).map(value).collect()).flatten()
}
