//! Parts of URLs, as they are written: `parse_url(url, 'HOST')`.
//!
//! <https://spark.apache.org/docs/latest/api/sql/index.html#parse_url>. What a URL is and what its parts are is what `java.net.URI` says
//! (<https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/net/URI.html>): nothing is put into another form.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::ScalarUDF;

use super::regexp::Regexes;
use super::row::{RowCall, Takes, Typing, fault, function, takes, udfs};

pub fn all() -> Vec<Arc<ScalarUDF>> {
    let typing: Typing = |name, types| Ok((takes(name, types, 2, &[Takes::Text; 3])?, DataType::Utf8));
    udfs([
        function("parse_url", typing, |call| parts(call, !call.ansi)).fallible(),
        function("try_parse_url", typing, |call| parts(call, true)),
    ])
}

fn parts(call: &RowCall, faults_are_null: bool) -> Result<ArrayRef> {
    let mut keys = Regexes::default();
    call.texts(|row| {
        let (Some(text), Some(part)) = (call.text(0, row), call.text(1, row)) else { return Ok(None) };
        let key = match call.has(2) {
            true => match call.text(2, row) {
                Some(key) if part == "QUERY" => Some(key),
                // Only a query has keys.
                _ => return Ok(None),
            },
            false => None,
        };
        let url = match Url::read(text) {
            Some(url) => url,
            None if faults_are_null => return Ok(None),
            None => {
                return Err(fault(format!(
                    "[INVALID_URL] `{text}` is no URL; where that is to be null, write `try_parse_url`"
                )));
            }
        };
        let found = match part {
            "HOST" => url.host.map(str::to_string),
            "PATH" => url.path.map(str::to_string),
            "QUERY" => match (url.query, key) {
                (Some(query), Some(key)) => of_key(&mut keys, query, key)?,
                (query, _) => query.map(str::to_string),
            },
            "REF" => url.fragment.map(str::to_string),
            "PROTOCOL" => url.scheme.map(str::to_string),
            "FILE" => url.path.map(|path| url.query.map_or(path.to_string(), |query| format!("{path}?{query}"))),
            "AUTHORITY" => url.authority.map(str::to_string),
            "USERINFO" => url.user.map(str::to_string),
            _ => None,
        };
        Ok(found)
    })
}

/// The key is a regular expression there.
fn of_key(known: &mut Regexes, query: &str, key: &str) -> Result<Option<String>> {
    let groups = known.get(&format!("(&|^){key}=([^&]*)"))?.groups_at(query, 0)?;
    let value = groups.and_then(|groups| groups.get(2).cloned().flatten());
    Ok(value.map(|place| query[place].to_string()))
}

/// What has a meaning somewhere in a URL.
const ANYWHERE: &str = "[]/?:@;&=+$,";

/// A URL's parts. What is opaque, as `mailto:a@b`, has a scheme and a fragment alone.
#[derive(Debug, Default, PartialEq)]
struct Url<'a> {
    scheme: Option<&'a str>,
    authority: Option<&'a str>,
    user: Option<&'a str>,
    host: Option<&'a str>,
    path: Option<&'a str>,
    query: Option<&'a str>,
    fragment: Option<&'a str>,
}

