//! The lowest and the highest value of a page or a column.

/// Texts in statistics are cut to this, as the Parquet crate does.
const LONGEST: usize = 64;

/// Of texts, by their bytes. Most are told apart by their first eight.
pub(super) fn of_texts<'a>(mut texts: impl Iterator<Item = &'a [u8]>) -> Option<(&'a [u8], &'a [u8])> {
    let first = texts.next()?;
    let (mut low, mut high) = ((head(first), first), (head(first), first));
    for text in texts {
        let value = (head(text), text);
        if value < low {
            low = value;
        } else if value > high {
            high = value;
        }
    }
    Some((low.1, high.1))
}

/// The first eight bytes, so that numbers compare as texts do; those that are missing count as zero.
fn head(text: &[u8]) -> u64 {
    match text.first_chunk::<8>() {
        Some(first) => u64::from_be_bytes(*first),
        None => {
            let mut padded = [0; 8];
            padded[..text.len()].copy_from_slice(text);
            u64::from_be_bytes(padded)
        }
    }
}

/// A text that is not above this one and not too long, and whether it is this one.
pub(super) fn cut_low(text: &[u8], is_utf8: bool) -> (&[u8], bool) {
    match text.len() <= LONGEST {
        true => (text, true),
        false => (&text[..boundary(text, is_utf8)], false),
    }
}

/// A text that is not below this one and, if there is one, not too long; and whether it is this one.
pub(super) fn cut_high(text: &[u8], is_utf8: bool) -> (Vec<u8>, bool) {
    if text.len() <= LONGEST {
        return (text.to_vec(), true);
    }
    let start = &text[..boundary(text, is_utf8)];
    let counted_up = if is_utf8 { next_text(start) } else { next_bytes(start) };
    counted_up.map_or_else(|| (text.to_vec(), true), |above| (above, false))
}

/// Where to cut, so that no character is cut in two.
fn boundary(text: &[u8], is_utf8: bool) -> usize {
    let is_start = |byte: u8| byte & 0b1100_0000 != 0b1000_0000;
    (1..=LONGEST).rev().find(|at| !is_utf8 || is_start(text[*at])).unwrap_or(LONGEST)
}

/// The start with its last character that can be counted up without getting longer, counted up.
fn next_text(start: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(start).ok()?;
    text.char_indices().rev().find_map(|(at, last)| {
        let next = char::from_u32(u32::from(last) + 1).filter(|next| next.len_utf8() == last.len_utf8())?;
        Some([&text.as_bytes()[..at], next.encode_utf8(&mut [0; 4]).as_bytes()].concat())
    })
}

fn next_bytes(start: &[u8]) -> Option<Vec<u8>> {
    let at = start.iter().rposition(|byte| *byte < 0xff)?;
    let mut next = start[..=at].to_vec();
    next[at] += 1;
    Some(next)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bounds_are_those_of_a_plain_comparison(texts in proptest::collection::vec(".{0,20}", 0..20)) {
            let bytes = || texts.iter().map(String::as_bytes);
            prop_assert_eq!(of_texts(bytes()), bytes().min().zip(bytes().max()));
        }

        #[test]
        fn what_is_cut_still_bounds(text in ".{0,80}") {
            let (low, low_exact) = cut_low(text.as_bytes(), true);
            let (high, high_exact) = cut_high(text.as_bytes(), true);
            prop_assert!(std::str::from_utf8(low).is_ok() && std::str::from_utf8(&high).is_ok());
            prop_assert!(low <= text.as_bytes() && text.as_bytes() <= high.as_slice());
            prop_assert_eq!(low_exact, low == text.as_bytes());
            prop_assert_eq!(high_exact, high == text.as_bytes());
        }
    }

    #[test]
    fn zeros_at_the_end_count() {
        let texts: [&[u8]; 3] = [b"a\0", b"a", b"a\0\0"];
        assert_eq!(of_texts(texts.into_iter()), Some((b"a".as_slice(), b"a\0\0".as_slice())));
    }
}
