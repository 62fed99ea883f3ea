//! One run at a time per dataset.
//!
//! A run that is to make datasets first puts down a claim on them, one object, and then looks at the claims of others.
//! Of two runs that want the same dataset at least one so sees the other, and gives way. That asks of a store no more
//! than that a listing shows what was put before, which file systems, S3 and MinIO all do, and costs a run two requests
//! however many datasets it makes. Should both see each other, both give way.
//!
//! A claim is renewed while its run is alive: by its next generation, an object that is only ever created. It is void
//! when its process is known to be gone, or when it was not renewed for a whole [`TERM`] by the store's clock: then
//! that of a claim just put there says how old it is. Who finds that it ran out creates its next generation *as void*; so
//! either the owner renews it or another ends it, and an owner that was only asleep learns at its next renewal that it
//! has lost. It stops on its own well before others may take over, by the time that passes on its own machine.
//!
//! A verdict can still be wrong (a machine that slept knows it only a while after it wakes up). That costs a run, and
//! nothing else: a [commit](super::table::commit) is right without any lock.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::format::{Content, ObjectFormat};
use super::planted::Planted;
use super::{Lake, OLD, TableName, path, stage};
use crate::error::{Error, Kind, Result};
use crate::machine::Process;

/// After so long without a renewal others may take over. Much longer than a store is out of reach on an ordinary day.
const TERM: TimeDelta = TimeDelta::seconds(60);
const RENEWED_EVERY: Duration = Duration::from_secs(15);
/// A renewal that failed is tried again after this.
const TRIED_AGAIN_AFTER: Duration = Duration::from_secs(3);
/// After so long without a renewal its owner takes the claim for lost: before others may.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(45);

/// What a generation of a claim can be.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum Generation {
    Claim(Claim),
    Void(Void),
}

/// What a run at work says of itself, in `_trapiche/runs/<run>.<generation>.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    format: ObjectFormat,
    pub run_id: String,
    pub datasets: BTreeSet<TableName>,
    pub process: Process,
}

/// The end of a claim that was not released.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Void {
    format: ObjectFormat,
    /// The run that found it void.
    void_by: String,
}

/// Held until released or dropped; a dropped one runs out.
#[derive(Debug)]
pub struct Lock {
    lake: Lake,
    renewal: JoinHandle<Vec<String>>,
    stop: watch::Sender<bool>,
    lost: watch::Receiver<bool>,
    /// The store's time at some moment, and when that was.
    seen: (DateTime<Utc>, Duration),
}

/// Claims the datasets for `run_id`, or says which run is at work on one of them. Clears away what dead runs had staged.
pub async fn acquire(lake: &Lake, run_id: &str, datasets: impl IntoIterator<Item = TableName>) -> Result<Lock> {
    acquire_for(lake, run_id, datasets, Process::this()).await
}

pub(super) async fn acquire_for(
    lake: &Lake,
    run_id: &str,
    datasets: impl IntoIterator<Item = TableName>,
    process: Process,
) -> Result<Lock> {
    // Looked at before the claims: who stages has a claim, so what has none by then is of a run that is over.
    let staged = stage::runs(lake).await?;
    let claim =
        Claim { format: ObjectFormat, run_id: run_id.to_string(), datasets: datasets.into_iter().collect(), process };
    let first = path::claim_file(run_id, 1);
    let asked_at = lake.clock().now();
    match lake.create(&first, claim.to_json()).await {
        Ok(true) => {}
        Ok(false) => return Err(same_run(run_id)),
        Err(error) => {
            // It may be there all the same; if this fails too, it ends with this process.
            let _ = lake.delete(&first).await;
            return Err(error);
        }
    }
    let mut lock = hold(lake, claim.clone(), asked_at);
    let looked = tokio::select! {
        biased;
        lost = lock.lost() => Err(lost),
        looked = give_way_or_clear(lake, &claim, staged) => looked,
    };
    match looked {
        Ok(seen) => {
            lock.seen = seen;
            Ok(lock)
        }
        Err(error) => {
            let _ = lock.release().await;
            Err(error)
        }
    }
}

