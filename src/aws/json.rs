//! Services of which a call or two are made, where a crate has hundreds: AWS's JSON 1.1.

use serde_json::Value;

use super::account::Account;
use super::signed::{self, SignedAnswer, SignedService};
use super::told::{self, Refused};
use crate::error::Result;

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

/// Asks, again where that may help. Nothing that is asked so does harm when it is done twice.
///
/// # Errors
/// A connection error when the service is not reached, or there are no credentials.
pub async fn call(account: &Account, service: &JsonService, operation: &str, body: &Value) -> Result<JsonAnswer> {
    let JsonService { name, id, variable, target } = service;
    let asked = SignedService { name, id, variable };
    let target = format!("{target}.{operation}");
    let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", &target)];
    match signed::post(account, &asked, &headers, &body.to_string(), refused).await? {
        SignedAnswer::Given(bytes) => {
            let given = serde_json::from_slice(&bytes);
            given.map(JsonAnswer::Given).map_err(|_| told::unreachable(name, account.region()))
        }
        SignedAnswer::Refused(refused) => Ok(JsonAnswer::Refused(refused)),
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
