//! What an answer says beside its rows: a value at a path of its body, and its `Link` header.

use std::collections::BTreeMap;

use reqwest::header::{HeaderMap, LINK};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::{Error, Result};

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The object around an answer's rows, or a row. A list has none, and nothing is in it.
pub struct Envelope<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Envelope<'a> {
    /// # Errors
    /// When it is more than one document: then nothing says which of them speaks of the next page.
    pub fn of(body: &'a [u8]) -> Result<Self> {
        let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
        if body.trim_ascii_start().first() != Some(&b'{') {
            return Ok(Envelope(BTreeMap::new()));
        }
        let members = serde_json::from_slice(body).map_err(|error| {
            Error::failed("the answer is not one JSON document, so nothing in it can say what the next page is")
                .because(error)
        })?;
        Ok(Envelope(members))
    }

    /// The value at a dotted path of keys; `None` where there is none, or null.
    pub fn at(&self, path: &str) -> Option<Value> {
        serde_json::from_str(self.token(path)?).ok()
    }

    /// The same as it is written: a number has all its digits.
    pub fn token(&self, path: &str) -> Option<&'a str> {
        // A key may have points in it: `@odata.nextLink`.
        if let Some(value) = self.0.get(path) {
            return Some(value.get()).filter(|token| *token != "null");
        }
        let mut keys = path.split('.');
        let mut value = *self.0.get(keys.next()?)?;
        for key in keys {
            let members: BTreeMap<String, &'a RawValue> = serde_json::from_str(value.get()).ok()?;
            value = members.get(key).copied()?;
        }
        Some(value.get()).filter(|token| *token != "null")
    }
}

/// How many rows there are in all, by the headers that servers use for it.
pub fn total(headers: &HeaderMap) -> Option<(&'static str, u64)> {
    ["X-Total-Count", "X-WP-Total"]
        .into_iter()
        .find_map(|name| Some((name, headers.get(name)?.to_str().ok()?.trim().parse().ok()?)))
}

/// The address that the `Link` header gives the relation `next` (RFC 8288); the inner `None` when it has others only.
pub fn link(headers: &HeaderMap) -> Option<Option<String>> {
    let texts: Vec<&str> = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok()).collect();
    if texts.is_empty() {
        return None;
    }
    let is_next = |parameters: &str| {
        parameters.split(';').filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
            let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
            name.trim().eq_ignore_ascii_case("rel") && relations.any(|relation| relation.eq_ignore_ascii_case("next"))
        })
    };
    let links = texts.iter().flat_map(|text| text.split('<').skip(1)).filter_map(|link| link.split_once('>'));
    Some(links.into_iter().find(|(_, parameters)| is_next(parameters)).map(|(address, _)| address.trim().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_their_path() {
        let body = "\u{feff} {\"@odata.nextLink\": \"/x\", \"rows\": [{\"next\": 1}], \"meta\": {\"next\": \"a\\u0062\", \"none\": null}}";
        let envelope = Envelope::of(body.as_bytes()).unwrap();
        assert_eq!(envelope.at("meta.next"), Some(Value::from("ab")));
        assert_eq!(envelope.at("@odata.nextLink"), Some(Value::from("/x")));
        for nowhere in ["meta.none", "meta.other", "rows.next", "next"] {
            assert_eq!(envelope.at(nowhere), None, "{nowhere}");
        }
        assert_eq!(Envelope::of(b"[{\"next\": 1}]").unwrap().at("next"), None);
        assert!(Envelope::of(b"{\"a\": 1}\n{\"next\": 1}").is_err(), "which of the two?");
    }

    #[test]
    fn links_are_read_as_they_are_written() {
        let of = |text: &str| link(&HeaderMap::from_iter([(LINK, text.parse().unwrap())]));
        let next = Some(Some("/a?b=1,2;c".to_string()));
        assert_eq!(of(r#"</x>; rel="prev", </a?b=1,2;c>; title="t"; rel="next last""#), next);
        assert_eq!(of("</a?b=1,2;c>;REL=next"), next);
        assert_eq!(of(r#"</x>; rel="prev""#), Some(None));
        assert_eq!(link(&HeaderMap::new()), None);
    }
}