impl Lock {
    /// Waits until the claim could not be renewed in time, or another run has taken over; else for ever.
    pub async fn lost(&self) -> Error {
        let mut lost = self.lost.clone();
        if lost.wait_for(|lost| *lost).await.is_err() {
            std::future::pending::<()>().await;
        }
        lost_claim()
    }

    /// Becomes true when the claim is lost.
    #[cfg(test)]
    pub(super) fn watch(&self) -> watch::Receiver<bool> {
        self.lost.clone()
    }

    /// The time by the store's clock, or a little before it.
    pub fn store_time(&self) -> DateTime<Utc> {
        let (time, at) = self.seen;
        time + (self.lake.clock().now() - at)
    }

    /// Does the work for as long as the claim holds, and releases it. What is staged when it is lost is left to whoever
    /// has taken over.
    pub async fn hold_for<T>(self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let done = tokio::select! {
            biased;
            lost = self.lost() => Err(lost),
            done = work => done,
        };
        let released = self.release().await;
        // Why the work failed is what the user must know.
        let done = done?;
        released.map(|()| done)
    }

    pub async fn release(mut self) -> Result<()> {
        self.stop.send_replace(true);
        // A renewal that is under way is waited for: it would be there after all was removed.
        let mine = (&mut self.renewal).await.unwrap_or_default();
        for generation in mine {
            self.lake.delete(&generation).await?;
        }
        Ok(())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

/// The newest time that a claim was put there: the store's time, some seconds ago. `None` when no run is at work.
pub(super) async fn store_time(lake: &Lake) -> Result<Option<DateTime<Utc>>> {
    Ok(lake.objects_in(path::CLAIMS).await?.into_iter().map(|claim| claim.last_modified).max())
}

/// The last generation of a run's claim, and the names of all that are there.
#[derive(Debug, Default)]
struct Listed {
    generation: u64,
    put_at: DateTime<Utc>,
    files: Vec<String>,
}

/// What the last generation of a claim says.
enum Verdict {
    Alive(Claim),
    Void,
    /// It ran out, and nobody has said yet that it is void. Its owner may be asleep.
    RunOut,
    /// Its owner is known to be gone.
    Dead,
    /// It was released while we looked, or renewed.
    Gone,
}

/// Gives way to a run that is at work on the same, and clears away what those have staged that are over; the store's time.
async fn give_way_or_clear(lake: &Lake, mine: &Claim, staged: Vec<String>) -> Result<(DateTime<Utc>, Duration)> {
    let (alive, seen) = loop {
        if let Some(looked) = give_way(lake, mine).await? {
            break looked;
        }
    };
    for run in staged.iter().filter(|run| !alive.contains(*run)) {
        stage::clear(lake, run).await?;
    }
    Ok(seen)
}

/// The runs that are at work on other datasets, and the store's time; `None` when the claims changed while we looked.
async fn give_way(lake: &Lake, mine: &Claim) -> Result<Option<(BTreeSet<String>, (DateTime<Utc>, Duration))>> {
    let mut runs: BTreeMap<String, Listed> = BTreeMap::new();
    let mut unknown = vec![];
    for object in lake.objects_in(path::CLAIMS).await? {
        let file = object.location.to_string();
        let Some((run_id, generation)) = path::parse_claim(&file) else {
            unknown.push((file, object.last_modified));
            continue;
        };
        let listed = runs.entry(run_id.to_string()).or_default();
        if generation > listed.generation {
            (listed.generation, listed.put_at) = (generation, object.last_modified);
        }
        listed.files.push(file);
    }
    // Ours was put there a moment ago, so it has the store's time; if it is not there, it was found void already.
    let now = runs.remove(&mine.run_id).ok_or_else(lost_claim)?.put_at;
    let seen = (now, lake.clock().now());
    let now = if lake.has_planted(Planted::ClaimVoidedByOwnClock) { now + TERM } else { now };
    for (file, put_at) in unknown {
        if now - put_at < OLD {
            return Err(unknown_claim(&file));
        }
        lake.delete(&file).await?;
    }
    let mut alive = BTreeSet::from([mine.run_id.clone()]);
    for (run_id, mut listed) in runs {
        loop {
            match judge(lake, &run_id, &listed, now).await? {
                Verdict::Alive(other) => {
                    if let Some(dataset) = mine.datasets.intersection(&other.datasets).next() {
                        return Err(at_work(&other, dataset));
                    }
                    alive.insert(run_id);
                }
                Verdict::RunOut => {
                    let next = path::claim_file(&run_id, listed.generation + 1);
                    let void = Void { format: ObjectFormat, void_by: mine.run_id.clone() };
                    if !lake.create(&next, serde_json::to_vec(&void).expect("text keys only")).await? {
                        // It was renewed, or another run was quicker.
                        listed.generation += 1;
                        listed.put_at = now;
                        listed.files.push(next);
                        continue;
                    }
                    lake.delete_each(listed.files).await?;
                }
                Verdict::Dead => lake.delete_each(listed.files).await?,
                Verdict::Void if now - listed.put_at >= OLD => lake.delete_each(listed.files).await?,
                Verdict::Void => {}
                Verdict::Gone => return Ok(None),
            }
            break;
        }
    }
    Ok(Some((alive, seen)))
}

async fn judge(lake: &Lake, run_id: &str, listed: &Listed, now: DateTime<Utc>) -> Result<Verdict> {
    let file = path::claim_file(run_id, listed.generation);
    let Some(bytes) = lake.read(&file).await? else { return Ok(Verdict::Gone) };
    match Content::of(&bytes) {
        Content::Whole(Generation::Void(_)) => Ok(Verdict::Void),
        Content::Whole(Generation::Claim(claim)) if claim.process.is_running() == Some(false) => Ok(Verdict::Dead),
        Content::Whole(Generation::Claim(_)) if now - listed.put_at >= TERM => Ok(Verdict::RunOut),
        Content::Whole(Generation::Claim(claim)) => Ok(Verdict::Alive(claim)),
        // The machine died over it.
        Content::Torn => Ok(Verdict::Dead),
        Content::Unknown(_) if now - listed.put_at >= OLD => Ok(Verdict::RunOut),
        Content::Unknown(error) => Err(unknown_claim(&file).because(error)),
    }
}

fn at_work(other: &Claim, dataset: &TableName) -> Error {
    let Claim { run_id, process: Process { host, pid, .. }, .. } = other;
    let message = format!("run `{run_id}` (process {pid} on `{host}`) is at work on `{dataset}`");
    Error::new(Kind::Locked, message).hint(format!(
        "wait for it to end, or stop it; if it is gone already, its claim ends {} seconds after its last renewal",
        TERM.num_seconds()
    ))
}

fn unknown_claim(file: &str) -> Error {
    Error::new(Kind::Locked, format!("`{file}` is a claim of a form that this program does not know"))
        .hint("another version of trapiche may be at work; if none is, remove that object")
}

fn same_run(run_id: &str) -> Error {
    Error::new(Kind::Locked, format!("there is a run `{run_id}` already")).hint("run again")
}

fn lost_claim() -> Error {
    Error::new(
        Kind::Locked,
        "this run's claim on its datasets was lost: the lake could not be reached in time, or this machine slept",
    )
    .hint("run again")
}

/// Renews the claim, whose first generation was asked for at `asked_at`, until it is released or lost.
fn hold(lake: &Lake, claim: Claim, asked_at: Duration) -> Lock {
    let (lose, lost) = watch::channel(false);
    let (stop, stopped) = watch::channel(false);
    let renewal = tokio::spawn(renew(lake.clone(), claim, asked_at, lose, stopped));
    Lock { lake: lake.clone(), renewal, stop, lost, seen: (DateTime::UNIX_EPOCH, asked_at) }
}

/// The objects that are ours when it ends.
async fn renew(
    lake: Lake,
    claim: Claim,
    asked_at: Duration,
    lose: watch::Sender<bool>,
    mut stopped: watch::Receiver<bool>,
) -> Vec<String> {
    let clock = lake.clock();
    let mut generation = 1;
    let mut mine = vec![path::claim_file(&claim.run_id, generation)];
    let (mut held_until, mut next) = (asked_at + GIVEN_UP_AFTER, asked_at + RENEWED_EVERY);
    loop {
        tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => return mine,
            () = clock.sleep(next.min(held_until).saturating_sub(clock.now())) => {}
        }
        let asked_at = clock.now();
        let file = path::claim_file(&claim.run_id, generation + 1);
        // A request that hangs must not keep the loss from being seen.
        let renewed = match asked_at < held_until {
            _ if lake.has_planted(Planted::BlindRenewal) => {
                Some(lake.write(&file, claim.to_json()).await.map(|()| true))
            }
            true => clock.before(held_until, lake.create(&file, claim.to_json())).await,
            false => None,
        };
        match renewed {
            Some(Ok(true)) => {
                generation += 1;
                (held_until, next) = (asked_at + GIVEN_UP_AFTER, asked_at + RENEWED_EVERY);
                let removed = clock.before(next, lake.delete_each(mine.clone())).await;
                if matches!(removed, Some(Ok(()))) {
                    mine.clear();
                }
                mine.push(file);
            }
            Some(Err(_)) => next = clock.now() + TRIED_AGAIN_AFTER,
            Some(Ok(false)) | None => {
                lose.send_replace(true);
                return mine;
            }
        }
    }
}

impl Claim {
    fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("claims have text keys only")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn lake() -> Lake {
        Lake::on("memory://lake", Arc::new(object_store::memory::InMemory::new()), None).unwrap()
    }

