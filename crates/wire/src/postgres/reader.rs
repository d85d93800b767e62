//! The gateway's own questions on its own upstream connection: one text at a time, text rows back.
//!
//! Knows nothing of clients; no client byte ever comes here.

use bytes::BytesMut;
use model::CatalogVersion;

use super::frame::{self, Fields, FrameError, Header, put_cstr};
use super::refuse;

/// Bytes of one message of an answer: a function's source or a view's definition fits.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Why a question got no answer.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The server refused it.
    #[error("the target refused the gateway's own query: {sqlstate} {message}")]
    Refused {
        /// The SQLSTATE.
        sqlstate: String,
        /// The server's words.
        message: String,
    },
    /// The server broke the protocol.
    #[error("the target broke the protocol: {0}")]
    Protocol(#[from] FrameError),
    /// The answers do not make a catalog.
    #[error("the target's catalog cannot be used: {0}")]
    Catalog(#[from] sql::Error),
}

/// One row of an answer, in text form; `None` is NULL.
pub type TextRow = Vec<Option<String>>;

/// The rows of one answer.
pub type TextRows = Vec<TextRow>;

/// One question under way on a connection that was ready for queries.
pub struct Rows {
    to_upstream: BytesMut,
    rows: TextRows,
    trouble: Option<ReadError>,
    outcome: Option<Result<TextRows, ReadError>>,
    ended: bool,
}

impl Rows {
    /// Asks: the Query message is in [`Rows::to_upstream`].
    ///
    /// # Errors
    /// [`ReadError::Protocol`] for a text too long to be sent.
    pub fn new(sql: &str) -> Result<Self, ReadError> {
        let mut to_upstream = BytesMut::new();
        frame::write(&mut to_upstream, b'Q', |b| put_cstr(b, sql.as_bytes()))?;
        Ok(Self {
            to_upstream,
            rows: Vec::new(),
            trouble: None,
            outcome: None,
            ended: false,
        })
    }

    /// Takes bytes the upstream sent; consumes whole messages and leaves the rest.
    pub fn on_bytes(&mut self, bytes: &mut BytesMut) {
        while !self.ended {
            match self.step(bytes) {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    self.ended = true;
                    self.outcome = Some(Err(error.into()));
                }
            }
        }
    }

    /// The answer, once the server is ready for the next question. After [`ReadError::Protocol`] the connection
    /// is of no more use.
    pub fn poll(&mut self) -> Option<Result<TextRows, ReadError>> {
        self.outcome.take()
    }

    /// Bytes for the upstream; the host drains them.
    pub fn to_upstream(&mut self) -> &mut BytesMut {
        &mut self.to_upstream
    }

    fn step(&mut self, bytes: &mut BytesMut) -> Result<bool, FrameError> {
        let Some(header) = Header::peek(bytes)? else {
            return Ok(false);
        };
        let header = header.within(ANSWER_BYTES_MAX)?;
        if bytes.len() < header.total() {
            return Ok(false);
        }
        let message = bytes.split_to(header.total());
        let body = message.get(frame::HEADER_BYTES..).unwrap_or_default();
        match header.kind {
            b'D' => self.rows.push(text_row(body)?),
            b'E' => {
                self.trouble = Some(ReadError::Refused {
                    sqlstate: refuse::code_of(body),
                    message: refuse::message_of(body),
                });
            }
            b'Z' => {
                self.ended = true;
                let rows = std::mem::take(&mut self.rows);
                self.outcome = Some(self.trouble.take().map_or(Ok(rows), Err));
            }
            b'T' | b'C' | b'I' | b'N' | b'S' | b'A' => {}
            kind => return Err(FrameError::Unexpected { kind }),
        }
        Ok(true)
    }
}

/// Reads a DataRow's body whose cells are all in text form.
pub(crate) fn text_row(body: &[u8]) -> Result<TextRow, FrameError> {
    let mut fields = Fields::new(b'D', body);
    let count = fields.count()?;
    let mut row = Vec::with_capacity(count);
    for _ in 0..count {
        let cell = fields.value()?;
        let text = cell.map(|cell| String::from_utf8_lossy(cell).into_owned());
        row.push(text);
    }
    fields.end()?;
    Ok(row)
}

/// A catalog as it was read, in one snapshot.
#[derive(Debug)]
pub struct CatalogRead {
    /// The definitions.
    pub catalog: sql::Catalog,
    /// [`sql::catalog::FINGERPRINT`]'s answer in the same snapshot.
    pub fingerprint: String,
}

/// The snapshot that definitions are read in: how it begins and ends.
pub const SNAPSHOT: [&str; 2] = ["BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "COMMIT"];

/// What the reader asks next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Question {
    Begin,
    Fingerprint,
    Catalog(usize),
    Commit,
}

impl Question {
    fn text(self) -> &'static str {
        match self {
            Self::Begin => SNAPSHOT[0],
            Self::Fingerprint => sql::catalog::FINGERPRINT,
            Self::Catalog(index) => sql::catalog::QUERIES
                .get(index)
                .map_or("", |query| query.sql),
            Self::Commit => SNAPSHOT[1],
        }
    }

    fn next(self) -> Option<Self> {
        let catalog = |index| {
            if index < sql::catalog::QUERIES.len() {
                Self::Catalog(index)
            } else {
                Self::Commit
            }
        };
        match self {
            Self::Begin => Some(Self::Fingerprint),
            Self::Fingerprint => Some(catalog(0)),
            Self::Catalog(index) => Some(catalog(index + 1)),
            Self::Commit => None,
        }
    }
}

