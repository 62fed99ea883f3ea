//! PIVOT and UNPIVOT: <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-pivot.html>,
//! <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-unpivot.html>

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::common::{Column, Result};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CaseWhen, Expr as SqlExpr, ExprWithAlias, GroupByExpr, Ident, NullInclusion, PivotValueSource,
    SelectItem, SetExpr, Spanned, TableFactor, Value,
};
use datafusion::sql::sqlparser::tokenizer::Span;

use super::kept::Scope;
use super::source::FromClause;
use super::{join, refused};
use crate::spark::sql::names;
use crate::spark::sql::rewrite::build::{self, binary, count_all, number};
use crate::spark::sql::rewrite::own::visit_own;

/// Values of a column become columns.
pub struct Pivot {
    pub aggregates: Vec<ExprWithAlias>,
    pub columns: Vec<SqlExpr>,
    pub values: PivotValueSource,
}

impl Pivot {
    /// A row for each group of the columns that it does not name, and in it, for each value and aggregate, the aggregate of
    /// the rows that have the value: null where there are none.
    pub fn plan(self, table: TableFactor, scope: &mut Scope) -> Result<LogicalPlan> {
        let place = table.span();
        let source = join::one_table(table, scope)?;
        let PivotValueSource::List(values) = &self.values else {
            return Err(refused(place, "PIVOT is told its values: IN ('a', 'b')", "list them"));
        };
        let mut used = BTreeSet::new();
        for expr in self.aggregates.iter().map(|aggregate| &aggregate.expr).chain(&self.columns) {
            used.extend(columns_in(expr));
        }
        let rest: Vec<_> = source.columns.iter().filter(|(name, _)| !used.contains(name)).collect();
        let mut items: Vec<SelectItem> =
            rest.iter().map(|(_, column)| SelectItem::UnnamedExpr(column.clone())).collect();
        for value in values {
            let of_value = self.matches(&value.expr, place)?;
            for aggregate in &self.aggregates {
                let mut filtered = aggregate.expr.clone();
                if !filter(&mut filtered, &of_value, scope) {
                    return Err(refused(
                        aggregate.expr.span(),
                        format!("`{}` in PIVOT is no aggregate", aggregate.expr),
                        "take sum, max, count or another",
                    ));
                }
                let mut rows = count_all();
                filter(&mut rows, &of_value, scope);
                let any = binary(rows, BinaryOperator::Gt, number(0));
                let cell = SqlExpr::Case {
                    case_token: AttachedToken::empty(),
                    end_token: AttachedToken::empty(),
                    operand: None,
                    conditions: vec![CaseWhen { condition: any, result: filtered }],
                    else_result: None,
                };
                let alias = Ident::with_quote('`', self.name(value, aggregate));
                items.push(SelectItem::ExprWithAlias { expr: cell, alias });
            }
        }
        names::number(&mut items);
        let groups = rest.iter().map(|(_, column)| column.clone()).collect();
        let mut select = build::select(items, vec![build::from(scope.keep(source.plan))]);
        select.group_by = GroupByExpr::Expressions(groups, vec![]);
        scope.plan(build::derived(build::query(SetExpr::Select(Box::new(select)))))
    }

    fn name(&self, value: &ExprWithAlias, aggregate: &ExprWithAlias) -> String {
        let of = |named: &ExprWithAlias| {
            named.alias.as_ref().map_or_else(|| names::of(&named.expr), |alias| alias.value.clone())
        };
        match self.aggregates.len() {
            1 => of(value),
            _ => format!("{}_{}", of(value), of(aggregate)),
        }
    }

    /// Whether a row has a value.
    fn matches(&self, value: &SqlExpr, place: Span) -> Result<SqlExpr> {
        let values = match value {
            SqlExpr::Tuple(values) => values.as_slice(),
            one => std::slice::from_ref(one),
        };
        // Columns in brackets come as one.
        let columns = match self.columns.as_slice() {
            [SqlExpr::Tuple(columns)] => columns.as_slice(),
            columns => columns,
        };
        let equal = |(column, value): (&SqlExpr, &SqlExpr)| {
            SqlExpr::IsNotDistinctFrom(Box::new(column.clone()), Box::new(value.clone()))
        };
        let all = columns.iter().zip(values).map(equal).reduce(|all, one| binary(all, BinaryOperator::And, one));
        all.filter(|_| columns.len() == values.len()).ok_or_else(|| {
            let message = format!("PIVOT is over {} columns, and `{value}` has {} values", columns.len(), values.len());
            refused(place, message, "give each column a value: (1, 'a')")
        })
    }
}

/// Puts a condition to each aggregate in an expression; whether there is one.
fn filter(expr: &mut SqlExpr, condition: &SqlExpr, scope: &Scope) -> bool {
    let mut found = false;
    let mut alone = build::select(vec![SelectItem::UnnamedExpr(expr.clone())], vec![]);
    let _ = visit_own(&mut alone, None, |expr| {
        if let SqlExpr::Function(function) = expr
            && scope.context.context_provider().get_aggregate_meta(&function.name.to_string()).is_some()
        {
            found = true;
            let both = match function.filter.take() {
                Some(filter) => binary(SqlExpr::Nested(filter), BinaryOperator::And, condition.clone()),
                None => condition.clone(),
            };
            function.filter = Some(Box::new(both));
        }
        ControlFlow::<()>::Continue(())
    });
    if let Some(SelectItem::UnnamedExpr(filtered)) = alone.projection.pop() {
        *expr = filtered;
    }
    found
}

