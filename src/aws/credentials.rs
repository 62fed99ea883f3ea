//! Credentials and region, found where AWS's own programs find them; and those of the lake's store.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use tokio::sync::{Mutex, OnceCell};

use super::http;
use crate::error::Error;

/// Credentials that end sooner are fetched anew …
const RENEWED_BEFORE: Duration = Duration::from_secs(5 * 60);

/// … but not more often than this, while they last: who gives them may be out, or may have no newer ones yet.
const ASKED_AGAIN_AFTER: Duration = Duration::from_secs(10);

/// The region that the environment or the profile names, or the one that S3 has by default.
pub async fn region() -> String {
    let chain = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new());
    let region = chain.or_else(ProfileFileRegionProvider::new()).region().await;
    region.map_or("us-east-1".to_string(), |region| region.to_string())
}

/// The first of: `AWS_…` variables, the profile (`AWS_PROFILE`, else `default`) in `~/.aws`, a web identity, the role of
/// the container, the role of the instance. Looked for when the first request needs them, and renewed before they end.
#[derive(Debug)]
pub struct Chain {
    region: String,
    source: OnceCell<SharedCredentialsProvider>,
    known: Mutex<Option<HeldCredentials>>,
}

#[derive(Debug)]
struct HeldCredentials {
    credential: Arc<AwsCredential>,
    ends: Option<SystemTime>,
    /// When they, or newer ones, were last asked for.
    asked: SystemTime,
}

impl Chain {
    /// `region` is where roles are assumed.
    pub fn new(region: &str) -> Chain {
        Chain { region: region.to_string(), source: OnceCell::new(), known: Mutex::default() }
    }

    async fn credential_at(&self, now: SystemTime) -> object_store::Result<Arc<AwsCredential>> {
        let mut known = self.known.lock().await;
        if let Some(known) = known.as_ref().filter(|known| known.need_no_others(now)) {
            return Ok(known.credential.clone());
        }
        let source = self.source.get_or_init(|| default_source(&self.region)).await;
        match (source.provide_credentials().await, known.as_mut()) {
            (Ok(given), _) => Ok(known.insert(HeldCredentials::of(&given, now)).credential.clone()),
            (Err(_), Some(known)) if known.last_beyond(now) => {
                known.asked = now;
                Ok(known.credential.clone())
            }
            (Err(error), _) => Err(none_found(error)),
        }
    }
}

#[async_trait]
impl CredentialProvider for Chain {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        self.credential_at(SystemTime::now()).await
    }
}

impl HeldCredentials {
    fn of(given: &Credentials, asked: SystemTime) -> HeldCredentials {
        let credential = AwsCredential {
            key_id: given.access_key_id().to_string(),
            secret_key: given.secret_access_key().to_string(),
            token: given.session_token().map(str::to_string),
        };
        HeldCredentials { credential: Arc::new(credential), ends: given.expiry(), asked }
    }

    fn need_no_others(&self, now: SystemTime) -> bool {
        self.last_beyond(now + RENEWED_BEFORE) || self.last_beyond(now) && now < self.asked + ASKED_AGAIN_AFTER
    }

    fn last_beyond(&self, moment: SystemTime) -> bool {
        self.ends.is_none_or(|ends| ends > moment)
    }
}

/// Whoever AWS's own programs would be here.
pub(super) async fn default_source(region: &str) -> SharedCredentialsProvider {
    let region = Region::new(region.to_string());
    let config = ProviderConfig::default()
        .with_http_client(http::client())
        .with_region(Some(region.clone()))
        .with_behavior_version(Some(BehaviorVersion::latest()));
    SharedCredentialsProvider::new(DefaultCredentialsChain::builder().configure(config).region(region).build().await)
}

fn none_found(error: CredentialsError) -> object_store::Error {
    let own = match error {
        CredentialsError::CredentialsNotLoaded(_) => Error::connection("there are no credentials for S3")
            .hint("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run where there is a role"),
        // The instance is asked last: without a role its refusal means that there were none anywhere.
        _ => Error::connection("the credentials for S3 cannot be had")
            .hint("where there is no role, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"),
    };
    object_store::Error::Generic { store: "S3", source: Box::new(own.because(error)) }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use aws_credential_types::provider::future;

    use super::*;

    /// Gives the n-th credentials for an hour each, or none where n is in `out`.
    #[derive(Debug, Default)]
    struct Source {
        start: Option<SystemTime>,
        asked: Arc<AtomicU64>,
        out: Vec<u64>,
    }

    impl ProvideCredentials for Source {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            let number = self.asked.fetch_add(1, Ordering::Relaxed);
            let ends = self.start.map(|start| start + Duration::from_secs(3600) * (number as u32 + 1));
            future::ProvideCredentials::ready(match self.out.contains(&number) {
                true => Err(CredentialsError::provider_error("out")),
                false => Ok(Credentials::new(number.to_string(), "secret", None, ends, "test")),
            })
        }
    }

    /// The key at each moment in seconds, `-` for none, and how often was asked.
    async fn keys(source: Source, start: SystemTime, moments: &[u64]) -> (String, u64) {
        let asked = source.asked.clone();
        let chain = Chain::new("us-east-1");
        chain.source.set(SharedCredentialsProvider::new(source)).unwrap();
        let mut keys = String::new();
        for moment in moments {
            let found = chain.credential_at(start + Duration::from_secs(*moment)).await;
            keys += found.as_ref().map_or("-", |credential| &credential.key_id);
        }
        (keys, asked.load(Ordering::Relaxed))
    }

    #[tokio::test]
    async fn credentials_are_renewed_before_they_end_and_used_while_there_are_no_others() {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let ending = |out: &[u64]| Source { start: Some(start), out: out.to_vec(), ..Source::default() };
        let moments = [0, 10, 3299, 3301, 3302];
        assert_eq!(keys(ending(&[]), start, &moments).await, ("00011".to_string(), 2));
        // Asked again after ten seconds, not for each request; nothing when they are over.
        let moments = [0, 3301, 3302, 3310, 3312, 3599, 3601];
        assert_eq!(keys(ending(&[1, 2, 3, 4]), start, &moments).await, ("000000-".to_string(), 5));
        assert_eq!(keys(Source::default(), start, &[0, 1 << 30]).await, ("00".to_string(), 1));
    }

    #[tokio::test]
    async fn an_error_says_whether_there_are_none_or_they_could_not_be_had() {
        let said = |error| Error::from(none_found(error)).to_string();
        assert!(said(CredentialsError::not_loaded("nowhere")).starts_with("there are no credentials for S3"));
        assert!(said(CredentialsError::provider_error("out")).starts_with("the credentials for S3 cannot be had"));
    }
}
