//! The bucket that a lake lies in, itself: what object_store has no request for.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::head_bucket::HeadBucketError;
use aws_sdk_s3::primitives::DateTime as SdkTime;
use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, BucketLocationConstraint, BucketVersioningStatus,
    CreateBucketConfiguration, ExpirationStatus, LifecycleRule, LifecycleRuleFilter, NoncurrentVersionExpiration,
    PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, TransitionDefaultMinimumObjectSize,
};
use chrono::{DateTime, Utc};

use super::account::Account;
use super::s3::{NAME, client, code, place};
use super::told::{self, Refused};
use crate::error::{Error, Result};

/// No upload of a run takes so many days.
const UPLOAD_DAYS: i32 = 7;

/// How long a bucket with versioning keeps what is deleted, where nothing is said.
const NONCURRENT_DAYS: i32 = 7;

/// The only region that a bucket cannot be told to be in.
const DEFAULT_REGION: &str = "us-east-1";

/// A bucket, and the part of it that is a lake.
#[derive(Debug, Clone)]
pub struct LakeBucket {
    client: Client,
    region: String,
    name: String,
    /// Empty, or ending in `/`.
    prefix: String,
    /// Whether it is at AWS, as far as we know: other servers have not all of this.
    is_at_aws: bool,
}

/// What a bucket is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BucketRule {
    /// Nothing in it can be made public.
    PublicAccess,
    /// It is encrypted where it lies.
    Encryption,
    /// What is deleted goes.
    Versioning,
    /// Uploads that broke off go.
    OpenUploads,
}

/// Whether it is that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleState {
    Kept(String),
    Broken(String),
    /// The store does not say.
    Unknown(String),
}

/// An upload that was begun, and neither completed nor aborted.
#[derive(Debug, Clone)]
pub struct OpenUpload {
    /// Relative to the lake's root.
    pub path: String,
    pub id: String,
    pub began_at: DateTime<Utc>,
}

impl BucketRule {
    pub const ALL: [BucketRule; 4] =
        [BucketRule::PublicAccess, BucketRule::Encryption, BucketRule::Versioning, BucketRule::OpenUploads];

    pub fn as_str(self) -> &'static str {
        match self {
            BucketRule::PublicAccess => "public access",
            BucketRule::Encryption => "encryption",
            BucketRule::Versioning => "versioning",
            BucketRule::OpenUploads => "open uploads",
        }
    }
}

impl LakeBucket {
    /// `url` is `s3://bucket/prefix`; `endpoint` is another S3 than AWS's.
    ///
    /// # Errors
    /// A configuration error for another address.
    pub fn open(account: &Account, url: &str, endpoint: Option<&str>) -> Result<LakeBucket> {
        let (name, prefix) = place(url)?;
        let (client, is_at_aws) = client(account, endpoint);
        Ok(LakeBucket { client, region: account.region().to_string(), name, prefix, is_at_aws })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether AWS keeps it: another server's buckets are set up in its own way.
    pub fn is_at_aws(&self) -> bool {
        self.is_at_aws
    }

    /// In which it is to be.
    pub fn wanted_region(&self) -> &str {
        &self.region
    }

    /// In which it is; `None` when there is no such bucket.
    ///
    /// # Errors
    /// When it is somebody else's, or S3 is not reached.
    pub async fn region(&self) -> Result<Option<String>> {
        match self.client.head_bucket().bucket(&self.name).send().await {
            Ok(there) => Ok(Some(there.bucket_region().unwrap_or(&self.region).to_string())),
            Err(error) => match (status(&error), elsewhere(&error)) {
                (Some(404), _) => Ok(None),
                (Some(301 | 400), Some(region)) => Ok(Some(region)),
                // An answer to HEAD has no words.
                (Some(403), _) => Err(self.refused("AccessDenied").hint(
                    "the bucket is there, and is another account's or closed to you; names of buckets are the whole world's",
                )),
                _ => Err(self.told(error)),
            },
        }
    }

    /// Creates the bucket in the wanted region.
    ///
    /// # Errors
    /// When the name is taken.
    pub async fn create(&self) -> Result<()> {
        let mut request = self.client.create_bucket().bucket(&self.name);
        if self.region != DEFAULT_REGION {
            let place = BucketLocationConstraint::from(self.region.as_str());
            request = request
                .create_bucket_configuration(CreateBucketConfiguration::builder().location_constraint(place).build());
        }
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if code(&error) == Some("BucketAlreadyOwnedByYou") => Ok(()),
            Err(error) if code(&error) == Some("BucketAlreadyExists") => {
                Err(Error::config(format!("the bucket `{}` is another account's", self.name))
                    .hint("names of buckets are the whole world's: choose another one for the target's `storage`"))
            }
            Err(error) => Err(self.told(error)),
        }
    }

