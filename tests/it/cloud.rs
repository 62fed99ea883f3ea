//! A cloud for tests: a control plane that plays EMR and really starts what it is asked to start, MinIO, and moto's secrets.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Instant;

use serde_json::Value;

use crate::aws::{self, Moto};
use crate::nodes::{Driver, PATIENCE, wait};
use crate::places::{KEY, S3Server, SECRET};
use crate::workbench::{Answer, Workbench, files_below};

/// What a variable of the project holds.
pub const HUSH: &str = "hush-4711";

/// A cluster's places: bucket, control plane and the services beside it.
pub struct Cloud {
    pub server: S3Server,
    pub moto: Moto,
    plane: Child,
    pub endpoint: String,
    pub folder: tempfile::TempDir,
}

impl Cloud {
    /// `None` where MinIO or moto are not installed, with a word.
    pub fn start() -> Option<Cloud> {
        Cloud::with(&[])
    }

    /// With more words for the control plane.
    pub fn with(options: &[&str]) -> Option<Cloud> {
        let server = S3Server::start("minio")?;
        let moto = Moto::start()?;
        moto.python(&format!("client('ssm').put_parameter(Name='/shop/word', Value='{HUSH}', Type='SecureString')"));
        let folder = tempfile::tempdir().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/emr_control_plane.py");
        let mut command = Command::new(aws::python()?);
        command.arg(script).arg(folder.path()).args(["--s3", &server.endpoint, "--secrets", &moto.endpoint]);
        command.args(options).envs(aws::ACCOUNT).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut plane = command.spawn().unwrap();
        let mut endpoint = String::new();
        BufReader::new(plane.stdout.take().unwrap()).read_line(&mut endpoint).unwrap();
        assert!(endpoint.starts_with("http"), "the control plane does not start");
        Some(Cloud { server, moto, plane, endpoint: endpoint.trim().to_string(), folder })
    }

    /// The demo in a target on this cloud, with three nodes that have all the work.
    pub fn demo(&self, prefix: &str, more: &str) -> Workbench {
        let bench = Workbench::demo();
        let target = format!(
            "  emr:\n    storage: \"s3://lake/{prefix}\"\n    s3: {{ endpoint: \"{}\", region: eu-west-1 }}\n    demo: {{ scale: \"${{DEMO_SCALE:-1}}\" }}\n    engine: {{ cluster: emr, core: {{ count: 2 }}, local_below: \"0\", wait: 90s, glibc: \"{}\"{more} }}\n",
            self.server.endpoint,
            glibc()
        );
        let settings = fs::read_to_string(bench.path("trapiche.yml")).unwrap();
        // A header that the demo's own server does not look at, and nobody else may see.
        let settings = settings.replacen("\nconnections:\n", &format!("{target}\nconnections:\n"), 1).replace(
            "store: { rest: \"demo://api\" }",
            "store: { rest: \"demo://api\", headers: { x-word: \"${HUSH}\", x-more: \"ssm:/shop/word\" } }",
        );
        bench.write("trapiche.yml", &settings);
        bench
    }

    pub fn environment(&self) -> BTreeMap<String, String> {
        let mut environment: BTreeMap<String, String> =
            self.moto.environment(&["SECRETS_MANAGER", "SSM"]).into_iter().collect();
        environment.insert("AWS_ENDPOINT_URL_EMR".into(), self.endpoint.clone());
        environment.insert("HUSH".into(), HUSH.into());
        environment.insert("AWS_ACCESS_KEY_ID".into(), KEY.into());
        environment.insert("AWS_SECRET_ACCESS_KEY".into(), SECRET.into());
        environment
    }

    pub fn command(&self, bench: &Workbench, args: &[&str]) -> Command {
        let mut command = bench.command(&[args, &["--target", "emr"]].concat());
        command.envs(self.environment());
        command
    }

    pub fn trapiche(&self, bench: &Workbench, args: &[&str]) -> Answer {
        let (answer, _) = Driver::of(self.command(bench, args)).ends();
        answer
    }

    /// The same for what takes minutes.
    pub fn patient(&self, bench: &Workbench, args: &[&str]) -> Answer {
        Answer::from(self.command(bench, args).output().unwrap())
    }

    /// `submit`, with the program that this test is of.
    pub fn submit<'a>(&self, args: &[&'a str]) -> Vec<&'a str> {
        [&["submit", "--every", "1s", "--program", program().to_str().unwrap()], args].concat()
    }

    pub fn asked(&self, path: &str) -> Value {
        let address = self.endpoint.strip_prefix("http://").unwrap();
        let (code, body) = crate::nodes::get(address, path, None).expect("the control plane answers");
        assert_eq!(code, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    /// (id, state) of all clusters.
    pub fn clusters(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_string();
        self.asked("/nodes/").as_array().unwrap().iter().map(|it| (text(&it["id"]), text(&it["state"]))).collect()
    }

    pub fn until_ended(&self) {
        self.until("the clusters end", || self.clusters().iter().all(|(_, state)| state.starts_with("TERMINATED")));
    }

    pub fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is_so() {
            assert!(begun.elapsed() < PATIENCE, "{what}: {:?}", self.clusters());
            wait(std::time::Duration::from_millis(200));
        }
    }

    /// What was asked of EMR: operations and their requests.
    pub fn requests(&self) -> Vec<(String, Value)> {
        let text = fs::read_to_string(self.folder.path().join("requests.jsonl")).unwrap_or_default();
        let entries = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        entries.map(|it| (it["operation"].as_str().unwrap().to_string(), it["request"].clone())).collect()
    }

    pub fn launches(&self) -> Vec<Value> {
        self.requests().into_iter().filter(|(name, _)| name == "RunJobFlow").map(|(_, request)| request).collect()
    }

    /// Rows of the lake's tables, as the program on this machine reads them.
    pub fn rows(&self, bench: &Workbench, sql: &str) -> String {
        let answer = self.trapiche(bench, &["query", "-o", "csv", sql]);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        answer.stdout
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        // It ends what it has started.
        crate::nodes::signal("TERM", self.plane.id());
        let _ = self.plane.wait();
    }
}

