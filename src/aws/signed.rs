//! A request signed by AWS's own library, and sent again where that may help.

use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::Request;

use super::account::Account;
use super::told::{self, Refused};
use crate::error::{Error, Result};

/// Whom a request is for.
#[derive(Debug)]
pub struct SignedService {
    /// For people.
    pub name: &'static str,
    /// In addresses and signatures.
    pub id: &'static str,
    /// In `AWS_ENDPOINT_URL_…`.
    pub variable: &'static str,
}

/// What came of it.
#[derive(Debug)]
pub enum SignedAnswer {
    Given(Bytes),
    Refused(Refused),
}

/// Of one try; a service that is asked for a secret is near.
const PATIENCE: Duration = Duration::from_secs(20);
const TRIES: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Posts, again where that may help. `refused` reads an answer that is no success.
///
/// # Errors
/// A connection error when the service is not reached, or there are no credentials.
pub async fn post(
    account: &Account,
    service: &SignedService,
    headers: &[(&'static str, &str)],
    body: &str,
    refused: fn(&[u8]) -> Refused,
) -> Result<SignedAnswer> {
    let region = account.region();
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    let url =
        Account::endpoint(service.variable).unwrap_or_else(|| format!("https://{}.{region}.{domain}/", service.id));
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .build()
        .map_err(|error| Error::failed("cannot make a client for AWS").because(error))?;
    let mut attempt = 0;
    loop {
        let request = signed(account, service, headers, &url, body).await?;
        let answer = match client.execute(request).await {
            Ok(answer) => Some((answer.status().is_success(), answer.bytes().await)),
            Err(error) if attempt + 1 == TRIES => {
                return Err(told::unreachable(service.name, region).because(error.without_url()));
            }
            Err(_) => None,
        };
        if let Some((is_success, Ok(bytes))) = answer {
            if is_success {
                return Ok(SignedAnswer::Given(bytes));
            }
            let refused = refused(&bytes);
            if !told::is_passing(&refused.code) || attempt + 1 == TRIES {
                return Ok(SignedAnswer::Refused(refused));
            }
        }
        tokio::time::sleep(FIRST_PAUSE * 3u32.pow(attempt)).await;
        attempt += 1;
    }
}

async fn signed(
    account: &Account,
    service: &SignedService,
    headers: &[(&'static str, &str)],
    url: &str,
    body: &str,
) -> Result<reqwest::Request> {
    let unsigned = |error: &dyn std::fmt::Display| {
        Error::failed(format!("a request to {} cannot be signed: {error}", service.name))
    };
    let identity = account.credentials(service.name).await?.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(account.region())
        .name(service.id)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| unsigned(&error))?
        .into();
    let signable = SignableRequest::new("POST", url, headers.iter().copied(), SignableBody::Bytes(body.as_bytes()));
    let signature = sign(signable.map_err(|error| unsigned(&error))?, &parameters).map_err(|error| unsigned(&error))?;
    let mut request = Request::post(url).body(body.to_string()).map_err(|error| unsigned(&error))?;
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().map_err(|error| unsigned(&error))?);
    }
    signature.into_parts().0.apply_to_request_http1x(&mut request);
    request.try_into().map_err(|error| unsigned(&error))
}
