//! Who asks: what each request carries, and tokens that are asked for and end.

use reqwest::header::AUTHORIZATION;
use reqwest::{Client, RequestBuilder};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::error::{Error, Result};
use crate::ingest::http::{self, FailedAttempt};
use crate::project::{Auth, KeyPlace};

/// Puts the credentials of an API on its requests.
pub struct Credentials<'a> {
    auth: Option<&'a Auth>,
    /// The token that the server gave, until it refuses it.
    token: Mutex<Option<String>>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
}

impl<'a> Credentials<'a> {
    pub fn new(auth: Option<&'a Auth>) -> Self {
        Credentials { auth, token: Mutex::new(None) }
    }

    /// The request with the credentials, and the token that it carries if that may end.
    pub async fn put_on(
        &self,
        request: RequestBuilder,
        client: &Client,
    ) -> Result<(RequestBuilder, Option<String>), FailedAttempt> {
        Ok(match self.auth {
            None => (request, None),
            Some(Auth::Bearer(token)) => (request.bearer_auth(token.expose()), None),
            Some(Auth::Basic { user, password }) => (request.basic_auth(user, Some(password.expose())), None),
            Some(Auth::ApiKey { name, value, place: KeyPlace::Header }) => (request.header(name, value.expose()), None),
            Some(Auth::ApiKey { name, value, place: KeyPlace::Query }) => {
                (request.query(&[(name, value.expose())]), None)
            }
            Some(Auth::Oauth2 { .. }) => {
                let mut token = self.token.lock().await;
                let token = match &*token {
                    Some(token) => token.clone(),
                    None => token.insert(self.grant(client).await?).clone(),
                };
                (request.header(AUTHORIZATION, format!("Bearer {token}")), Some(token))
            }
        })
    }

    /// Forgets a token that was refused, so that the next request asks for another.
    pub async fn forget(&self, refused: &str) {
        let mut token = self.token.lock().await;
        if token.as_deref() == Some(refused) {
            *token = None;
        }
    }

    /// Asks for a token (RFC 6749, 4.4.2).
    async fn grant(&self, client: &Client) -> Result<String, FailedAttempt> {
        let Some(Auth::Oauth2 { token_url, client_id, client_secret, scope }) = self.auth else {
            return Err(Error::failed("there is nothing to ask a token with").into());
        };
        let mut form = vec![("grant_type", "client_credentials")];
        form.extend(scope.as_deref().map(|scope| ("scope", scope)));
        let body: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = client
            .post(token_url.url().clone())
            .header("content-type", "application/x-www-form-urlencoded")
            .basic_auth(client_id, Some(client_secret.expose()))
            .body(body);
        let mut response = http::send(request, token_url).await?;
        let mut bytes = vec![];
        while let Some(chunk) = http::chunk(&mut response, token_url).await? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > 1 << 20 {
                break;
            }
        }
        // What serde says of it could quote the token.
        let granted: Granted = serde_json::from_slice(&bytes).map_err(|_| {
            Error::failed(format!("`{token_url}` answered without an `access_token`"))
                .hint("`token_url` is the address that takes `grant_type=client_credentials`")
        })?;
        Ok(granted.access_token)
    }
}
