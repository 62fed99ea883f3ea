//! Small files of a table become large ones: the same rows, in a version of their own.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::collect;

use super::athena;
use super::hive::{HiveWriteExec, WriteJob};
use super::store::{TARGET_FILE_BYTES, WrittenFiles};
use crate::engine::Session;
use crate::error::{Error, Result};
use crate::lake::path::PartitionValue;
use crate::lake::stage;
use crate::lake::table::commit::{self, Replaces};
use crate::lake::table::data_file::{DataFile, FilesIdentity};
use crate::lake::table::head::Head;
use crate::lake::table::tree::Node;
use crate::lake::table::version::{FileLayout, Version};
use crate::report::{Meter, RunStamp};

/// A file is small below this size. Two of them make one that is not too large.
const SMALL_FILE_BYTES: u64 = TARGET_FILE_BYTES / 2;

/// The files that are worth writing again: the small ones of partitions that have several. Where a partition is known by the
/// folder of a run, with them all others of it, as they have to lie in one.
pub fn small_files(files: &[DataFile], layout: FileLayout) -> Vec<DataFile> {
    let is_small = |file: &&DataFile| file.bytes < SMALL_FILE_BYTES;
    let mut partitions: BTreeMap<&[PartitionValue], Vec<&DataFile>> = BTreeMap::new();
    for file in files {
        partitions.entry(&file.partition).or_default().push(file);
    }
    let worth = partitions.into_values().filter(|files| files.iter().filter(|file| is_small(file)).count() > 1);
    let taken = |file: &&DataFile| layout == FileLayout::Runs || is_small(file);
    worth.flatten().filter(taken).cloned().collect()
}

/// Writes the rows of these files of the `current` version, the head's, again and commits them in their place; the new
/// files. The fingerprint stays: for whoever reads the table, nothing has changed.
pub async fn compact(
    session: &Session,
    head: &Head,
    current: Version,
    small: Vec<DataFile>,
    stamp: &RunStamp,
    meter: &Meter,
) -> Result<Vec<DataFile>> {
    let lake = &session.lake;
    let replaced: HashSet<String> = small.iter().map(|file| file.path.clone()).collect();
    let rows: u64 = small.iter().map(|file| file.rows).sum();
    let mut taken_over: HashMap<Vec<PartitionValue>, (Option<String>, FilesIdentity)> = HashMap::new();
    for file in &small {
        let (made_from, identity) = taken_over.entry(file.partition.clone()).or_default();
        made_from.clone_from(&file.made_from);
        *identity += file.identity();
    }
    let part = Version { files: small.into(), quarantine: Node::default(), ..current };
    let job = Arc::new(WriteJob {
        lake: lake.clone(),
        table: part.table.clone(),
        place: part.layout.into(),
        run_id: stamp.run_id.clone(),
        attempt: 0,
        // As the files that stay have it.
        schema: athena::in_unit(&part.schema, part.timestamps),
        partition_by: part.partition_by.clone(),
        checks: vec![],
        dedupe: None,
        target_file_bytes: TARGET_FILE_BYTES,
        meter: meter.clone(),
    });
    let frame = session.version(&part)?;
    let context = Arc::new(frame.task_ctx());
    let plan = frame.create_physical_plan().await?;
    let plan = match part.partition_by.is_empty() {
        // One task, or else each task would leave a small file of its own.
        true => Arc::new(CoalescePartitionsExec::new(plan)),
        false => plan,
    };
    let plan = Arc::new(HiveWriteExec::new(plan, job));
    let answers = collect(plan, context).await?;
    let mut written = WrittenFiles::read(HiveWriteExec::answers(&answers)?, 0);
    for file in &mut written.files {
        // The first file of a partition stands for all that were there, the others for none.
        let (made_from, identity) = taken_over.entry(file.partition.clone()).or_default();
        file.made_from.clone_from(made_from);
        file.stands_for = Some(std::mem::take(identity));
    }
    let written_rows: u64 = written.files.iter().map(|file| file.rows).sum();
    if written_rows != rows {
        for staged in &written.staged {
            stage::discard(lake, staged).await?;
        }
        let message = format!("`{}` has {rows} rows in its small files, but {written_rows} were read", part.table);
        return Err(Error::failed(message).hint("the table is as it was; compare its files with its version"));
    }
    let next = Version {
        run_id: stamp.run_id.clone(),
        committed_at: stamp.at,
        files: written.files.clone().into(),
        replaced: vec![],
        ..part
    };
    commit::commit(lake, head, next, written.staged, Replaces::Files(replaced)).await?;
    Ok(written.files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_partitions_with_several_small_files_are_worth_it() {
        let file = |path: &str, partition: &str, bytes| DataFile {
            path: path.into(),
            partition: vec![Some(partition.into())],
            rows: 1,
            bytes,
            columns: vec![],
            made_from: None,
            stands_for: None,
        };
        let large = TARGET_FILE_BYTES;
        let files = [file("a1", "a", 10), file("b1", "b", 10), file("b2", "b", large), file("a2", "a", 20)];
        let paths = |files: &[DataFile], layout| -> Vec<String> {
            small_files(files, layout).into_iter().map(|file| file.path).collect()
        };
        assert_eq!(paths(&files, FileLayout::Folder), ["a1", "a2"]);
        let files = [files.as_slice(), &[file("a3", "a", large)]].concat();
        assert_eq!(paths(&files, FileLayout::Folder), ["a1", "a2"]);
        assert_eq!(paths(&files, FileLayout::Runs), ["a1", "a2", "a3"]);
    }
}
