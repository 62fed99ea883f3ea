//! What is put beside a lake for a cluster to find: a program, a project, a note. Tables are the lake's own concern.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Config, Region, RequestChecksumCalculation};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;

use super::account::Account;
use super::told;
use crate::error::{Error, Result};

pub(super) const NAME: &str = "S3";

/// A place in a bucket, below which all paths lie.
#[derive(Debug, Clone)]
pub struct S3Folder {
    client: Client,
    region: String,
    bucket: String,
    /// Empty, or ending in `/`.
    prefix: String,
}

impl S3Folder {
    /// `url` is `s3://bucket/prefix`; `endpoint` is another S3 than AWS's.
    ///
    /// # Errors
    /// A configuration error for another address.
    pub fn open(account: &Account, url: &str, endpoint: Option<&str>) -> Result<S3Folder> {
        let (bucket, prefix) = place(url)?;
        let (client, _) = client(account, endpoint);
        Ok(S3Folder { client, region: account.region().to_string(), bucket, prefix })
    }

    /// `s3://bucket/prefix/path`
    pub fn url(&self, path: &str) -> String {
        format!("s3://{}/{}{path}", self.bucket, self.prefix)
    }

    fn key(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    /// How many bytes the object has; `None` when there is none.
    pub async fn size(&self, path: &str) -> Result<Option<u64>> {
        let asked = self.client.head_object().bucket(&self.bucket).key(self.key(path)).send().await;
        match asked {
            Ok(found) => Ok(Some(found.content_length().unwrap_or_default().max(0) as u64)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(self.told(error, path)),
        }
    }

    /// Puts an object whose name says what is in it, unless it is there; whether it was sent.
    pub async fn put_new(&self, path: &str, bytes: Bytes) -> Result<bool> {
        // A copy that broke off is none: an object is there whole or not at all.
        if self.size(path).await? == Some(bytes.len() as u64) {
            return Ok(false);
        }
        self.put(path, bytes).await.map(|()| true)
    }

    pub async fn put(&self, path: &str, bytes: Bytes) -> Result<()> {
        let body = ByteStream::from(bytes);
        let sent = self.client.put_object().bucket(&self.bucket).key(self.key(path)).body(body).send().await;
        sent.map(drop).map_err(|error| self.told(error, path))
    }

    /// Puts an object if there is none of that name; whether it did. Of several who try at once one does.
    pub async fn create(&self, path: &str, bytes: Bytes) -> Result<bool> {
        let request = self.client.put_object().bucket(&self.bucket).key(self.key(path)).if_none_match("*");
        match request.body(ByteStream::from(bytes.clone())).send().await {
            Ok(_) => Ok(true),
            // Sent again after an answer that was lost, it finds the object that it has made itself.
            Err(error) if matches!(code(&error), Some("PreconditionFailed" | "ConditionalRequestConflict")) => {
                Ok(self.read(path, 0).await?.is_some_and(|there| there == bytes))
            }
            Err(error) => Err(self.told(error, path)),
        }
    }

    /// Removes an object; it is fine if there is none.
    pub async fn delete(&self, path: &str) -> Result<()> {
        let removed = self.client.delete_object().bucket(&self.bucket).key(self.key(path)).send().await;
        removed.map(drop).map_err(|error| self.told(error, path))
    }

    /// The object from a byte on; nothing if it ends there, `None` when there is none.
    pub async fn read(&self, path: &str, from: u64) -> Result<Option<Bytes>> {
        let mut request = self.client.get_object().bucket(&self.bucket).key(self.key(path));
        if from > 0 {
            request = request.range(format!("bytes={from}-"));
        }
        match request.send().await {
            Ok(found) => {
                let read = found.body.collect().await;
                let read = read.map_err(|error| told::unreachable(NAME, &self.region).because(error))?;
                Ok(Some(read.into_bytes()))
            }
            Err(error) if code(&error) == Some("InvalidRange") => Ok(Some(Bytes::new())),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(self.told(error, path)),
        }
    }

    fn told<E, R>(&self, error: SdkError<E, R>, path: &str) -> Error
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        told::told(NAME, &self.region, error).context(format!("`{}`", self.url(path)))
    }
}

/// The bucket of `s3://bucket/prefix`, and its prefix, which is empty or ends in `/`.
pub(super) fn place(url: &str) -> Result<(String, String)> {
    let rest = url.strip_prefix("s3://").filter(|rest| !rest.is_empty() && !rest.starts_with('/'));
    let rest = rest.ok_or_else(|| Error::config(format!("`{url}` is no `s3://bucket/prefix`")))?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = prefix.trim_matches('/');
    let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
    Ok((bucket.to_string(), prefix))
}

/// The client, and whether it asks AWS's own servers.
pub(super) fn client(account: &Account, endpoint: Option<&str>) -> (Client, bool) {
    let endpoint = endpoint.map(str::to_string).or_else(|| Account::endpoint("S3"));
    let is_at_aws = endpoint.is_none();
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(account.region().to_string()))
        .credentials_provider(account.credentials.clone())
        .http_client(account.http.clone())
        // TLS guards the bytes, and other servers than AWS's do not know all of its checksums.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .retry_config(RetryConfig::standard().with_max_attempts(5))
        .force_path_style(!is_at_aws);
    config.set_endpoint_url(endpoint);
    (Client::from_conf(config.build()), is_at_aws)
}

pub(super) fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<&str> {
    error.as_service_error()?.code()
}

/// An answer to HEAD has no words: its code is the status'.
fn is_missing<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    matches!(code(error), Some("NoSuchKey" | "NotFound"))
}