/// The names of the columns in an expression.
fn columns_in(expr: &SqlExpr) -> Vec<String> {
    let mut found = vec![];
    let mut alone = build::select(vec![SelectItem::UnnamedExpr(expr.clone())], vec![]);
    let _ = visit_own(&mut alone, None, |expr| {
        match expr {
            SqlExpr::Identifier(name) => found.push(name.value.clone()),
            SqlExpr::CompoundIdentifier(parts) => found.extend(parts.iter().map(|part| part.value.clone())),
            _ => {}
        }
        ControlFlow::<()>::Continue(())
    });
    found
}

/// Columns become rows: a row for each, with the column's name and its value.
pub struct Unpivot {
    pub value: SqlExpr,
    pub name: Ident,
    pub columns: Vec<ExprWithAlias>,
    pub null_inclusion: Option<NullInclusion>,
}

impl Unpivot {
    pub fn plan(self, table: TableFactor, scope: &mut Scope) -> Result<LogicalPlan> {
        let place = table.span();
        let source = join::one_table(table, scope)?;
        let parts = |expr: &SqlExpr| match expr {
            SqlExpr::Tuple(parts) => parts.clone(),
            SqlExpr::Nested(one) => vec![one.as_ref().clone()],
            one => vec![one.clone()],
        };
        let values: Vec<Ident> = parts(&self.value).iter().filter_map(last).collect();
        let mut arguments = vec![number(self.columns.len())];
        let mut used = BTreeSet::new();
        for column in &self.columns {
            let columns = parts(&column.expr);
            let names: Vec<String> = columns.iter().filter_map(last).map(|name| name.value).collect();
            if names.len() != columns.len() {
                return Err(refused(
                    column.expr.span(),
                    format!(
                        "[PARSE_SYNTAX_ERROR] `{}` is no column, and those are what UNPIVOT makes rows of",
                        column.expr
                    ),
                    "compute it in a subquery, under a name",
                ));
            }
            if columns.len() != values.len() {
                return Err(refused(
                    column.expr.span(),
                    format!("`{}` in UNPIVOT is not of {} columns", column.expr, values.len()),
                    "as many as there are values: UNPIVOT ((a, b) FOR name IN ((c, d), (e, f)))",
                ));
            }
            let name = column.alias.as_ref().map_or_else(|| names.join("_"), |alias| alias.value.clone());
            arguments.push(SqlExpr::Value(Value::SingleQuotedString(name).with_empty_span()));
            arguments.extend(columns);
            used.extend(names);
        }
        one_type_each(&self.columns, &source)?;
        let known = source.plan.schema().fields().len();
        let kept: Vec<bool> = source.plan.schema().fields().iter().map(|field| !used.contains(field.name())).collect();
        let call = build::call("stack", place, arguments);
        let made: Vec<Ident> = std::iter::once(self.name).chain(values).collect();
        let plan = source.with_generator(&call, false, None, &made, scope)?.plan;
        let columns: Vec<Column> = plan.schema().columns();
        let value = |at: usize| Expr::Column(columns[known + at].clone());
        let any = (1..made.len()).map(|at| value(at).is_not_null()).reduce(Expr::or);
        let result: Vec<Expr> = columns
            .iter()
            .enumerate()
            .filter(|(at, _)| kept.get(*at).copied().unwrap_or(true))
            .map(|(_, column)| Expr::Column(column.clone()))
            .collect();
        let plan = match (self.null_inclusion, any) {
            (Some(NullInclusion::IncludeNulls), _) | (_, None) => LogicalPlanBuilder::from(plan),
            (_, Some(any)) => LogicalPlanBuilder::from(plan).filter(any)?,
        };
        plan.project(result)?.build()
    }
}

/// # Errors
/// When a text and what is none would stand in one column.
fn one_type_each(columns: &[ExprWithAlias], source: &FromClause) -> Result<()> {
    let mut first: Vec<(bool, String)> = vec![];
    for column in columns {
        let parts = match &column.expr {
            SqlExpr::Tuple(parts) => parts.as_slice(),
            one => std::slice::from_ref(one),
        };
        for (at, part) in parts.iter().enumerate() {
            let name = match part {
                SqlExpr::Nested(one) => last(one),
                one => last(one),
            };
            let Some(name) = name else { continue };
            let field = source.plan.schema().fields().iter().find(|field| *field.name() == name.value);
            let Some(field) = field.filter(|field| !field.data_type().is_null()) else { continue };
            let is_text = field.data_type().is_string();
            match first.get(at) {
                None => first.push((is_text, name.value)),
                Some((is_other, other)) if *is_other != is_text => {
                    return Err(refused(
                        part.span(),
                        format!(
                            "[UNPIVOT_VALUE_DATA_TYPE_MISMATCH] `{other}` and `{}` would be one column, and one of them is a text",
                            name.value
                        ),
                        "CAST the other to string in a subquery",
                    ));
                }
                Some(_) => {}
            }
        }
    }
    Ok(())
}

fn last(expr: &SqlExpr) -> Option<Ident> {
    match expr {
        SqlExpr::Identifier(name) => Some(name.clone()),
        SqlExpr::CompoundIdentifier(parts) => parts.last().cloned(),
        _ => None,
    }
}
