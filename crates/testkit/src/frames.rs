//! A client that speaks PostgreSQL's frames by hand, for what no driver would send.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

/// One message from the server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    /// Its type.
    pub tag: u8,
    /// What follows the length.
    pub body: Vec<u8>,
}

impl Frame {
    /// A field of an ErrorResponse or NoticeResponse, such as `C` for the SQLSTATE.
    pub fn field(&self, code: u8) -> Option<String> {
        let mut fields = self.body.split(|byte| *byte == 0);
        fields
            .find(|f| f.first() == Some(&code))
            .map(|f| String::from_utf8_lossy(f.get(1..).unwrap_or_default()).into_owned())
    }

    /// The columns of a DataRow; `None` is NULL.
    ///
    /// # Panics
    /// When it is not a well-formed DataRow.
    pub fn columns(&self) -> Vec<Option<Vec<u8>>> {
        assert_eq!(self.tag, b'D', "not a row");
        let mut rest = self.body.get(2..).expect("a column count");
        let mut columns = Vec::new();
        while let Some((length, after)) = rest.split_first_chunk::<4>() {
            let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
                columns.push(None);
                rest = after;
                continue;
            };
            let (value, after) = after.split_at(length);
            columns.push(Some(value.to_vec()));
            rest = after;
        }
        columns
    }

    /// A DataRow's columns as text.
    ///
    /// # Panics
    /// As [`Frame::columns`].
    pub fn texts(&self) -> Vec<String> {
        let text = |c: Option<Vec<u8>>| {
            c.map_or("NULL".to_owned(), |b| {
                String::from_utf8_lossy(&b).into_owned()
            })
        };
        self.columns().into_iter().map(text).collect()
    }
}

/// A raw connection. Reads time out after 20 s.
#[derive(Debug)]
pub struct RawClient {
    stream: TcpStream,
    cancel_key: Vec<u8>,
}

impl RawClient {
    /// Connects, and says nothing yet.
    ///
    /// # Panics
    /// When nobody listens.
    pub fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).unwrap_or_else(|error| panic!("{address}: {error}")))
    }

    /// Connects from an address of this machine's own, any of 127.0.0.0/8.
    ///
    /// # Panics
    /// When nobody listens, or the address is not this machine's.
    pub fn connect_from(from: IpAddr, address: SocketAddr) -> Self {
        let connected = || {
            let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
            socket.bind(&SocketAddr::from((from, 0)).into())?;
            socket.connect(&address.into())?;
            Ok(socket.into())
        };
        Self::over(connected().unwrap_or_else(|error: io::Error| panic!("{address}: {error}")))
    }

    fn over(stream: TcpStream) -> Self {
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .expect("a time-out");
        stream.set_nodelay(true).expect("no delay");
        Self {
            stream,
            cancel_key: Vec::new(),
        }
    }

    /// Connects and logs in with a password; answers once the server is ready.
    ///
    /// # Panics
    /// When the login fails.
    pub fn login(address: SocketAddr, user: &str, database: &str, password: &str) -> Self {
        Self::connect(address).log_in(user, database, password)
    }

    /// As [`Self::login`], over this connection.
    ///
    /// # Panics
    /// When the login fails.
    pub fn log_in(self, user: &str, database: &str, password: &str) -> Self {
        let mut client = self;
        client.send_startup(&[("user", user), ("database", database)]);
        let asked = client.read();
        assert_eq!(
            asked.body,
            3_u32.to_be_bytes(),
            "a cleartext password is asked for: {asked:?}"
        );
        client.send(b'p', &[password.as_bytes(), &[0]].concat());
        let greeting = client.read_until_ready();
        assert_eq!(greeting.first().map(|f| f.tag), Some(b'R'), "{greeting:?}");
        if let Some(key) = greeting.iter().find(|f| f.tag == b'K') {
            client.cancel_key.clone_from(&key.body);
        }
        client
    }

    /// Sends bytes as they are. A peer that has hung up is no error here; the next read tells.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        drop(self.stream.write_all(bytes));
    }

    /// Sends one message.
    pub fn send(&mut self, tag: u8, body: &[u8]) {
        self.send_bytes(&message(tag, body));
    }

    /// Sends a start-up packet of protocol 3.0.
    pub fn send_startup(&mut self, parameters: &[(&str, &str)]) {
        let mut body = 196_608_u32.to_be_bytes().to_vec();
        for (name, value) in parameters {
            body.extend_from_slice(name.as_bytes());
            body.push(0);
            body.extend_from_slice(value.as_bytes());
            body.push(0);
        }
        body.push(0);
        let length = u32::try_from(body.len() + 4).expect("a short packet");
        self.send_bytes(&[&length.to_be_bytes(), body.as_slice()].concat());
    }

    /// Sends a simple query, and answers all up to ReadyForQuery.
    ///
    /// # Panics
    /// When the connection ends first.
    pub fn query(&mut self, sql: &str) -> Vec<Frame> {
        self.send_bytes(&query(sql));
        self.read_until_ready()
    }

    /// The next message.
    ///
    /// # Panics
    /// When the connection ends, or nothing comes.
    pub fn read(&mut self) -> Frame {
        self.try_read().expect("a message from the server")
    }

    /// The next message, or why there is none.
    ///
    /// # Errors
    /// What the socket said; `UnexpectedEof` when the peer hung up.
    pub fn try_read(&mut self) -> io::Result<Frame> {
        let mut head = [0; 5];
        self.stream.read_exact(&mut head)?;
        let [tag, length @ ..] = head;
        let length = u32::from_be_bytes(length) as usize;
        let mut body = vec![0; length.saturating_sub(4)];
        self.stream.read_exact(&mut body)?;
        Ok(Frame { tag, body })
    }

    /// All messages up to and with the next ReadyForQuery.
    ///
    /// # Panics
    /// When the connection ends first; the message then holds what came before.
    pub fn read_until_ready(&mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        loop {
            match self.try_read() {
                Ok(frame) => frames.push(frame),
                Err(error) => panic!("{error} after {}", describe(&frames)),
            }
            if frames.last().is_some_and(|frame| frame.tag == b'Z') {
                return frames;
            }
        }
    }

    /// All messages until the peer hangs up or nothing more comes.
    pub fn read_to_end(&mut self) -> Vec<Frame> {
        std::iter::from_fn(|| self.try_read().ok()).collect()
    }

    /// All messages up to and with ReadyForQuery, or until the peer hangs up or nothing more comes.
    pub fn read_to_ready_or_end(&mut self) -> Vec<Frame> {
        let mut frames: Vec<Frame> = Vec::new();
        while frames.last().is_none_or(|frame| frame.tag != b'Z') {
            match self.try_read() {
                Ok(frame) => frames.push(frame),
                Err(_) => break,
            }
        }
        frames
    }

    /// The BackendKeyData that login brought: process id and secret.
    pub fn cancel_key(&self) -> Vec<u8> {
        self.cancel_key.clone()
    }

    /// One byte, as in the answer to an SSLRequest; `None` when the peer hung up.
    pub fn read_byte(&mut self) -> Option<u8> {
        let mut byte = [0];
        self.stream.read_exact(&mut byte).ok().map(|()| byte[0])
    }

    /// Hangs up without a word.
    pub fn hang_up(self) {
        drop(self.stream.shutdown(Shutdown::Both));
    }

    /// Bounds how long writes wait for a peer that does not read.
    ///
    /// # Panics
    /// When the socket does not take the bound.
    pub fn set_write_patience(&self, patience: Duration) {
        self.stream
            .set_write_timeout(Some(patience))
            .expect("a time-out");
    }

    /// Bounds how long reads wait.
    ///
    /// # Panics
    /// When the socket does not take the bound.
    pub fn set_patience(&self, patience: Duration) {
        self.stream
            .set_read_timeout(Some(patience))
            .expect("a time-out");
    }
}

