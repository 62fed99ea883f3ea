//! Sizes, counts and times as people write and read them.

const DECIMAL: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];

/// Reads a size in bytes: `1GB` = 10⁹, `1GiB` = 2³⁰, `1.5GB`, `500MB`, or plain bytes. Case does not matter.
///
/// `1G` is refused: half of the tools mean 10⁹ by it and half 2³⁰.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "tb" => 1e12,
        "kib" => 1024.0,
        "mib" => 1024f64.powi(2),
        "gib" => 1024f64.powi(3),
        "tib" => 1024f64.powi(4),
        _ => {
            return Err(
                "write a number and one of B, kB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB (of 1024)".into()
            );
        }
    };
    match number.parse::<f64>() {
        // An exabyte is 2^60: far above any memory, far below where u64 or f64 end.
        Ok(number) if number > 0.0 && number * factor < 2f64.powi(60) => Ok((number * factor) as u64),
        Ok(_) => Err("must be more than 0 and less than an exabyte".into()),
        Err(_) => Err("does not begin with a number".into()),
    }
}

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
    fn sizes_are_read_in_both_kinds_of_unit() {
        assert_eq!(parse_size("1GB"), Ok(1_000_000_000));
        assert_eq!(parse_size("512MiB"), Ok(512 << 20));
        assert_eq!(parse_size("1.5 gib"), Ok(3 << 29));
        assert_eq!(parse_size("4096"), Ok(4096));
    }

    #[test]
    fn sizes_that_are_none_are_refused() {
        for text in ["", "GB", "1G", "1 parsec", "-1GB", "0", "1..5GB", "999999999TB"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn quantities_are_written_briefly() {
        assert_eq!(
            [0, 999, 1000, 1_234_567, 999_600, 210_000_000].map(bytes),
            ["0 B", "999 B", "1.00 kB", "1.23 MB", "1.00 MB", "210 MB"]
        );
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0.0421, 2.345, 75.4].map(seconds), ["0.042", "2.3", "75"]);
    }
}
