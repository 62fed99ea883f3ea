//! What was probably meant: the near word, or the known ones. Other words of advice are where the fault is found.

/// "did you mean `x`?" when a known word is near, else the known words.
pub fn suggest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match nearest(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "there is none yet".to_string(),
        None => format!("known here: {}", listed(&known)),
    }
}

/// The known word that `word` was probably meant to be: at most a third of its letters differ.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    known
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(&word, &known.to_lowercase()), known))
        .filter(|(distance, _)| *distance <= (word.chars().count() / 3).max(1))
        .min()
        .map(|(_, known)| known)
}

/// `` `a`, `b` and 3 more ``: a list that stays on one line.
pub fn listed(words: &[&str]) -> String {
    const SHOWN: usize = 12;
    let shown: Vec<String> = words.iter().take(SHOWN).map(|word| format!("`{word}`")).collect();
    match words.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_the_near_word_and_lists_otherwise() {
        assert_eq!(suggest("conections", ["connections", "sources"]), "did you mean `connections`?");
        assert_eq!(suggest("Storage", ["storage"]), "did you mean `storage`?");
        assert_eq!(suggest("zzz", ["storage", "s3"]), "known here: `storage`, `s3`");
    }
}
