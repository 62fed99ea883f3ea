//! `trapiche vacuum`: what was removed, or would be.

use std::collections::BTreeMap;
use std::process::ExitCode;

use chrono::Utc;

use crate::error::Result;
use crate::lake::Lake;
use crate::lake::vacuum::{Garbage, What};
use crate::pipeline;
use crate::project::Project;

use super::args;
use super::output::{self, word};
use super::run::stamp;
use super::table::{Cell, Table};
use super::units;
use super::words::Words;

pub async fn vacuum(project: &Project, lake: &Lake, args: args::Vacuum, words: &Words) -> Result<ExitCode> {
    let keep = args.keep.unwrap_or(lake.keep());
    let vacuumed = pipeline::vacuum(project, lake, keep, args.dry_run, &stamp(Utc::now())).await?;
    let found = vacuumed.garbage;
    output::print(args.output.format, &table(&found), &found)?;
    for table in &vacuumed.left_alone {
        words.note(&format!("left alone: `{table}`, which this project does not make"));
    }
    let bytes = units::bytes(found.iter().map(|garbage| garbage.bytes).sum());
    let done = if args.dry_run { "would remove" } else { "removed" };
    words.note(&format!("{done} {}, {bytes}", units::counted(found.len() as u64, "object")));
    Ok(ExitCode::SUCCESS)
}

/// One row for each kind and folder: there may be very many objects.
fn table(found: &[Garbage]) -> Table {
    let mut groups: BTreeMap<(What, &str), (u64, u64)> = BTreeMap::new();
    for garbage in found {
        let folder = garbage.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let (objects, bytes) = groups.entry((garbage.what, folder)).or_default();
        *objects += 1;
        *bytes += garbage.bytes;
    }
    let mut table = Table::new(&["what", "folder", "objects", "bytes"]);
    table.rows = groups
        .into_iter()
        .map(|((what, folder), (objects, bytes))| {
            vec![Cell::Text(word(what)), Cell::text(folder), Cell::Count(objects), Cell::Bytes(bytes)]
        })
        .collect();
    table
}
