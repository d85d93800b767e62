//! One HTTP/1.1 request over plain loopback TCP. Knows no TLS: what needs it asks curl.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// An answer, whole.
#[derive(Clone, Debug)]
pub struct HttpAnswer {
    /// The status code.
    pub status: u16,
    /// Headers, as they came.
    pub head: String,
    /// The body, its chunks joined.
    pub body: String,
}

impl HttpAnswer {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// GETs an `http://host:port/path` URL.
///
/// # Panics
/// When there is no answer within 30 s.
pub fn http_get(url: &str) -> HttpAnswer {
    request("GET", url, "")
}

/// POSTs a JSON body to an `http://host:port/path` URL.
///
/// # Panics
/// When there is no answer within 30 s.
pub fn http_post(url: &str, json: &serde_json::Value) -> HttpAnswer {
    request("POST", url, &json.to_string())
}

fn request(method: &str, url: &str, body: &str) -> HttpAnswer {
    let rest = url.strip_prefix("http://").expect("a plain http URL");
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(authority).unwrap_or_else(|error| panic!("{url}: {error}"));
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .expect("a time-out");
    let length = body.len();
    let head = format!(
        "{method} /{path} HTTP/1.1\r\nHost: {authority}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("send the request");
    stream.write_all(body.as_bytes()).expect("send the body");
    let mut answer = Vec::new();
    stream
        .read_to_end(&mut answer)
        .unwrap_or_else(|error| panic!("{url}: {error}"));
    parse(&String::from_utf8_lossy(&answer))
}

fn parse(text: &str) -> HttpAnswer {
    let (head, body) = text
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("not an HTTP answer: {text}"));
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .expect("a status code");
    let chunked = head
        .to_ascii_lowercase()
        .contains("transfer-encoding: chunked");
    let body = if chunked {
        join_chunks(body)
    } else {
        body.to_owned()
    };
    HttpAnswer {
        status,
        head: head.to_owned(),
        body,
    }
}

fn join_chunks(mut text: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = text.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).expect("a chunk's size");
        if size == 0 {
            break;
        }
        whole.push_str(rest.get(..size).expect("a whole chunk"));
        text = rest.get(size + 2..).unwrap_or_default();
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_chunks_and_takes_plain_bodies() {
        let check = |answer: &str, status: u16, body: &str| {
            let parsed = parse(answer);
            assert_eq!((parsed.status, parsed.body.as_str()), (status, body));
        };
        check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, "hi");
        check(
            "HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n",
            404,
            "abcd",
        );
    }
}
