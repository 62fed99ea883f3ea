//! What the names of a table's versions say, before any of them is read.

use chrono::{DateTime, Utc};
use object_store::ObjectMeta;

use crate::error::Result;
use crate::lake::{Lake, TableName, path};

/// A number that is taken. `created_at` is the store's time, at which a version became the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    pub number: u64,
    pub created_at: DateTime<Utc>,
}

/// The names in a table's folder of versions.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    /// All that are taken, in order.
    pub(in crate::lake) numbers: Vec<Kept>,
    /// Versions below are not kept.
    pub(in crate::lake) oldest: u64,
    /// File names of commits under way, and when they began.
    pub(in crate::lake) pending: Vec<(String, DateTime<Utc>)>,
    /// Those before the last.
    pub(in crate::lake) former_oldest: Vec<u64>,
}

impl Shelf {
    pub async fn look(lake: &Lake, table: &TableName) -> Result<Shelf> {
        Ok(Shelf::of(lake.objects_in(&path::versions_dir(table)).await?))
    }

    /// Those of several tables, in their order: in one request where that is not dearer than one for each.
    pub async fn look_at_all(lake: &Lake, tables: &[&TableName]) -> Result<Vec<Shelf>> {
        let folders: Vec<String> = tables.iter().map(|table| path::versions_dir(table)).collect();
        let listed = lake.objects_in_each(path::TABLES, &folders).await?;
        Ok(listed.into_iter().map(Shelf::of).collect())
    }

    fn of(objects: Vec<ObjectMeta>) -> Shelf {
        let mut shelf = Shelf::default();
        for object in objects {
            let Some(name) = object.location.filename() else { continue };
            if let Some(number) = path::parse_version(name) {
                shelf.numbers.push(Kept { number, created_at: object.last_modified });
            } else if let Some(number) = path::parse_oldest(name) {
                shelf.former_oldest.push(number);
            } else if path::is_pending(name) {
                shelf.pending.push((name.to_string(), object.last_modified));
            }
        }
        shelf.numbers.sort_by_key(|kept| kept.number);
        shelf.former_oldest.sort_unstable();
        shelf.oldest = shelf.former_oldest.pop().unwrap_or_default();
        shelf
    }

    pub(in crate::lake) fn kept(&self) -> &[Kept] {
        let first = self.numbers.partition_point(|kept| kept.number < self.oldest);
        &self.numbers[first..]
    }

    /// Notes that versions before this one are no longer kept.
    pub(super) fn keep_from(&mut self, oldest: u64) {
        if oldest > self.oldest {
            self.oldest = oldest;
            self.former_oldest.clear();
        }
    }

    /// The number of the next version. The highest is never given up, so no other has it.
    pub(in crate::lake) fn next_number(&self) -> u64 {
        self.numbers.last().map_or(1, |highest| highest.number + 1)
    }
}
