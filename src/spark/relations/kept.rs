//! Plans that stand for tables in syntax that is still to be planned.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use datafusion::common::{Result, internal_datafusion_err};
use datafusion::logical_expr::LogicalPlan;
use datafusion::logical_expr::planner::RelationPlannerContext;
use datafusion::sql::sqlparser::ast::{Ident, ObjectName, TableFactor};

use crate::spark::sql::rewrite::build;

/// Begins the names of such tables. No name that is written does.
const MARK: &str = "\u{2063}kept ";

#[derive(Debug, Default)]
pub struct KeptPlans {
    next: AtomicU64,
    plans: Mutex<BTreeMap<String, LogicalPlan>>,
}

impl KeptPlans {
    pub fn is_of(&self, name: &ObjectName) -> bool {
        matches!(name.0.as_slice(), [one] if one.as_ident().is_some_and(|name| name.value.starts_with(MARK)))
    }

    pub fn take(&self, name: &ObjectName) -> Result<LogicalPlan> {
        let name = name.0.first().and_then(|part| part.as_ident()).map_or("", |name| name.value.as_str());
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        plans.remove(name).ok_or_else(|| internal_datafusion_err!("a plan that was kept is gone"))
    }
}

/// What the planner knows where a relation is planned, and the plans that are kept meanwhile.
pub struct Scope<'a> {
    kept: &'a KeptPlans,
    names: Vec<String>,
    pub context: &'a mut dyn RelationPlannerContext,
}

impl<'a> Scope<'a> {
    pub fn new(kept: &'a KeptPlans, context: &'a mut dyn RelationPlannerContext) -> Self {
        Scope { kept, names: vec![], context }
    }

    /// A name that nothing else has.
    pub fn name(&self) -> String {
        format!("{MARK}{}", self.kept.next.fetch_add(1, Ordering::Relaxed))
    }

    /// A table of this plan's rows, to be planned once. Its columns are qualified as the plan's.
    pub fn keep(&mut self, plan: LogicalPlan) -> TableFactor {
        let name = self.name();
        self.kept.plans.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone(), plan);
        self.names.push(name.clone());
        build::table(ObjectName::from(vec![Ident::with_quote('`', name)]))
    }

    pub fn plan(&mut self, relation: TableFactor) -> Result<LogicalPlan> {
        self.context.plan(relation)
    }
}

impl Drop for Scope<'_> {
    /// Of what was refused some plans may not have been taken.
    fn drop(&mut self) {
        let mut plans = self.kept.plans.lock().unwrap_or_else(PoisonError::into_inner);
        self.names.iter().for_each(|name| drop(plans.remove(name)));
    }
}
