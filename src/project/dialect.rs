//! Spark's dialect, with the words that only ever begin an expression.
//!
//! Where such an expression is wrong, the parser tries its first word as a name and reads all of the rest again: a wrong text
//! of 24 CASEs within one another took it minutes. These words are no names.

use std::any::TypeId;

use datafusion::sql::sqlparser::ast::Expr;
use datafusion::sql::sqlparser::dialect::{Dialect, SparkSqlDialect};
use datafusion::sql::sqlparser::keywords::{Keyword, RESERVED_FOR_IDENTIFIER};
use datafusion::sql::sqlparser::parser::{Parser, ParserError};

const NO_NAMES: [Keyword; 4] = [Keyword::CASE, Keyword::CAST, Keyword::TRY_CAST, Keyword::NOT];

#[derive(Debug)]
pub struct Spark;

macro_rules! as_spark_sql {
    ($($supports:ident)*) => {
        $(fn $supports(&self) -> bool {
            SparkSqlDialect.$supports()
        })*
    };
}

impl Dialect for Spark {
    fn dialect(&self) -> TypeId {
        SparkSqlDialect.dialect()
    }

    fn is_reserved_for_identifier(&self, word: Keyword) -> bool {
        RESERVED_FOR_IDENTIFIER.contains(&word) || NO_NAMES.contains(&word)
    }

    fn is_delimited_identifier_start(&self, c: char) -> bool {
        SparkSqlDialect.is_delimited_identifier_start(c)
    }

    fn is_identifier_start(&self, c: char) -> bool {
        SparkSqlDialect.is_identifier_start(c)
    }

    fn is_identifier_part(&self, c: char) -> bool {
        SparkSqlDialect.is_identifier_part(c)
    }

    fn parse_infix(&self, parser: &mut Parser, left: &Expr, precedence: u8) -> Option<Result<Expr, ParserError>> {
        SparkSqlDialect.parse_infix(parser, left, precedence)
    }

    as_spark_sql! {
        supports_filter_during_aggregation supports_group_by_expr supports_group_by_with_modifier
        supports_lambda_functions supports_select_wildcard_except supports_struct_literal supports_nested_comments
        supports_create_table_using supports_long_type_as_bigint supports_values_as_table_factor
        require_interval_qualifier supports_bang_not_operator supports_select_item_multi_column_alias
        supports_cte_without_as supports_map_literal_with_angle_brackets
    }
}
