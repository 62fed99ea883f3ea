//! What a file defines, before it is known what the other files do.

use super::faults::File;
use crate::error::Span;
use crate::lake::TableName;
use crate::spark::sql::Reference;

/// A dataset on its way to being checked against the others. A broken one still has its names.
pub struct Draft<D> {
    pub file: File,
    /// Where in the file it is named.
    pub place: Span,
    pub outputs: Vec<TableName>,
    pub references: Vec<Reference>,
    /// `None` when it is broken, which has been reported.
    pub defined: Option<Defined<D>>,
}

/// A definition that is checked as far as that goes without the other files.
pub struct Defined<D> {
    pub description: Option<String>,
    pub tags: Vec<String>,
    /// What it was defined by, as text without secrets.
    pub fingerprint_text: String,
    pub named: Vec<Name>,
    pub definition: D,
}

/// A column or table that a definition names beside its SQL, and where in the file.
pub type Name = (String, Span);

impl<D> Draft<D> {
    /// The same with another definition.
    pub fn map<E>(self, definition: impl Fn(D) -> E) -> Draft<E> {
        let Draft { file, place, outputs, references, defined } = self;
        Draft { file, place, outputs, references, defined: defined.map(|defined| defined.map(definition)) }
    }
}

impl<D> Defined<D> {
    pub fn map<E>(self, definition: impl Fn(D) -> E) -> Defined<E> {
        let Defined { description, tags, fingerprint_text, named, definition: defined } = self;
        Defined { description, tags, fingerprint_text, named, definition: definition(defined) }
    }
}

/// What to call a table instead of a name that Athena, Hive or a shell would not take.
pub fn name_hint(name: &str) -> String {
    let lower = name.to_lowercase();
    match TableName::is_valid_name(&lower) {
        true => format!("call it `{lower}`"),
        false => "names are lower-case letters, digits and `_`, and start with a letter".to_string(),
    }
}
