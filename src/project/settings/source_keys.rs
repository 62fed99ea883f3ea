//! Which keys belong to which kind of source.

use crate::error::Span;
use crate::hints::listed;
use crate::project::faults::Faults;
use crate::project::read::At;
use crate::project::spec::SourceSpec;

/// Reports the keys that don't belong to this kind of source.
pub fn only(value: &SourceSpec, keys: &[&str], what: &str, faults: &mut Faults) {
    fn place<T>(at: &Option<At<T>>) -> Option<&Span> {
        at.as_ref().map(|at| &at.key)
    }
    let given = [
        ("dates", place(&value.dates)),
        ("max_size", place(&value.max_size)),
        ("sha256", place(&value.sha256)),
        ("path", place(&value.path)),
        ("table", place(&value.table)),
        ("except", place(&value.except)),
        ("query", place(&value.query)),
        ("select", place(&value.select)),
        ("readers", place(&value.readers)),
        ("format", place(&value.format)),
        ("delimiter", place(&value.delimiter)),
        ("header", place(&value.header)),
        ("encoding", place(&value.encoding)),
        ("quote", place(&value.quote)),
        ("escape", place(&value.escape)),
        ("comment", place(&value.comment)),
        ("skip_lines", place(&value.skip_lines)),
        ("nulls", place(&value.nulls)),
        ("decimal_comma", place(&value.decimal_comma)),
        ("records", place(&value.records)),
        ("columns", place(&value.columns)),
        ("paginate", place(&value.paginate)),
        ("method", place(&value.method)),
        ("params", place(&value.params)),
        ("body", place(&value.body)),
        ("for_each", place(&value.for_each)),
        ("envelope", place(&value.envelope)),
        ("drop", place(&value.drop)),
        ("mask", place(&value.mask)),
        ("cursor", place(&value.cursor)),
        ("key", place(&value.key)),
        ("deletes", place(&value.deletes)),
    ];
    for (key, span) in given {
        if let (Some(span), false) = (span, keys.contains(&key)) {
            let hint = format!("it takes {}", listed(keys));
            faults.add(span, format!("`{key}` does not belong to {what}")).hint(hint);
        }
    }
}
