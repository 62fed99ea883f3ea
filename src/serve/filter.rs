//! Conditions on columns: `price=5`, `price.gt=5`, `town.in=Bern,Chur`, `note.is_null=true`.
//!
//! All must hold. As in SQL, what is null fulfils no comparison, `ne` and `not_in` neither. Text is compared as it is, letter by
//! letter; there are no patterns.

use arrow::datatypes::{DataType, Field};
use datafusion::logical_expr::{Expr, ident, lit};

use super::columns::ShownColumns;
use super::refusal::HttpRefusal;
use super::value;
use crate::engine::Session;
use crate::hints::suggest;

/// What a column is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    Eq,
    Ne,
    Lt,
    Lte,
    Gt,
    Gte,
    In,
    NotIn,
    IsNull,
    StartsWith,
    EndsWith,
    Contains,
}

impl Operator {
    pub const ALL: [(&str, Operator); 12] = [
        ("eq", Operator::Eq),
        ("ne", Operator::Ne),
        ("lt", Operator::Lt),
        ("lte", Operator::Lte),
        ("gt", Operator::Gt),
        ("gte", Operator::Gte),
        ("in", Operator::In),
        ("not_in", Operator::NotIn),
        ("is_null", Operator::IsNull),
        ("starts_with", Operator::StartsWith),
        ("ends_with", Operator::EndsWith),
        ("contains", Operator::Contains),
    ];

    /// Whether columns of the type can be asked this.
    pub fn takes(self, data_type: &DataType) -> bool {
        match self {
            Operator::IsNull => true,
            Operator::StartsWith | Operator::EndsWith | Operator::Contains => value::is_text(data_type),
            _ => value::is_simple(data_type),
        }
    }
}

/// Each costs a part of the plan.
const MOST: usize = 64;

/// More values than anybody lists by hand.
const MOST_VALUES: usize = 1000;

/// One condition, as it was asked and as the engine computes it.
#[derive(Debug, Clone)]
pub struct RowCondition {
    pub text: String,
    pub expr: Expr,
}

/// Reads the parameters that are conditions. `options` are the names of the others, for advice.
///
/// # Errors
/// For what is no column, no operator of it, or no value of it.
pub fn conditions(
    parameters: Vec<(String, String)>,
    columns: &ShownColumns,
    options: &[&str],
    session: &Session,
) -> Result<Vec<RowCondition>, HttpRefusal> {
    if parameters.len() > MOST {
        return Err(HttpRefusal::bad(format!("there are more than {MOST} conditions"))
            .hint("`column.in=a,b,c` asks for one of many values"));
    }
    parameters.iter().map(|(name, text)| condition(name, text, columns, options, session)).collect()
}

fn condition(
    name: &str,
    text: &str,
    columns: &ShownColumns,
    options: &[&str],
    session: &Session,
) -> Result<RowCondition, HttpRefusal> {
    let (column, word) = name.split_once('.').unwrap_or((name, "eq"));
    let known = || columns.names().into_iter().chain(options.iter().copied());
    let field = columns.iter().find(|field| field.name() == column).ok_or_else(|| {
        let refusal = HttpRefusal::bad("there is no such parameter, and no such column").of(name, Some(text));
        refusal.hint(suggest(column, known()))
    })?;
    let operator = Operator::ALL.iter().find(|(known, _)| *known == word).map(|(_, operator)| *operator);
    let usable =
        || Operator::ALL.iter().filter(|(_, operator)| operator.takes(field.data_type())).map(|(word, _)| *word);
    let Some(operator) = operator.filter(|operator| operator.takes(field.data_type())) else {
        let refusal = HttpRefusal::bad(format!("a column of this type cannot be asked `{word}`")).of(name, Some(text));
        return Err(refusal.hint(suggest(word, usable())));
    };
    let expr =
        expression(field, operator, text, session).map_err(|wanted| HttpRefusal::bad(wanted).of(name, Some(text)))?;
    Ok(RowCondition { text: format!("{name}={text}"), expr })
}

fn expression(field: &Field, operator: Operator, text: &str, session: &Session) -> Result<Expr, String> {
    let column = ident(field.name());
    let value = || value::parse(text, field.data_type()).map(lit);
    let function = |name: &str| session.function(name).call(vec![column.clone(), lit(text)]);
    Ok(match operator {
        Operator::Eq => column.eq(value()?),
        Operator::Ne => column.not_eq(value()?),
        Operator::Lt => column.lt(value()?),
        Operator::Lte => column.lt_eq(value()?),
        Operator::Gt => column.gt(value()?),
        Operator::Gte => column.gt_eq(value()?),
        Operator::In => column.in_list(values(text, field)?, false),
        Operator::NotIn => column.in_list(values(text, field)?, true),
        Operator::IsNull => match text {
            "true" => column.is_null(),
            "false" => column.is_not_null(),
            _ => return Err("`true` or `false` is wanted".into()),
        },
        Operator::StartsWith => function("startswith"),
        Operator::EndsWith => function("endswith"),
        Operator::Contains => function("contains"),
    })
}

fn values(text: &str, field: &Field) -> Result<Vec<Expr>, String> {
    let texts = split(text)?;
    if texts.len() > MOST_VALUES {
        return Err(format!("{MOST_VALUES} values are the most"));
    }
    texts.iter().map(|text| value::parse(text, field.data_type()).map(lit)).collect()
}

/// The fields of one line of CSV (RFC 4180): one with a comma or a quote in it is quoted.
fn split(text: &str) -> Result<Vec<String>, String> {
    let (mut fields, mut field, mut letters) = (vec![], String::new(), text.chars().peekable());
    let mut is_quoted = false;
    while let Some(letter) = letters.next() {
        match letter {
            '"' if is_quoted => match letters.next_if_eq(&'"') {
                Some(quote) => field.push(quote),
                None => {
                    is_quoted = false;
                    if letters.peek().is_some_and(|next| *next != ',') {
                        return Err("a comma must follow a quoted value".into());
                    }
                }
            },
            '"' if field.is_empty() => is_quoted = true,
            ',' if !is_quoted => fields.push(std::mem::take(&mut field)),
            letter => field.push(letter),
        }
    }
    if is_quoted {
        return Err("a quote is not closed".into());
    }
    fields.push(field);
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_csv() {
        assert_eq!(split("a,b").unwrap(), ["a", "b"]);
        assert_eq!(split(r#""a,b",c,"d""e","#).unwrap(), ["a,b", "c", "d\"e", ""]);
        assert_eq!(split("it's 5\" wide").unwrap(), ["it's 5\" wide"]);
        assert!(split("\"a").is_err() && split("\"a\"b").is_err());
    }
}
