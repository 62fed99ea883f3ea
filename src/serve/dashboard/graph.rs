//! Which table is made from which: boxes from left to right, an arrow for each input.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::link;
use crate::lake::TableName;
use crate::serve::served::Served;

const BOX: (f64, f64) = (190.0, 30.0);
const BETWEEN: (f64, f64) = (60.0, 14.0);

/// The tables that are shown; those between them that are not are passed over.
pub fn draw(served: &Served) -> Markup {
    let mut places: BTreeMap<&TableName, (usize, usize)> = BTreeMap::new();
    let mut taken: Vec<usize> = vec![];
    let mut open: Vec<&TableName> = served.tables.keys().collect();
    // Each in the column after the last of its inputs. There are no circles among datasets.
    while !open.is_empty() {
        let before = open.len();
        open.retain(|table| {
            let inputs = || inputs(served, table);
            if inputs().any(|input| !places.contains_key(input)) {
                return true;
            }
            let column = inputs().map(|input| places[input].0 + 1).max().unwrap_or(0);
            if taken.len() <= column {
                taken.resize(column + 1, 0);
            }
            places.insert(table, (column, taken[column]));
            taken[column] += 1;
            false
        });
        if open.len() == before {
            break;
        }
    }
    let at = |(column, row): (usize, usize)| {
        (4.0 + column as f64 * (BOX.0 + BETWEEN.0), 4.0 + row as f64 * (BOX.1 + BETWEEN.1))
    };
    let width = 8.0 + taken.len() as f64 * (BOX.0 + BETWEEN.0) - BETWEEN.0;
    let height = 8.0 + taken.iter().copied().max().unwrap_or(0) as f64 * (BOX.1 + BETWEEN.1) - BETWEEN.1;
    let edge = |from: &TableName, to: &TableName| {
        let ((x1, y1), (x2, y2)) = (at(places[from]), at(places[to]));
        let (x1, y1, y2) = (x1 + BOX.0, y1 + BOX.1 / 2.0, y2 + BOX.1 / 2.0);
        let middle = f64::midpoint(x1, x2);
        format!("M{x1} {y1} C{middle} {y1} {middle} {y2} {x2} {y2}")
    };
    html! {
        div.wide tabindex="0" role="region" aria-label="Graph of the tables" {
            svg viewBox=(format!("0 0 {width} {height}")) width=(width) style=(format!("max-width:{width}px;min-width:{}px", width.min(640.0))) role="group" aria-label="Which table is made from which" {
                @for table in places.keys() {
                    @for input in inputs(served, table) { path class="edge" d=(edge(input, table)) {} }
                }
                @for (table, place) in &places {
                    @let (x, y) = at(*place);
                    a href=(link::table(served.transport, table)) {
                        rect class="box" x=(x) y=(y) width=(BOX.0) height=(BOX.1) rx="5" {}
                        text x=(x + 10.0) y=(y + 20.0) { title { (table) } (shortened(&table.to_string())) }
                    }
                }
            }
        }
    }
}

fn inputs<'a>(served: &'a Served, table: &TableName) -> impl Iterator<Item = &'a TableName> {
    let own = served.tables[table].outputs.clone();
    served.tables[table].inputs.iter().filter(move |input| served.tables.contains_key(input) && !own.contains(input))
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(26) {
        None => text.to_string(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
