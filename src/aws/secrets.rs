//! Secrets by reference: `secretsmanager:NAME`, `secretsmanager:NAME#KEY` and `ssm:NAME`. The text of one is had where it is
//! needed, by the role of whoever runs there, and stands nowhere.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::account::Account;
use super::json::{self, JsonAnswer, JsonService};
use super::told::{self, Refused};
use crate::config;
use crate::error::{Error, Result};

const SECRETS_MANAGER: JsonService = JsonService {
    name: "Secrets Manager",
    id: "secretsmanager",
    variable: "SECRETS_MANAGER",
    target: "secretsmanager",
};

const SYSTEMS_MANAGER: JsonService =
    JsonService { name: "Systems Manager", id: "ssm", variable: "SSM", target: "AmazonSSM" };

/// How a reference begins.
pub const PREFIXES: [&str; 2] = ["secretsmanager:", "ssm:"];

/// A secret's place, which may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SecretReference {
    is_parameter: bool,
    /// A name, or an ARN, which says the region, too.
    name: String,
    /// Of a JSON object.
    key: Option<String>,
}

/// Whether a text is a reference, well written or not.
pub fn is_reference(text: &str) -> bool {
    PREFIXES.iter().any(|prefix| text.starts_with(prefix))
}

fn parse(text: &str) -> Result<SecretReference, String> {
    let (is_parameter, rest) = match text.strip_prefix(PREFIXES[0]) {
        Some(rest) => (false, rest),
        None => (true, text.strip_prefix(PREFIXES[1]).unwrap_or(text)),
    };
    let (name, key) = rest.split_once('#').map_or((rest, None), |(name, key)| (name, Some(key.to_string())));
    let is_name = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-:!".contains(c);
    if name.is_empty() || !name.chars().all(is_name) || key.as_deref() == Some("") {
        return Err("a reference is `secretsmanager:NAME`, `secretsmanager:NAME#KEY` or `ssm:NAME`".into());
    }
    Ok(SecretReference { is_parameter, name: name.to_string(), key })
}

/// The text of a secret, or why there is none, in words that show nothing of it.
///
/// # Errors
/// The kind says whether the service was reached.
pub async fn fetch(text: &str) -> Result<String> {
    let reference = parse(text).map_err(Error::config)?;
    // `arn:aws:secretsmanager:eu-west-1:123456789012:secret:NAME`
    let region = reference.name.strip_prefix("arn:").and_then(|arn| arn.split(':').nth(2));
    let account = Account::open(region).await;
    let (service, operation, body, places): (_, _, _, &[&str]) = match reference.is_parameter {
        true => {
            let body = json!({ "Name": reference.name, "WithDecryption": true });
            (&SYSTEMS_MANAGER, "GetParameter", body, &["/Parameter/Value"])
        }
        false => (&SECRETS_MANAGER, "GetSecretValue", json!({ "SecretId": reference.name }), &["/SecretString"]),
    };
    let answer = match json::call(&account, service, operation, &body).await? {
        JsonAnswer::Given(answer) => answer,
        JsonAnswer::Refused(Refused { code, .. }) if is_missing(&code) => {
            return Err(Error::config(format!("{} has no `{}` in {}", service.name, reference.name, account.region())));
        }
        JsonAnswer::Refused(refused) => return Err(told::refusal(service.name, account.region(), &refused)),
    };
    let given = places.iter().find_map(|place| answer.pointer(place)?.as_str());
    let Some(given) = given else { return Err(Error::config("it holds bytes, and no text")) };
    let value = match &reference.key {
        None => given.to_string(),
        Some(key) => value_of(given, key)?,
    };
    if value.is_empty() { Err(Error::config("it is empty")) } else { Ok(value) }
}

fn is_missing(code: &str) -> bool {
    matches!(code, "ResourceNotFoundException" | "ParameterNotFound" | "ParameterVersionNotFound")
}

/// What a key of a JSON object holds.
fn value_of(text: &str, key: &str) -> Result<String> {
    let Ok(Value::Object(object)) = serde_json::from_str(text) else {
        return Err(Error::config("it is no JSON object, and so has no keys"));
    };
    match object.get(key) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(value.to_string()),
        Some(_) => Err(Error::config(format!("its key `{key}` holds neither text nor a number"))),
        None => Err(Error::config(format!("it has no key `{key}`"))),
    }
}

