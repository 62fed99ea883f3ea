//! Whether a program will start on the nodes: what its ELF header and its versions of the C library say. That is read here, as a
//! cluster would say it some minutes later, in other words.

use std::path::Path;

use crate::error::{Error, Result};
use crate::project::{Architecture, ClusterSettings, GlibcVersion};

/// What a program needs of the machine it is started on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Needs {
    architecture: Architecture,
    /// The newest version of glibc that it asks for; `None` when it asks for none.
    glibc: Option<GlibcVersion>,
}

/// Section of the versions that a program asks of its libraries (`SHT_GNU_verneed`).
const VERSIONS_NEEDED: u32 = 0x6fff_fffe;
const HOW_TO_BUILD: &str = "build one by `cargo zigbuild --release --target";

/// # Errors
/// A configuration error when the nodes could not start it.
pub fn check(path: &Path, bytes: &[u8], cluster: &ClusterSettings) -> Result<()> {
    let shown = path.display();
    let how = format!(
        "{HOW_TO_BUILD} {}-unknown-linux-gnu.{}`, and name it with `--program` (docs/emr.md)",
        cluster.architecture, cluster.glibc
    );
    let needs = needs(bytes).ok_or_else(|| {
        Error::config(format!("`{shown}` is no program for Linux of which can be told what it needs")).hint(how.clone())
    })?;
    if needs.architecture != cluster.architecture {
        return Err(Error::config(format!(
            "`{shown}` is for {}, and the nodes (`{}`) are {}",
            needs.architecture, cluster.primary, cluster.architecture
        ))
        .hint(how));
    }
    match needs.glibc {
        Some(glibc) if glibc > cluster.glibc => Err(Error::config(format!(
            "`{shown}` needs glibc {glibc}, and the nodes of {} have {}",
            cluster.release, cluster.glibc
        ))
        .hint(how)),
        _ => Ok(()),
    }
}

/// `None` of what is no 64-bit ELF in little endian, or has no sections to look into.
pub fn needs(bytes: &[u8]) -> Option<Needs> {
    if !bytes.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let architecture = match u16_at(bytes, 18)? {
        62 => Architecture::X86,
        183 => Architecture::Arm,
        _ => return None,
    };
    let (table, size, count) = (u64_at(bytes, 0x28)?, u16_at(bytes, 0x3a)?, u16_at(bytes, 0x3c)?);
    if count == 0 {
        return None;
    }
    let section = |n: u64| bytes.get(usize::try_from(table.checked_add(n * u64::from(size))?).ok()?..);
    let mut newest = None;
    for n in 0..u64::from(count) {
        let header = section(n)?;
        if u32_at(header, 4)? != VERSIONS_NEEDED {
            continue;
        }
        let of = |header: &[u8]| usize::try_from(u64_at(header, 24)?).ok();
        let names = of(section(u32_at(header, 40)?.into())?)?;
        newest = newest.max(glibc(bytes, of(header)?, names)?);
    }
    Some(Needs { architecture, glibc: newest })
}

/// The newest `GLIBC_…` in a list of libraries, each with a list of versions (`Elfxx_Verneed`, `Elfxx_Vernaux`).
fn glibc(bytes: &[u8], first: usize, names: usize) -> Option<Option<GlibcVersion>> {
    let mut newest = None;
    let mut library = first;
    loop {
        let entry = bytes.get(library..)?;
        let mut version = library.checked_add(u32_at(entry, 8)? as usize)?;
        for _ in 0..u16_at(entry, 2)? {
            let entry = bytes.get(version..)?;
            let name = bytes.get(names.checked_add(u32_at(entry, 8)? as usize)?..)?;
            let name = std::str::from_utf8(&name[..name.iter().position(|byte| *byte == 0)?]).ok()?;
            newest = newest.max(name.strip_prefix("GLIBC_").and_then(GlibcVersion::parse));
            version = version.checked_add(u32_at(entry, 12)? as usize)?;
        }
        match u32_at(entry, 12)? {
            0 => return Some(newest),
            next => library = library.checked_add(next as usize)?,
        }
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    /// This test's own program, which the linker has just made, and what `objdump` would say of its machine.
    #[test]
    fn a_program_says_what_it_needs() {
        let bytes = std::fs::read(config::program().unwrap()).unwrap();
        let found = needs(&bytes).unwrap();
        let expected = if cfg!(target_arch = "aarch64") { Architecture::Arm } else { Architecture::X86 };
        assert_eq!(found.architecture, expected);
        assert!(
            found.glibc.is_some_and(|glibc| glibc >= GlibcVersion(2, 17) && glibc < GlibcVersion(3, 0)),
            "{found:?}"
        );
        assert_eq!(needs(&bytes[..4096]), None);
        assert_eq!(needs(b"#!/bin/sh\n"), None);
    }

    /// Cut and turned bytes are told to be none, and no more.
    #[test]
    fn broken_programs_are_refused() {
        let bytes = std::fs::read(config::program().unwrap()).unwrap();
        let table = u64_at(&bytes, 0x28).unwrap() as usize;
        for at in [0x28, 0x29, 0x2f, 0x3a, 0x3c, table + 64 + 24, table + 64 * 7 + 31, table + 64 * 8 + 30] {
            let mut broken = bytes.clone();
            broken[at] ^= 0xff;
            needs(&broken);
        }
    }
}
