//! A file that holds one secret and nothing else, as Docker, Kubernetes and systemd put them beside a program.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

/// No password, token or address is longer.
const MOST_BYTES: u64 = 1 << 16;

/// Its text without the last line end.
///
/// # Errors
/// Why there is none, in words that show nothing of it.
pub fn read(path: &Path) -> Result<String, String> {
    let refused = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => "there is no such file".to_string(),
        ErrorKind::PermissionDenied => "it may not be read".to_string(),
        other => format!("{other}"),
    };
    let kind = std::fs::metadata(path).map_err(refused)?;
    // A pipe would be waited for, and a device has no end.
    if !kind.is_file() {
        return Err("it is no plain file".into());
    }
    let mut bytes = vec![];
    File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes)).map_err(refused)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(format!("it is longer than {MOST_BYTES} bytes"));
    }
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text")?;
    let text = text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
    match text {
        "" => Err("it is empty".into()),
        text => Ok(text.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_the_text_without_its_last_line_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let read_back = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            read(&path)
        };
        for (bytes, text) in [(&b"hush\n"[..], "hush"), (b"hush\r\n", "hush"), (b" a b \n\n", " a b \n"), (b"x", "x")] {
            assert_eq!(read_back(bytes).as_deref(), Ok(text));
        }
        for bytes in [&b""[..], b"\n", b"\xff", &[b'a'; MOST_BYTES as usize + 1]] {
            assert!(read_back(bytes).is_err());
        }
        assert_eq!(read(folder.path()), Err("it is no plain file".into()));
        assert_eq!(read(&path.join("below")), Err("there is no such file".into()));
    }
}
