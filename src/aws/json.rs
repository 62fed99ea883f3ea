//! Services of which a call or two are made, where a crate has hundreds: AWS's JSON 1.1, signed by AWS's own library.

use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http::Request;
use serde_json::Value;

use super::account::Account;
use super::told::{self, Refused};
use crate::error::{Error, Result};

/// A service, as it is asked.
#[derive(Debug)]
pub struct JsonService {
    /// For people.
    pub name: &'static str,
    /// In addresses and signatures.
    pub id: &'static str,
    /// In `AWS_ENDPOINT_URL_…`.
    pub variable: &'static str,
    /// What stands before an operation's name.
    pub target: &'static str,
}

/// What came of a call.
#[derive(Debug)]
pub enum JsonAnswer {
    Given(Value),
    Refused(Refused),
}

/// Of one try; a service that is asked for a secret is near.
const PATIENCE: Duration = Duration::from_secs(20);
const TRIES: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Asks, again where that may help. Nothing that is asked so does harm when it is done twice.
///
/// # Errors
/// A connection error when the service is not reached, or there are no credentials.
pub async fn call(account: &Account, service: &JsonService, operation: &str, body: &Value) -> Result<JsonAnswer> {
    let region = account.region();
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    let url =
        Account::endpoint(service.variable).unwrap_or_else(|| format!("https://{}.{region}.{domain}/", service.id));
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .build()
        .map_err(|error| Error::failed("cannot make a client for AWS").because(error))?;
    let body = body.to_string();
    let mut attempt = 0;
    loop {
        let request = signed(account, service, operation, &url, &body).await?;
        let answer = match client.execute(request).await {
            Ok(answer) => Some((answer.status().is_success(), answer.bytes().await)),
            Err(error) if attempt + 1 == TRIES => {
                return Err(told::unreachable(service.name, region).because(error.without_url()));
            }
            Err(_) => None,
        };
        if let Some((is_success, Ok(bytes))) = answer {
            if is_success {
                let given = serde_json::from_slice(&bytes);
                return given.map(JsonAnswer::Given).map_err(|_| told::unreachable(service.name, region));
            }
            let refused = refused(&bytes);
            if !told::is_passing(&refused.code) || attempt + 1 == TRIES {
                return Ok(JsonAnswer::Refused(refused));
            }
        }
        tokio::time::sleep(FIRST_PAUSE * 3u32.pow(attempt)).await;
        attempt += 1;
    }
}

/// What an answer says that is no success; one that says nothing is a failure of the service.
fn refused(body: &[u8]) -> Refused {
    let said = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let text = |keys: &[&str]| keys.iter().find_map(|key| said[*key].as_str()).unwrap_or_default().to_string();
    let code = match text(&["__type", "code"]) {
        code if code.is_empty() => "InternalFailure".to_string(),
        code => code,
    };
    // `com.amazonaws.ssm#ParameterNotFound`, and at some services `ParameterNotFound:http://…`.
    let code = code.rsplit('#').next().unwrap_or_default();
    let code = code.split(':').next().unwrap_or_default().to_string();
    // Both spellings are sent, by some services at once.
    Refused { code, message: text(&["message", "Message"]) }
}

async fn signed(
    account: &Account,
    service: &JsonService,
    operation: &str,
    url: &str,
    body: &str,
) -> Result<reqwest::Request> {
    let unsigned = |error: &dyn std::fmt::Display| {
        Error::failed(format!("a request to {} cannot be signed: {error}", service.name))
    };
    let target = format!("{}.{operation}", service.target);
    let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", &target)];
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
    let signable = SignableRequest::new("POST", url, headers.into_iter(), SignableBody::Bytes(body.as_bytes()));
    let signature = sign(signable.map_err(|error| unsigned(&error))?, &parameters).map_err(|error| unsigned(&error))?;
    let mut request = Request::post(url).body(body.to_string()).map_err(|error| unsigned(&error))?;
    for (name, value) in headers {
        request.headers_mut().insert(name, value.parse().map_err(|error| unsigned(&error))?);
    }
    signature.into_parts().0.apply_to_request_http1x(&mut request);
    request.try_into().map_err(|error| unsigned(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_read_as_services_spell_them() {
        let read = |body: &str| {
            let Refused { code, message } = refused(body.as_bytes());
            format!("{code} {message}")
        };
        let twice = r#"{"__type": "ParameterNotFound", "message": "no", "Message": "no"}"#;
        assert_eq!(read(twice), "ParameterNotFound no");
        assert_eq!(read(r#"{"__type": "com.amazon.x#NoSuch:http://y", "Message": "no"}"#), "NoSuch no");
        assert_eq!(read("<html>"), "InternalFailure ");
    }
}
