//! Who we are and where: what every service is asked with.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_emr::config::SharedHttpClient;

use super::{credentials, http, told};
use crate::config;
use crate::error::Result;

/// One for all services, so that nothing is looked for twice.
#[derive(Debug, Clone)]
pub struct Account {
    region: String,
    pub(super) credentials: SharedCredentialsProvider,
    pub(super) http: SharedHttpClient,
}

impl Account {
    /// The account that AWS's own programs would use here, in that region or in the one they would take. Asks nobody yet.
    pub async fn open(region: Option<&str>) -> Account {
        let region = match region {
            Some(region) => region.to_string(),
            None => credentials::region().await,
        };
        let credentials = credentials::default_source(&region).await;
        Account { region, credentials, http: http::client() }
    }

    pub fn region(&self) -> &str {
        &self.region
    }

    /// Another address of a service than AWS's own, by the variables of AWS's own programs: `AWS_ENDPOINT_URL_EMR`, or
    /// `AWS_ENDPOINT_URL` for all services.
    pub(super) fn endpoint(service: &str) -> Option<String> {
        let named = config::variable(&format!("AWS_ENDPOINT_URL_{service}"));
        named.or_else(|| config::variable("AWS_ENDPOINT_URL")).filter(|url| !url.is_empty())
    }

    pub(super) async fn credentials(&self, service: &str) -> Result<Credentials> {
        let given = self.credentials.provide_credentials().await;
        given.map_err(|error| told::no_credentials(service).because(error))
    }

    /// When the credentials end; `None` if they do not, or nobody knows.
    pub async fn ends_at(&self) -> Result<Option<SystemTime>> {
        Ok(self.credentials("AWS").await?.expiry())
    }
}
