//! Where a source is read, and how that may be shown. This is the one rule for it: without user and password, with
//! `${NAME}` in place of what a variable holds, and `***` for parameters whose names speak of secrets.

use std::fmt::{self, Write as _};

use chrono::NaiveDate;
use url::Url;

use crate::project::written::{Written, hashed};

#[derive(Clone, PartialEq)]
pub struct Address {
    url: Url,
    shown: String,
    /// Whether a variable's value is in it. It is then shown as it was written, which is not always how it is sent.
    is_secret: bool,
}

impl Address {
    /// `url` is what became of `written`.
    pub fn new(url: Url, written: &Written) -> Self {
        let is_secret = written.is_secret();
        let shown = hide(if is_secret { written.shown() } else { url.as_str() });
        Address { url, shown, is_secret }
    }

    /// # Errors
    /// When the text is not an address.
    pub fn parse(text: &str) -> Result<Self, url::ParseError> {
        Ok(Address::new(Url::parse(text)?, &text.into()))
    }

    /// The address itself, for the one place that asks it.
    pub fn url(&self) -> &Url {
        &self.url
    }

    pub fn is_secret(&self) -> bool {
        self.is_secret
    }

    /// With a path put behind it; the parameters of both are kept.
    ///
    /// # Errors
    /// When that is no address any more.
    pub fn joined(&self, path: &Written) -> Result<Address, url::ParseError> {
        let url = Url::parse(&join(self.url.as_str(), path.expose()))?;
        let is_secret = self.is_secret || path.is_secret();
        let shown = hide(&if is_secret { join(&self.shown, path.shown()) } else { url.to_string() });
        Ok(Address { url, shown, is_secret })
    }

    /// With more parameters.
    pub fn with_parameters<'a>(&self, pairs: impl IntoIterator<Item = (&'a Written, &'a Written)>) -> Address {
        let mut address = self.clone();
        for (name, value) in pairs {
            address.url.query_pairs_mut().append_pair(name.expose(), value.expose());
            address.is_secret |= name.is_secret() || value.is_secret();
            address.shown = join(&address.shown, &format!("?{name}={value}"));
        }
        if !address.is_secret {
            address.shown = hide(address.url.as_str());
        }
        address
    }

    /// How a day is written in it, if it has a `{date:…}` (by chrono's `strftime`).
    pub fn date_pattern(&self) -> Option<String> {
        date_marker(self.url.as_str()).map(|(_, pattern, _)| pattern.to_string())
    }

    /// With a day in place of each `{date:…}`.
    ///
    /// # Errors
    /// When that is no address any more.
    pub fn dated(&self, day: NaiveDate) -> Result<Address, url::ParseError> {
        let url = Url::parse(&with_date(self.url.as_str(), day))?;
        Ok(Address { url, shown: with_date(&self.shown, day), is_secret: self.is_secret })
    }

    /// One of the places that this address, as a pattern, stands for. Where it holds a secret, no more than the pattern is shown.
    pub fn matched(&self, url: Url) -> Address {
        let shown = if self.is_secret { self.shown.clone() } else { hide(url.as_str()) };
        Address { url, shown, is_secret: self.is_secret }
    }

    /// What a link in an answer from here means. Where this address holds a secret, a server may have put it into the link,
    /// too: then no more than its place is shown.
    ///
    /// # Errors
    /// When it is no address.
    pub fn followed(&self, link: &str) -> Result<Address, url::ParseError> {
        let url = self.url.join(link)?;
        let shown = if self.is_secret { format!("{} …", self.without_parameters()) } else { hide(url.as_str()) };
        Ok(Address { url, shown, is_secret: self.is_secret })
    }

    pub fn without_parameters(&self) -> Address {
        let mut address = self.clone();
        address.url.set_query(None);
        address.shown.truncate(self.shown.find('?').unwrap_or(self.shown.len()));
        address
    }

    /// With what stands in place of its beginning in this run.
    pub fn moved(&self, from: &str, to: &str) -> Address {
        let moved = |text: &str| text.replacen(from, to, 1);
        match Url::parse(&moved(self.url.as_str())) {
            Ok(url) => Address { url, shown: moved(&self.shown), is_secret: self.is_secret },
            Err(_) => self.clone(),
        }
    }

    /// A server's words, with `***` in place of each part of this address that is not shown of it.
    pub fn scrubbed(&self, words: &str) -> String {
        let host = self.url.host_str().unwrap_or_default();
        let own = [self.url.username(), self.url.password().unwrap_or_default(), host];
        let parts = own.into_iter().chain(self.url.path().split('/')).map(|part| (decoded(part), part.to_string()));
        let parameters = self.url.query_pairs().map(|(_, value)| (value.to_string(), value.to_string()));
        let mut hidden: Vec<String> = parts.chain(parameters).flat_map(|(plain, sent)| [plain, sent]).collect();
        hidden.retain(|part| !part.is_empty() && !self.shown.contains(part));
        // One may be in another.
        hidden.sort_by_key(|part| std::cmp::Reverse(part.len()));
        hidden.iter().fold(words.to_string(), |words, part| words.replace(part, "***"))
    }

    /// What tells it from others in the lake's records: parameters and what variables hold are hashed, user and password are
    /// left out.
    pub fn identity(&self) -> String {
        let mut url = self.url.clone();
        // Both fail only for addresses that can't carry a user.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        if self.is_secret {
            return hashed(&self.shown, url.as_str());
        }
        let Some(query) = self.url.query() else { return url.into() };
        let hash = hashed("", query);
        url.set_query(Some(hash.trim_start_matches('#')));
        url.into()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.shown, f)
    }
}

