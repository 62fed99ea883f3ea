//! Every reader of bytes from outside, fed with the committed corpora of `fuzz/` and with changes of them.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use trapiche::fuzzing::TARGETS;

/// Changes of each file.
const CHANGES: u64 = 150;

#[test]
fn what_comes_from_outside_breaks_no_reader() {
    let (changes, only) = asked();
    for (name, target) in TARGETS.iter().filter(|(name, _)| only.as_deref().is_none_or(|only| only == *name)) {
        let files = corpus(name);
        assert!(!files.is_empty(), "`{name}` has no corpus");
        for seed in 0..=changes {
            for (at, (file, bytes)) in files.iter().enumerate() {
                let mut random = Random(seed * 1000 + at as u64);
                let bytes = if seed == 0 { bytes.clone() } else { random.changed(bytes, &files) };
                if catch_unwind(AssertUnwindSafe(|| target(&bytes))).is_err() {
                    panic!("`{name}` broke at change {seed} of `{file}`:\n{}", bytes.escape_ascii());
                }
            }
        }
    }
}

/// `TRAPICHE_CHANGES=100000 TRAPICHE_TARGET=csv cargo test --test it corpora` tries more, of one reader.
#[expect(clippy::disallowed_methods, reason = "who runs the tests says so in the environment")]
fn asked() -> (u64, Option<String>) {
    let changes = std::env::var("TRAPICHE_CHANGES").map_or(CHANGES, |text| text.parse().unwrap());
    (changes, std::env::var("TRAPICHE_TARGET").ok())
}

/// The committed files of a target: name and content.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

/// Sebastiano Vigna's SplitMix64: the same changes on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, most: usize) -> usize {
        (self.next() % most.max(1) as u64) as usize
    }

    /// One to four changes: a byte, a cut, a repetition, or a piece of another file.
    fn changed(&mut self, bytes: &[u8], files: &[(String, Vec<u8>)]) -> Vec<u8> {
        const TELLING: &[u8] = b"\0\"'`,;:=%{}[]()<>|&*-+.#\\/\n\r\t 019aEe\xEF\xBB\xBF\xFF\x7F\x80";
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let (at, end) = (self.below(bytes.len() + 1), self.below(bytes.len() + 1));
            let (start, end) = (at.min(end), at.max(end));
            let piece = match self.below(6) {
                0 => vec![TELLING[self.below(TELLING.len())]],
                1 => vec![self.next() as u8],
                2 => vec![],
                3 => bytes[start..end.min(start + 64)].repeat(2),
                4 => bytes[start..end.min(start + 8)].repeat(1 + self.below(40)),
                _ => {
                    let other = &files[self.below(files.len())].1;
                    let from = self.below(other.len());
                    other[from..(from + self.below(32)).min(other.len())].to_vec()
                }
            };
            let gone = if self.below(2) == 0 { start } else { end.min(start + 1 + self.below(16)) };
            bytes.splice(start..gone.max(start), piece);
        }
        bytes
    }
}
