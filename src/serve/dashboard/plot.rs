//! The charts that `dashboard:` names, computed from all rows of their tables.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Field, Float64Type, Schema};
use arrow::error::ArrowError;
use datafusion::logical_expr::{Expr, ident, lit};
use datafusion::prelude::DataFrame;

use super::chart::{Chart, Drawing};
use crate::engine::faults;
use crate::error::{Error, Result};
use crate::formats::row_text;
use crate::project::{ChartKind, ChartSettings};
use crate::serve::columns::ShownColumns;
use crate::serve::refusal::HttpRefusal;
use crate::serve::served::Served;
use crate::spark::types;

/// Of an order; the largest of bars.
const MOST_BARS: usize = 20;
const MOST_POINTS: usize = 1000;
/// Rows that a histogram looks at.
const MOST_VALUES: usize = 1_000_000;
const BINS: usize = 12;

/// The drawing, or why there is none.
pub async fn plot(served: &Served, settings: &ChartSettings) -> Result<Drawing, HttpRefusal> {
    let table = served.table(settings.table.zone.as_str(), &settings.table.name)?;
    let version = served.newest(&table).await?;
    let columns = served.columns(&version)?;
    let x = columns.find(&settings.x, "x")?;
    let y = settings.y.as_ref().map(|name| number(&columns, name)).transpose()?;
    let rows = served.session.version(&version)?;
    let measured = |y: Option<&Field>| match y {
        Some(y) => served.session.aggregate_function("sum").call(vec![ident(y.name())]),
        None => served.session.aggregate_function("count").call(vec![lit(1_i64)]),
    };
    let of_y = y.map_or("rows", |y| y.name().as_str());
    let (chart, title) = match settings.kind {
        ChartKind::Bar => {
            let order = ident("y").sort(false, false);
            let batch = grouped(rows, x, measured(y), order, MOST_BARS).await?;
            let (names, values) = named(&batch)?.into_iter().unzip();
            (Chart::Bars { names, values }, format!("{of_y} by {}", x.name()))
        }
        ChartKind::Line => {
            // What is at no time has no place on it.
            let rows = rows.filter(ident(x.name()).is_not_null()).map_err(faults::explain)?;
            let batch = grouped(rows, x, measured(y), ident("x").sort(true, true), MOST_POINTS + 1).await?;
            let mut points = named(&batch)?;
            let cut = points.len() > MOST_POINTS;
            points.truncate(MOST_POINTS);
            let end = |point: Option<&(String, f64)>| point.map(|(name, _)| name.clone()).unwrap_or_default();
            let (from, to) = (end(points.first()), end(points.last()));
            let values = points.into_iter().map(|(_, value)| value).collect();
            let part = if cut { format!(" (the first {MOST_POINTS})") } else { String::new() };
            (Chart::Line { from, to, values }, format!("{of_y} by {}{part}", x.name()))
        }
        ChartKind::Scatter => {
            number(&columns, x.name())?;
            let batch = first(rows, vec![ident(x.name()), ident(of_y)], MOST_POINTS).await?;
            let (x_values, y_values) = (doubles(&batch, 0)?, doubles(&batch, 1)?);
            let points = x_values.into_iter().zip(y_values).filter_map(|(x, y)| x.zip(y)).collect();
            (Chart::Dots { points }, format!("{of_y} against {}", x.name()))
        }
        ChartKind::Histogram => {
            number(&columns, x.name())?;
            let batch = first(rows, vec![ident(x.name())], MOST_VALUES).await?;
            let values: Vec<f64> = doubles(&batch, 0)?.into_iter().flatten().collect();
            let (names, values) = bins(&values).into_iter().unzip();
            (Chart::Bars { names, values }, format!("rows by {}", x.name()))
        }
    };
    let title = settings.title.clone().unwrap_or_else(|| format!("{}: {title}", table.name));
    Ok(Drawing { title, chart })
}

