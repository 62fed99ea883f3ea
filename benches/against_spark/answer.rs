//! What one side wrote, read back by itself: plain values, so that neither reads the other's files.

use std::cmp::Ordering;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use serde::Deserialize;
use serde_json::{Value, json};

/// Doubles are numbers, everything else is text.
#[derive(Deserialize)]
pub struct Answer {
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
}

impl Answer {
    pub fn of(batches: &[RecordBatch]) -> Answer {
        let schema = batches[0].schema();
        let columns = schema.fields().iter().map(|field| field.name().clone()).collect();
        Answer { columns, rows: batches.iter().flat_map(rows_of).collect() }
    }

    /// The clusters of a k-means, numbered as they come in the order of the key: whoever makes them may number them in
    /// another way. How far a row is from its centre only one side says.
    pub fn renumbered(mut self) -> Answer {
        let mut columns = self.columns.clone();
        columns.retain(|name| name != "cluster" && name != "distance");
        columns.push("cluster".into());
        self.keep(&columns);
        self.sort();
        let cluster = columns.len() - 1;
        let mut seen: Vec<Value> = vec![];
        for row in &mut self.rows {
            let number = seen.iter().position(|one| *one == row[cluster]).unwrap_or_else(|| {
                seen.push(row[cluster].clone());
                seen.len() - 1
            });
            row[cluster] = Value::from(number.to_string());
        }
        self
    }

    /// Rows of numbers alone.
    pub fn numbers(self) -> Vec<Vec<f64>> {
        let number = |value: Value| value.as_f64().or_else(|| value.as_str()?.parse().ok());
        let row = |row: Vec<Value>| row.into_iter().map(|value| number(value).expect("a number")).collect();
        self.rows.into_iter().map(row).collect()
    }

    /// `None` if both have the same rows, in whatever order. Doubles are equal within 1e-9 of their size.
    pub fn difference(mut self, mut other: Answer) -> Option<String> {
        let mut names = self.columns.clone();
        names.sort();
        let mut others = other.columns.clone();
        others.sort();
        if names != others {
            return Some(format!("columns {names:?} here, {others:?} on Spark"));
        }
        if self.rows.len() != other.rows.len() {
            return Some(format!("{} rows here, {} on Spark", self.rows.len(), other.rows.len()));
        }
        // Exact columns first, so that doubles that differ in their last bits do not change the order.
        names.sort_by_key(|name| self.is_double(name) || other.is_double(name));
        for answer in [&mut self, &mut other] {
            answer.keep(&names);
            answer.sort();
        }
        let pairs = self.rows.iter().zip(&other.rows);
        let is_same = |(a, b): &(&Vec<Value>, &Vec<Value>)| a.iter().zip(*b).all(|(a, b)| is_equal(a, b));
        let (ours, theirs) = pairs.into_iter().find(|pair| !is_same(pair))?;
        Some(format!("of {} {} here, {} on Spark", json!(names), json!(ours), json!(theirs)))
    }

    fn place(&self, column: &str) -> usize {
        self.columns.iter().position(|name| name == column).expect("a column that it has")
    }

    fn is_double(&self, column: &str) -> bool {
        let place = self.place(column);
        self.rows.iter().any(|row| row[place].is_number())
    }

    /// These columns in this order.
    fn keep(&mut self, columns: &[String]) {
        let places: Vec<usize> = columns.iter().map(|column| self.place(column)).collect();
        for row in &mut self.rows {
            *row = places.iter().map(|&place| row[place].take()).collect();
        }
        self.columns = columns.to_vec();
    }

    fn sort(&mut self) {
        let of_rows = |a: &Vec<Value>, b: &Vec<Value>| {
            a.iter().zip(b).map(|(a, b)| order(a, b)).find(|it| it.is_ne()).unwrap_or(Ordering::Equal)
        };
        self.rows.sort_by(of_rows);
    }
}

fn rows_of(batch: &RecordBatch) -> Vec<Vec<Value>> {
    let mut rows = vec![vec![]; batch.num_rows()];
    for column in batch.columns() {
        let wanted = if column.data_type().is_floating() { DataType::Float64 } else { DataType::Utf8 };
        let column = cast(column, &wanted).expect("numbers, texts and days");
        let values: Vec<Value> = match column.as_primitive_opt::<Float64Type>() {
            Some(doubles) => doubles.iter().map(Value::from).collect(),
            None => column.as_string::<i32>().iter().map(Value::from).collect(),
        };
        rows.iter_mut().zip(values).for_each(|(row, value)| row.push(value));
    }
    rows
}

fn order(a: &Value, b: &Value) -> Ordering {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        _ => a.as_str().cmp(&b.as_str()),
    }
}

fn is_equal(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * a.abs().max(b.abs()) + 1e-12,
        _ => a == b,
    }
}
