//! CREATE FUNCTION with a body in SQL.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-syntax-ddl-create-sql-function.html>

use datafusion::sql::sqlparser::ast::{Expr, Ident};
use datafusion::sql::sqlparser::parser::ParserError;
use datafusion::sql::sqlparser::tokenizer::Token;

use super::words::CommandWords;
use super::{Command, CommandDraft};
use crate::spark::sql::inline::{Parameter, SqlFunction};
use crate::spark::sql::rewrite;

#[derive(Debug, Clone)]
pub struct NewFunction {
    pub function: SqlFunction,
    pub replaces: bool,
    pub if_not_exists: bool,
}

/// Behind `CREATE [OR REPLACE] [TEMPORARY] FUNCTION`.
pub fn create(words: &mut CommandWords, replaces: bool, is_temporary: bool) -> Result<CommandDraft, ParserError> {
    let if_not_exists = words.skip(&["if", "not", "exists"]);
    if if_not_exists && is_temporary {
        return Err(ParserError::ParserError(
            "[INVALID_SQL_SYNTAX.CREATE_TEMP_FUNC_WITH_IF_NOT_EXISTS] a temporary function has no IF NOT EXISTS"
                .to_string(),
        ));
    }
    let name = words.name()?;
    let Some(name) = name.0.last().and_then(|part| part.as_ident()).cloned() else {
        return Err(ParserError::ParserError(format!("`{name}` is no name of a function")));
    };
    if !words.is_open() {
        words.rest();
        let hint = "write what it does in SQL: CREATE TEMPORARY FUNCTION f(x INT) RETURNS INT RETURN x + 1";
        return Ok(CommandDraft::plain(Command::Refused { what: "CREATE FUNCTION of a class".into(), hint }));
    }
    let parameters = parameters(words, &name)?;
    let mut returns = None;
    if words.skip(&["returns"]) {
        if words.word_is(0, "table") {
            words.rest();
            let hint = "make it a view, or a query of WITH";
            return Ok(CommandDraft::plain(Command::Refused {
                what: "CREATE FUNCTION … RETURNS TABLE".into(), hint
            }));
        }
        returns = Some(words.data_type()?);
    }
    loop {
        if words.skip(&["language"]) {
            if !words.word_is(0, "sql") {
                words.rest();
                let hint = "write what it does in SQL";
                return Ok(CommandDraft::plain(Command::Refused { what: "CREATE FUNCTION … LANGUAGE".into(), hint }));
            }
            words.take(1);
        } else if words.skip(&["comment"]) {
            words.take(1);
        } else if !["not", "deterministic", "contains", "reads"].iter().any(|word| words.word_is(0, word)) {
            break;
        } else if !words.skip(&["not", "deterministic"]) && !words.skip(&["deterministic"]) {
            words.take(1);
            words.expect(&["sql"])?;
            words.skip(&["data"]);
        }
    }
    words.expect(&["return"])?;
    let body = written(words)?;
    let function = SqlFunction::new(name, parameters, returns, body);
    Ok(CommandDraft::plain(Command::Function(Box::new(NewFunction { function, replaces, if_not_exists }))))
}

fn parameters(words: &mut CommandWords, function: &Ident) -> Result<Vec<Parameter>, ParserError> {
    let mut parameters: Vec<Parameter> = vec![];
    words.must(&Token::LParen)?;
    while !words.is(&Token::RParen) {
        if !parameters.is_empty() {
            words.must(&Token::Comma)?;
        }
        let name = words.ident()?;
        if parameters.iter().any(|known| known.name.value == name.value) {
            return Err(ParserError::ParserError(format!(
                "[DUPLICATE_ROUTINE_PARAMETER_NAMES] `{function}` has two parameters `{}`",
                name.value
            )));
        }
        let data_type = words.data_type()?;
        if words.skip(&["not", "null"]) {
            return Err(ParserError::ParserError(format!(
                "[USER_DEFINED_FUNCTIONS.NOT_NULL_ON_FUNCTION_PARAMETERS] the parameter `{}` takes nulls, as all do",
                name.value
            )));
        }
        let mut default = None;
        loop {
            if words.skip(&["default"]) {
                default = Some(written(words)?);
            } else if words.skip(&["comment"]) {
                words.take(1);
            } else {
                break;
            }
        }
        parameters.push(Parameter { name, data_type, default });
    }
    Ok(parameters)
}

/// An expression as it is planned.
pub fn written(words: &mut CommandWords) -> Result<Expr, ParserError> {
    let mut expr = words.expression()?;
    rewrite::rewrite(&mut expr).map_err(|refusal| ParserError::ParserError(refusal.message))?;
    Ok(expr)
}
