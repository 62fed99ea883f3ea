//! Files in a bucket behind `s3://`, with credentials of its own.

use std::sync::Arc;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{GetOptions, ObjectStore, ObjectStoreExt};
use url::Url;

use super::copy::{Copied, Copy, OneFile};
use super::pattern::{MATCHING, pattern};
use crate::aws::credentials::{self, Chain};
use crate::error::{Error, Result};
use crate::ingest::http::FailedAttempt;
use crate::lake::landing::SourceRequest;
use crate::project::{Address, BucketAccess};

/// Downloads an object, unless its ETag is what it was.
pub async fn download(job: &OneFile<'_>) -> Result<Copied, FailedAttempt> {
    let url = job.url;
    let (store, key) = open(url, &job.files.bucket).await?;
    let if_none_match = job.previous.and_then(|request| request.etag.clone());
    let found = match store.get_opts(&key, GetOptions { if_none_match, ..GetOptions::default() }).await {
        Ok(found) => found,
        Err(object_store::Error::NotModified { .. }) => return Ok(Copied::Unchanged("not modified (304)")),
        Err(error) => {
            let is_absent = matches!(error, object_store::Error::NotFound { .. });
            let error = unreadable(url, error);
            return Err(if is_absent { FailedAttempt::absent(error) } else { error.into() });
        }
    };
    let etag = found.meta.e_tag.clone();
    let mut stream = found.into_stream();
    let mut copy = Copy::new(job);
    while let Some(chunk) = stream.try_next().await.map_err(|error| unreadable(url, error))? {
        copy.push(chunk).await?;
    }
    copy.end().await?;
    let request = SourceRequest { url: url.to_string(), status: None, etag, last_modified: None };
    Ok(copy.finish(vec![request]).await?)
}

/// An object's bytes as they come.
pub async fn chunks(url: &Address, access: &BucketAccess) -> Result<BoxStream<'static, Result<Bytes>>> {
    let (store, key) = open(url, access).await?;
    let found = store.get(&key).await.map_err(|error| unreadable(url, error))?;
    let url = url.clone();
    Ok(found.into_stream().map_err(move |error| unreadable(&url, error)).boxed())
}

/// The objects that an address with stars stands for, in the order of their keys.
///
/// # Errors
/// When the bucket cannot be listed.
pub async fn matching(url: &Address, access: &BucketAccess) -> Result<Vec<Address>> {
    let (store, key) = open(url, access).await?;
    let pattern = pattern(key.as_ref(), url)?;
    let pattern = glob::Pattern::new(&pattern).map_err(|error| Error::config(error.to_string()))?;
    // As far as the names are known, by whole folders.
    let before_star = key.as_ref().split('*').next().unwrap_or_default();
    let folder = before_star.rsplit_once('/').map(|(folder, _)| Path::from(folder));
    let listed = store.list(folder.as_ref()).map_ok(|object| object.location);
    let mut keys: Vec<Path> = listed.try_collect().await.map_err(|error| unreadable(url, error))?;
    keys.retain(|key| pattern.matches_with(key.as_ref(), MATCHING));
    keys.sort();
    let found = keys.iter().map(|key| {
        let mut place: Url = url.url().clone();
        // A key is no address: `%` stands for itself in it.
        place.set_path(&key.as_ref().replace('%', "%25"));
        url.matched(place)
    });
    Ok(found.collect())
}

/// The bucket that an address is in, and the key there.
async fn open(url: &Address, access: &BucketAccess) -> Result<(AmazonS3, Path)> {
    let address = url.url();
    let bucket = address.host_str().unwrap_or_default();
    let key = Path::from_url_path(address.path())
        .map_err(|error| Error::config(format!("`{url}` is no object of a bucket")).because(error))?;
    let region = match &access.region {
        Some(region) => region.clone(),
        None => credentials::region().await,
    };
    // Not from the environment, which is about the lake: only the credentials are looked for there.
    let mut builder = AmazonS3Builder::new().with_bucket_name(bucket).with_region(&region);
    if let Some(endpoint) = &access.endpoint {
        builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
    }
    builder = match &access.keys {
        _ if access.is_anonymous => builder.with_skip_signature(true),
        Some((key, secret)) => {
            let signed = builder.with_access_key_id(key.expose()).with_secret_access_key(secret.expose());
            match &access.session_token {
                Some(token) => signed.with_token(token.expose()),
                None => signed,
            }
        }
        None => builder.with_credentials(Arc::new(Chain::new(&region))),
    };
    let store = builder.build().map_err(|error| Error::config(format!("cannot open `{url}`")).because(error))?;
    Ok((store, key))
}

fn unreadable(url: &Address, error: object_store::Error) -> Error {
    // A listing that is refused has no kind of its own.
    let is_refused = matches!(&error, object_store::Error::Generic { .. })
        && ["401 Unauthorized", "403 Forbidden"].iter().any(|status| error.to_string().contains(status));
    match &error {
        object_store::Error::NotFound { .. } => {
            Error::failed(format!("there is no object `{url}`")).hint("check the bucket and the path")
        }
        _ if is_refused => not_allowed(url),
        object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => not_allowed(url),
        _ => Error::from(error).context(format!("`{url}`")),
    }
}

fn not_allowed(url: &Address) -> Error {
    Error::connection(format!("`{url}` may not be read")).hint(
        "check the connection's `s3:` block, or the credentials of AWS in the environment; `anonymous: true` asks a public bucket",
    )
}
