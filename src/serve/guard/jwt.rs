//! Tokens that someone else has signed (RFC 7519), checked by the signer's public keys (RFC 7517).
//!
//! Only signatures of public keys are taken, RS256 and ES256: with HS256 the public key would be a secret that everyone knows, and
//! `none` is no signature (RFC 8725 §2.1).

use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::error::{Error, Result};
use crate::project::{Jwks, Jwt};
use crate::serve::refusal::HttpRefusal;

/// What a token must have.
pub struct Tokens {
    settings: Jwt,
    keys: Mutex<SignerKeys>,
}

struct SignerKeys {
    set: JwkSet,
    read_at: Instant,
}

/// Who signs changes keys now and then; one that is not known is looked for no more often than this.
const AGAIN: Duration = Duration::from_secs(60);

/// Clocks differ.
const LEEWAY_SECONDS: u64 = 30;

/// A longer one is none.
const MOST_BYTES: usize = 8 << 10;

#[derive(Deserialize)]
struct Claims {
    sub: Option<String>,
}

impl Tokens {
    pub async fn open(settings: &Jwt) -> Result<Tokens> {
        let keys = SignerKeys { set: read(&settings.jwks).await?, read_at: Instant::now() };
        Ok(Tokens { settings: settings.clone(), keys: Mutex::new(keys) })
    }

    /// Of whom the token speaks.
    ///
    /// # Errors
    /// When it is not signed by one of the keys, is over or not yet good, or is meant for another.
    pub async fn subject(&self, token: &str) -> Result<String, HttpRefusal> {
        let refused = |why: &str| HttpRefusal::unknown_caller(format!("this token is not taken: {why}"));
        if token.len() > MOST_BYTES {
            return Err(refused("it is too long"));
        }
        let header = decode_header(token).map_err(|_| refused("it is none, or not signed by RS256 or ES256"))?;
        if !matches!(header.alg, Algorithm::RS256 | Algorithm::ES256) {
            return Err(refused("it is not signed by RS256 or ES256"));
        }
        let key = self.key(header.kid.as_deref(), header.alg).await.ok_or_else(|| refused("its key is not known"))?;
        let mut validation = Validation::new(header.alg);
        validation.leeway = LEEWAY_SECONDS;
        validation.validate_nbf = true;
        validation.set_issuer(&[&self.settings.issuer]);
        validation.set_audience(&[&self.settings.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        use jsonwebtoken::errors::ErrorKind;
        let decoded = decode::<Claims>(token, &key, &validation).map_err(|error| match error.kind() {
            ErrorKind::ExpiredSignature => refused("it has expired"),
            ErrorKind::ImmatureSignature => refused("it is not good yet"),
            ErrorKind::InvalidIssuer => refused("it is from another issuer"),
            ErrorKind::InvalidAudience => refused("it is meant for another audience"),
            ErrorKind::MissingRequiredClaim(claim) => refused(&format!("it has no `{claim}`")),
            _ => refused("its signature does not hold"),
        })?;
        Ok(decoded.claims.sub.unwrap_or_else(|| "token".into()))
    }

    async fn key(&self, id: Option<&str>, algorithm: Algorithm) -> Option<DecodingKey> {
        let mut keys = self.keys.lock().await;
        if let Some(key) = find(&keys.set, id, algorithm) {
            return Some(key);
        }
        if keys.read_at.elapsed() < AGAIN {
            return None;
        }
        keys.read_at = Instant::now();
        keys.set = read(&self.settings.jwks).await.ok()?;
        find(&keys.set, id, algorithm)
    }
}

/// The key of an id, or the only one there is where a token names none. Its own kind must be the signature's.
fn find(set: &JwkSet, id: Option<&str>, algorithm: Algorithm) -> Option<DecodingKey> {
    use AlgorithmParameters::{EllipticCurve, RSA};
    let is_of = |key: &&Jwk| {
        matches!((&key.algorithm, algorithm), (RSA(_), Algorithm::RS256) | (EllipticCurve(_), Algorithm::ES256))
    };
    let mut keys = set.keys.iter().filter(is_of);
    let key = match id {
        Some(id) => keys.find(|key| key.common.key_id.as_deref() == Some(id))?,
        None => keys.next().filter(|_| keys.next().is_none())?,
    };
    DecodingKey::from_jwk(key).ok()
}

async fn read(jwks: &Jwks) -> Result<JwkSet> {
    let (place, text) = match jwks {
        Jwks::File(path) => {
            let text = tokio::fs::read_to_string(path).await;
            let failed =
                |error| Error::config(format!("cannot read `serve.jwt.jwks`, `{}`", path.display())).because(error);
            (path.display().to_string(), text.map_err(failed)?)
        }
        Jwks::Url(url) => {
            let failed =
                |error| Error::connection(format!("`{url}`, the keys of `serve.jwt`, cannot be had")).because(error);
            let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).https_only(true);
            let answer = client.build().map_err(failed)?.get(url.clone()).send().await.map_err(failed)?;
            let answer = answer.error_for_status().map_err(failed)?;
            (url.to_string(), answer.text().await.map_err(failed)?)
        }
    };
    serde_json::from_str(&text).map_err(|error| {
        let hint = "RFC 7517: `{\"keys\": [{\"kty\": \"RSA\", \"kid\": …, \"n\": …, \"e\": …}]}`";
        Error::config(format!("`{place}` is no JSON Web Key Set")).because(error).hint(hint)
    })
}
