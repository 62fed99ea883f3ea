//! Credentials and region of S3, found where AWS's own programs find them.

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
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use tokio::sync::{Mutex, OnceCell};

use crate::error::Error;

/// Credentials that end sooner are fetched anew.
const RENEWED_BEFORE: Duration = Duration::from_secs(5 * 60);

/// The region that the environment or the profile names.
pub async fn region() -> Option<String> {
    let chain = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new());
    let region = chain.or_else(ProfileFileRegionProvider::new()).region().await;
    region.map(|region| region.to_string())
}

/// The first of: `AWS_…` variables, the profile (`AWS_PROFILE`, else `default`) in `~/.aws`, a web identity, the role of
/// the container, the role of the instance. Looked for when the first request needs them, and kept until they end.
#[derive(Debug, Default)]
pub struct Chain {
    chain: OnceCell<DefaultCredentialsChain>,
    known: Mutex<Option<Known>>,
}

#[derive(Debug)]
struct Known {
    credential: Arc<AwsCredential>,
    ends: Option<SystemTime>,
}

#[async_trait]
impl CredentialProvider for Chain {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let mut known = self.known.lock().await;
        if let Some(known) = known.as_ref().filter(|known| known.lasts(RENEWED_BEFORE)) {
            return Ok(known.credential.clone());
        }
        let chain = self.chain.get_or_init(default_chain).await;
        match (chain.provide_credentials().await, known.as_ref()) {
            (Ok(given), _) => Ok(known.insert(Known::of(&given)).credential.clone()),
            // Who gives them may be out for a moment.
            (Err(_), Some(known)) if known.lasts(Duration::ZERO) => Ok(known.credential.clone()),
            (Err(error), _) => Err(none_found(error)),
        }
    }
}

impl Known {
    fn of(given: &Credentials) -> Known {
        let credential = AwsCredential {
            key_id: given.access_key_id().to_string(),
            secret_key: given.secret_access_key().to_string(),
            token: given.session_token().map(str::to_string),
        };
        Known { credential: Arc::new(credential), ends: given.expiry() }
    }

    fn lasts(&self, longer: Duration) -> bool {
        self.ends.is_none_or(|ends| ends > SystemTime::now() + longer)
    }
}

async fn default_chain() -> DefaultCredentialsChain {
    // The chain's own client would bring a second library for TLS.
    let client = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let region = region().await.map(Region::new);
    let config =
        ProviderConfig::default().with_http_client(client).with_behavior_version(Some(BehaviorVersion::latest()));
    DefaultCredentialsChain::builder().configure(config).region(region).build().await
}

fn none_found(error: CredentialsError) -> object_store::Error {
    let own = match error {
        CredentialsError::CredentialsNotLoaded(_) => Error::connection("there are no credentials for S3"),
        _ => Error::connection("the credentials for S3 cannot be had"),
    };
    let hint = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run where there is a role";
    object_store::Error::Generic { store: "S3", source: Box::new(own.hint(hint).because(error)) }
}
