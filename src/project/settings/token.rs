//! The secret that driver and nodes share. It travels in a header of each request and is in no plan, option or log.

use std::fmt;
use std::net::SocketAddr;

use http::HeaderValue;

use crate::error::{Error, Result};

/// What to do where there must be one.
pub(super) const HINT: &str = "set TRAPICHE_TOKEN to one long random text for every node and its drivers, whose target has `token: \"${TRAPICHE_TOKEN}\"`";

/// A secret, or none: then everyone on this machine may use it, and no other machine.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Token(Option<HeaderValue>);

impl Token {
    /// # Errors
    /// A configuration error when the text cannot stand in a header.
    pub fn new(text: &str) -> Result<Token> {
        let mut value = HeaderValue::from_str(&format!("Bearer {text}")).map_err(|_| {
            Error::config("the workers' token has characters that no header can have").hint("use letters and digits")
        })?;
        value.set_sensitive(true);
        Ok(Token(Some(value)))
    }

    /// Whether this secret, or the lack of one, will do for a server at this address.
    ///
    /// # Errors
    /// A configuration error when more than this machine can reach the address and there is no secret.
    pub fn guards(&self, address: SocketAddr) -> Result<()> {
        match self.0 {
            None if !address.ip().is_loopback() => {
                Err(Error::config(format!("`{address}` can be reached from other machines, and there is no token"))
                    .hint(HINT))
            }
            _ => Ok(()),
        }
    }

    /// Whether there is one.
    pub(super) fn is_set(&self) -> bool {
        self.0.is_some()
    }

    /// What an `Authorization` header says.
    pub fn header(&self) -> Option<HeaderValue> {
        self.0.clone()
    }

    /// Whether a request with this `Authorization` header may come in. Takes the same time for every wrong token.
    pub fn admits(&self, header: Option<&[u8]>) -> bool {
        let Some(expected) = &self.0 else { return true };
        let (expected, given) = (expected.as_bytes(), header.unwrap_or_default());
        let differences = expected.iter().zip(given).fold(0, |sum, (a, b)| sum | (a ^ b));
        expected.len() == given.len() && differences == 0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Token(set)" } else { "Token(none)" })
    }
}

#[cfg(test)]
mod tests {
    use super::Token;
    use crate::error::Kind;

    #[test]
    fn only_the_same_token_is_admitted_and_none_is_shown() {
        let token = Token::new("s3cret").unwrap();
        assert!(token.admits(Some(b"Bearer s3cret")));
        for wrong in [None, Some(b"Bearer s3cres".as_slice()), Some(b"Bearer s3cret2"), Some(b"")] {
            assert!(!token.admits(wrong));
        }
        assert!(Token::default().admits(None));
        assert!(!format!("{token:?}").contains("s3cret"));
        assert!(Token::new("a\nb").is_err());
    }

    #[test]
    fn without_a_token_only_this_machine_is_served() {
        let at = |address: &str| address.parse().unwrap();
        for here in ["127.0.0.1:7077", "127.9.9.9:1", "[::1]:7077"] {
            assert!(Token::default().guards(at(here)).is_ok(), "{here}");
        }
        for anywhere in ["0.0.0.0:7077", "10.0.0.5:7077", "[::]:7077"] {
            assert_eq!(Token::default().guards(at(anywhere)).unwrap_err().kind(), Kind::Config, "{anywhere}");
            assert!(Token::new("s3cret").unwrap().guards(at(anywhere)).is_ok());
        }
    }
}
