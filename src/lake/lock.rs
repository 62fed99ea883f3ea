//! One run at a time per dataset.
//!
//! A run that is to make datasets first puts down a claim on them, one object, and then looks at the claims of others.
//! Of two runs that want the same dataset at least one so sees the other, and gives way. That asks of a store no more
//! than that a listing shows what was put before, which file systems, S3 and MinIO all do, and costs a run two requests
//! however many datasets it makes. Should both see each other, both give way.
//!
//! A claim holds for [`HOLDS_FOR`] and is renewed while the run is alive. Where it was put down by a process of this
//! machine that is gone, it is void at once, so that a killed run can be started again without waiting.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{Lake, TableName, path, stage};
use crate::error::{Error, Kind, Result};

/// Much longer than clocks differ and than a store is out of reach on an ordinary day.
const HOLDS_FOR: TimeDelta = TimeDelta::seconds(60);
const RENEWED_EVERY: Duration = Duration::from_secs(15);

/// What a run at work says of itself, in `_trapiche/runs/<run>.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claim {
    pub run_id: String,
    pub datasets: BTreeSet<TableName>,
    pub expires_at: DateTime<Utc>,
    pub process: Process,
}

/// A process, as precisely as its machine can tell; without `/proc` nothing is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// For words.
    pub host: String,
    /// The machine's boot and the process namespace (a container has its own): where these are the same, `pid` is too.
    pub machine: Option<String>,
    pub pid: u32,
    /// Process ids are used again; this and the id together are not. In clock ticks since the boot.
    pub started: Option<u64>,
}

/// Held until released or dropped; a dropped one expires.
#[derive(Debug)]
pub struct Lock {
    lake: Lake,
    claim: String,
    renewal: JoinHandle<()>,
    lost: watch::Receiver<bool>,
}

/// Claims the datasets for `run_id`, or says which run is at work on one of them. Clears away what dead runs had staged.
pub async fn acquire(lake: &Lake, run_id: &str, datasets: impl IntoIterator<Item = TableName>) -> Result<Lock> {
    // Looked at before the claims: who stages has a claim, so what has none by then is of a run that is over.
    let staged = stage::runs(lake).await?;
    let mine = Claim {
        run_id: run_id.to_string(),
        datasets: datasets.into_iter().collect(),
        expires_at: Utc::now() + HOLDS_FOR,
        process: Process::this(),
    };
    let file = path::claim_file(run_id);
    let claimed = match lake.create(&file, mine.to_json()).await {
        Ok(true) => give_way_or_clear(lake, &mine, staged).await,
        Ok(false) => {
            return Err(Error::new(Kind::Locked, format!("there is a run `{run_id}` already")).hint("run again"));
        }
        // It may be there all the same.
        Err(error) => Err(error),
    };
    match claimed {
        Ok(()) => Ok(hold(lake, mine, file)),
        Err(error) => {
            // If this fails too, the claim ends with this process.
            let _ = lake.delete(&file).await;
            Err(error)
        }
    }
}

impl Lock {
    /// Waits until the claim could not be renewed in time, so that another run may have taken over; else for ever.
    pub async fn lost(&self) -> Error {
        let mut lost = self.lost.clone();
        if lost.wait_for(|lost| *lost).await.is_err() {
            std::future::pending::<()>().await;
        }
        Error::new(Kind::Locked, "this run's claim on its datasets ran out: the lake could not be reached in time")
            .hint("run again")
    }

    /// Does the work for as long as the claim holds, and releases it. What is staged when it is lost is left to whoever
    /// has taken over.
    pub async fn hold_for<T>(self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let done = tokio::select! {
            done = work => done,
            lost = self.lost() => Err(lost),
        };
        let released = self.release().await;
        // Why the work failed is what the user must know.
        let done = done?;
        released.map(|()| done)
    }

