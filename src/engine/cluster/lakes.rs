//! The lakes that a node was told to serve. A plan names the one that it reads and writes, and must not be able to name
//! whatever the node's own user, or its machine's role, can reach.

use std::path::{Component, Path, PathBuf};

use object_store::path::Path as Prefix;
use url::Url;

use crate::error::{Error, Result};
use crate::lake::Storage;

/// Each with the endpoint and region that this node has for it; all that lies below one is served, too.
#[derive(Debug, Clone)]
pub struct Lakes(Vec<(Storage, LakeAddress)>);

/// What an address means, whatever way it is written.
#[derive(Debug, Clone, PartialEq)]
enum LakeAddress {
    Folder(PathBuf),
    Bucket(String, Prefix),
}

impl Lakes {
    /// `file:///folder` or `s3://bucket/prefix`, this with `?endpoint=…&region=…` where they are not AWS's own.
    ///
    /// # Errors
    /// A configuration error for what is no such address, or when there is none.
    pub fn named(texts: &[String]) -> Result<Lakes> {
        if texts.is_empty() {
            return Err(Error::config("a node serves the lakes that it is told, and it was told none")
                .hint("name the project's storage with `--lake URL`, several with one `--lake` each"));
        }
        texts.iter().map(|text| named(text)).collect::<Result<_>>().map(Lakes)
    }

    /// How this node opens the lake that a driver asks for.
    ///
    /// # Errors
    /// A connection error when it does not serve that lake.
    pub fn find(&self, asked: &Storage) -> Result<Storage> {
        let endpoint = |storage: &Storage| storage.endpoint.as_ref().map(|url| url.trim_end_matches('/').to_string());
        let place = place(&asked.url);
        let serves = |(own, named): &&(Storage, LakeAddress)| {
            place.as_ref().is_some_and(|place| named.holds(place)) && endpoint(own) == endpoint(asked)
        };
        match self.0.iter().find(serves) {
            Some((own, _)) => Ok(Storage { url: asked.url.clone(), ..own.clone() }),
            None => {
                let (at, with) = asked.endpoint.as_ref().map_or_else(Default::default, |endpoint| {
                    (format!(" at `{endpoint}`"), format!("?endpoint={endpoint}"))
                });
                let hint = format!("if it is to be served, start the node with `--lake '{}{with}'`", asked.url);
                Err(Error::connection(format!("the lake `{}`{at} is not served here", asked.url)).hint(hint))
            }
        }
    }
}

fn named(text: &str) -> Result<(Storage, LakeAddress)> {
    let wrong = |why: String| {
        let hint =
            "write `file:///folder`, `s3://bucket/prefix` or `s3://bucket/prefix?endpoint=http://HOST:PORT&region=R`";
        Error::config(format!("`--lake {text}`: {why}")).hint(hint)
    };
    let (url, settings) = text.split_once('?').unwrap_or((text, ""));
    let url = url.trim_end_matches('/').to_string();
    let mut storage = Storage { url, endpoint: None, region: None };
    for (key, value) in url::form_urlencoded::parse(settings.as_bytes()) {
        match key.as_ref() {
            "endpoint" if storage.url.starts_with("s3://") => storage.endpoint = Some(value.into_owned()),
            "region" if storage.url.starts_with("s3://") => storage.region = Some(value.into_owned()),
            key => return Err(wrong(format!("`{key}` is nothing that can be said of it"))),
        }
    }
    let place = place(&storage.url).ok_or_else(|| wrong("this is no lake's address".to_string()))?;
    Ok((storage, place))
}

fn place(url: &str) -> Option<LakeAddress> {
    if let Some(rest) = url.strip_prefix("s3://") {
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        return (!bucket.is_empty()).then_some(LakeAddress::Bucket(bucket.to_string(), Prefix::parse(prefix).ok()?));
    }
    let folder = Url::parse(url).ok().filter(|url| url.scheme() == "file")?.to_file_path().ok()?;
    // An escaped slash may have brought them in.
    let goes_up = folder.components().any(|part| !matches!(part, Component::RootDir | Component::Normal(_)));
    (!goes_up).then_some(LakeAddress::Folder(folder))
}

impl LakeAddress {
    fn holds(&self, other: &LakeAddress) -> bool {
        match (self, other) {
            // By its name, and where the name leads.
            (LakeAddress::Folder(own), LakeAddress::Folder(other)) => {
                other.starts_with(own) && resolved(other).starts_with(resolved(own))
            }
            (LakeAddress::Bucket(own, own_prefix), LakeAddress::Bucket(other, prefix)) => {
                own == other && prefix.prefix_matches(own_prefix)
            }
            _ => false,
        }
    }
}