    /// Whether the bucket is as that rule says.
    pub async fn look(&self, rule: BucketRule) -> Result<RuleState> {
        match rule {
            BucketRule::PublicAccess => self.public_access().await,
            BucketRule::Encryption => self.encryption().await,
            BucketRule::Versioning => self.versioning().await,
            BucketRule::OpenUploads => self.uploads_rule().await,
        }
    }

    /// Makes the bucket as that rule says. Other rules of its lifecycle stay.
    pub async fn mend(&self, rule: BucketRule) -> Result<()> {
        match rule {
            BucketRule::PublicAccess => self.block_public_access().await,
            BucketRule::Encryption => self.encrypt().await,
            BucketRule::Versioning => {
                let expiration = NoncurrentVersionExpiration::builder().noncurrent_days(NONCURRENT_DAYS).build();
                self.add_rule("trapiche-what-was-deleted", |rule| rule.noncurrent_version_expiration(expiration)).await
            }
            BucketRule::OpenUploads => {
                let abort = AbortIncompleteMultipartUpload::builder().days_after_initiation(UPLOAD_DAYS).build();
                self.add_rule("trapiche-open-uploads", |rule| rule.abort_incomplete_multipart_upload(abort)).await
            }
        }
    }

    /// The lake's uploads that are neither completed nor aborted.
    pub async fn open_uploads(&self) -> Result<Vec<OpenUpload>> {
        let mut found = vec![];
        let (mut key, mut id) = (None, None);
        loop {
            // MinIO lists those of no folder, and those of all.
            let prefix = (self.is_at_aws && !self.prefix.is_empty()).then(|| self.prefix.clone());
            let request = self.client.list_multipart_uploads().bucket(&self.name).set_prefix(prefix);
            let page = request.set_key_marker(key).set_upload_id_marker(id).send().await;
            let page = page.map_err(|error| self.told(error))?;
            for upload in page.uploads() {
                let (Some(key), Some(id), Some(began)) = (upload.key(), upload.upload_id(), upload.initiated()) else {
                    continue;
                };
                if let (Some(path), Some(began_at)) = (key.strip_prefix(&self.prefix), moment(began)) {
                    found.push(OpenUpload { path: path.to_string(), id: id.to_string(), began_at });
                }
            }
            if page.is_truncated() != Some(true) {
                return Ok(found);
            }
            (key, id) = (page.next_key_marker().map(String::from), page.next_upload_id_marker().map(String::from));
        }
    }

    /// What was sent of an upload so far, in bytes.
    pub async fn upload_bytes(&self, upload: &OpenUpload) -> Result<u64> {
        let key = format!("{}{}", self.prefix, upload.path);
        let (mut bytes, mut marker) = (0, None);
        loop {
            let request = self.client.list_parts().bucket(&self.name).key(&key).upload_id(&upload.id);
            let page = match request.set_part_number_marker(marker).send().await {
                Ok(page) => page,
                Err(error) if code(&error) == Some("NoSuchUpload") => return Ok(bytes),
                Err(error) => return Err(self.told(error)),
            };
            bytes += page.parts().iter().map(|part| part.size().unwrap_or_default().max(0) as u64).sum::<u64>();
            match page.next_part_number_marker().filter(|_| page.is_truncated() == Some(true)) {
                Some(next) => marker = Some(next.to_string()),
                None => return Ok(bytes),
            }
        }
    }

