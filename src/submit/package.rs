//! What a cluster must find in the bucket: program, project and scripts, each under a name that says what is in it. So what has
//! not changed is not sent again, and what a cluster of yesterday still reads stays as it was.

use std::path::Path;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::{Submission, archive, program};
use crate::aws::s3::S3Folder;
use crate::error::{Error, Result};
use crate::lake::path;

const BOOTSTRAP: &str = include_str!("bootstrap.sh");
const STEP: &str = include_str!("step.sh");
const SPARK: &str = include_str!("spark.sh");

/// What Spark runs: so that the program has all that it sends.
const SPARK_SCRIPTS: [(&str, &str); 5] = [
    ("kmeans_on_spark.py", include_str!("../../spark-compat/kmeans_on_spark.py")),
    ("lake.py", include_str!("../../spark-compat/lake.py")),
    ("places.py", include_str!("../../spark-compat/places.py")),
    ("run_on_spark.py", include_str!("../../spark-compat/run_on_spark.py")),
    ("spark_session.py", include_str!("../../spark-compat/spark_session.py")),
];

/// An object that is to be in the bucket.
#[derive(Debug, Clone)]
pub struct Packed {
    /// Below the lake's root.
    pub path: String,
    /// Of all of it, in hexadecimal.
    pub sha256: String,
    bytes: Bytes,
}

impl Packed {
    fn new(stem: &str, ending: &str, bytes: Bytes) -> Packed {
        let sha256: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let path = path::release_file(env!("CARGO_PKG_VERSION"), stem, &sha256[..16], ending);
        Packed { path, sha256, bytes }
    }
}

#[derive(Debug, Clone)]
pub struct Package {
    pub program: Packed,
    pub project: Packed,
    pub bootstrap: Packed,
    pub step: Packed,
    /// The same queries on Spark, where that is wished for.
    pub spark: Option<SparkPackage>,
}

#[derive(Debug, Clone)]
pub struct SparkPackage {
    pub step: Packed,
    pub scripts: Packed,
}

impl Package {
    /// Packs the project, and the program if the nodes can start it.
    ///
    /// # Errors
    /// When a file cannot be read, or the program would not start there.
    pub fn of(submission: &Submission) -> Result<Package> {
        let spark = match submission.on_spark {
            true => Some(SparkPackage {
                step: Packed::new("spark", ".sh", Bytes::from_static(SPARK.as_bytes())),
                scripts: Packed::new("spark", ".tar.gz", archive::of_texts(&SPARK_SCRIPTS)?),
            }),
            false => None,
        };
        let bytes = read(&submission.program)?;
        program::check(&submission.program, &bytes, submission.cluster)?;
        Ok(Package {
            program: Packed::new("trapiche", "", bytes),
            project: Packed::new("project", ".tar.gz", archive::of_project(&submission.project.root)?),
            bootstrap: Packed::new("bootstrap", ".sh", Bytes::from_static(BOOTSTRAP.as_bytes())),
            step: Packed::new("step", ".sh", Bytes::from_static(STEP.as_bytes())),
            spark,
        })
    }

    /// Sends what is not there. `tell` hears of each.
    pub async fn send(&self, bucket: &S3Folder, tell: &impl Fn(&str)) -> Result<()> {
        let of_spark = self.spark.iter().flat_map(|spark| [&spark.step, &spark.scripts]);
        for object in [&self.program, &self.project, &self.bootstrap, &self.step].into_iter().chain(of_spark) {
            if bucket.put_new(&object.path, object.bytes.clone()).await? {
                tell(&format!("sent `{}` ({:.1} MB)", bucket.url(&object.path), object.bytes.len() as f64 / 1e6));
            }
        }
        Ok(())
    }
}

fn read(path: &Path) -> Result<Bytes> {
    let bytes = std::fs::read(path).map_err(|error| {
        Error::config(format!("the program for the nodes cannot be read: `{}`", path.display())).because(error)
    })?;
    Ok(bytes.into())
}
