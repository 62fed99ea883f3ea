//! A FROM: its plan, what `*` stands for, and which names stand for several columns.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use datafusion::common::{Result, TableReference};
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::sqlparser::ast::{Expr, Ident, LateralView, OrderBy, Select, SelectItem, TableFactor};

use super::generator;
use super::kept::Scope;
use crate::spark::sql::omitted::UNNAMED;
use crate::spark::sql::rewrite::build;
use crate::spark::sql::rewrite::own::visit_own;

/// What a FROM gives to its select.
pub struct FromClause {
    pub plan: LogicalPlan,
    /// What `*` stands for, in its order: a name, and what it means.
    pub columns: Vec<(String, Expr)>,
    /// Columns that joins have made one, by their name.
    pub merged: BTreeMap<String, Expr>,
}

impl FromClause {
    pub fn of_plan(plan: LogicalPlan) -> FromClause {
        let columns = columns_of(&plan, 0);
        FromClause { plan, columns, merged: BTreeMap::new() }
    }

    /// The rows that a LATERAL VIEW makes of each row, beside it.
    pub fn with_view(self, view: &LateralView, scope: &mut Scope) -> Result<FromClause> {
        let name = view.lateral_view_name.0.last().and_then(|part| part.as_ident()).cloned();
        let names = match view.lateral_col_alias.as_slice() {
            [one] if one.value == UNNAMED => &[],
            names => names,
        };
        self.with_generator(&view.lateral_view, view.outer, name.as_ref(), names, scope)
    }

    pub fn with_generator(
        self,
        call: &Expr,
        outer: bool,
        table: Option<&Ident>,
        names: &[Ident],
        scope: &mut Scope,
    ) -> Result<FromClause> {
        let mut call = call.clone();
        resolve(&self.merged, &mut call);
        let known = self.plan.schema().fields().len();
        let plan = generator::beside(self.plan, &call, outer, table, names, scope)?;
        let columns = self.columns.into_iter().chain(columns_of(&plan, known)).collect();
        Ok(FromClause { plan, columns, merged: self.merged })
    }

    /// Whether there is a column of this name.
    pub fn has(&self, name: &str) -> bool {
        self.merged.contains_key(name) || self.plan.schema().fields().iter().any(|field| field.name() == name)
    }

    /// What names mean that joins have made of several columns, once there is another side, too. A name that the other has
    /// as well is no longer that of one column.
    pub fn merged_with(&self, other: &FromClause) -> BTreeMap<String, Expr> {
        let own = self.merged.iter().filter(|(name, _)| !other.has(name));
        let others = other.merged.iter().filter(|(name, _)| !self.has(name));
        own.chain(others).map(|(name, expr)| (name.clone(), expr.clone())).collect()
    }
}

/// Puts what joins have made of several columns in place of their names, in one expression.
pub fn resolve(merged: &BTreeMap<String, Expr>, expr: &mut Expr) {
    // A select of nothing else, to have one way through expressions.
    let mut select = build::select(vec![SelectItem::UnnamedExpr(expr.clone())], vec![]);
    resolve_all(merged, &mut select, None);
    if let Some(SelectItem::UnnamedExpr(resolved)) = select.projection.pop() {
        *expr = resolved;
    }
}

/// The same in all of a select but its FROM.
pub fn resolve_all(merged: &BTreeMap<String, Expr>, select: &mut Select, order_by: Option<&mut OrderBy>) {
    let replace = |expr: &mut Expr| {
        if let Expr::Identifier(name) = expr
            && let Some(one) = merged.get(&name.value)
        {
            *expr = one.clone();
        }
        ControlFlow::<()>::Continue(())
    };
    if !merged.is_empty() {
        let _ = visit_own(select, order_by, replace);
    }
}

/// The columns of a plan from a place on, and how each is asked for.
pub fn columns_of(plan: &LogicalPlan, from: usize) -> Vec<(String, Expr)> {
    let columns = plan.schema().iter().skip(from);
    columns.map(|(table, field)| (field.name().clone(), column(table, field.name()))).collect()
}

/// A column as it is written with its table.
pub fn column(table: Option<&TableReference>, name: &str) -> Expr {
    let quoted = |part: &str| Ident::with_quote('`', part);
    match table {
        None => Expr::Identifier(quoted(name)),
        Some(table) => {
            let parts = [table.catalog(), table.schema(), Some(table.table()), Some(name)];
            Expr::CompoundIdentifier(parts.into_iter().flatten().map(quoted).collect())
        }
    }
}

pub fn is_lateral(relation: &TableFactor) -> bool {
    matches!(
        relation,
        TableFactor::Derived { lateral: true, .. }
            | TableFactor::Function { lateral: true, .. }
            | TableFactor::UNNEST { .. }
    )
}
