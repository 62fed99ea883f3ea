//! What drivers do: the steps of a run, of a compaction, of `vacuum`, of a capture and of a reader, as the pipeline takes
//! them.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::{DataType, Field, Schema};
use chrono::DateTime;
use object_store::ObjectStoreExt;
use object_store::path::Path;

use super::ledger::{Intent, SOURCE, source, table};
use super::store::{Fortune, Handle, World};
use crate::error::{Error, Kind, Result};
use crate::lake::landing::{self, LandedFormat, LandedPart, Landing};
use crate::lake::lock;
use crate::lake::path::{self, PartitionValue};
use crate::lake::planted::Planted;
use crate::lake::state_shelf::StateShelf;
use crate::lake::table::commit::{self, Replaces};
use crate::lake::table::data_file::DataFile;
use crate::lake::table::head::Head;
use crate::lake::table::shelf::Shelf;
use crate::lake::table::tree::Node;
use crate::lake::table::version::{self, FileLayout, Version};
use crate::lake::table::{attic, vacuum};
use crate::lake::{Lake, ObjectFormat, capture, stage};
use crate::machine::Process;
use crate::spark::types::Timestamps;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errand {
    Append,
    Overwrite,
    OverwritePartitions,
    Compact,
    Vacuum,
    Capture,
    Read,
}

pub struct Driver {
    pub number: usize,
    pub task: Errand,
    pub world: Arc<World>,
    pub handle: Handle,
    pub lake: Lake,
    /// Goes on at its work when it has lost its claim, as a machine does that wakes up and has not yet noticed.
    pub is_deaf: bool,
    /// How often it begins again.
    pub attempts: u32,
}

impl Driver {
    pub fn new(number: usize, task: Errand, world: &Arc<World>, fortune: Fortune, setting: &Setting) -> Driver {
        let handle = Handle::new(world, number, fortune);
        let store = Arc::new(handle.clone());
        let uploads = setting.with_uploads.then(|| store.clone() as _);
        let lake = Lake::simulated(store, uploads, world.time.clone(), setting.planted);
        let lake = lake.keeping(setting.keep).with_uploads_from(0);
        Driver { number, task, world: world.clone(), handle, lake, is_deaf: false, attempts: 3 }
    }

    /// Does its task, and tries again when another run was in its way.
    pub async fn drive(self, starts_after: Duration) {
        self.world.time.sleep(starts_after).await;
        for attempt in 0..self.attempts {
            let run_id = format!("run{}{attempt}", self.number);
            let done = self.attempt(&run_id).await;
            self.world.state().ledger.let_go(self.number);
            if done.is_ok() || self.handle.is_dead() {
                return;
            }
            let pause = self.world.state().chance.seconds(5, 70);
            self.world.time.sleep(pause).await;
        }
    }

    async fn attempt(&self, run_id: &str) -> Result<()> {
        if self.task == Errand::Read {
            return self.read().await;
        }
        let dataset = match self.task {
            Errand::Capture => source(),
            _ => table(),
        };
        let process = Process { host: "simulated".into(), machine: None, pid: self.number as u32, started: None };
        let lock = lock::acquire_for(&self.lake, run_id, [dataset], process).await?;
        self.world.state().ledger.hold(self.number, lock.watch());
        let now = lock.store_time();
        let work = async {
            let done = self.work(run_id, now).await;
            // What follows is the release.
            self.world.state().ledger.let_go(self.number);
            done
        };
        if !self.is_deaf {
            return lock.hold_for(work).await;
        }
        let done = work.await;
        let released = lock.release().await;
        done.and(released)
    }

