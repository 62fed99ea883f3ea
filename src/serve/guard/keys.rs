//! Keys of ours: made here, shown once, and known by their hash.

use rustls::crypto::ring::default_provider;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::project::ServeKey;

/// Makes a key of 256 random bits; the text of it, and its SHA-256 as `trapiche.yml` has it.
///
/// Of so many bits a plain hash is enough: nobody tries them all.
pub fn new_key() -> Result<(String, String)> {
    let mut bytes = [0; 32];
    let random = default_provider().secure_random.fill(&mut bytes);
    random.map_err(|_| Error::failed("the system gives no random numbers"))?;
    let key = format!("trapiche_{}", hex(&bytes));
    let hash = hex(&Sha256::digest(&key));
    Ok((key, hash))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whose key it is. What is compared are hashes, so the time that takes says nothing of the keys.
pub fn owner<'a>(keys: &'a [ServeKey], given: &str) -> Option<&'a str> {
    let hash: [u8; 32] = Sha256::digest(given).into();
    keys.iter().find(|key| key.sha256 == hash).map(|key| key.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_opens_by_its_hash_and_no_two_are_the_same() {
        let (key, hash) = new_key().unwrap();
        let byte = |at: usize| u8::from_str_radix(&hash[2 * at..2 * at + 2], 16).unwrap();
        let known = [ServeKey { name: "page".into(), sha256: std::array::from_fn(byte) }];
        assert_eq!(owner(&known, &key), Some("page"));
        assert_eq!(owner(&known, &new_key().unwrap().0), None);
        assert_eq!(owner(&known, ""), None);
        assert_eq!(owner(&known, &hash), None);
    }
}
