//! The lake: whether it can be listed, written to as a commit writes, read and cleared; its clock; the room on its disk.

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use object_store::ObjectStoreExt;
use object_store::path::Path;

use super::{Finding, Health, finding};
use crate::error::{Error, Result};
use crate::lake::{Lake, path};
use crate::machine;
use crate::report::RunStamp;

/// A clock that is off by more makes claims look older or younger than they are.
const SKEW: TimeDelta = TimeDelta::seconds(5);

/// Requests to S3 are signed with a time, and refused from this on
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html>).
const MOST_SKEW: TimeDelta = TimeDelta::minutes(15);

/// With less room a run may not get far.
const ROOM_BYTES: u64 = 1_000_000_000;

pub async fn examine(lake: &Lake, stamp: &RunStamp) -> Vec<Finding> {
    let probe = path::probe(&stamp.run_id);
    let mut findings = vec![finding("lake", "list", list(lake)).await];
    let written = finding("lake", "create, once only", create(lake, &probe)).await;
    let is_there = written.health != Health::Fail;
    findings.push(written);
    // The rest is about the probe.
    if is_there {
        findings.push(finding("lake", "read", read(lake, &probe)).await);
        findings.push(finding("lake", "clock", clock(lake, &probe)).await);
    }
    // Also if it is not known whether it was written.
    findings.push(finding("lake", "remove", remove(lake, &probe)).await);
    if let Some(root) = lake.local_root() {
        findings.push(finding("lake", "room", async { room(root) }).await);
    }
    findings
}

async fn list(lake: &Lake) -> Result<(Health, String)> {
    let runs = lake.list(path::RUNS).await?.len();
    Ok((Health::Ok, format!("`{}` has had {runs} runs", lake.url())))
}

/// Every commit stands on this: of two that create the same object one is refused.
async fn create(lake: &Lake, probe: &str) -> Result<(Health, String)> {
    if !lake.create(probe, CONTENT).await? {
        return Err(Error::failed(format!("`{probe}` is there already")).hint("remove it, and ask again"));
    }
    // With the same content it would be taken for the first one, whose answer was lost.
    match lake.create(probe, OTHER).await? {
        false => Ok((Health::Ok, "a second creation of the same object is refused".to_string())),
        true => Err(Error::failed("the store lets the same object be created twice").hint(
            "it does not know conditional writes (`If-None-Match`): two runs could both commit; use another store",
        )),
    }
}

const OTHER: Bytes = Bytes::from_static(b"a second one\n");
const CONTENT: Bytes = Bytes::from_static(b"a probe of trapiche doctor, which removes it\n");

async fn read(lake: &Lake, probe: &str) -> Result<(Health, String)> {
    match lake.read(probe).await? {
        Some(bytes) if bytes == CONTENT => Ok((Health::Ok, "what was written is read back".to_string())),
        Some(_) => Err(Error::failed("what is read is not what was written")),
        None => Err(Error::failed("what was written is not there")
            .hint("the store shows new objects late; a run needs one that shows them at once")),
    }
}

async fn clock(lake: &Lake, probe: &str) -> Result<(Health, String)> {
    let written = lake.store().head(&Path::parse(probe)?).await?.last_modified;
    let off = skew(written, Utc::now());
    let told = format!("{} s between the store's clock and this machine's", off.num_seconds());
    Ok(match off {
        off if off > MOST_SKEW => {
            let told = Error::failed(told);
            return Err(told.hint("set this machine's clock (NTP): S3 refuses what is signed more than 15 minutes off"));
        }
        off if off > SKEW => (Health::Warn, told + ": set this machine's clock (NTP)"),
        _ => (Health::Ok, told),
    })
}

/// What the clocks differ by at least. The store tells whole seconds, and the object was written some seconds ago at most.
fn skew(written: DateTime<Utc>, now: DateTime<Utc>) -> TimeDelta {
    let off = now - written;
    if off < TimeDelta::zero() { -off } else { (off - TimeDelta::seconds(2)).max(TimeDelta::zero()) }
}

async fn remove(lake: &Lake, probe: &str) -> Result<(Health, String)> {
    lake.delete(probe).await?;
    match lake.read(probe).await? {
        None => Ok((Health::Ok, "the probe is gone".to_string())),
        Some(_) => Err(Error::failed(format!("`{probe}` is still there after its removal"))),
    }
}

fn room(root: &std::path::Path) -> Result<(Health, String)> {
    // The lake is made by its first write.
    let there = root.ancestors().find(|folder| folder.exists()).unwrap_or(root);
    let free = machine::free_disk(there)?;
    let told = format!("{:.1} GB free", free as f64 / 1e9);
    Ok(if free < ROOM_BYTES { (Health::Warn, told + ": make room on that disk") } else { (Health::Ok, told) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_differ_by_what_the_time_of_writing_does_not_explain() {
        let at = |second: i64| DateTime::UNIX_EPOCH + TimeDelta::seconds(1000 + second);
        let off = |now: i64| skew(at(0), at(now)).num_seconds();
        assert_eq!([off(0), off(2), off(9), off(-7)], [0, 0, 7, 7]);
    }
}
