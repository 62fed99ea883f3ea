//! Spark's `explode` in the words of DataFusion, so that one file runs on both.
//!
//! In a select list `explode(x)` is `unnest(x)`: both drop rows whose list is null or empty. `explode_outer(x)`
//! keeps them, by unnesting a list of one null instead. `FROM t LATERAL VIEW explode(x) v AS c` becomes
//! `FROM (SELECT *, unnest(x) AS c FROM t) AS t`, and `v.c` becomes `c`.
//! <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-lateral-view.html>

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CaseWhen, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, LateralView, ObjectName,
    Select, SelectItem, SetExpr, Spanned, TableAlias, TableFactor, Value, VisitMut, VisitorMut,
    WildcardAdditionalOptions,
};
use datafusion::sql::sqlparser::dialect::SparkSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::Span;

use super::{Refusal, call};

/// Rewrites every select of the statement, or says which LATERAL VIEW it can't.
pub fn rewrite(syntax: &mut impl VisitMut) -> Result<(), Refusal> {
    match syntax.visit(&mut Explode) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(fault) => Err(fault),
    }
}

struct Explode;

impl VisitorMut for Explode {
    type Break = Refusal;

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<Self::Break> {
        for item in &mut select.projection {
            // Spark calls a column that has no alias `col`.
            if let SelectItem::UnnamedExpr(expr) = item
                && let Some(unnest) = unnested(expr, false)
            {
                *item = SelectItem::ExprWithAlias { expr: unnest, alias: Ident::new("col") };
            } else if let SelectItem::ExprWithAlias { expr, .. } = item
                && let Some(unnest) = unnested(expr, false)
            {
                *expr = unnest;
            }
        }
        for view in std::mem::take(&mut select.lateral_views) {
            if let Err(message) = inline(select, &view) {
                let hint = "explode in the select list of a subquery instead";
                return ControlFlow::Break(Refusal::new(view.lateral_view.span(), message, hint));
            }
        }
        ControlFlow::Continue(())
    }
}

/// `unnest(x)` for `explode(x)`; `None` for every other expression.
fn unnested(expr: &Expr, outer: bool) -> Option<Expr> {
    let Expr::Function(function) = expr else { return None };
    let outer = match function.name.to_string().as_str() {
        "explode" => outer,
        "explode_outer" => true,
        _ => return None,
    };
    let FunctionArguments::List(arguments) = &function.args else { return None };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(list))] = arguments.args.as_slice() else { return None };
    let mut unnest = function.clone();
    unnest.name = ObjectName::from(vec![Ident::with_span(function.name.span(), "unnest")]);
    if let (true, FunctionArguments::List(arguments)) = (outer, &mut unnest.args) {
        let kept = kept(list, function.name.span());
        arguments.args = vec![FunctionArg::Unnamed(FunctionArgExpr::Expr(kept))];
    }
    Some(Expr::Function(unnest))
}

/// `CASE WHEN cardinality(list) > 0 THEN list ELSE make_array(NULL) END`
fn kept(list: &Expr, place: Span) -> Expr {
    let value = |value: Value| Expr::Value(value.with_empty_span());
    let is_filled = Expr::BinaryOp {
        left: Box::new(call("cardinality", place, vec![list.clone()])),
        op: BinaryOperator::Gt,
        right: Box::new(value(Value::Number("0".to_string(), false))),
    };
    Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen { condition: is_filled, result: list.clone() }],
        else_result: Some(Box::new(call("make_array", place, vec![value(Value::Null)]))),
    }
}

