//! DECLARE VARIABLE and SET VARIABLE.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-syntax-ddl-declare-variable.html>,
//! <https://spark.apache.org/docs/latest/sql-ref-syntax-aux-set-var.html>

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{DataType, Expr, Query, SelectItem, SetExpr, Visit, Visitor};
use datafusion::sql::sqlparser::parser::ParserError;
use datafusion::sql::sqlparser::tokenizer::Token;

use super::words::CommandWords;
use super::{Command, CommandDraft};
use crate::spark::sql::rewrite::{self, build};

#[derive(Debug, Clone)]
pub struct NewVariables {
    pub names: Vec<String>,
    /// None: that of the value.
    pub data_type: Option<DataType>,
    /// What it is until it is set, and again by DEFAULT.
    pub default: Option<Expr>,
    pub replaces: bool,
}

/// What variables are set to: a query of one row, or DEFAULT of one.
#[derive(Debug, Clone)]
pub enum VariableValues {
    Default,
    Of(Box<Query>),
}

pub fn declare(words: &mut CommandWords) -> Result<CommandDraft, ParserError> {
    words.expect(&["declare"])?;
    let replaces = words.skip(&["or", "replace"]);
    words.skip_one_of(&["variable", "var"]);
    let mut names = vec![name(words)?];
    while words.is(&Token::Comma) {
        names.push(name(words)?);
    }
    let has_value = |words: &CommandWords| words.word_is(0, "default") || words.next_is(&Token::Eq);
    let data_type = if words.is_done() || has_value(words) { None } else { Some(words.data_type()?) };
    let mut default = None;
    if words.skip(&["default"]) || words.is(&Token::Eq) {
        let mut expr = words.expression()?;
        if asks(&expr) {
            return Err(ParserError::ParserError(
                "[INVALID_DEFAULT_VALUE.SUBQUERY_EXPRESSION] what a variable is at first asks no tables: SET VAR may"
                    .to_string(),
            ));
        }
        rewrite::rewrite(&mut expr).map_err(|refusal| ParserError::ParserError(refusal.message))?;
        default = Some(expr);
    }
    if data_type.is_none() && default.is_none() {
        return Err(ParserError::ParserError("a variable has a type, or a value that has one".to_string()));
    }
    Ok(CommandDraft::plain(Command::Declare(NewVariables { names, data_type, default, replaces })))
}

/// Behind `SET VAR`: `a = 1, b = 2`, or `(a, b) = (SELECT …)`.
pub fn set(words: &mut CommandWords) -> Result<CommandDraft, ParserError> {
    if words.is_open() {
        words.must(&Token::LParen)?;
        let mut names = vec![name(words)?];
        while words.is(&Token::Comma) {
            names.push(name(words)?);
        }
        words.must(&Token::RParen)?;
        words.must(&Token::Eq)?;
        words.must(&Token::LParen)?;
        let query = words.query()?;
        words.must(&Token::RParen)?;
        return Ok(CommandDraft::Variables { names, query });
    }
    let (mut names, mut values) = (vec![], vec![]);
    loop {
        names.push(name(words)?);
        words.must(&Token::Eq)?;
        if words.word_is(0, "default") {
            words.take(1);
            if names.len() > 1 || words.next_is(&Token::Comma) {
                return Err(ParserError::ParserError(
                    "DEFAULT is set alone: write a SET VAR for each variable".to_string(),
                ));
            }
            return Ok(CommandDraft::plain(Command::SetVariables { names, values: VariableValues::Default }));
        }
        values.push(words.expression()?);
        if !words.is(&Token::Comma) {
            break;
        }
    }
    let items = values.into_iter().map(SelectItem::UnnamedExpr).collect();
    let query = Box::new(build::query(SetExpr::Select(Box::new(build::select(items, vec![])))));
    Ok(CommandDraft::Variables { names, query })
}

/// The last part of `system.session.name`.
pub fn name(words: &mut CommandWords) -> Result<String, ParserError> {
    let name = words.name()?;
    match name.0.last().and_then(|part| part.as_ident()) {
        Some(last) => Ok(last.value.clone()),
        None => Err(ParserError::ParserError(format!("`{name}` is no name of a variable"))),
    }
}

fn asks(expr: &Expr) -> bool {
    struct Asks;
    impl Visitor for Asks {
        type Break = ();

        fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
            ControlFlow::Break(())
        }
    }
    expr.visit(&mut Asks).is_break()
}