    pub async fn release(self) -> Result<()> {
        self.renewal.abort();
        self.lake.delete(&self.claim).await
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

async fn give_way_or_clear(lake: &Lake, mine: &Claim, staged: Vec<String>) -> Result<()> {
    let mut alive = BTreeSet::from([mine.run_id.clone()]);
    for file in lake.list(path::CLAIMS).await? {
        if file == path::claim_file(&mine.run_id) {
            continue;
        }
        // It may end while we look.
        let Some(bytes) = lake.read(&file).await? else { continue };
        match serde_json::from_slice::<Claim>(&bytes) {
            Ok(other) if other.is_alive(Utc::now()) => {
                if let Some(dataset) = mine.datasets.intersection(&other.datasets).next() {
                    return Err(at_work(&other, dataset));
                }
                alive.insert(other.run_id);
            }
            // Void, or torn by a death.
            _ => lake.delete(&file).await?,
        }
    }
    for run in staged.iter().filter(|run| !alive.contains(*run)) {
        stage::clear(lake, run).await?;
    }
    Ok(())
}

fn at_work(other: &Claim, dataset: &TableName) -> Error {
    let Claim { run_id, process: Process { host, pid, .. }, .. } = other;
    let message = format!("run `{run_id}` (process {pid} on `{host}`) is at work on `{dataset}`");
    let until = other.expires_at.format("%H:%M:%SZ");
    Error::new(Kind::Locked, message)
        .hint(format!("wait for it to end, or stop it; if it is gone already, its claim ends at {until}"))
}

fn hold(lake: &Lake, claim: Claim, file: String) -> Lock {
    let (lose, lost) = watch::channel(false);
    let (store, name) = (lake.clone(), file.clone());
    let renewal = tokio::spawn(async move {
        let mut claim = claim;
        loop {
            tokio::time::sleep(RENEWED_EVERY).await;
            // A machine that slept may wake up long after another run has taken over.
            if claim.expires_at <= Utc::now() {
                lose.send_replace(true);
                return;
            }
            let renewed = Claim { expires_at: Utc::now() + HOLDS_FOR, ..claim.clone() };
            // A request that hangs must not keep the loss from being seen.
            let written = tokio::time::timeout(RENEWED_EVERY, store.write(&name, renewed.to_json())).await;
            if matches!(written, Ok(Ok(()))) {
                claim = renewed;
            }
        }
    });
    Lock { lake: lake.clone(), claim: file, renewal, lost }
}

impl Claim {
    fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("claims have text keys only")
    }

    fn is_alive(&self, now: DateTime<Utc>) -> bool {
        now < self.expires_at && self.process.is_running() != Some(false)
    }
}

impl Process {
    pub fn this() -> Process {
        let read = |file: &str| std::fs::read_to_string(file).ok().map(|text| text.trim().to_string());
        let boot = read("/proc/sys/kernel/random/boot_id");
        let namespace = std::fs::read_link("/proc/self/ns/pid").ok();
        let pid = std::process::id();
        Process {
            host: read("/proc/sys/kernel/hostname").unwrap_or_else(|| "unknown".to_string()),
            machine: boot.zip(namespace).map(|(boot, namespace)| format!("{boot} {}", namespace.display())),
            pid,
            started: started(pid),
        }
    }

    /// `None` where it cannot be known: on another machine, in another container, without `/proc`.
    fn is_running(&self) -> Option<bool> {
        let here = Process::this();
        let known = self.machine.is_some() && self.machine == here.machine && self.started.is_some();
        known.then(|| started(self.pid) == self.started)
    }
}

/// When a process of this machine started, in clock ticks since the boot; `None` when there is none.
/// The 22nd field of `/proc/<pid>/stat`, see proc_pid_stat(5); the 2nd, the name in brackets, may hold anything.
/// A process that is dead but not yet collected by its parent (`Z`) is none.
fn started(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn claim(process: Process) -> Claim {
        Claim { run_id: "r".into(), datasets: BTreeSet::new(), expires_at: Utc::now() + HOLDS_FOR, process }
    }

    #[tokio::test]
    async fn work_ends_when_the_claim_on_it_is_lost() {
        let lake = Lake::on("memory://lake", Arc::new(object_store::memory::InMemory::new()), None).unwrap();
        let (lose, lost) = watch::channel(false);
        let lock = || Lock {
            lake: lake.clone(),
            claim: path::claim_file("r"),
            renewal: tokio::spawn(std::future::pending()),
            lost: lost.clone(),
        };
        assert_eq!(lock().hold_for(async { Ok(7) }).await.unwrap(), 7);
        let failed = lock().hold_for::<()>(async { Err(Error::failed("no room")) }).await.unwrap_err();
        assert_eq!(failed.to_string(), "no room");
        let endless = lock().hold_for::<()>(std::future::pending());
        let lose = async { lose.send_replace(true) };
        let (ended, _) = tokio::join!(endless, lose);
        assert_eq!(ended.unwrap_err().kind(), Kind::Locked);
    }

    #[test]
    fn a_claim_holds_while_its_process_or_else_its_time_lasts() {
        let this = Process::this();
        let now = Utc::now();
        assert!(claim(this.clone()).is_alive(now));
        assert!(!claim(this.clone()).is_alive(now + HOLDS_FOR * 2), "it ran out");
        if this.machine.is_some() {
            // Another process had this id before.
            let earlier = Process { started: this.started.map(|ticks| ticks - 1), ..this.clone() };
            assert!(!claim(earlier.clone()).is_alive(now));
            assert!(claim(Process { machine: Some("elsewhere".into()), ..earlier }).is_alive(now));
        }
    }
}
