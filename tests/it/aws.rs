//! AWS as moto plays it, and a Python that asks it as AWS's own programs do.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::workbench::free_port;

/// Whom programs take themselves for. Moto lets everyone in.
pub const ACCOUNT: [(&str, &str); 4] = [
    ("AWS_ACCESS_KEY_ID", "trapiche"),
    ("AWS_SECRET_ACCESS_KEY", "trapiche-secret"),
    ("AWS_REGION", "eu-west-1"),
    ("AWS_EC2_METADATA_DISABLED", "true"),
];

/// A server that plays AWS's services, gone when dropped.
pub struct Moto {
    pub endpoint: String,
    python: PathBuf,
    process: Child,
}

impl Moto {
    /// `None` where it is not installed, with a word; on CI that is a failure.
    pub fn start() -> Option<Moto> {
        let python = python()?;
        let port = free_port();
        let mut command = Command::new(&python);
        command.args(["-m", "moto.server", "--host", "127.0.0.1", "--port", &port.to_string()]);
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let moto = Moto { endpoint: format!("http://127.0.0.1:{port}"), python, process };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(60), "moto does not start");
            crate::nodes::wait(Duration::from_millis(100));
        }
        Some(moto)
    }

    /// The account, and where these services are.
    pub fn environment(&self, services: &[&str]) -> Vec<(String, String)> {
        let account = ACCOUNT.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        let services = services.iter().map(|name| (format!("AWS_ENDPOINT_URL_{name}"), self.endpoint.clone()));
        account.chain(services).collect()
    }

    /// What a script says in which `client(service)` asks this server.
    pub fn python(&self, script: &str) -> String {
        let client = format!(
            "import boto3, json\ndef client(service):\n    return boto3.client(service, endpoint_url='{}')\n",
            self.endpoint
        );
        let mut command = Command::new(&self.python);
        command.envs(ACCOUNT).env("AWS_DEFAULT_REGION", "eu-west-1").args(["-c", &(client + script)]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// That of `scripts/python-env aws`.
pub fn python() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    let venv = || variable("TRAPICHE_AWS_VENV").or_else(|| Some(variable("HOME")?.join(".cache/trapiche-aws-venv")));
    let python = variable("TRAPICHE_AWS_PYTHON").or_else(|| Some(venv()?.join("bin/python")))?;
    let imports = Command::new(&python).args(["-c", "import boto3, moto"]).stderr(Stdio::null()).status();
    if imports.is_ok_and(|status| status.success()) {
        return Some(python);
    }
    let message = format!("`{}` has no boto3 and moto: run scripts/python-env aws", python.display());
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{message}");
    println!("skipped: {message}");
    None
}

/// What stands before a server and keeps what it is sent.
pub struct Wire {
    pub endpoint: String,
    sent: Arc<Mutex<Vec<u8>>>,
}

impl Wire {
    pub fn before(moto: &Moto) -> Wire {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (server, sent) =
            (moto.endpoint.trim_start_matches("http://").to_string(), Arc::<Mutex<Vec<u8>>>::default());
        let kept = sent.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(&server) else { continue };
                let (mut answers, mut to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                let kept = kept.clone();
                std::thread::spawn(move || pass(client, server, |bytes| kept.lock().unwrap().extend_from_slice(bytes)));
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut answers, &mut to_client);
                    let _ = to_client.shutdown(std::net::Shutdown::Both);
                });
            }
        });
        Wire { endpoint, sent }
    }

    pub fn sent(&self) -> String {
        String::from_utf8_lossy(&self.sent.lock().unwrap()).into_owned()
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, mut keep: impl FnMut(&[u8])) {
    let mut chunk = [0; 1 << 14];
    while let Ok(length @ 1..) = from.read(&mut chunk) {
        keep(&chunk[..length]);
        if to.write_all(&chunk[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
}