fn number<'a>(columns: &'a ShownColumns, name: &str) -> Result<&'a Field, HttpRefusal> {
    let field = columns.find(name, "y")?;
    match field.data_type().is_numeric() {
        true => Ok(field),
        false => Err(HttpRefusal::bad(format!("`{name}` is not a number but `{}`", types::name(field.data_type())))),
    }
}

async fn grouped(
    rows: DataFrame,
    x: &Field,
    y: Expr,
    order: datafusion::logical_expr::SortExpr,
    most: usize,
) -> Result<RecordBatch> {
    let is_drawn = ident("y").lt(lit(f64::INFINITY)).and(ident("y").gt(lit(f64::NEG_INFINITY)));
    let rows = rows.aggregate(vec![ident(x.name()).alias("x")], vec![y.alias("y")]);
    let rows = rows.and_then(|rows| rows.filter(is_drawn));
    let rows = rows.and_then(|rows| rows.sort(vec![order])).and_then(|rows| rows.limit(0, Some(most)));
    whole(rows.map_err(faults::explain)?).await
}

async fn first(rows: DataFrame, columns: Vec<Expr>, most: usize) -> Result<RecordBatch> {
    let rows = rows.select(columns).and_then(|rows| rows.limit(0, Some(most)));
    whole(rows.map_err(faults::explain)?).await
}

async fn whole(rows: DataFrame) -> Result<RecordBatch> {
    let schema = Arc::new(Schema::new(rows.schema().fields().iter().cloned().collect::<Vec<_>>()));
    let batches = rows.collect().await.map_err(faults::explain)?;
    concat_batches(&schema, &batches).map_err(|error| faults::explain(error.into()))
}

/// Finite numbers.
fn doubles(batch: &RecordBatch, column: usize) -> Result<Vec<Option<f64>>> {
    let column = cast(batch.column(column), &DataType::Float64).map_err(|error| faults::explain(error.into()))?;
    Ok(column.as_primitive::<Float64Type>().iter().map(|value| value.filter(|value| value.is_finite())).collect())
}

fn named(batch: &RecordBatch) -> Result<Vec<(String, f64)>> {
    let failed = |error: ArrowError| Error::failed("the names cannot be written").because(error);
    let labels = batch.project(&[0]).and_then(|labels| row_text::rows(&labels, |text, _| text)).map_err(failed)?;
    let name = |mut row: Vec<Option<String>>| row.pop().flatten().unwrap_or_else(|| "null".into());
    let pairs = labels.into_iter().map(name).zip(doubles(batch, 1)?);
    Ok(pairs.filter_map(|(name, value)| Some((name, value?))).collect())
}

/// How many values lie in each of some equal parts of their range.
fn bins(values: &[f64]) -> Vec<(String, f64)> {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let width = (high - low) / BINS as f64;
    if !width.is_normal() {
        return if values.is_empty() { vec![] } else { vec![(low.to_string(), values.len() as f64)] };
    }
    let mut counts = [0.0; BINS];
    for value in values {
        counts[(((value - low) / width) as usize).min(BINS - 1)] += 1.0;
    }
    let digits = usize::try_from((2.0 - width.abs().log10().floor()).clamp(0.0, 6.0) as i64).unwrap_or(0);
    let name = |at: usize| format!("from {:.digits$}", low + width * at as f64);
    counts.into_iter().enumerate().map(|(at, count)| (name(at), count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_is_in_one_bin() {
        let values: Vec<f64> = (0..=120).map(f64::from).collect();
        let bins = bins(&values);
        assert_eq!((bins.len(), bins[0].clone(), bins[11].1), (12, ("from 0.0".into(), 10.0), 11.0));
        assert_eq!(bins.iter().map(|(_, count)| count).sum::<f64>(), 121.0);
        assert_eq!(super::bins(&[]), vec![]);
        assert_eq!(super::bins(&[2.5, 2.5]), vec![("2.5".into(), 2.0)]);
    }
}
