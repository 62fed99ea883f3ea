//! What of a query's table is to be made again: all of it, some of its slices, or nothing.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::fingerprint::MadeFrom;
use crate::engine::Session;
use crate::engine::changing::Changing;
use crate::engine::slices::{self, Slice, SliceWrite, Sliced, Slicing, slice_of};
use crate::engine::write::store::Stored;
use crate::error::Result;
use crate::lake::path::PartitionValue;
use crate::lake::table::data_file::DataFile;
use crate::lake::table::tree;
use crate::lake::table::version::Version;
use crate::project::{OnFail, Query, WriteMode};

/// What is to be made of a dataset that is due.
pub(super) enum Rebuild {
    /// All of it. The slices that it falls into are noted, or why it falls into none.
    All(std::result::Result<SliceWrite, String>),
    /// Some slices, and how many of how many in words.
    Some(SliceWrite, String),
    /// No slice: what has changed is not what it reads.
    Nothing,
}

/// Decides it from the files of the table's `current` version and of what it reads, as `session` sees it.
pub(super) async fn of(
    session: &Session,
    query: &Query,
    stored: &Stored,
    changing: &Changing,
    made_from: &MadeFrom<'_>,
    current: Option<&Version>,
    full_refresh: bool,
) -> Result<Rebuild> {
    let whole = |why: &str| Ok(Rebuild::All(Err(why.to_string())));
    if query.write != WriteMode::Overwrite || query.partition_by.is_empty() {
        return whole("only tables with `partition_by` and `write: overwrite` are made in parts");
    }
    if query.checks.iter().any(|check| check.on_fail == OnFail::Quarantine) {
        return whole("its quarantine is of the whole table");
    }
    if let Changing::Always { function } = changing {
        return whole(&format!("`{function}` does not give the same in every run"));
    }
    // Rows of one key are in one slice, or else a row of another slice may be the latest.
    let of_one_slice = |column: &String| query.dedupe.as_ref().is_none_or(|dedupe| dedupe.key.contains(column));
    if !query.partition_by.iter().any(of_one_slice) {
        return whole("a key of its `dedupe` may have rows in several partitions");
    }
    let slicing = match slices::slicing(session, &stored.plan, &stored.schema, &query.partition_by, of_one_slice)? {
        Sliced::By(slicing) => slicing,
        Sliced::Whole(why) => return Ok(Rebuild::All(Err(why))),
    };
    let fingerprints = made_from.of_slices(&slicing).await?;
    let mut write =
        SliceWrite { keys: slicing.keys.clone(), fingerprints, only: None, replaced: HashSet::new(), empty: vec![] };
    let current = match current {
        Some(current) if !full_refresh && current.partition_by == query.partition_by => current,
        _ => return Ok(Rebuild::All(Ok(write))),
    };
    let mut there: BTreeMap<Slice, Standing> = BTreeMap::new();
    tree::each_file(session.lake(), &current.files, |file| {
        there.entry(slice_of(&slicing.keys, &file.partition)).or_default().add(file);
    })
    .await?;
    let empty: HashSet<&String> = current.empty.iter().collect();
    let stays = |slice: &Slice, fingerprint: &String| match there.get(slice) {
        Some(standing) => standing.is_made_from(fingerprint),
        None => empty.contains(fingerprint),
    };
    let (staying, changed): (Vec<_>, Vec<_>) = write.fingerprints.iter().partition(|(slice, now)| stays(slice, now));
    let gone: Vec<&Slice> = there.keys().filter(|slice| !write.fingerprints.contains_key(*slice)).collect();
    if changed.is_empty() && gone.is_empty() {
        return Ok(Rebuild::Nothing);
    }
    // So many filters, and each partition of an input looked up by them: then it is as well to read all in order.
    if changed.len() > write.fingerprints.len() / 2 {
        return Ok(Rebuild::All(Ok(write)));
    }
    let is_seen = |slice: &Slice| there.contains_key(slice) || slice.iter().any(Option::is_some);
    let of = |slices: &mut dyn Iterator<Item = &Slice>| slices.filter(|slice| is_seen(slice)).count();
    let (made, all) = (of(&mut changed.iter().map(|(slice, _)| *slice)), of(&mut write.fingerprints.keys()));
    let words = words(made, all, gone.len(), &slicing, &query.partition_by);
    let only: BTreeSet<Slice> = changed.into_iter().map(|(slice, _)| slice.clone()).collect();
    let replaced = there.iter().filter(|(slice, _)| only.contains(*slice) || gone.contains(slice));
    write.replaced = replaced.flat_map(|(_, standing)| standing.partitions.iter().cloned()).collect();
    write.empty =
        staying.into_iter().filter(|(slice, _)| !there.contains_key(*slice)).map(|(_, f)| f.clone()).collect();
    write.only = Some(only);
    Ok(Rebuild::Some(write, words))
}

/// A slice of the current version.
#[derive(Default)]
struct Standing {
    made_from: BTreeSet<Option<String>>,
    partitions: HashSet<Vec<PartitionValue>>,
}

impl Standing {
    fn add(&mut self, file: &DataFile) {
        if !self.made_from.contains(&file.made_from) {
            self.made_from.insert(file.made_from.clone());
        }
        if !self.partitions.contains(&file.partition) {
            self.partitions.insert(file.partition.clone());
        }
    }

    fn is_made_from(&self, fingerprint: &String) -> bool {
        self.made_from.iter().all(|made_from| made_from.as_ref() == Some(fingerprint))
    }
}

/// `3 of 120 partitions: inputs changed; 1 is gone`, or of so many values of the keys, where a value has several
/// partitions.
fn words(made: usize, all: usize, gone: usize, slicing: &Slicing, partition_by: &[String]) -> String {
    let what = match slicing.keys.len() == partition_by.len() {
        true => "partitions".to_string(),
        false => {
            let keys: Vec<String> = slicing.keys.iter().map(|key| format!("`{}`", partition_by[*key])).collect();
            format!("values of {}", keys.join(", "))
        }
    };
    let gone = match gone {
        0 => String::new(),
        1 => "; 1 is gone".to_string(),
        n => format!("; {n} are gone"),
    };
    format!("{made} of {all} {what}: inputs changed{gone}")
}