/// Puts the view's column into the one table that the select reads.
fn inline(select: &mut Select, view: &LateralView) -> Result<(), String> {
    let unnest = unnested(&view.lateral_view, view.outer).ok_or("only `explode` and `explode_outer` are known here")?;
    let [column] = view.lateral_col_alias.as_slice() else {
        return Err("a LATERAL VIEW needs one column alias".into());
    };
    let [from] = select.from.as_mut_slice() else { return Err("a LATERAL VIEW needs exactly one table".into()) };
    if !from.joins.is_empty() {
        return Err("a LATERAL VIEW after a join is not supported".into());
    }
    let name = match &from.relation {
        TableFactor::Table { alias: Some(alias), .. } | TableFactor::Derived { alias: Some(alias), .. } => {
            alias.name.clone()
        }
        TableFactor::Table { name, .. } => {
            name.0.last().and_then(|part| part.as_ident()).cloned().ok_or("the table has no name")?
        }
        _ => return Err("a LATERAL VIEW needs a table with a name".into()),
    };
    // A template keeps this independent of the many fields of a SELECT; table and column keep their places.
    let template = "SELECT *, 1 AS c FROM t";
    let parsed = Parser::new(&SparkSqlDialect).try_with_sql(template).and_then(|mut parser| parser.parse_query());
    let mut subquery = parsed.map_err(|error| error.to_string())?;
    let alias = TableAlias { explicit: true, name, columns: vec![], at: None };
    if let SetExpr::Select(inner) = subquery.body.as_mut() {
        inner.select_token = AttachedToken::empty();
        inner.projection[0] = SelectItem::Wildcard(WildcardAdditionalOptions::default());
        inner.projection[1] = SelectItem::ExprWithAlias { expr: unnest, alias: column.clone() };
        std::mem::swap(&mut inner.from[0].relation, &mut from.relation);
    }
    from.relation = TableFactor::Derived { lateral: false, subquery, alias: Some(alias), sample: None };
    let _ = VisitMut::visit(select, &mut Unqualify(view.lateral_view_name.to_string()));
    Ok(())
}

/// Takes the view's name off its column: `v.c.price` is `c.price`.
struct Unqualify(String);

impl VisitorMut for Unqualify {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::CompoundIdentifier(parts) = expr
            && parts[0].value == self.0
        {
            parts.remove(0);
            if let [one] = parts.as_slice() {
                *expr = Expr::Identifier(one.clone());
            }
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::util::pretty::pretty_format_batches;
    use datafusion::prelude::SessionContext;

    use crate::spark::sql;

    async fn run(text: &str) -> String {
        let context = SessionContext::new();
        let carts = "CREATE TABLE carts AS VALUES (1, [{sku: 'a', n: 2}, {sku: 'b', n: 1}]), (2, []), (3, NULL)";
        context.sql(carts).await.unwrap().collect().await.unwrap();
        let view = "CREATE VIEW orders AS SELECT column1 AS id, column2 AS items FROM carts";
        context.sql(view).await.unwrap();
        let plan = context.state().statement_to_plan(sql::parse(text).unwrap().statement).await.unwrap();
        let batches = context.execute_logical_plan(plan).await.unwrap().collect().await.unwrap();
        let table = pretty_format_batches(&batches).unwrap().to_string();
        table.lines().filter(|line| line.starts_with("| ")).skip(1).collect::<Vec<_>>().join("\n")
    }

    #[tokio::test]
    async fn explodes_in_a_select_list() {
        let text = "SELECT id, item.Sku AS sku, item.`N` AS n FROM (SELECT id, explode(Items) AS Item FROM Orders) ORDER BY id, sku";
        assert_eq!(run(text).await, "| 1  | a   | 2 |\n| 1  | b   | 1 |");
        let text = "SELECT id, col.sku AS s FROM (SELECT id, explode(items) FROM orders) ORDER BY s";
        assert_eq!(run(text).await, "| 1  | a |\n| 1  | b |");
    }

    #[tokio::test]
    async fn keeps_empty_lists_with_outer() {
        let text = "SELECT id, item.n AS n FROM (SELECT id, explode_outer(items) AS item FROM orders) ORDER BY id, n";
        assert_eq!(run(text).await, "| 1  | 1 |\n| 1  | 2 |\n| 2  |   |\n| 3  |   |");
    }

    #[tokio::test]
    async fn explodes_a_lateral_view() {
        let text = "SELECT o.id, v.Item.sku AS s FROM orders o LATERAL VIEW explode(o.items) V AS item ORDER BY s";
        assert_eq!(run(text).await, "| 1  | a |\n| 1  | b |");
        let text = "SELECT id FROM orders LATERAL VIEW OUTER explode(items) v AS item ORDER BY id";
        assert_eq!(run(text).await, "| 1  |\n| 1  |\n| 2  |\n| 3  |");
        let text = "SELECT 1 FROM a JOIN b ON a.x = b.x LATERAL VIEW explode(a.l) v AS c";
        assert_eq!(sql::parse(text).unwrap_err().message, "a LATERAL VIEW after a join is not supported");
    }
}
