//! The columns of a version that a caller may know of.

use arrow::datatypes::{Field, FieldRef, Schema};

use super::refusal::HttpRefusal;
use crate::hints::suggest;
use crate::lake::table::version::Version;

/// The columns that are shown, in the table's order.
#[derive(Debug, Clone)]
pub struct ShownColumns(Vec<FieldRef>);

impl ShownColumns {
    /// # Errors
    /// When one that is to be hidden is not there: its name may be misspelt, and another column be shown instead.
    pub fn of(version: &Version, hidden: &[String]) -> Result<ShownColumns, String> {
        let fields = version.schema.fields();
        match hidden.iter().find(|name| !fields.iter().any(|field| field.name() == *name)) {
            Some(missing) => Err(format!("`{}` has no column `{missing}` to hide", version.table)),
            None => Ok(ShownColumns(fields.iter().filter(|field| !hidden.contains(field.name())).cloned().collect())),
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Field> {
        self.0.iter().map(AsRef::as_ref)
    }

    pub fn names(&self) -> Vec<&str> {
        self.iter().map(|field| field.name().as_str()).collect()
    }

    /// Whether they are the columns of a schema, by name and type.
    pub fn are(&self, schema: &Schema) -> bool {
        let is_same = |(a, b): (&FieldRef, &FieldRef)| a.name() == b.name() && a.data_type() == b.data_type();
        self.0.len() == schema.fields().len() && self.0.iter().zip(schema.fields()).all(is_same)
    }

    /// The column of a name.
    ///
    /// # Errors
    /// The nearest ones, where there is none. A hidden one is not there.
    pub fn find(&self, name: &str, parameter: &str) -> Result<&Field, HttpRefusal> {
        self.iter().find(|field| field.name() == name).ok_or_else(|| {
            let refusal = HttpRefusal::bad("there is no such column").of(parameter, Some(name));
            refusal.hint(suggest(name, self.names()))
        })
    }
}