/// What stands before a `{date:…}`, what is in it, and what follows; as it was written, or as an address spells it.
fn date_marker(text: &str) -> Option<(&str, &str, &str)> {
    [("{date:", "}"), ("%7Bdate:", "%7D")].into_iter().find_map(|(start, end)| {
        let (before, rest) = text.split_once(start)?;
        let (pattern, after) = rest.split_once(end)?;
        Some((before, pattern, after))
    })
}

/// Dates have no time of day and no zone: a pattern that asks for them leaves the text as it is.
fn with_date(text: &str, day: NaiveDate) -> String {
    let Some((before, pattern, after)) = date_marker(text) else { return text.to_string() };
    let mut written = String::new();
    // The only error of a formatter is a pattern that does not suit.
    match write!(written, "{}", day.format(pattern)) {
        Ok(()) => format!("{before}{written}{}", with_date(after, day)),
        Err(_) => text.to_string(),
    }
}

/// A part of an address as it was before it was spelled for one.
fn decoded(part: &str) -> String {
    let spelled = part.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    url::form_urlencoded::parse(spelled.as_bytes()).map(|(name, _)| name.into_owned()).collect()
}

fn join(base: &str, path: &str) -> String {
    let (base, ours) = base.split_once('?').unwrap_or((base, ""));
    let (path, theirs) = path.split_once('?').unwrap_or((path, ""));
    let mut text = base.to_string();
    if !path.is_empty() {
        text = format!("{}/{}", base.trim_end_matches('/'), path.trim_start_matches('/'));
    }
    for (parameters, mark) in [(ours, '?'), (theirs, if ours.is_empty() { '?' } else { '&' })] {
        if !parameters.is_empty() {
            text.push(mark);
            text.push_str(parameters);
        }
    }
    text
}

fn hide(text: &str) -> String {
    let (place, query) = text.split_once('?').map_or((text, None), |(place, query)| (place, Some(query)));
    let place = match place.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
            format!("{scheme}://{host}{path}")
        }
        None => place.to_string(),
    };
    let Some(query) = query else { return place };
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if may_be_secret(name) => format!("{name}=***"),
        _ => pair.to_string(),
    });
    format!("{place}?{}", pairs.collect::<Vec<_>>().join("&"))
}