/// The texts of several, for who cannot wait as the others do: on a thread of its own.
pub fn fetch_all(references: &BTreeSet<String>) -> BTreeMap<String, Result<String>> {
    let asked = async || {
        let all = references.iter().map(|reference| async { (reference.clone(), fetch(reference).await) });
        futures::future::join_all(all).await.into_iter().collect()
    };
    let failed = |error: &dyn std::fmt::Display| {
        let why = format!("cannot start a thread: {error}");
        references.iter().map(|reference| (reference.clone(), Err(Error::failed(why.clone())))).collect()
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("secrets".into()).spawn_scoped(scope, || {
            match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime.block_on(asked()),
                Err(error) => failed(&error),
            }
        });
        match thread {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(error) => failed(&error),
        }
    })
}

/// The variables that `TRAPICHE_SECRET` holds, as a node of a cluster has them: a JSON object of texts.
///
/// # Errors
/// When it cannot be had or is no such object; nothing of it is shown.
pub fn variables() -> Result<BTreeMap<String, String>> {
    let Some(reference) = config::variable(config::SECRET).filter(|text| !text.is_empty()) else {
        return Ok(BTreeMap::new());
    };
    let named = |error: Error| error.context(format!("`{reference}`, which {} names", config::SECRET));
    let mut fetched = fetch_all(&BTreeSet::from([reference.clone()]));
    let text =
        fetched.remove(&reference).unwrap_or_else(|| Err(Error::failed("it was not asked for"))).map_err(named)?;
    let held = serde_json::from_str::<BTreeMap<String, String>>(&text);
    held.map_err(|_| named(Error::config("it is no JSON object of texts")))
}

/// The secret that driver and nodes share, from the environment: as it is, by reference, or among [`variables`].
///
/// # Errors
/// When it is named and cannot be had.
pub async fn token() -> Result<Option<String>> {
    match config::variable(config::TOKEN).filter(|text| !text.is_empty()) {
        Some(text) if is_reference(&text) => fetch(&text)
            .await
            .map(Some)
            .map_err(|error| error.context(format!("`{text}`, which {} names", config::TOKEN))),
        Some(text) => Ok(Some(text)),
        None => Ok(variables()?.remove(config::TOKEN)),
    }
}

/// Keeps a secret, until it is removed.
pub async fn create(account: &Account, name: &str, text: &str, tags: &[(String, String)]) -> Result<()> {
    let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    let description = "What a run on EMR must know; removed after it";
    // Asked for once more after an answer that was lost, it is the same secret.
    let digest = Sha256::digest(format!("{name} {text}"));
    let token: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let body = json!({
        "Name": name, "Description": description, "SecretString": text, "Tags": tags, "ClientRequestToken": token,
    });
    match json::call(account, &SECRETS_MANAGER, "CreateSecret", &body).await? {
        JsonAnswer::Given(_) => Ok(()),
        JsonAnswer::Refused(refused) => Err(refusal(account, &refused).context(format!("keeping `{name}`"))),
    }
}

/// Removes a secret at once; it is fine if there is none.
pub async fn remove(account: &Account, name: &str) -> Result<()> {
    let body = json!({ "SecretId": name, "ForceDeleteWithoutRecovery": true });
    match json::call(account, &SECRETS_MANAGER, "DeleteSecret", &body).await? {
        JsonAnswer::Refused(refused) if !is_missing(&refused.code) => {
            Err(refusal(account, &refused).context(format!("removing `{name}`")))
        }
        _ => Ok(()),
    }
}

fn refusal(account: &Account, refused: &Refused) -> Error {
    told::refusal(SECRETS_MANAGER.name, account.region(), refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_told_from_other_texts() {
        let parsed = |text: &str| parse(text).map(|it| (it.is_parameter, it.name, it.key));
        assert_eq!(parsed("secretsmanager:shop/db#url"), Ok((false, "shop/db".into(), Some("url".into()))));
        assert_eq!(parsed("ssm:/shop/db"), Ok((true, "/shop/db".into(), None)));
        let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbC";
        assert_eq!(parsed(&format!("secretsmanager:{arn}")), Ok((false, arn.into(), None)));
        for wrong in ["ssm:", "secretsmanager:a b", "secretsmanager:x#"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert!(is_reference("ssm:x") && !is_reference("file:x") && !is_reference("https://ssm:x"));
    }

    #[test]
    fn a_key_is_one_of_a_json_object() {
        assert_eq!(value_of(r#"{"port": 5432, "host": "db"}"#, "port").unwrap(), "5432");
        let told = value_of(r#"{"password": "hush"}"#, "user").unwrap_err().to_string();
        assert_eq!(told, "it has no key `user`");
        assert!(value_of("hush", "user").is_err());
    }
}
