//! Rows as a drawing: bars, a line, dots, or how often values are.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use maud::{Markup, html};

use crate::formats::row_text;

/// What suits the rows of a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Chart {
    /// A number for each name.
    Bars { names: Vec<String>, values: Vec<f64> },
    /// A number for each moment, in their order.
    Line { from: String, to: String, values: Vec<f64> },
    /// Two numbers for each row.
    Dots { points: Vec<(f64, f64)> },
}

/// A chart with what it shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    pub title: String,
    pub chart: Chart,
}

/// More bars are no picture any more.
const MOST_BARS: usize = 24;

const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 200.0;

impl Drawing {
    /// What suits a table's rows: a line over its first date or month, bars for its first text, else dots of its first two numbers.
    /// `None` where there is nothing to draw.
    pub fn of(title: &str, rows: &RecordBatch) -> Option<Drawing> {
        let numbers: Vec<(usize, Vec<Option<f64>>)> = (0..rows.num_columns())
            .filter(|at| rows.column(*at).data_type().is_numeric())
            .filter_map(|at| Some((at, numbers(rows.column(at))?)))
            .collect();
        let is_of =
            |test: fn(&DataType) -> bool| rows.schema_ref().fields().iter().position(|field| test(field.data_type()));
        let name = |at: usize| rows.schema_ref().field(at).name().clone();
        // The last number is what the others lead to.
        let (value_at, values) = numbers.last()?;
        if let Some(day) = is_of(DataType::is_temporal).filter(|_| rows.num_rows() > 1) {
            let mut points: Vec<(String, f64)> = named(rows, day, values)?;
            points.sort_by(|(a, _), (b, _)| a.cmp(b));
            let (from, to) = (points.first()?.0.clone(), points.last()?.0.clone());
            let chart = Chart::Line { from, to, values: points.into_iter().map(|(_, value)| value).collect() };
            return Some(Drawing { title: format!("{title}: {} by {}", name(*value_at), name(day)), chart });
        }
        let is_text =
            |data_type: &DataType| matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
        if let Some(label) = is_of(is_text).filter(|_| (1..=MOST_BARS).contains(&rows.num_rows())) {
            let (names, values): (Vec<String>, Vec<f64>) = named(rows, label, values)?.into_iter().unzip();
            let title = format!("{title}: {} by {}", name(*value_at), name(label));
            return Some(Drawing { title, chart: Chart::Bars { names, values } });
        }
        let [.., (x_at, x), (y_at, y)] = &numbers[..] else { return None };
        let points: Vec<(f64, f64)> = x.iter().zip(y).filter_map(|(x, y)| Some(((*x)?, (*y)?))).collect();
        if points.len() < 3 {
            return None;
        }
        let title = format!("{title}: {} against {}", name(*y_at), name(*x_at));
        Some(Drawing { title, chart: Chart::Dots { points } })
    }

    pub fn draw(&self) -> Markup {
        let (drawn, height) = match &self.chart {
            Chart::Bars { names, values } => (bars(names, values), 22.0 * names.len() as f64 + 8.0),
            Chart::Line { from, to, values } => (line(from, to, values), HEIGHT),
            Chart::Dots { points } => (dots(points), HEIGHT),
        };
        html! {
            figure {
                figcaption { (self.title) }
                svg viewBox=(format!("0 0 {WIDTH} {height}")) role="img" aria-label=(self.title) { (drawn) }
            }
        }
    }
}

/// Finite numbers; what is none is left out.
fn numbers(column: &ArrayRef) -> Option<Vec<Option<f64>>> {
    let column = cast(column, &DataType::Float64).ok()?;
    let column = column.as_primitive::<Float64Type>();
    Some(column.iter().map(|value| value.filter(|value| value.is_finite())).collect())
}

fn named(rows: &RecordBatch, label: usize, values: &[Option<f64>]) -> Option<Vec<(String, f64)>> {
    let labels = row_text::rows(&rows.project(&[label]).ok()?, |text, _| text.unwrap_or_else(|| "null".into())).ok()?;
    let pairs = labels.into_iter().map(|mut row| row.pop().unwrap_or_default()).zip(values);
    Some(pairs.filter_map(|(name, value)| Some((name, (*value)?))).collect())
}

/// Low and high, apart from one another, with 0 among bars.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) =
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if low < high { (low, high) } else { (low - 1.0, high + 1.0) }
}

fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 1e15 || (size > 0.0 && size < 1e-3) => format!("{value:.2e}"),
        size if size >= 1e9 => format!("{:.1} G", value / 1e9),
        size if size >= 1e6 => format!("{:.1} M", value / 1e6),
        size if size >= 1e4 => format!("{:.1} k", value / 1e3),
        _ => {
            let text = format!("{value:.2}");
            text.trim_end_matches('0').trim_end_matches('.').to_string()
        }
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(18) {
        None => text.to_string(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

fn bars(names: &[String], values: &[f64]) -> Markup {
    let (low, high) = range(values.iter().copied().chain([0.0]));
    let (left, right) = (128.0, 56.0);
    let x = |value: f64| left + (value - low) / (high - low) * (WIDTH - left - right);
    html! {
        @for (at, (name, value)) in names.iter().zip(values).enumerate() {
            @let y = 4.0 + 22.0 * at as f64;
            text x=(left - 6.0) y=(y + 14.0) text-anchor="end" { title { (name) } (shortened(name)) }
            rect class="bar" x=(x(value.min(0.0))) y=(y + 2.0) height="16" width=((x(*value) - x(0.0)).abs().max(0.5)) {}
            text class="soft" x=(x(value.max(0.0)) + 4.0) y=(y + 14.0) { (short(*value)) }
        }
    }
}

fn frame(low: f64, high: f64) -> Markup {
    html! {
        line class="axis" x1="52" y1="8" x2="52" y2=(HEIGHT - 24.0) {}
        line class="axis" x1="52" y1=(HEIGHT - 24.0) x2=(WIDTH - 8.0) y2=(HEIGHT - 24.0) {}
        text class="soft" x="48" y="18" text-anchor="end" { (short(high)) }
        text class="soft" x="48" y=(HEIGHT - 26.0) text-anchor="end" { (short(low)) }
    }
}

fn below(from: &str, to: &str) -> Markup {
    html! {
        text class="soft" x="52" y=(HEIGHT - 8.0) { (shortened(from)) }
        text class="soft" x=(WIDTH - 8.0) y=(HEIGHT - 8.0) text-anchor="end" { (shortened(to)) }
    }
}

fn height_of(value: f64, low: f64, high: f64) -> f64 {
    8.0 + (high - value) / (high - low) * (HEIGHT - 32.0)
}

fn line(from: &str, to: &str, values: &[f64]) -> Markup {
    let (low, high) = range(values.iter().copied());
    let step = (WIDTH - 60.0) / (values.len().max(2) - 1) as f64;
    let point =
        |(at, value): (usize, &f64)| format!("{:.1},{:.1}", 52.0 + step * at as f64, height_of(*value, low, high));
    let points: Vec<String> = values.iter().enumerate().map(point).collect();
    html! { (frame(low, high)) polyline class="stroke" points=(points.join(" ")) {} (below(from, to)) }
}

fn dots(points: &[(f64, f64)]) -> Markup {
    let (left, right) = range(points.iter().map(|(x, _)| *x));
    let (low, high) = range(points.iter().map(|(_, y)| *y));
    let x = |value: f64| 52.0 + (value - left) / (right - left) * (WIDTH - 60.0);
    html! {
        (frame(low, high))
        @for (at, y) in points {
            circle class="dot" r="2.5" cx=(format!("{:.1}", x(*at))) cy=(format!("{:.1}", height_of(*y, low, high))) {}
        }
        (below(&short(left), &short(right)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Date32Array, Float64Array, Int64Array, StringArray};

    use super::*;

    fn table(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
        RecordBatch::try_from_iter(columns).unwrap()
    }

    #[test]
    fn the_chart_suits_the_columns() {
        let sum: ArrayRef = Arc::new(Float64Array::from(vec![Some(2.0), None, Some(-1.0), Some(f64::NAN)]));
        let names: ArrayRef = Arc::new(StringArray::from(vec!["<b>", "b", "c", "d"]));
        let days: ArrayRef = Arc::new(Date32Array::from(vec![3, 2, 1, 0]));
        let counts: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3, 4]));
        let bars = Drawing::of("t", &table(vec![("name", names.clone()), ("sum", sum.clone())])).unwrap();
        assert_eq!(bars.chart, Chart::Bars { names: vec!["<b>".into(), "c".into()], values: vec![2.0, -1.0] });
        let drawn = bars.draw().into_string();
        assert!(drawn.contains("&lt;b&gt;") && !drawn.contains("<b>"), "{drawn}");
        let line = Drawing::of("t", &table(vec![("day", days), ("sum", sum.clone())])).unwrap();
        let (from, to) = ("1970-01-02".to_string(), "1970-01-04".to_string());
        assert_eq!(line.chart, Chart::Line { from, to, values: vec![-1.0, 2.0] });
        let dots = Drawing::of("t", &table(vec![("n", counts.clone()), ("m", counts.clone())])).unwrap();
        assert!(matches!(dots.chart, Chart::Dots { points } if points.len() == 4));
        assert_eq!(Drawing::of("t", &table(vec![("name", names)])), None);
        assert_eq!(Drawing::of("t", &table(vec![("n", counts)])), None);
    }

    #[test]
    fn one_value_and_none_are_drawn_too() {
        assert!(!line("a", "b", &[1.0]).into_string().contains("NaN"));
        assert!(!bars(&["a".into()], &[0.0]).into_string().contains("NaN"));
        assert_eq!([short(12.5), short(0.0), short(1_234_567.0), short(1e-9)], ["12.5", "0", "1.2 M", "1.00e-9"]);
    }
}