/// Sends a CancelRequest with a key from [`RawClient::cancel_key`], and waits until it was taken.
pub fn cancel(address: SocketAddr, key: &[u8]) {
    let mut client = RawClient::connect(address);
    let length = u32::try_from(key.len() + 8).expect("a short key");
    client.send_bytes(
        &[
            &length.to_be_bytes(),
            &80_877_102_u32.to_be_bytes()[..],
            key,
        ]
        .concat(),
    );
    drop(client.read_to_end());
}

/// One message's bytes.
///
/// # Panics
/// When the body is 4 GiB long.
pub fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).expect("a short message");
    [&[tag], &length.to_be_bytes()[..], body].concat()
}

/// A simple query's bytes.
pub fn query(sql: &str) -> Vec<u8> {
    message(b'Q', &[sql.as_bytes(), &[0]].concat())
}

/// The bytes of Parse, Bind and Execute of one statement with text parameters; no Sync.
///
/// # Panics
/// When there are more parameters than the protocol counts.
pub fn extended(sql: &str, parameters: &[&str]) -> Vec<u8> {
    let count = u16::try_from(parameters.len()).expect("few parameters");
    let mut bind = vec![0; 4];
    bind.extend_from_slice(&count.to_be_bytes());
    for value in parameters {
        let length = u32::try_from(value.len()).expect("a short value");
        bind.extend_from_slice(&length.to_be_bytes());
        bind.extend_from_slice(value.as_bytes());
    }
    bind.extend_from_slice(&[0; 2]);
    [
        message(b'P', &[&[0], sql.as_bytes(), &[0, 0, 0]].concat()),
        message(b'B', &bind),
        message(b'E', &[0; 5]),
    ]
    .concat()
}

fn describe(frames: &[Frame]) -> String {
    let one = |f: &Frame| match f.tag {
        b'E' | b'N' => format!(
            "{}({})",
            char::from(f.tag),
            f.field(b'M').unwrap_or_default()
        ),
        tag => char::from(tag).to_string(),
    };
    frames.iter().map(one).collect::<Vec<_>>().join(" ")
}