    fn table(name: &str) -> [TableName; 1] {
        [TableName::parse(name).unwrap()]
    }

    #[tokio::test]
    async fn work_ends_when_the_claim_on_it_is_lost() {
        let lake = lake();
        let (lose, lost) = watch::channel(false);
        let lock = || Lock {
            lake: lake.clone(),
            renewal: tokio::spawn(async { vec![] }),
            stop: watch::channel(false).0,
            lost: lost.clone(),
            seen: (DateTime::UNIX_EPOCH, Duration::ZERO),
        };
        assert_eq!(lock().hold_for(async { Ok(7) }).await.unwrap(), 7);
        let failed = lock().hold_for::<()>(async { Err(Error::failed("no room")) }).await.unwrap_err();
        assert_eq!(failed.to_string(), "no room");
        let endless = lock().hold_for::<()>(std::future::pending());
        let lose = async { lose.send_replace(true) };
        let (ended, _) = tokio::join!(endless, lose);
        assert_eq!(ended.unwrap_err().kind(), Kind::Locked);
    }

    #[tokio::test]
    async fn what_is_in_another_form_is_alive_until_it_is_old() {
        for claim in ["_trapiche/runs/next.json", "_trapiche/runs/next.0007.json"] {
            let lake = lake();
            for content in [r#"{"format": 2, "lease": "of another kind"}"#, "not even JSON"] {
                lake.write(claim, content).await.unwrap();
                let refused = acquire(&lake, "run", table("trusted.t")).await.unwrap_err();
                assert_eq!(refused.kind(), Kind::Locked, "{refused}");
                assert!(refused.to_string().contains(claim), "{refused}");
                assert_eq!(lake.list(path::CLAIMS).await.unwrap(), [claim]);
            }
        }
    }

    #[tokio::test]
    async fn an_owner_whose_claim_was_found_void_cannot_renew_it() {
        let lake = lake();
        let held = acquire(&lake, "slept", table("trusted.t")).await.unwrap();
        // As one on another machine finds it, a minute later.
        assert!(lake.create(&path::claim_file("slept", 2), r#"{"format": 1, "void_by": "other"}"#).await.unwrap());
        let other = acquire(&lake, "other", table("trusted.t")).await.unwrap();
        held.release().await.unwrap();
        assert_eq!(
            lake.list(path::CLAIMS).await.unwrap(),
            ["_trapiche/runs/other.0001.json", "_trapiche/runs/slept.0002.json"]
        );
        other.release().await.unwrap();
    }
}
