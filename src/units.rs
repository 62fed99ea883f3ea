//! Sizes, counts and times as people write and read them.

const DECIMAL: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];

/// Bytes with three significant digits and a decimal unit: `1.23 MB`.
pub fn bytes(bytes: u64) -> String {
    let mut value = bytes as f64;
    let mut unit = 0;
    // 999.5 would be rounded up to "1000".
    while value >= 999.5 && unit + 1 < DECIMAL.len() {
        value /= 1000.0;
        unit += 1;
    }
    let decimals = match value {
        _ if unit == 0 => 0,
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$} {}", DECIMAL[unit])
}

/// A count in groups of three digits: `12,345`.
pub fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So many things: `1 file`, `12,345 files`.
pub fn counted(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", count(number))
}

/// Seconds with what precision is of use: `0.042`, `2.3`, `75`.
pub fn seconds(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => format!("{s:.3}"),
        s if s < 60.0 => format!("{s:.1}"),
        s => format!("{s:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_written_briefly() {
        assert_eq!(
            [0, 999, 1000, 1_234_567, 999_600, 210_000_000].map(bytes),
            ["0 B", "999 B", "1.00 kB", "1.23 MB", "1.00 MB", "210 MB"]
        );
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0, 1, 1000].map(|n| counted(n, "file")), ["0 files", "1 file", "1,000 files"]);
        assert_eq!([0.0421, 2.345, 75.4].map(seconds), ["0.042", "2.3", "75"]);
    }
}
