//! A text of JSON on its way to somebody else's server: with the time-outs and the retries of sources.
//! Here because the client is that of a source; who tells what is `pipeline::alert`.

use reqwest::header::{CONTENT_TYPE, HeaderMap};

use super::http;
use crate::error::{Error, Result};
use crate::project::Address;

/// Sends it by POST, until the server takes it or has refused it. Whatever it answers with is not read.
pub async fn deliver(url: &Address, json: &str) -> Result<()> {
    // The address itself is a secret, as a rule.
    let client = http::client(HeaderMap::new(), true)?;
    let sent = http::with_retries(async || {
        let request = client.post(url.url().clone()).header(CONTENT_TYPE, "application/json").body(json.to_string());
        http::answered(request, url).await
    });
    sent.await.map(drop).map_err(Error::from)
}
