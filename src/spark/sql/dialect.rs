//! Spark's dialect: the parser's own, with what that one lacks.

use std::any::TypeId;

use datafusion::sql::sqlparser::ast::{BinaryOperator, DescribeAlias, Expr, Statement};
use datafusion::sql::sqlparser::dialect::{Dialect, Precedence, SparkSqlDialect};
use datafusion::sql::sqlparser::keywords::{Keyword, RESERVED_FOR_IDENTIFIER};
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer, TokenizerError, Word};

use super::places::Walk;
use super::{calls, intervals, omitted, raw};

/// Words that only ever begin an expression.
const NO_NAMES: [Keyword; 4] = [Keyword::CASE, Keyword::CAST, Keyword::TRY_CAST, Keyword::NOT];

/// Stronger than `&`, and not as strong as `+`.
const SHIFTS_BIND: u8 = 27;

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

    /// `FROM t |> WHERE a > 1`: <https://spark.apache.org/docs/latest/sql-pipe-syntax.html>
    fn supports_pipe_operator(&self) -> bool {
        true
    }

    /// `DESCRIBE TABLE t` and `DESCRIBE QUERY SELECT …`:
    /// <https://spark.apache.org/docs/latest/sql-ref-syntax-aux-describe-query.html>
    fn parse_statement(&self, parser: &mut Parser) -> Option<Result<Statement, ParserError>> {
        let is = |place, words: &[&str]| match &parser.peek_nth_token_ref(place).token {
            Token::Word(word) => words.iter().any(|other| word.value.eq_ignore_ascii_case(other)),
            _ => false,
        };
        if !is(0, &["DESCRIBE", "DESC"]) || !is(1, &["TABLE", "QUERY"]) {
            return None;
        }
        let (describe_alias, of_table) = (DescribeAlias::Describe, is(1, &["TABLE"]));
        parser.advance_token();
        parser.advance_token();
        Some(match of_table {
            true => parser.parse_object_name(false).map(|table_name| Statement::ExplainTable {
                describe_alias,
                hive_format: None,
                has_table_keyword: true,
                table_name,
            }),
            false => parser.parse_query().map(|query| Statement::Explain {
                describe_alias,
                analyze: false,
                verbose: false,
                query_plan: false,
                estimate: false,
                statement: Box::new(Statement::Query(query)),
                format: None,
                options: None,
            }),
        })
    }

    /// `a CROSS JOIN b ON a.k = b.k`
    fn supports_cross_join_constraint(&self) -> bool {
        true
    }

    /// `FROM t SELECT a`
    fn supports_from_first_select(&self) -> bool {
        true
    }

    /// `'a' 'b'` is one text: <https://spark.apache.org/docs/latest/sql-ref-literals.html#string-literal>
    fn supports_string_literal_concatenation(&self) -> bool {
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

    /// <https://spark.apache.org/docs/latest/sql-ref-operators.html#operator-precedence>
    fn get_next_precedence(&self, parser: &Parser) -> Option<Result<u8, ParserError>> {
        match parser.peek_token_ref().token {
            Token::ShiftLeft | Token::ShiftRight => Some(Ok(SHIFTS_BIND)),
            // `1 + 2 || 'a'` is `3a`.
            Token::StringConcat => Some(Ok(self.prec_value(Precedence::PlusMinus))),
            _ => None,
        }
    }

    /// `DIV`, `<<`, `>>` and `>>>`; the rest as always.
    fn parse_infix(&self, parser: &mut Parser, expr: &Expr, precedence: u8) -> Option<Result<Expr, ParserError>> {
        if let Token::ShiftLeft | Token::ShiftRight = parser.peek_token_ref().token {
            let first = parser.next_token();
            let is_unsigned = first.token == Token::ShiftRight
                && parser.peek_token_ref().token == Token::Gt
                && parser.peek_token_ref().span.start == first.span.end;
            if is_unsigned {
                parser.next_token();
            }
            let symbol = if is_unsigned { ">>>".to_string() } else { first.token.to_string() };
            return Some(parser.parse_subexpr(precedence).map(|right| Expr::BinaryOp {
                left: Box::new(expr.clone()),
                op: BinaryOperator::PGCustomBinaryOperator(vec![symbol]),
                right: Box::new(right),
            }));
        }
        if parser.peek_keyword(Keyword::DIV) {
            parser.next_token();
            let right = parser.parse_subexpr(precedence);
            return Some(right.map(|right| Expr::BinaryOp {
                left: Box::new(expr.clone()),
                op: BinaryOperator::MyIntegerDivide,
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

/// The words of a text with their places. Identifiers are in lower case, double quotes make text, a number with a suffix is
/// a literal of that type, and one with any other letters behind it a name.
pub fn tokenize(text: &str) -> Result<Vec<TokenWithSpan>, TokenizerError> {
    let tokens = calls::plain(intervals::plain(words(text)?));
    let mut spark = Vec::with_capacity(tokens.len());
    let mut tokens = tokens.into_iter().map(lowered).peekable();
    while let Some(token) = tokens.next() {
        let joined = match (&token.token, tokens.peek()) {
            (Token::Number(number, false), Some(next)) if next.span.start == token.span.end => joined(number, next),
            _ => None,
        };
        match joined {
            Some(joined) => {
                let end = tokens.next().map_or(token.span.end, |suffix| suffix.span.end);
                let place = Span::new(token.span.start, end);
                spark.extend(joined.into_iter().map(|token| TokenWithSpan::new(token, place)));
            }
            None => spark.push(token),
        }
    }
    Ok(omitted::put_in(spark))
}

/// The words as the parser's tokenizer sees them, with the strings that it does not know.
fn words(text: &str) -> Result<Vec<TokenWithSpan>, TokenizerError> {
    let mut tokens = vec![];
    let (mut start, mut walk) = (0, Walk::new(text));
    for own in raw::strings(text) {
        append(&mut tokens, &text[start..own.span.start], walk.location(start))?;
        let place = Span::new(walk.location(own.span.start), walk.location(own.span.end));
        tokens.push(TokenWithSpan::new(Token::SingleQuotedString(own.text), place));
        start = own.span.end;
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

/// A number and the word right behind it. `1Y` is `TINYINT '1'`: read from text, so that no digit is lost on the way; and
/// `2024_sales` is a name. <https://spark.apache.org/docs/latest/sql-ref-literals.html#numeric-literal>
fn joined(number: &str, suffix: &TokenWithSpan) -> Option<Vec<Token>> {
    let Token::Word(Word { value, quote_style: None, .. }) = &suffix.token else { return None };
    let data_type = match value.as_str() {
        "y" => "TINYINT",
        "s" => "SMALLINT",
        "f" => "FLOAT",
        "d" => "DOUBLE",
        "bd" => "DECIMAL",
        name if number.bytes().all(|byte| byte.is_ascii_digit()) => {
            return Some(vec![Token::make_word(&format!("{number}{name}"), None)]);
        }
        _ => return None,
    };
    Some(vec![Token::make_keyword(data_type), Token::SingleQuotedString(number.to_string())])
}
