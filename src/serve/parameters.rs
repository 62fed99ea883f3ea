//! A request's parameters: each is used, or refused.

use url::form_urlencoded;

use super::refusal::HttpRefusal;
use crate::hints::suggest;

/// Each costs a part of a plan. A request's head has no room for many more.
const MOST: usize = 1000;

/// The parameters of a request that nobody has asked for yet.
#[derive(Debug)]
pub struct QueryParameters(Vec<(String, String)>);

impl QueryParameters {
    /// # Errors
    /// What is no UTF-8, and more of them than anybody means.
    pub fn read(query: Option<&str>) -> Result<QueryParameters, HttpRefusal> {
        let query = query.unwrap_or_default();
        let pairs: Vec<(String, String)> =
            form_urlencoded::parse(query.as_bytes()).into_owned().take(MOST + 1).collect();
        if pairs.len() > MOST {
            return Err(HttpRefusal::bad(format!("there are more than {MOST} parameters")));
        }
        // What cannot be decoded comes out as this character, which nobody has meant who has not written it.
        let is_broken = |text: &str| text.contains('\u{FFFD}') && !query.to_ascii_uppercase().contains("%EF%BF%BD");
        match pairs.iter().find(|(name, value)| is_broken(name) || is_broken(value)) {
            Some((name, _)) => Err(HttpRefusal::bad("this is not UTF-8, percent-encoded").of(name, None)),
            None => Ok(QueryParameters(pairs)),
        }
    }

    /// # Errors
    /// When there are any.
    pub fn none(query: Option<&str>) -> Result<(), HttpRefusal> {
        QueryParameters::read(query)?.end(&[])
    }

    /// Takes what is given at most once.
    ///
    /// # Errors
    /// When it is given twice.
    pub fn take(&mut self, name: &str) -> Result<Option<String>, HttpRefusal> {
        let mut found = self.take_all(name);
        match found.len() {
            0 | 1 => Ok(found.pop()),
            _ => Err(HttpRefusal::bad("it is given more than once").of(name, None)),
        }
    }

    fn take_all(&mut self, name: &str) -> Vec<String> {
        self.0.extract_if(.., |(given, _)| given == name).map(|(_, value)| value).collect()
    }

    /// Takes a list of names, separated by commas; none twice.
    pub fn take_list(&mut self, name: &str) -> Result<Option<Vec<String>>, HttpRefusal> {
        let Some(text) = self.take(name)? else { return Ok(None) };
        let names: Vec<String> = text.split(',').map(|part| part.trim().to_string()).collect();
        match names.iter().enumerate().find(|(at, part)| part.is_empty() || names[..*at].contains(part)) {
            Some((_, part)) => {
                let fault = if part.is_empty() { "a name is empty" } else { "a name is given twice" };
                Err(HttpRefusal::bad(fault).of(name, Some(&text)))
            }
            None => Ok(Some(names)),
        }
    }

    /// Takes a whole number between two.
    pub fn take_number(
        &mut self,
        name: &str,
        range: std::ops::RangeInclusive<u64>,
    ) -> Result<Option<u64>, HttpRefusal> {
        let Some(text) = self.take(name)? else { return Ok(None) };
        let number = text.parse().ok().filter(|number| range.contains(number));
        let wanted = || format!("a whole number from {} to {} is wanted", range.start(), range.end());
        number.map(Some).ok_or_else(|| HttpRefusal::bad(wanted()).of(name, Some(&text)))
    }

    /// What is left: the conditions.
    pub fn rest(self) -> Vec<(String, String)> {
        self.0
    }

    /// # Errors
    /// When something is left.
    pub fn end(self, known: &[&str]) -> Result<(), HttpRefusal> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => {
                let refusal = HttpRefusal::bad("there is no such parameter here").of(name, None);
                Err(match known {
                    [] => refusal.hint("this address takes none"),
                    known => refusal.hint(suggest(name, known.iter().copied())),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_taken_once_or_refused() {
        assert!(QueryParameters::read(Some("limit=5&b=%E9")).is_err());
        let mut read = QueryParameters::read(Some("limit=5&a=1&a=2&select=x,%20y")).unwrap();
        assert_eq!(read.take_number("limit", 1..=10).unwrap(), Some(5));
        assert_eq!(read.take_list("select").unwrap(), Some(vec!["x".into(), "y".into()]));
        assert!(read.take("a").is_err());
        assert_eq!(read.take("nothing").unwrap(), None);
        for wrong in ["limit=0", "limit=-1", "limit=1e3", "limit=99999999999999999999", "limit="] {
            assert!(QueryParameters::read(Some(wrong)).unwrap().take_number("limit", 1..=10).is_err(), "{wrong}");
        }
        let refused = QueryParameters::read(Some("limt=5")).unwrap().end(&["limit"]).unwrap_err();
        let shown = format!("{refused:?}");
        assert!(shown.contains("did you mean `limit`?"), "{shown}");
        let many = "a=1&".repeat(1001);
        assert!(QueryParameters::read(Some(&many)).is_err());
    }
}
