//! Where a page ended, as one word that is handed out and comes back.
//!
//! It names the version, so that a sequence of pages sees one state of the table whatever is committed meanwhile, and holds
//! what was asked, so that it is not used for something else. It is no secret and grants nothing: whoever makes one up asks for
//! rows that they may see.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::refusal::HttpRefusal;

/// The beginning of the next page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageCursor {
    #[serde(rename = "v")]
    pub version: u64,
    /// Of the question.
    #[serde(rename = "q")]
    question: String,
    #[serde(rename = "a")]
    pub after: After,
}

/// Which rows have been given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum After {
    /// Of an order: up to this key, and of those with this key so many.
    Key { key: Vec<Option<String>>, given: u64 },
    /// In the files' own order: all before this file of those that are read, and so many of its and the following.
    Rows { file: usize, given: u64 },
}

impl After {
    /// Rows that need not be given again.
    pub fn given(&self) -> u64 {
        let (After::Key { given, .. } | After::Rows { given, .. }) = self;
        *given
    }
}

/// What was asked, in few letters. Another version of this program may leave out other files, and count them otherwise.
pub fn question(text: &str) -> String {
    let text = format!("{} {text}", env!("CARGO_PKG_VERSION"));
    Sha256::digest(text)[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

impl PageCursor {
    pub fn new(version: u64, question: &str, after: After) -> PageCursor {
        PageCursor { version, question: question.to_string(), after }
    }

    pub fn write(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).expect("text keys only"))
    }

    /// # Errors
    /// When it is no cursor.
    pub fn read(text: &str) -> Result<PageCursor, HttpRefusal> {
        let cursor = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        cursor.ok_or_else(|| Self::refused("this is no cursor", text))
    }

    /// # Errors
    /// When it is of another question.
    pub fn check(&self, question: &str, text: &str) -> Result<(), HttpRefusal> {
        match self.question == question {
            true => Ok(()),
            false => Err(Self::refused("this cursor is of another question", text)),
        }
    }

    pub fn refused(what: &str, text: &str) -> HttpRefusal {
        let hint = "use the `next` of the last page, with the same parameters, or begin without a cursor";
        HttpRefusal::bad(what).of("cursor", Some(text)).hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_as_it_was_and_nothing_else_is_one() {
        let after = After::Key { key: vec![None, Some("ñ".into())], given: 3 };
        let cursor = PageCursor::new(7, &question("x"), after);
        assert_eq!(PageCursor::read(&cursor.write()).unwrap(), cursor);
        assert!(cursor.check(&question("x"), "").is_ok() && cursor.check(&question("y"), "").is_err());
        for wrong in ["", "x", "e30", "!!!!", &cursor.write()[1..], &"A".repeat(9000)] {
            assert!(PageCursor::read(wrong).is_err(), "{wrong}");
        }
    }
}