/// Reads a whole catalog on a connection that was ready for queries, in one snapshot.
pub struct CatalogReader {
    rows: Rows,
    question: Question,
    builder: Option<sql::catalog::Builder>,
    fingerprint: String,
}

impl CatalogReader {
    /// Starts reading the catalog that shall be called `version`.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn new(version: CatalogVersion) -> Result<Self, ReadError> {
        Ok(Self {
            rows: Rows::new(Question::Begin.text())?,
            question: Question::Begin,
            builder: Some(sql::catalog::Builder::new(version)),
            fingerprint: String::new(),
        })
    }

    /// Takes bytes the upstream sent; consumes whole messages and leaves the rest.
    pub fn on_bytes(&mut self, bytes: &mut BytesMut) {
        self.rows.on_bytes(bytes);
    }

    /// The catalog, once it is read. Call it after every input and drain [`CatalogReader::to_upstream`] after it.
    /// After an error the connection is in a failed transaction: close it.
    pub fn poll(&mut self) -> Option<Result<CatalogRead, ReadError>> {
        let answer = self.rows.poll()?;
        match answer.and_then(|rows| self.take(&rows)) {
            Ok(None) => None,
            Ok(Some(read)) => Some(Ok(read)),
            Err(error) => Some(Err(error)),
        }
    }

    /// Bytes for the upstream; the host drains them.
    pub fn to_upstream(&mut self) -> &mut BytesMut {
        self.rows.to_upstream()
    }

    fn take(&mut self, rows: &TextRows) -> Result<Option<CatalogRead>, ReadError> {
        match self.question {
            Question::Begin | Question::Commit => {}
            Question::Fingerprint => {
                let cell = rows.first().and_then(|row| row.first());
                self.fingerprint = cell.cloned().flatten().unwrap_or_default();
            }
            Question::Catalog(index) => {
                let name = sql::catalog::QUERIES.get(index).map_or("", |q| q.name);
                if let Some(builder) = &mut self.builder {
                    for row in rows {
                        let cells: Vec<_> = row.iter().map(Option::as_deref).collect();
                        builder.row(name, &cells)?;
                    }
                }
            }
        }
        match (self.question.next(), &self.builder) {
            (Some(question), _) => {
                self.question = question;
                self.rows = Rows::new(question.text())?;
                Ok(None)
            }
            (None, _) => self.builder.take().map_or(Ok(None), |builder| {
                Ok(Some(CatalogRead {
                    catalog: builder.build()?,
                    fingerprint: std::mem::take(&mut self.fingerprint),
                }))
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn answer(parts: &[(u8, &[u8])]) -> BytesMut {
        let mut out = BytesMut::new();
        for (kind, body) in parts {
            frame::write(&mut out, *kind, |b| b.extend_from_slice(body)).unwrap();
        }
        out
    }

    #[test]
    fn answers() {
        let check = |parts: &[(u8, &[u8])], expect: &str| {
            let script = answer(parts);
            let mut rows = Rows::new("select 1").unwrap();
            assert_eq!(&rows.to_upstream().split()[..], b"Q\0\0\0\x0dselect 1\0");
            let (mut bytes, mut got) = (BytesMut::new(), None);
            for byte in script {
                bytes.extend_from_slice(&[byte]);
                rows.on_bytes(&mut bytes);
                got = got.or(rows.poll());
            }
            let got = match got {
                None => "under way".to_owned(),
                Some(Ok(rows)) => format!("{rows:?}"),
                Some(Err(error)) => error.to_string(),
            };
            assert_eq!(got, expect);
        };
        let row: &[u8] = b"\0\x02\0\0\0\x01a\xff\xff\xff\xff";
        check(
            &[
                (b'T', b""),
                (b'D', row),
                (b'C', b"SELECT 1\0"),
                (b'Z', b"I"),
            ],
            "[[Some(\"a\"), None]]",
        );
        check(&[(b'D', row)], "under way");
        check(
            &[(b'E', b"C42501\0Mno\0\0"), (b'Z', b"I")],
            "the target refused the gateway's own query: 42501 no",
        );
        check(
            &[(b'D', b"\0\x09")],
            "the target broke the protocol: message 'D' is malformed",
        );
        check(
            &[(b'G', b"")],
            "the target broke the protocol: message 'G' may not come here",
        );
    }

    #[test]
    fn a_catalog_is_read_in_one_snapshot() {
        let mut reader = CatalogReader::new(CatalogVersion(7)).unwrap();
        let mut asked = Vec::new();
        for _ in 0..sql::catalog::QUERIES.len() + 3 {
            let question = reader.to_upstream().split();
            asked.push(String::from_utf8_lossy(&question[5..question.len() - 1]).into_owned());
            reader.on_bytes(&mut answer(&[(b'Z', b"I")]));
            if let Some(end) = reader.poll() {
                drop(end);
                break;
            }
        }
        assert!(asked[0].starts_with("BEGIN ISOLATION LEVEL REPEATABLE READ"));
        assert_eq!(asked[1], sql::catalog::FINGERPRINT);
        assert_eq!(asked.last().unwrap(), "COMMIT");
    }
}
