//! The bucket that a lake in S3 lies in: whether it is there and where, closed, encrypted, and rid of what broke off.

use super::{Finding, Health, finding};
use crate::aws::account::Account;
use crate::aws::bucket::{BucketRule, LakeBucket, RuleState};
use crate::error::{self, Error, Result};
use crate::project::Project;

/// What is done about what is not as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mending {
    Nothing,
    /// Rules that are broken are set.
    Rules,
    /// And a bucket that is not there is created.
    All,
}

/// One finding for each thing that a bucket should be; none of a lake that is not in S3.
pub async fn examine(project: &Project, mending: Mending) -> Vec<Finding> {
    let storage = &project.target.storage;
    if !storage.url.starts_with("s3://") {
        return vec![];
    }
    let account = Account::open(storage.region.as_deref()).await;
    let bucket = match LakeBucket::open(&account, &storage.url, storage.endpoint.as_deref()) {
        Ok(bucket) => bucket,
        Err(error) => return vec![finding("bucket", "region", async { Err(error) }).await],
    };
    let is_there = finding("bucket", "region", region(&bucket, mending)).await;
    let is_reached = is_there.health == Health::Ok;
    let mut findings = vec![is_there];
    // Of one that is not there, or elsewhere, nothing else is to be said.
    for rule in BucketRule::ALL.into_iter().filter(|_| is_reached) {
        let mut found = finding("bucket", rule.as_str(), self::rule(&bucket, rule, mending)).await;
        if found.health == Health::Warn && mending == Mending::Nothing {
            found.hint = Some(format!("`trapiche doctor --target {} --fix` mends it", project.target.name));
        }
        findings.push(found);
    }
    findings
}

async fn region(bucket: &LakeBucket, mending: Mending) -> Result<(Health, String)> {
    let (name, wanted) = (bucket.name(), bucket.wanted_region());
    match bucket.region().await? {
        Some(region) if region == wanted => Ok((Health::Ok, format!("`{name}` is in {region}"))),
        Some(region) => Err(Error::config(format!("`{name}` is in {region}, and the target says {wanted}"))
            .hint(format!("write `s3: {{ region: {region} }}` in the target"))),
        None if mending == Mending::All => {
            bucket.create().await?;
            Ok((Health::Ok, format!("`{name}` was created in {wanted}")))
        }
        None => Err(Error::config(format!("there is no bucket `{name}`"))
            .hint("`trapiche init --target …` creates it, and sets it up")),
    }
}

async fn rule(bucket: &LakeBucket, rule: BucketRule, mending: Mending) -> Result<(Health, String)> {
    Ok(match bucket.look(rule).await? {
        RuleState::Kept(words) => (Health::Ok, words),
        RuleState::Unknown(words) => (Health::Ok, format!("not known: {words}")),
        RuleState::Broken(words) if mending == Mending::Nothing => (Health::Warn, words),
        RuleState::Broken(words) => {
            match bucket.mend(rule).await {
                Ok(()) => {}
                Err(error) if !bucket.is_at_aws() => {
                    let why = error::chain(&error).last().map(ToString::to_string).unwrap_or_default();
                    return Ok((Health::Warn, format!("{words}; this store takes no such rule ({why})")));
                }
                Err(error) => return Err(error),
            }
            match bucket.look(rule).await? {
                RuleState::Kept(words) => (Health::Ok, format!("mended: {words}")),
                RuleState::Broken(_) | RuleState::Unknown(_) => {
                    return Err(Error::failed(format!("{words}; it was set, and is not seen")));
                }
            }
        }
    })
}
