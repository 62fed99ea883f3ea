//! An answer that is too large to be sent: left in the lake for whoever has its address, without credentials, for a while.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::Method;
use object_store::path::Path;
use object_store::{Attribute, Attributes, PutOptions, PutPayload};
use sha2::{Digest, Sha256};
use url::Url;

use super::Lake;
use super::table::vacuum::{Garbage, What};
use crate::error::{Error, Result};

/// Below no table's folder, so no reader of tables sees it.
const FOLDER: &str = "_trapiche/answers";

/// How long an address leads to it.
const VALID: Duration = Duration::from_secs(15 * 60);

/// Older than this it is gone for whoever was given its address.
const KEPT: TimeDelta = TimeDelta::hours(1);

/// Leaves bytes in the lake; `None` on a store that signs no addresses, which a local folder is. The same bytes are left once.
///
/// # Errors
/// When the store does not take them.
pub async fn leave(lake: &Lake, bytes: Bytes, media_type: &str) -> Result<Option<Url>> {
    let Some((signer, prefix)) = &lake.signer else { return Ok(None) };
    let hash: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let path = Path::parse(format!("{FOLDER}/{hash}"))?;
    let attributes = Attributes::from_iter([(Attribute::ContentType, media_type.to_string())]);
    let options = PutOptions { attributes, ..PutOptions::default() };
    let put = lake.store.put_opts(&path, PutPayload::from_bytes(bytes), options).await;
    put.map_err(|error| Error::from(error).context(format!("writing `{path}`")))?;
    let whole: Path = prefix.parts().chain(path.parts()).collect();
    Ok(Some(signer.signed_url(Method::GET, &whole, VALID).await?))
}

/// Those whose addresses lead nowhere any longer. `now` is the store's time.
pub async fn find_old(lake: &Lake, now: DateTime<Utc>) -> Result<Vec<Garbage>> {
    let left = lake.objects(FOLDER).await?.into_iter().filter(|object| now - object.last_modified > KEPT);
    Ok(left
        .map(|object| Garbage { what: What::Answer, path: object.location.to_string(), bytes: object.size })
        .collect())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use object_store::memory::InMemory;

    use super::*;

    #[tokio::test]
    async fn it_goes_when_its_address_has_run_out_and_not_before() {
        let lake = Lake::on("memory://lake", Arc::new(InMemory::new()), None).unwrap();
        assert_eq!(leave(&lake, "rows".into(), "text/csv").await.unwrap(), None);
        lake.write(&format!("{FOLDER}/abc"), "rows").await.unwrap();
        assert_eq!(find_old(&lake, Utc::now()).await.unwrap(), []);
        let old = find_old(&lake, Utc::now() + KEPT + TimeDelta::minutes(1)).await.unwrap();
        assert_eq!(old, [Garbage { what: What::Answer, path: format!("{FOLDER}/abc"), bytes: 4 }]);
    }
}