/// The version of this machine's C library, which a program that was built here may need.
pub fn glibc() -> String {
    let answer = Command::new("ldd").arg("--version").output().unwrap();
    let text = String::from_utf8_lossy(&answer.stdout).into_owned();
    text.lines().next().unwrap().rsplit(' ').next().unwrap().to_string()
}

/// The program without what debuggers need: nodes fetch it several times.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = PROGRAM.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trapiche");
        let made = Command::new("strip").arg("-o").arg(&path).arg(env!("CARGO_BIN_EXE_trapiche")).status();
        if !made.is_ok_and(|status| status.success()) {
            fs::copy(env!("CARGO_BIN_EXE_trapiche"), &path).unwrap();
        }
        (folder, path)
    });
    path
}

/// What nobody may see: what the services hold for the run now, and the key of the bucket. The workers' token is among it.
pub fn secrets(cloud: &Cloud) -> BTreeSet<String> {
    let script = "found = []\n\
        for it in client('secretsmanager').list_secrets()['SecretList']:\n    \
            text = client('secretsmanager').get_secret_value(SecretId=it['Name'])['SecretString']\n    \
            found += json.loads(text).values()\n\
        for it in client('ssm').describe_parameters()['Parameters']:\n    \
            found.append(client('ssm').get_parameter(Name=it['Name'], WithDecryption=True)['Parameter']['Value'])\n\
        print('\\n'.join(found))";
    let mut held: BTreeSet<String> = cloud.moto.python(script).lines().map(str::to_string).collect();
    held.insert(SECRET.to_string());
    held
}

/// The arguments of a cluster's processes, as everyone on its machines sees them.
pub fn arguments(cluster: &str) -> BTreeSet<String> {
    let mark = format!("TRAPICHE_PLAYED_NODE={cluster}/");
    let of_process = |entry: fs::DirEntry| {
        let environment = fs::read(entry.path().join("environ")).ok()?;
        let is_ours = environment.split(|byte| *byte == 0).any(|line| line.starts_with(mark.as_bytes()));
        let text = fs::read(entry.path().join("cmdline")).ok().filter(|_| is_ours)?;
        Some(String::from_utf8_lossy(&text).replace('\0', " "))
    };
    fs::read_dir("/proc").unwrap().filter_map(|entry| of_process(entry.ok()?)).collect()
}

/// Where what nobody may see is seen: words, requests, logs and scripts of nodes, and all objects of the bucket, the lake among them.
pub fn seen(cloud: &Cloud, words: &str, secrets: &BTreeSet<String>) -> Vec<String> {
    let mut places = vec![("words".to_string(), words.as_bytes().to_vec())];
    let folder = cloud.folder.path();
    for file in files_below(folder).into_iter().filter(|file| !file.ends_with("/trapiche") && !file.ends_with(".new")) {
        places.push((file.clone(), fs::read(folder.join(&file)).unwrap_or_default()));
    }
    let script = format!(
        "import gzip\ns3 = boto3.client('s3', endpoint_url='{}', aws_access_key_id='{KEY}', aws_secret_access_key='{SECRET}')\nfound = []\n\
         secrets = json.loads('{}')\n\
         for page in s3.get_paginator('list_objects_v2').paginate(Bucket='lake'):\n    for it in page.get('Contents', []):\n        if '/trapiche-' in it['Key']: continue\n\
         \x20       body = s3.get_object(Bucket='lake', Key=it['Key'])['Body'].read()\n        body = gzip.decompress(body) if it['Key'].endswith('.gz') else body\n\
         \x20       if b'\"TRAPICHE_TOKEN\"' in body or any(secret.encode() in body for secret in secrets): found.append(it['Key'])\nprint('\\n'.join(found))",
        cloud.server.endpoint,
        serde_json::to_string(secrets).unwrap()
    );
    let mut found: Vec<String> =
        cloud.moto.python(&script).lines().filter(|line| !line.is_empty()).map(str::to_string).collect();
    let has = |content: &[u8]| {
        secrets.iter().any(|secret| content.windows(secret.len()).any(|part| part == secret.as_bytes()))
    };
    found.extend(places.into_iter().filter(|(_, content)| has(content)).map(|(place, _)| place));
    found
}

/// What an object of the bucket says, or nothing.
pub fn object(cloud: &Cloud, key: &str) -> String {
    let script = format!(
        "s3 = boto3.client('s3', endpoint_url='{}', aws_access_key_id='{KEY}', aws_secret_access_key='{SECRET}')\n\
         found = s3.list_objects_v2(Bucket='lake', Prefix='{key}').get('Contents', [])\n\
         print(s3.get_object(Bucket='lake', Key='{key}')['Body'].read().decode() if found else '')",
        cloud.server.endpoint
    );
    cloud.moto.python(&script)
}