    /// Ends an upload, and with it the parts that it has; one that is gone already is gone.
    pub async fn abort(&self, upload: &OpenUpload) -> Result<()> {
        let key = format!("{}{}", self.prefix, upload.path);
        let request = self.client.abort_multipart_upload().bucket(&self.name).key(key).upload_id(&upload.id);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if code(&error) == Some("NoSuchUpload") => Ok(()),
            Err(error) => Err(self.told(error)),
        }
    }

    async fn public_access(&self) -> Result<RuleState> {
        let block = match self.client.get_public_access_block().bucket(&self.name).send().await {
            Ok(there) => there.public_access_block_configuration,
            Err(error) if code(&error) == Some("NoSuchPublicAccessBlockConfiguration") => None,
            Err(error) => return self.unknown(error),
        };
        let set = block.iter().flat_map(|it| {
            [it.block_public_acls(), it.ignore_public_acls(), it.block_public_policy(), it.restrict_public_buckets()]
        });
        Ok(match set.filter(|it| *it == Some(true)).count() {
            4 => RuleState::Kept("nothing in it can be made public".into()),
            n => {
                RuleState::Broken(format!("{n} of the 4 settings are on that keep its objects from being made public"))
            }
        })
    }

    async fn block_public_access(&self) -> Result<()> {
        let all = PublicAccessBlockConfiguration::builder()
            .block_public_acls(true)
            .ignore_public_acls(true)
            .block_public_policy(true)
            .restrict_public_buckets(true)
            .build();
        let put = self.client.put_public_access_block().bucket(&self.name).public_access_block_configuration(all);
        put.send().await.map(drop).map_err(|error| self.told(error))
    }

    async fn encryption(&self) -> Result<RuleState> {
        let there = match self.client.get_bucket_encryption().bucket(&self.name).send().await {
            Ok(there) => there.server_side_encryption_configuration,
            Err(error) if code(&error) == Some("ServerSideEncryptionConfigurationNotFoundError") => None,
            Err(error) => return self.unknown(error),
        };
        let rules = there.iter().flat_map(|there| there.rules());
        let by = rules.filter_map(|rule| rule.apply_server_side_encryption_by_default()).next();
        Ok(match by {
            Some(by) => RuleState::Kept(format!("its objects are encrypted by {}", by.sse_algorithm().as_str())),
            None => RuleState::Broken("nothing says that its objects are to be encrypted".into()),
        })
    }

    async fn encrypt(&self) -> Result<()> {
        let refused = |error| Error::failed("no such encryption").because(error);
        let by = ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::Aes256).build();
        let rule = ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(by.map_err(refused)?);
        let rules = ServerSideEncryptionConfiguration::builder().rules(rule.build()).build().map_err(refused)?;
        let put = self.client.put_bucket_encryption().bucket(&self.name).server_side_encryption_configuration(rules);
        put.send().await.map(drop).map_err(|error| self.told(error))
    }

    async fn versioning(&self) -> Result<RuleState> {
        let status = match self.client.get_bucket_versioning().bucket(&self.name).send().await {
            Ok(there) => there.status,
            Err(error) => return self.unknown(error),
        };
        let is = match status {
            Some(BucketVersioningStatus::Enabled) => "on",
            Some(BucketVersioningStatus::Suspended) => "suspended",
            _ => return Ok(RuleState::Kept("off: tables themselves keep what they replace".into())),
        };
        let (rules, _) = match self.lifecycle().await? {
            Ok(there) => there,
            Err(unknown) => return Ok(unknown),
        };
        let days = |rule: &LifecycleRule| rule.noncurrent_version_expiration()?.noncurrent_days();
        let days = rules.iter().filter(|rule| self.is_covered(rule)).filter_map(days).min();
        Ok(match days {
            Some(days) => RuleState::Kept(format!("{is}: what is deleted goes after {days} days")),
            None => RuleState::Broken(format!("{is}, and no rule removes what was deleted: it stays, and is paid for")),
        })
    }

    async fn uploads_rule(&self) -> Result<RuleState> {
        let (rules, _) = match self.lifecycle().await? {
            Ok(there) => there,
            Err(unknown) => return Ok(unknown),
        };
        let days = |rule: &LifecycleRule| rule.abort_incomplete_multipart_upload()?.days_after_initiation();
        let days = rules.iter().filter(|rule| self.is_covered(rule)).filter_map(days).min();
        Ok(match days {
            Some(days) => RuleState::Kept(format!("uploads that broke off go after {days} days")),
            None => {
                RuleState::Broken("no rule removes uploads that broke off: their parts stay, and are paid for".into())
            }
        })
    }

    /// Whether a rule of the lifecycle is in force, and for all of the lake.
    fn is_covered(&self, rule: &LifecycleRule) -> bool {
        #[allow(deprecated, reason = "rules of old have their prefix there")]
        let of_old = rule.prefix();
        let filter = rule.filter();
        let has_conditions = filter.is_some_and(|filter| {
            filter.tag().is_some()
                || filter.and().is_some()
                || filter.object_size_greater_than().is_some()
                || filter.object_size_less_than().is_some()
        });
        let prefix = filter.and_then(|filter| filter.prefix()).or(of_old).unwrap_or_default();
        *rule.status() == ExpirationStatus::Enabled && !has_conditions && self.prefix.starts_with(prefix)
    }

    /// The lifecycle's rules, and what goes with all of them; the inner `Err` where the store does not say.
    #[allow(clippy::type_complexity, reason = "it is taken apart at once")]
    async fn lifecycle(
        &self,
    ) -> Result<std::result::Result<(Vec<LifecycleRule>, Option<TransitionDefaultMinimumObjectSize>), RuleState>> {
        match self.client.get_bucket_lifecycle_configuration().bucket(&self.name).send().await {
            Ok(there) => Ok(Ok((there.rules.unwrap_or_default(), there.transition_default_minimum_object_size))),
            Err(error) if code(&error) == Some("NoSuchLifecycleConfiguration") => Ok(Ok((vec![], None))),
            Err(error) => self.unknown(error).map(Err),
        }
    }

    /// Adds a rule for the lake, or puts it in the place of the one of that name.
    async fn add_rule(
        &self,
        id: &str,
        of: impl FnOnce(
            aws_sdk_s3::types::builders::LifecycleRuleBuilder,
        ) -> aws_sdk_s3::types::builders::LifecycleRuleBuilder,
    ) -> Result<()> {
        let (mut rules, sizes) = match self.lifecycle().await? {
            Ok(there) => there,
            Err(RuleState::Kept(words) | RuleState::Broken(words) | RuleState::Unknown(words)) => {
                return Err(Error::failed(words));
            }
        };
        rules.retain(|rule| rule.id() != Some(id));
        let filter = LifecycleRuleFilter::builder().prefix(&self.prefix).build();
        let rule = of(LifecycleRule::builder().id(id).status(ExpirationStatus::Enabled).filter(filter));
        let refused = |error| Error::failed("no such rule").because(error);
        rules.push(rule.build().map_err(refused)?);
        let all = BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build().map_err(refused)?;
        let put = self.client.put_bucket_lifecycle_configuration().bucket(&self.name).lifecycle_configuration(all);
        let put = put.set_transition_default_minimum_object_size(sizes);
        put.send().await.map(drop).map_err(|error| self.told(error))
    }

    /// What a store has not, and what we may not look at, is no failure.
    fn unknown<E, R>(&self, error: SdkError<E, R>) -> Result<RuleState>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        match code(&error) {
            Some("AccessDenied") => Ok(RuleState::Unknown("these credentials may not look at it".into())),
            code if !self.is_at_aws && error.raw_response().is_some() => Ok(RuleState::Unknown(format!(
                "this store does not say ({})",
                code.unwrap_or("its answer is not S3's")
            ))),
            _ => Err(self.told(error)),
        }
    }

    fn refused(&self, code: &str) -> Error {
        let refused = Refused { code: code.to_string(), message: String::new() };
        told::refusal(NAME, &self.region, &refused).context(format!("the bucket `{}`", self.name))
    }

    fn told<E, R>(&self, error: SdkError<E, R>) -> Error
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        told::told(NAME, &self.region, error).context(format!("the bucket `{}`", self.name))
    }
}

fn status(error: &SdkError<HeadBucketError>) -> Option<u16> {
    Some(error.raw_response()?.status().as_u16())
}

/// The region that S3 points to when it is asked in another one.
fn elsewhere(error: &SdkError<HeadBucketError>) -> Option<String> {
    error.raw_response()?.headers().get("x-amz-bucket-region").map(String::from)
}

fn moment(time: &SdkTime) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(time.secs(), time.subsec_nanos())
}
