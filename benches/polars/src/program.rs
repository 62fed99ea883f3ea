//! The program, and a project in a temporary folder for it to run on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A built program.
pub struct Program(PathBuf);

impl Program {
    /// `$TRAPICHE`, or the one that was built last in one of these profiles (`debug`, `release`), beside what is running now.
    /// A relative path is one from the repository, as Cargo starts tests in another folder. The error says how to build it.
    pub fn find(profiles: &[&str]) -> Result<Self, String> {
        if let Some(given) = std::env::var_os("TRAPICHE") {
            let given = repository().join(given);
            return match given.is_file() {
                true => Ok(Program(given)),
                false => Err(format!("TRAPICHE is `{}`, where no program is", given.display())),
            };
        }
        // Cargo puts benches and tests into TARGET/PROFILE/deps.
        let here = std::env::current_exe().map_err(|error| error.to_string())?;
        let target = here.ancestors().nth(3).ok_or("this is no program of Cargo's")?;
        let built = profiles.iter().map(|profile| target.join(profile).join("trapiche"));
        let newest = built.filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path))).max();
        newest.map(|(_, path)| Program(path)).ok_or_else(|| {
            format!(
                "there is no program in `{}`: build it with `cargo build --release`, or say where it is with TRAPICHE=PATH",
                target.display()
            )
        })
    }
}

/// A project in a temporary folder (`TMPDIR` says where), gone when dropped.
pub struct Project(TempDir);

impl Project {
    /// A project of these files: (path, content).
    pub fn of(files: &[(&str, &str)]) -> Self {
        let project = Project(tempfile::tempdir().expect("a temporary folder"));
        for (path, content) in files {
            let path = project.path(path);
            fs::create_dir_all(path.parent().expect("a path within the project")).expect("a folder");
            fs::write(path, content).expect("a file");
        }
        project
    }

    /// The repository's own project: the demo store.
    pub fn demo() -> Self {
        let project = Project::of(&[]);
        for name in ["trapiche.yml", "queries", "models"] {
            copy(&repository().join(name), &project.path(name));
        }
        project
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.0.path().join(relative)
    }

    /// `trapiche run` of all of it; panics with the program's words if it fails.
    pub fn run(&self, program: &Program) {
        let mut command = Command::new(&program.0);
        command.arg("-C").arg(self.0.path()).args(["run", "-o", "json"]).env_remove("DEMO_SCALE");
        let answer = command.output().expect("the program starts");
        assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn copy(from: &Path, to: &Path) {
    if from.is_file() {
        fs::copy(from, to).expect("a file that can be copied");
        return;
    }
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder of the repository") {
        let name = entry.expect("an entry of it").file_name();
        copy(&from.join(&name), &to.join(&name));
    }
}