/// Where the folder really is, or the nearest one above it that there is.
fn resolved(folder: &Path) -> PathBuf {
    folder.ancestors().find_map(|folder| folder.canonicalize().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error::Kind;

    fn lakes(texts: &[&str]) -> Lakes {
        Lakes::named(&texts.iter().map(|text| text.to_string()).collect::<Vec<_>>()).unwrap()
    }

    fn asked(url: &str, endpoint: Option<&str>) -> Storage {
        Storage { url: url.into(), endpoint: endpoint.map(Into::into), region: Some("asked-1".into()) }
    }

    #[test]
    fn only_what_was_named_is_served_and_with_the_nodes_own_settings() {
        let lakes =
            lakes(&["s3://acme/lake/", "s3://dev?endpoint=http://10.0.0.9:9000/&region=own-1", "file:///data/a%20b"]);
        let found = lakes.find(&asked("s3://dev/x", Some("http://10.0.0.9:9000"))).unwrap();
        assert_eq!((found.url.as_str(), found.region.as_deref()), ("s3://dev/x", Some("own-1")));
        assert_eq!(lakes.find(&asked("s3://acme/lake", None)).unwrap().region, None);
        for served in ["s3://acme/lake/sub/x", "file:///data/a%20b", "file:///data/a b/", "file:///data/a%20b/sub"] {
            assert!(lakes.find(&asked(served, None)).is_ok(), "{served}");
        }
        for refused in [
            "s3://acme",
            "s3://acme/lakes",
            "s3://acme/lake/../x",
            "s3://other/lake",
            "s3://dev",
            "file:///",
            "file:///etc",
            "file:///data/a%20b2",
            "file:///data/a%20b/../c",
            "file:///data/a%20b/%2e%2e/c",
            "file:///data/a%20b/..%2fc",
            "file:///data/a%20b/%2e%2e%2f%2e%2e%2fetc",
            "http://acme/lake",
            "lake",
            "",
        ] {
            let error = lakes.find(&asked(refused, None)).unwrap_err();
            assert_eq!(error.kind(), Kind::Connection, "{refused}");
            assert!(error.to_string().contains(refused), "{error}");
        }
        let elsewhere = lakes.find(&asked("s3://acme/lake", Some("http://evil:9000"))).unwrap_err();
        assert!(elsewhere.to_string().contains("at `http://evil:9000`"), "{elsewhere}");
    }

    #[test]
    fn a_link_leads_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let (inside, lake) = (folder.path().join("lake/linked"), folder.path().join("lake"));
        std::fs::create_dir_all(&lake).unwrap();
        std::os::unix::fs::symlink("/etc", &inside).unwrap();
        let lakes = lakes(&[&format!("file://{}", lake.display())]);
        assert!(lakes.find(&asked(&format!("file://{}", lake.join("not yet").display()), None)).is_ok());
        for out in [inside.clone(), inside.join("x/y")] {
            assert!(lakes.find(&asked(&format!("file://{}", out.display()), None)).is_err(), "{out:?}");
        }
    }

    #[test]
    fn what_is_no_lake_cannot_be_named() {
        for wrong in [
            "",
            "lake",
            "./lake",
            "s3://",
            "http://x/y",
            "file:///x?endpoint=http://y",
            "s3://x?token=y",
            "s3://x/../y",
        ] {
            let error = Lakes::named(&[wrong.to_string()]).unwrap_err();
            assert!(error.kind() == Kind::Config && error.hint_text().is_some(), "{wrong}");
        }
        assert!(Lakes::named(&[]).is_err());
    }

    proptest! {
        /// Whatever is put behind a folder's address, it is served only if it is below that folder.
        #[test]
        fn no_address_leads_out(rest in "(/|\\.|%2e|%2E|%2f|%2F|%5c|a|\\\\|\\?|#|;){0,12}") {
            let url = format!("file:///srv/trapiche-lake{rest}");
            if let Ok(found) = lakes(&["file:///srv/trapiche-lake"]).find(&asked(&url, None)) {
                let lake = futures::executor::block_on(crate::lake::Lake::open(&found)).unwrap();
                let root = lake.local_root().unwrap();
                prop_assert!(root.starts_with("/srv/trapiche-lake"), "{}", root.display());
                prop_assert!(!root.components().any(|part| part == Component::ParentDir), "{}", root.display());
            }
        }
    }
}