impl<'a> Url<'a> {
    /// `None` for what is none.
    fn read(text: &'a str) -> Option<Url<'a>> {
        let mut url = Url::default();
        let (text, fragment) = text.split_once('#').map_or((text, None), |(text, fragment)| (text, Some(fragment)));
        url.fragment = fragment.map_or(Some(None), |fragment| legal(fragment, ANYWHERE).map(Some))?;
        let colon = text.find([':', '/', '?']).filter(|at| text[*at..].starts_with(':'));
        let rest = match colon {
            Some(at) => {
                let scheme = &text[..at];
                let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                    && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
                if !is_scheme || at + 1 == text.len() {
                    return None;
                }
                url.scheme = Some(scheme);
                let rest = &text[at + 1..];
                if !rest.starts_with('/') {
                    legal(rest, ANYWHERE)?;
                    return Some(url);
                }
                rest
            }
            None => text,
        };
        let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
        url.query = query.map_or(Some(None), |query| legal(query, ANYWHERE).map(Some))?;
        let path = match rest.strip_prefix("//") {
            Some(behind) => {
                let (authority, path) = behind.split_at(behind.find('/').unwrap_or(behind.len()));
                if authority.is_empty() && path.is_empty() {
                    return None;
                }
                if !authority.is_empty() {
                    url.with_authority(authority)?;
                }
                path
            }
            None => rest,
        };
        url.path = Some(legal(path, "/:@;&=+$,")?);
        Some(url)
    }

    /// `[user@]host[:port]`; anything else that is legal has no host.
    fn with_authority(&mut self, authority: &'a str) -> Option<()> {
        self.authority = Some(authority);
        let (user, server) = match authority.split_once('@') {
            Some((user, server)) => (Some(user), server),
            None => (None, authority),
        };
        let (host, port) = match server.strip_prefix('[') {
            Some(behind) => {
                let end = behind.find(']')? + 2;
                if !behind[..end - 2].chars().all(|c| c.is_ascii_hexdigit() || ":.%".contains(c)) {
                    return None;
                }
                server.split_at(end)
            }
            None => server.split_at(server.find(':').unwrap_or(server.len())),
        };
        let is_port = port.is_empty() || port[1..].bytes().all(|byte| byte.is_ascii_digit());
        let is_user = user.is_none_or(|user| legal(user, ";:&=+$,").is_some());
        if (host.starts_with('[') || is_host(host)) && is_port && is_user {
            (self.user, self.host) = (user, Some(host));
            return Some(());
        }
        legal(authority, "$,;:@&=+").map(drop)
    }
}

/// Four numbers, or names of letters, digits and hyphens of which the last begins with a letter.
fn is_host(host: &str) -> bool {
    let numbers: Vec<&str> = host.split('.').collect();
    let is_number = |part: &&str| part.len() <= 3 && part.parse::<u16>().is_ok_and(|number| number <= 255);
    if numbers.len() == 4 && numbers.iter().all(is_number) {
        return true;
    }
    let labels: Vec<&str> = host.strip_suffix('.').unwrap_or(host).split('.').collect();
    let is_label = |label: &&str| {
        !label.is_empty()
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    labels.iter().all(is_label) && labels.last().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_alphabetic()))
}

/// The text, if it has letters, digits, marks, escapes, what is beyond ASCII, and these besides, and nothing else.
fn legal<'a>(text: &'a str, besides: &str) -> Option<&'a str> {
    let bytes = text.as_bytes();
    let is_legal = |(at, c): (usize, char)| match c {
        '%' => bytes.get(at + 1..at + 3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit)),
        c if c.is_ascii() => c.is_ascii_alphanumeric() || "-_.!~*'()".contains(c) || besides.contains(c),
        c => !c.is_control() && !c.is_whitespace(),
    };
    text.char_indices().all(is_legal).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_as_they_are_written() {
        let url = Url::read("HTTPS://u:p@Example.COM:443/a%20b/?k=v#f").unwrap();
        assert_eq!(
            (url.scheme, url.authority, url.user, url.host, url.path, url.query, url.fragment),
            (
                Some("HTTPS"),
                Some("u:p@Example.COM:443"),
                Some("u:p"),
                Some("Example.COM"),
                Some("/a%20b/"),
                Some("k=v"),
                Some("f")
            )
        );
        assert_eq!(Url::read("http://my_host/p").unwrap().host, None);
        assert_eq!(Url::read("mailto:a@b.c").unwrap().path, None);
        for none in ["no url", "http://", "http:", "1a:b", "http://h/a|b", "http://h/%zz", "http://h/[a]"] {
            assert_eq!(Url::read(none), None, "{none}");
        }
    }
}
