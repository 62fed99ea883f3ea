//! The store's words, clean, and the forms in which they come: stray blanks, capitals, odd dates.

use chrono::{Datelike, NaiveDate};

use super::random::Random;

/// The categories, clean, and the range of their prices in cents. Some are written as folder names find hard.
pub const CATEGORIES: [(&str, u64, u64); 7] = [
    ("electronics", 2_000, 90_000),
    ("jewelery", 3_000, 150_000),
    ("men's clothing", 900, 12_000),
    ("women's clothing", 900, 15_000),
    ("home/garden", 500, 40_000),
    ("50% off", 200, 3_000),
    ("size=xl:new", 1_500, 9_000),
];

/// France comes as `fr ` in the regions file, and Japan is not in it.
pub const COUNTRIES: [&str; 14] = ["BR", "AR", "CL", "CO", "US", "CA", "MX", "PT", "ES", "DE", "FR", "GB", "IN", "JP"];
pub const CITIES: [&str; 8] =
    ["kilcoole", "Cullman", "San Antonio", "el paso", "Olinda", "Porto Alegre", "mesa", "Fresno"];
pub const STREETS: [&str; 6] =
    ["new road", "Lovers Ln", "Frances Ct", "Hunters Creek Dr", "avondale ave", "Rua da Aurora"];
pub const FIRST: [&str; 12] =
    ["john", "david", "kevin", "don", "derek", "miriam", "kate", "jimmie", "ana", "lucas", "beatriz", "joão"];
pub const LAST: [&str; 10] =
    ["doe", "morrison", "ryan", "holl", "powell", "snyder", "hale", "klein", "souza", "oliveira"];
pub const ADJECTIVES: [&str; 8] =
    ["Slim Fit", "Solid", "Casual", "Portable", "Classic", "Rain", "Gold Plated", "Everyday"];
pub const NOUNS: [&str; 8] = ["Jacket", "Bracelet", "Backpack", "Hard Drive", "Lamp", "T-Shirt", "Ring", "Monitor"];
pub const CHANNELS: [&str; 4] = ["web", "web", "app", "store"];

/// An order's status, clean: most have been delivered.
pub fn status(random: &mut Random) -> &'static str {
    match random.below(100) {
        0..50 => "delivered",
        50..70 => "shipped",
        70..84 => "paid",
        84..92 => "returned",
        _ => "cancelled",
    }
}

/// Puts stray blanks and capitals into 12 % of the words; `lot` is drawn from 0..1000.
pub fn astray(clean: &str, lot: u64) -> String {
    match lot {
        0..40 => format!(" {clean} "),
        40..80 => clean.to_uppercase(),
        80..120 => clean.split(' ').map(capitalised).collect::<Vec<_>>().join(" ") + " ",
        _ => clean.to_string(),
    }
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// A day in one of the forms that a cart's date has; 3 % of them name no day.
pub fn shown_date(day: NaiveDate, random: &mut Random) -> String {
    let (y, m, d) = (day.year(), day.month(), day.day());
    match random.below(1_000) {
        0..20 => format!("{d:02}/{m:02}/{y}"),
        20..35 => format!("{y}-13-45"),
        35..50 => String::new(),
        50..150 => format!("{y}-{m:02}-{d:02}T{:02}:{:02}:00", random.below(24), random.below(60)),
        150..300 => format!("{y}-{m:02}-{d:02}"),
        _ => format!("{y}-{m:02}-{d:02}T00:00:00.000Z"),
    }
}
