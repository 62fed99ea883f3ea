//! `glue:` of a target: the catalogue in which a run registers what it commits.

use crate::project::faults::Faults;
use crate::project::read::{At, given};
use crate::project::spec::GlueSpec;

/// Where and under which names tables are registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlueSettings {
    /// What goes before a zone to name its database.
    pub prefix: String,
    /// That of the lake's bucket without it.
    pub region: Option<String>,
    /// Where Athena finds the lake, if not at the target's storage.
    pub location: Option<String>,
    /// Athena's, in which statements run.
    pub workgroup: Option<String>,
    /// Where Athena puts answers, if its workgroup does not say.
    pub results: Option<String>,
}

/// `is_in_s3`: whether the storage is.
pub(super) fn check(block: &At<GlueSpec>, is_in_s3: bool, faults: &mut Faults) -> Option<GlueSettings> {
    let spec = block.value.as_ref()?;
    let prefix = given(&spec.prefix)?.unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if let (Some(at), false) = (&spec.prefix, prefix.chars().all(is_plain)) {
        faults.add(&at.span, "databases of Athena are called by lower-case letters, digits and `_`");
    }
    let location = given(&spec.location)?;
    match (&spec.location, &location) {
        (Some(at), Some(url)) if !url.starts_with("s3://") => {
            faults.add(&at.span, "Athena reads `s3://` alone").hint("write `location: \"s3://bucket/prefix\"`");
        }
        (None, _) if !is_in_s3 => {
            faults
                .add(&block.key, "`glue` needs a storage that starts with `s3://`, or a `location` that does")
                .hint("Athena reads `s3://` alone");
        }
        _ => {}
    }
    Some(GlueSettings {
        prefix,
        region: given(&spec.region)?,
        location,
        workgroup: given(&spec.workgroup)?,
        results: given(&spec.results)?,
    })
}
