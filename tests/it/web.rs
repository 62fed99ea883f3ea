//! A web server for a test: it answers as it is told, and remembers what it was asked and how much it has sent.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

pub struct Web {
    /// `127.0.0.1:port`.
    pub address: String,
    state: Arc<WebState>,
}

#[derive(Default)]
struct WebState {
    asked: Mutex<Vec<String>>,
    sent: AtomicU64,
}

pub struct Reply {
    pub status: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn json(body: impl ToString) -> Reply {
        let headers = vec![("Content-Type", "application/json".to_string())];
        Reply { status: "200 OK", headers, body: body.to_string().into_bytes() }
    }

    pub fn file(body: impl Into<Vec<u8>>) -> Reply {
        Reply { status: "200 OK", headers: vec![], body: body.into() }
    }

    pub fn status(status: &'static str) -> Reply {
        Reply { status, headers: vec![], body: vec![] }
    }

    pub fn with(mut self, name: &'static str, value: impl ToString) -> Reply {
        self.headers.push((name, value.to_string()));
        self
    }
}

impl Web {
    /// `answer` is given the path with its parameters.
    pub fn start(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Web {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = Arc::new(WebState::default());
        let (answer, shared) = (Arc::new(answer), state.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (answer, state) = (answer.clone(), shared.clone());
                std::thread::spawn(move || serve(stream.unwrap(), answer.as_ref(), &state));
            }
        });
        Web { address, state }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// All requests so far, each as a whole.
    pub fn asked(&self) -> Vec<String> {
        self.state.asked.lock().unwrap().clone()
    }

    /// Bytes of bodies that were taken from it so far.
    pub fn sent(&self) -> u64 {
        self.state.sent.load(Ordering::SeqCst)
    }
}

fn serve(mut stream: TcpStream, answer: &dyn Fn(&str) -> Reply, state: &WebState) {
    let Some(request) = request(&mut stream) else { return };
    let path = request.split(' ').nth(1).unwrap_or_default().to_string();
    state.asked.lock().unwrap().push(request);
    let Reply { status, headers, body } = answer(&path);
    let mut head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n", body.len());
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    if stream.write_all((head + "\r\n").as_bytes()).is_err() {
        return;
    }
    for chunk in body.chunks(1 << 16) {
        if stream.write_all(chunk).is_err() {
            return;
        }
        state.sent.fetch_add(chunk.len() as u64, Ordering::SeqCst);
    }
}

/// Head and body; `None` where somebody only knocked.
fn request(stream: &mut TcpStream) -> Option<String> {
    let (mut bytes, mut chunk) = (vec![], [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            if body.len() >= length.unwrap_or(0) {
                return Some(text);
            }
        }
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return None,
            Ok(length) => bytes.extend_from_slice(&chunk[..length]),
        }
    }
}