    async fn work(&self, run_id: &str, now: DateTime<chrono::Utc>) -> Result<()> {
        let lake = &self.lake;
        if self.task == Errand::Capture {
            return self.capture(run_id).await;
        }
        if self.task == Errand::Vacuum {
            commit::recover(lake, &table(), run_id).await?;
            vacuum::remove(lake, &table(), lake.keep(), now).await?;
            return vacuum::remove(lake, &source(), lake.keep(), now).await.map(drop);
        }
        let listed = Shelf::look(lake, &table()).await?;
        let head = commit::open(lake, &table(), run_id, Some(listed)).await?;
        let made = self.write(run_id, &head).await;
        // As a run does whose datasets are made or have failed.
        if made.is_err() {
            commit::recover(lake, &table(), run_id).await?;
        }
        stage::clear(lake, run_id).await?;
        let known = made.as_ref().unwrap_or(&head);
        attic::sweep(lake, &table(), (&known.shelf, known.version.as_ref()), lake.keep(), now).await?;
        made.map(drop)
    }

    /// The table as it is then.
    async fn write(&self, run_id: &str, head: &Head) -> Result<Head> {
        let lake = &self.lake;
        let (replaces, partitions) = match self.task {
            Errand::Append => (Replaces::Nothing, vec!["a"]),
            Errand::Overwrite => (Replaces::Everything, vec!["a", "b"]),
            Errand::OverwritePartitions => (Replaces::TouchedPartitions, vec!["a"]),
            Errand::Compact => {
                let Some(current) = &head.version else { return Ok(head.clone()) };
                let Some((partition, small)) = several(version::files(lake, current).await?) else {
                    return Ok(head.clone());
                };
                (Replaces::Files(small), vec![partition])
            }
            Errand::Vacuum | Errand::Capture | Errand::Read => unreachable!("no writers"),
        };
        let (mut staged, mut files) = (vec![], vec![]);
        for partition in &partitions {
            let path = path::data_file(
                &path::table_dir(&table()),
                &["day".into()],
                &[Some(partition.to_string())],
                run_id,
                0,
                files.len(),
            );
            let mut object = stage::begin(lake, run_id, path.clone()).await?;
            object.write("rows".into()).await?;
            staged.push(object.finish().await?);
            files.push(data_file(path, partition));
        }
        self.world.state().ledger.intend(run_id, Intent { new: files.clone(), replaces: replaces.clone() });
        let committed = commit::commit(lake, head, next(run_id, files), staged, replaces).await;
        let ledger = &mut self.world.state().ledger;
        match &committed {
            Ok(Head { version, .. }) => {
                let number = version.as_ref().map_or(0, |version| version.version);
                if !ledger.has_committed(number, run_id) {
                    ledger.break_with(format!("what is said to be committed is: v{number} of {run_id}"));
                }
            }
            Err(error) if error.kind() == Kind::Locked && ledger.highest() + 1 == head.next_number() => {
                ledger.break_with(format!("only who comes second is refused: {run_id} is, and is the first"));
            }
            Err(_) => {}
        }
        committed
    }

    async fn capture(&self, run_id: &str) -> Result<()> {
        let lake = &self.lake;
        let captured = async {
            let listed = StateShelf::look(lake, SOURCE).await?;
            let begun = (run_id, DateTime::UNIX_EPOCH);
            let capture = capture::begin(lake, SOURCE, begun, &listed, None).await?;
            let part = LandedPart {
                path: landing::part_path(capture.folder(lake).await?, 1, "json"),
                rows: 1,
                bytes: 2,
                sha256: String::new(),
                requests: vec![],
            };
            lake.store().put(&Path::parse(&part.path)?, "{}".into()).await?;
            let landing = Landing {
                source: SOURCE.into(),
                run_id: run_id.into(),
                fetched_at: DateTime::UNIX_EPOCH,
                format: LandedFormat::Ndjson,
                schema: Arc::new(Schema::empty()),
                rows: 1,
                bytes: 2,
                sha256: run_id.into(),
                notes: vec![],
                window: None,
                parts: vec![part],
                gone: vec![],
            };
            capture.publish(lake, &landing, capture::NextState::of("definition")).await
        };
        let captured = captured.await;
        if captured.is_err() {
            capture::recover(lake, SOURCE, run_id).await?;
        }
        captured.map(drop)
    }

