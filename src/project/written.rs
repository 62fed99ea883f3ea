//! A text of `trapiche.yml`, as it is and as it may be shown: what came from a variable is a secret, whatever its name.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

/// The name by which [`Written`] asks the reader for both of its texts.
pub const WRITTEN: &str = "trapiche::Written";

#[derive(Clone, PartialEq)]
pub struct Written {
    text: String,
    /// With `${NAME}` where a variable's value stands; `None` without one.
    shown: Option<String>,
}

impl Written {
    pub fn new(text: impl Into<String>, shown: Option<String>) -> Self {
        Written { text: text.into(), shown }
    }

    /// The text itself, for the one place that uses it.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Whether a variable's value is in it.
    pub fn is_secret(&self) -> bool {
        self.shown.is_some()
    }

    pub fn shown(&self) -> &str {
        self.shown.as_deref().unwrap_or(&self.text)
    }
}

/// Written out in the code, thus without variables.
impl From<&str> for Written {
    fn from(text: &str) -> Self {
        Written::new(text, None)
    }
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown())
    }
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.shown(), f)
    }
}

/// For identities: the text, or what may be shown of it and a hash of it.
impl Serialize for Written {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = if self.is_secret() { hashed(self.shown(), &self.text).into() } else { Cow::from(&self.text) };
        serializer.serialize_str(&text)
    }
}

/// What may be shown, and a hash that changes with the secret.
pub fn hashed(shown: &str, secret: &str) -> String {
    let digest = Sha256::digest(secret);
    digest.iter().take(8).fold(format!("{shown}#"), |text, byte| format!("{text}{byte:02x}"))
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;

        impl<'de> Visitor<'de> for Texts {
            type Value = Written;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut texts: A) -> Result<Written, A::Error> {
                let text: Option<String> = texts.next_element()?;
                Ok(Written { text: text.unwrap_or_default(), shown: texts.next_element()? })
            }
        }

        deserializer.deserialize_newtype_struct(WRITTEN, Texts)
    }
}

/// To an editor it is text.
impl schemars::JsonSchema for Written {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        String::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        String::json_schema(generator)
    }
}
