//! Who may ask, and how often.
//!
//! A caller says who they are by `Authorization: Bearer …` or `X-Api-Key: …`, in a browser by a password: with a key of ours, or with a token that someone
//! else has signed. Where neither is set up, anyone on this machine may ask, and no other machine can.

mod jwt;
mod keys;

use std::net::IpAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use http::{HeaderMap, header};

use super::refusal::HttpRefusal;
use crate::error::Result;
use crate::project::{Serve, ServeKey};
use jwt::Tokens;

pub use keys::new_key;

/// Whom a gateway before this program has let in.
#[derive(Debug, Clone)]
pub struct GatewayCaller(pub String);

/// Lets callers in.
pub struct Guard {
    keys: Vec<ServeKey>,
    tokens: Option<Tokens>,
    rates: Option<Rates>,
}

type Limiter = RateLimiter<String, HashMapStateStore<String>, DefaultClock>;

struct Rates {
    limiter: Limiter,
    clock: DefaultClock,
}

/// So long a caller may save up what was not asked.
const BURST: Duration = Duration::from_secs(1);

/// More callers than this are looked through, and those that have been away forgotten.
const MANY: usize = 10_000;

impl Guard {
    /// # Errors
    /// When the signer's keys cannot be had.
    pub async fn open(settings: &Serve) -> Result<Guard> {
        let tokens = match &settings.jwt {
            Some(jwt) => Some(Tokens::open(jwt).await?),
            None => None,
        };
        let rates = Quota::with_period(settings.between).map(|quota| {
            let burst = BURST.as_nanos().checked_div(settings.between.as_nanos()).unwrap_or(1).max(1);
            let burst = u32::try_from(burst).ok().and_then(std::num::NonZeroU32::new);
            let quota = quota.allow_burst(burst.unwrap_or(std::num::NonZeroU32::MIN));
            Rates { limiter: RateLimiter::hashmap(quota), clock: DefaultClock::default() }
        });
        Ok(Guard { keys: settings.keys.clone(), tokens, rates })
    }

    /// Who asks; `None` where nobody needs to say. Keys and tokens of our own are asked for also of whom a gateway knows.
    ///
    /// # Errors
    /// When the caller is not known, or asks too often.
    pub async fn admit(
        &self,
        headers: &HeaderMap,
        from: IpAddr,
        gateway: Option<GatewayCaller>,
    ) -> Result<Option<String>, HttpRefusal> {
        let caller = self.caller(headers).await?.or(gateway.map(|GatewayCaller(name)| name));
        if let Some(rates) = &self.rates {
            rates.check(caller.clone().unwrap_or_else(|| from.to_string()))?;
        }
        Ok(caller)
    }

    async fn caller(&self, headers: &HeaderMap) -> Result<Option<String>, HttpRefusal> {
        if self.keys.is_empty() && self.tokens.is_none() {
            return Ok(None);
        }
        let Some(given) = credential(headers) else {
            return Err(HttpRefusal::unknown_caller("nobody is let in without a key")
                .hint("send `Authorization: Bearer KEY`, or `X-Api-Key: KEY`"));
        };
        if let Some(name) = keys::owner(&self.keys, &given) {
            return Ok(Some(name.to_string()));
        }
        match &self.tokens {
            Some(tokens) => tokens.subject(&given).await.map(Some),
            None => Err(HttpRefusal::unknown_caller("this key is not known here")),
        }
    }
}

/// The key or token of a request. A browser asks people for it, and sends it as a password (RFC 7617).
fn credential(headers: &HeaderMap) -> Option<String> {
    if let Some(key) = headers.get("x-api-key") {
        return key.to_str().ok().map(str::to_string);
    }
    let (scheme, credential) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Some(credential.trim().to_string()),
        "basic" => {
            let decoded = String::from_utf8(STANDARD.decode(credential.trim()).ok()?).ok()?;
            decoded.split_once(':').map(|(_, password)| password.to_string())
        }
        _ => None,
    }
}

impl Rates {
    fn check(&self, caller: String) -> Result<(), HttpRefusal> {
        if self.limiter.len() > MANY {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(&caller).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            HttpRefusal::too_often(wait.as_secs() + 1)
        })
    }
}
