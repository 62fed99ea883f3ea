//! Spark's dialect: the parser's own, with what that one lacks.

use std::any::TypeId;

use datafusion::sql::sqlparser::ast::Expr;
use datafusion::sql::sqlparser::dialect::{Dialect, SparkSqlDialect};
use datafusion::sql::sqlparser::keywords::{Keyword, RESERVED_FOR_IDENTIFIER};
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer, TokenizerError, Word};

use super::places::Walk;
use super::raw;

/// Words that only ever begin an expression.
const NO_NAMES: [Keyword; 4] = [Keyword::CASE, Keyword::CAST, Keyword::TRY_CAST, Keyword::NOT];

/// What SQL texts are read with.
#[derive(Debug, Clone, Copy)]
pub struct SparkDialect;

/// Passes a question on to the parser's own dialect.
macro_rules! as_sparks {
    ($($name:ident),* $(,)?) => { $(fn $name(&self) -> bool { SparkSqlDialect.$name() })* };
}

impl Dialect for SparkDialect {
    // The parser asks some things by the dialect's identity.
    fn dialect(&self) -> TypeId {
        SparkSqlDialect.dialect()
    }

    /// `'\n'` is a line end: <https://spark.apache.org/docs/latest/sql-ref-literals.html#string-literal>
    fn supports_string_literal_backslash_escape(&self) -> bool {
        true
    }

    /// `'\%'` and `'\_'` keep their backslash, for LIKE.
    fn ignores_wildcard_escapes(&self) -> bool {
        true
    }

    /// <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-orderby.html>
    fn supports_order_by_all(&self) -> bool {
        true
    }

    /// Where an expression that begins with one of [`NO_NAMES`] is wrong, the parser would try that word as a name and read
    /// all of the rest again: a wrong text of 24 CASEs within one another took it minutes.
    fn is_reserved_for_identifier(&self, word: Keyword) -> bool {
        RESERVED_FOR_IDENTIFIER.contains(&word) || NO_NAMES.contains(&word)
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        SparkSqlDialect.is_delimited_identifier_start(ch)
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        SparkSqlDialect.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        SparkSqlDialect.is_identifier_part(ch)
    }

    /// `DIV` and `RLIKE` bind as in Spark; the rest as always.
    fn parse_infix(&self, parser: &mut Parser, expr: &Expr, precedence: u8) -> Option<Result<Expr, ParserError>> {
        if parser.peek_keyword(Keyword::DIV) {
            parser.next_token();
            let right = parser.parse_subexpr(precedence);
            return Some(right.map(|right| Expr::BinaryOp {
                left: Box::new(expr.clone()),
                op: datafusion::sql::sqlparser::ast::BinaryOperator::MyIntegerDivide,
                right: Box::new(right),
            }));
        }
        SparkSqlDialect.parse_infix(parser, expr, precedence)
    }

    as_sparks!(
        require_interval_qualifier,
        supports_bang_not_operator,
        supports_create_table_using,
        supports_cte_without_as,
        supports_filter_during_aggregation,
        supports_group_by_expr,
        supports_group_by_with_modifier,
        supports_lambda_functions,
        supports_long_type_as_bigint,
        supports_map_literal_with_angle_brackets,
        supports_nested_comments,
        supports_select_item_multi_column_alias,
        supports_select_wildcard_except,
        supports_struct_literal,
        supports_values_as_table_factor,
    );
}

/// The words of a text with their places. Identifiers are in lower case, double quotes make text, and a number with a
/// suffix is a cast.
pub fn tokenize(text: &str) -> Result<Vec<TokenWithSpan>, TokenizerError> {
    let tokens = words(text)?;
    let mut spark = Vec::with_capacity(tokens.len());
    let mut tokens = tokens.into_iter().map(lowered).peekable();
    while let Some(token) = tokens.next() {
        let cast = match (&token.token, tokens.peek()) {
            (Token::Number(number, _), Some(next)) if next.span.start == token.span.end => typed(number, &next.token),
            _ => None,
        };
        match cast {
            Some((number, data_type)) => {
                let place = token.span;
                let end = tokens.next().map_or(place.end, |suffix| suffix.span.end);
                spark.extend(cast_of(number, &data_type, place.start, end));
            }
            None => spark.push(token),
        }
    }
    Ok(spark)
}

/// The words as the parser's tokenizer sees them, with the raw strings that it does not know.
fn words(text: &str) -> Result<Vec<TokenWithSpan>, TokenizerError> {
    let mut tokens = vec![];
    let (mut start, mut walk) = (0, Walk::new(text));
    for raw in raw::strings(text) {
        append(&mut tokens, &text[start..raw.start], walk.location(start))?;
        let place = Span::new(walk.location(raw.start), walk.location(raw.end));
        let string = text[raw.start + 2..raw.end - 1].to_string();
        tokens.push(TokenWithSpan::new(Token::SingleQuotedString(string), place));
        start = raw.end;
    }
    append(&mut tokens, &text[start..], walk.location(start))?;
    Ok(tokens)
}

/// The words of a part of a text that begins at a place.
fn append(tokens: &mut Vec<TokenWithSpan>, part: &str, from: Location) -> Result<(), TokenizerError> {
    let moved = |at: Location| match at.line {
        1 => Location { line: from.line, column: from.column + at.column - 1 },
        line => Location { line: from.line + line - 1, ..at },
    };
    let known = tokens.len();
    let read = Tokenizer::new(&SparkDialect, part).tokenize_with_location_into_buf(tokens);
    read.map_err(|error| TokenizerError { location: moved(error.location), ..error })?;
    for token in &mut tokens[known..] {
        token.span = Span::new(moved(token.span.start), moved(token.span.end));
    }
    Ok(())
}

fn lowered(mut token: TokenWithSpan) -> TokenWithSpan {
    match &mut token.token {
        Token::Word(word) => word.value = word.value.to_lowercase(),
        Token::DoubleQuotedString(text) => token.token = Token::SingleQuotedString(std::mem::take(text)),
        _ => {}
    }
    token
}

/// The type that a suffix gives to a number:
/// <https://spark.apache.org/docs/latest/sql-ref-literals.html#numeric-literal>
fn typed(number: &str, suffix: &Token) -> Option<(String, String)> {
    let Token::Word(Word { value, quote_style: None, .. }) = suffix else { return None };
    let data_type = match value.as_str() {
        "y" => "TINYINT".to_string(),
        "s" => "SMALLINT".to_string(),
        "l" => "BIGINT".to_string(),
        "f" => "FLOAT".to_string(),
        "d" => "DOUBLE".to_string(),
        "bd" => {
            let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
            let whole = whole.trim_start_matches('0').len();
            format!("DECIMAL({},{})", (whole + fraction.len()).max(1), fraction.len())
        }
        _ => return None,
    };
    Some((number.to_string(), data_type))
}

/// `CAST('<number>' AS <type>)`, all at the number's place: read from text, so that no digit is lost on the way.
fn cast_of(number: String, data_type: &str, start: Location, end: Location) -> Vec<TokenWithSpan> {
    let place = Span::new(start, end);
    let mut words = Tokenizer::new(&SparkDialect, data_type).tokenize().unwrap_or_default();
    let mut tokens = vec![Token::make_keyword("CAST"), Token::LParen, Token::SingleQuotedString(number)];
    tokens.push(Token::make_keyword("AS"));
    tokens.append(&mut words);
    tokens.push(Token::RParen);
    tokens.into_iter().map(|token| TokenWithSpan::new(token, place)).collect()
}
