//! How an API is told who asks.

use super::address::Address;
use super::secret::Secret;
use super::target::address;
use crate::project::faults::Faults;
use crate::project::read::{At, given, given_or};
use crate::project::spec::{AuthSpec, KeyPlace};

#[derive(Debug, Clone)]
pub enum Auth {
    /// `Authorization: Bearer …` (RFC 6750).
    Bearer(Secret),
    /// User and password (RFC 7617).
    Basic {
        user: String,
        password: Secret,
    },
    ApiKey {
        name: String,
        value: Secret,
        place: KeyPlace,
    },
    /// A token for client credentials (RFC 6749, 4.4), asked for when there is none or it has ended.
    Oauth2 {
        token_url: Address,
        client_id: String,
        client_secret: Secret,
        scope: Option<String>,
    },
}

pub fn check(spec: &At<AuthSpec>, root: &std::path::Path, faults: &mut Faults) -> Option<Auth> {
    let AuthSpec { bearer, basic, api_key, oauth2 } = spec.value.as_ref()?;
    let secret = |at: &At<String>| Some(Secret::new(at.value.clone()?));
    match (bearer, basic, api_key, oauth2) {
        (Some(token), None, None, None) => Some(Auth::Bearer(secret(token)?)),
        (None, Some(at), None, None) => {
            let basic = at.value.as_ref()?;
            Some(Auth::Basic { user: basic.user.value.clone()?, password: secret(&basic.password)? })
        }
        (None, None, Some(at), None) => {
            let key = at.value.as_ref()?;
            let place = given_or(&key.place, KeyPlace::default())?;
            Some(Auth::ApiKey { name: key.name.value.clone()?, value: secret(&key.value)?, place })
        }
        (None, None, None, Some(at)) => {
            let oauth = at.value.as_ref()?;
            let url = &oauth.token_url;
            Some(Auth::Oauth2 {
                token_url: address(url.value.as_ref()?, &["http", "https"], &url.span, root, faults)?,
                client_id: oauth.client_id.value.clone()?,
                client_secret: secret(&oauth.client_secret)?,
                scope: given(&oauth.scope)?,
            })
        }
        _ if faults.any_in(&spec.span) => None,
        _ => {
            faults.add(&spec.key, "`auth` is exactly one of `bearer`, `basic`, `api_key` and `oauth2`");
            None
        }
    }
}
