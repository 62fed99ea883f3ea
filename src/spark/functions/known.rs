//! The names of Spark's own functions, as `SHOW ALL FUNCTIONS` of Spark 4.3 lists them: `spark.txt`.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Have a syntax of their own, so Spark does not list them.
const BY_SYNTAX: [&str; 5] = ["cube", "rollup", "identifier", "timestampadd", "timestampdiff"];

static NAMES: LazyLock<HashSet<&str>> = LazyLock::new(|| include_str!("spark.txt").lines().chain(BY_SYNTAX).collect());

/// Whether Spark has a function of this name, which is in lower case.
pub fn is_sparks(name: &str) -> bool {
    NAMES.contains(name)
}

#[cfg(test)]
mod tests {
    use super::is_sparks;

    #[test]
    fn functions_of_the_engine_alone_are_none_of_sparks() {
        for name in ["sum", "array_join", "if", "regexp_replace", "window", "rollup", "percentile_approx"] {
            assert!(is_sparks(name), "{name}");
        }
        for name in ["gcd", "any_match", "list_any_value", "arrow_cast", "to_local_time"] {
            assert!(!is_sparks(name), "{name}");
        }
    }
}
