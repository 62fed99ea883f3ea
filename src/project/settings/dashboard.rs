//! `dashboard:`: the charts on the page that `trapiche serve` shows.

use super::serve::Serve;
use crate::error::Problem;
use crate::lake::TableName;
use crate::project::faults::Faults;
use crate::project::read::{At, given};
use crate::project::spec::{ChartKind, ChartSpec};

/// Checked. Whether the table has the columns is seen when it is drawn.
#[derive(Debug, Clone)]
pub struct ChartSettings {
    pub table: TableName,
    pub kind: ChartKind,
    pub x: String,
    /// `None`: how many rows there are.
    pub y: Option<String>,
    pub title: Option<String>,
    /// What is to be said if there is no such table.
    unknown: Problem,
}

/// The faults of names that are no table of the project, or none that is shown.
pub fn unknown(charts: &[ChartSettings], serve: &Serve, is_known: impl Fn(&TableName) -> bool) -> Vec<Problem> {
    let fault = |chart: &ChartSettings| match (is_known(&chart.table), serve.shows(&chart.table)) {
        (false, _) => Some(chart.unknown.clone()),
        (true, true) => None,
        (true, false) => {
            let message = format!("`serve` does not show `{}`", chart.table);
            let hint = Some("add it to `serve.tables`".to_string());
            Some(Problem { message, hint, ..chart.unknown.clone() })
        }
    };
    charts.iter().filter_map(fault).collect()
}

pub fn check(list: &At<Vec<At<ChartSpec>>>, faults: &mut Faults) -> Option<Vec<ChartSettings>> {
    let checked: Vec<Option<ChartSettings>> = list.value.as_ref()?.iter().map(|at| chart(at, faults)).collect();
    checked.into_iter().collect()
}

fn chart(at: &At<ChartSpec>, faults: &mut Faults) -> Option<ChartSettings> {
    let spec = at.value.as_ref()?;
    let name = spec.table.value.as_ref()?.to_lowercase();
    let Some(table) = TableName::parse(&name) else {
        faults.add(&spec.table.span, format!("`{name}` names no table")).hint("write `refined.sales`");
        return None;
    };
    let unknown = faults.unknown_table(&spec.table.span, &name);
    let (kind, y) = (spec.chart.value?, given(&spec.y)?);
    match (kind, &y) {
        (ChartKind::Line | ChartKind::Scatter, None) => {
            faults.add(&at.span, "this chart needs a `y`").hint("name the column whose values it shows");
            return None;
        }
        (ChartKind::Histogram, Some(_)) => {
            faults.add(&at.span, "a histogram has no `y`: it shows how many rows have such an `x`");
            return None;
        }
        _ => {}
    }
    let lower = |text: String| text.to_lowercase();
    Some(ChartSettings {
        table,
        kind,
        x: spec.x.value.clone().map(lower)?,
        y: y.map(lower),
        title: given(&spec.title)?,
        unknown,
    })
}
