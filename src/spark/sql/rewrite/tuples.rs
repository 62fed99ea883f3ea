//! `(a, b) IN (SELECT x, y …)`: of several columns at once, which the planner does not know.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-null-semantics.html#innot-in-subquery->. It asks whether there is a row whose columns are
//! all equal, and, where that is not so, whether there is one that may be: of which no column is known to be another.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CaseWhen, Expr, Ident, Query, Select, SetExpr, Spanned, TableAlias, TableAliasColumnDef,
    TableFactor, Value, helpers::attached_token::AttachedToken,
};

use super::build::{self, binary};

/// In WHERE what is not known is as good as false, so that one question is enough.
pub fn condition(select: &mut Select) {
    if let Some(condition) = &mut select.selection {
        each_part(condition);
    }
}

fn each_part(condition: &mut Expr) {
    match condition {
        Expr::Nested(inner) => each_part(inner),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            each_part(left);
            each_part(right);
        }
        Expr::InSubquery { expr, subquery, negated } => {
            let Some(values) = values(expr) else { return };
            let equal = if *negated { may_be_equal } else { is_equal };
            *condition = Expr::Exists { subquery: Box::new(rows(&values, subquery, equal)), negated: *negated };
        }
        _ => {}
    }
}

/// Anywhere else.
pub fn rewrite(expr: &mut Expr) {
    let Expr::InSubquery { expr: left, subquery, negated } = &*expr else { return };
    let Some(values) = values(left) else { return };
    let exists = |equal| Expr::Exists { subquery: Box::new(rows(&values, subquery, equal)), negated: false };
    let value = |value: Value| Expr::Value(value.with_span(left.span()));
    let case = |condition: Expr, result: Value| CaseWhen { condition, result: value(result) };
    *expr = Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![case(exists(is_equal), Value::Boolean(!negated)), case(exists(may_be_equal), Value::Null)],
        else_result: Some(Box::new(value(Value::Boolean(*negated)))),
    };
}

fn values(expr: &Expr) -> Option<Vec<Expr>> {
    match expr {
        Expr::Tuple(values) => Some(values.clone()),
        _ => None,
    }
}

fn is_equal(left: Expr, right: Expr) -> Expr {
    binary(left, BinaryOperator::Eq, right)
}

fn may_be_equal(left: Expr, right: Expr) -> Expr {
    Expr::IsNotFalse(Box::new(Expr::Nested(Box::new(is_equal(left, right)))))
}

/// Those of a subquery whose columns are so beside the values.
fn rows(values: &[Expr], subquery: &Query, equal: fn(Expr, Expr) -> Expr) -> Query {
    // Names that nobody writes, so that they hide none of those that the values have.
    let names = (0..values.len()).map(|nth| Ident::with_quote('`', format!("\u{2063}column {nth}")));
    let names: Vec<Ident> = names.collect();
    let columns = names.iter().map(|name| TableAliasColumnDef { name: name.clone(), data_type: None });
    let alias = TableAlias { columns: columns.collect(), ..build::alias("\u{2063}rows".to_string()) };
    let mut table = build::derived(subquery.clone());
    if let TableFactor::Derived { alias: name, .. } = &mut table {
        *name = Some(alias);
    }
    let pairs = values.iter().zip(names).map(|(value, name)| equal(value.clone(), Expr::Identifier(name)));
    let mut select = build::select(vec![build::wildcard()], vec![build::from(table)]);
    select.selection = pairs.reduce(|all, one| binary(all, BinaryOperator::And, one));
    build::query(SetExpr::Select(Box::new(select)))
}