    /// Reads the table as `query` does: a version, then its files, each in its place or in the attic.
    async fn read(&self) -> Result<()> {
        for _ in 0..6 {
            let head = self.world.state().ledger.head();
            let version = version::latest(&self.lake, &table()).await?;
            let Some(version) = version else {
                if head.is_some() {
                    self.world.state().ledger.break_with("a reader sees a committed state: it saw none");
                }
                continue;
            };
            {
                let ledger = &mut self.world.state().ledger;
                if head.is_some_and(|head| version.version < head) || !ledger.is_as_committed(&version) {
                    ledger.break_with(format!("a reader sees the committed state: it saw v{}", version.version));
                }
            }
            for file in version::files(&self.lake, &version).await? {
                let is_there = match self.lake.read(&file.path).await? {
                    Some(_) => true,
                    None => self.lake.read(&path::attic_file(&file.path)).await?.is_some(),
                };
                let ledger = &mut self.world.state().ledger;
                if !is_there && ledger.is_kept(version.version) {
                    ledger.break_with(format!("a reader finds v{}: it missed {}", version.version, file.path));
                }
            }
            let pause = self.world.state().chance.seconds(1, 60);
            self.world.time.sleep(pause).await;
        }
        Ok(())
    }
}

/// What all drivers of a schedule have in common.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    pub keep: Duration,
    pub with_uploads: bool,
    pub planted: Option<Planted>,
}

/// The files of a partition that has several, and the partition.
fn several(files: Vec<DataFile>) -> Option<(&'static str, HashSet<String>)> {
    let mut partitions: BTreeMap<Vec<PartitionValue>, HashSet<String>> = BTreeMap::new();
    for file in files {
        partitions.entry(file.partition).or_default().insert(file.path);
    }
    let (partition, files) = partitions.into_iter().find(|(_, files)| files.len() > 1)?;
    Some((if partition[0].as_deref() == Some("a") { "a" } else { "b" }, files))
}

fn data_file(path: String, partition: &str) -> DataFile {
    let partition = vec![Some(partition.to_string())];
    DataFile { path, partition, rows: 1, bytes: 4, columns: vec![], made_from: None, stands_for: None }
}

fn next(run_id: &str, files: Vec<DataFile>) -> Version {
    Version {
        format: ObjectFormat,
        table: table(),
        version: 0,
        run_id: run_id.to_string(),
        committed_at: DateTime::UNIX_EPOCH,
        fingerprint: String::new(),
        schema: Arc::new(Schema::new(vec![Field::new("day", DataType::Utf8, true)])),
        timestamps: Timestamps::Micros,
        partition_by: vec!["day".to_string()],
        key: vec![],
        layout: FileLayout::default(),
        files: files.into(),
        quarantine: Node::default(),
        empty: vec![],
        replaced: vec![],
    }
}

/// Clears up after everybody, undisturbed: twice, with days between, so that all that has to grow old does.
pub async fn clear_up(world: &Arc<World>, setting: &Setting) -> Result<()> {
    world.state().ledger.keep_nothing();
    for (number, task) in [(90, Errand::Append), (91, Errand::Capture), (92, Errand::Overwrite), (93, Errand::Vacuum)] {
        let setting = Setting { keep: Duration::ZERO, ..*setting };
        for days in [0, 2] {
            world.time.sleep(Duration::from_secs(days * 86_400 + 120)).await;
            let number = number + 10 * days as usize;
            let driver = Driver::new(number, task, world, Fortune::default(), &setting);
            let done = driver.attempt(&format!("run{number}")).await;
            world.state().ledger.let_go(number);
            done.map_err(|error| Error::failed(format!("{task:?} fails in the end: {error}")))?;
        }
    }
    Ok(())
}