fn may_be_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["key", "token", "secret", "pass", "pwd", "sig", "auth", "credential", "code", "session", "jwt", "sas"]
        .iter()
        .any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(text: &str, shown: &str) -> Written {
        Written::new(text, (text != shown).then(|| shown.to_string()))
    }

    fn address(text: &str, shown: &str) -> Address {
        Address::new(Url::parse(text).unwrap(), &written(text, shown))
    }

    #[test]
    fn what_is_written_out_is_shown_without_what_looks_secret() {
        let show = |text: &str| Address::parse(text).unwrap().to_string();
        assert_eq!(
            show("https://me:pw@example.org/a%20b?page=2&api_key=s3cret&X-Amz-Signature=abc"),
            "https://example.org/a%20b?page=2&api_key=***&X-Amz-Signature=***"
        );
        assert_eq!(show("file:///a/b.csv"), "file:///a/b.csv");
        assert_eq!(show("postgres://me:pw@db:5433/shop?sslpassword=x"), "postgres://db:5433/shop?sslpassword=***");
        let identity = Address::parse("https://me:word@host/x?page=abc").unwrap().identity();
        assert!(identity.starts_with("https://host/x?") && !identity.contains("abc"), "{identity}");
    }

    #[test]
    fn what_came_from_a_variable_is_shown_as_it_was_written() {
        let bot = address("https://h/bots3cret/", "https://h/bot${TOKEN}/");
        assert_eq!(bot.joined(&"/getUpdates?n=1".into()).unwrap().to_string(), "https://h/bot${TOKEN}/getUpdates?n=1");
        let signed = address("https://h/box?sv=1&x=s3cret", "https://h/box?${SAS}");
        let file = signed.joined(&written("/a b/hush.csv", "/a b/${NAME}.csv")).unwrap();
        assert_eq!(file.url().as_str(), "https://h/box/a%20b/hush.csv?sv=1&x=s3cret");
        assert_eq!(file.to_string(), "https://h/box/a b/${NAME}.csv?${SAS}");
        assert_eq!(
            file.with_parameters([(&"page".into(), &"2".into())]).to_string(),
            "https://h/box/a b/${NAME}.csv?${SAS}&page=2"
        );
        assert_eq!(address("postgres://me:pw@db/x", "${URL}").to_string(), "${URL}");
        assert_eq!(address("https://me:pw@h/x", "https://${USER}:${PW}@h/x").to_string(), "https://h/x");
        assert_ne!(bot.identity(), address("https://h/bother/", "https://h/bot${TOKEN}/").identity());
    }

    #[test]
    fn a_server_quotes_nothing_that_is_not_shown() {
        let database = address("postgres://ann:p%40ss+w@db/hush?host=h1", "postgres://ann:${PW}@db/${NAME}?host=h1");
        let words = database.scrubbed("user \"ann\" with p@ss+w (p%40ss+w) at db and h1 has no database \"hush\"");
        assert_eq!(words, "user \"***\" with *** (***) at db and h1 has no database \"***\"");
    }

    proptest! {
        /// Wherever it stands and however it has to be spelled there.
        #[test]
        fn no_part_of_a_secret_is_shown(secret in "[A-Z]{3}[!-~é ]{5,12}", place in 0_usize..5) {
            let template = ["https://h/a/${S}/b", "https://h/?q=${S}", "https://${S}@h/", "https://h/x", "https://h/${S}?a=b"][place];
            let Ok(url) = Url::parse(&template.replace("${S}", &secret)) else { return Ok(()) };
            let base = Address::new(url, &written(&template.replace("${S}", &secret), template));
            let Ok(joined) = base.joined(&written(&format!("p/{secret}?jwt={secret}"), "p/${S}?jwt=${S}")) else { return Ok(()) };
            let page = written(&secret, "${S}");
            for address in [joined.with_parameters([(&page, &page)]), joined.without_parameters(), joined] {
                for text in [address.to_string(), format!("{address:?}"), address.identity()] {
                    prop_assert!(!text.contains(&secret[..3]), "{}", text);
                }
            }
        }
    }
}
