//! The texts of requests for approval: encrypted under a key made of their session's, so that they are erased with it.
//!
//! Must never write a text in the clear where recordings are encrypted.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use gate::ports::ApprovalRequest;
use ledger::keys::{Access, Keys};
use model::{ApprovalId, Named, SessionId};

use crate::error::Error;
use crate::row;

/// What a column with encrypted texts begins with. No statement begins so: it would not parse.
const SEALED: &str = "sealed 1:";

/// What stands in the place of a text whose key was destroyed.
pub(crate) const ERASED: &str = "-- the text was erased with its session's recording";

/// What stands in the place of one whose key is not to be had.
const LOCKED: &str = "-- the text is encrypted, and its key is not to be had";

/// Where the keys of sessions come from, and whether new texts are encrypted.
#[derive(Clone)]
pub struct TextKeys {
    /// Yields the keys.
    pub keys: Arc<dyn Keys>,
    /// New texts are encrypted.
    pub encrypt: bool,
}

/// Writes and reads texts.
#[derive(Clone, Default)]
pub(crate) struct Texts(pub(crate) Option<TextKeys>);

/// The columns that hold what somebody wrote.
pub(crate) struct Columns {
    pub(crate) statement: String,
    pub(crate) statement_redacted: String,
    pub(crate) parameters: String,
    pub(crate) named: String,
}

/// What the columns say.
pub(crate) struct Said {
    pub(crate) statement: String,
    pub(crate) statement_redacted: String,
    pub(crate) parameters: Vec<Option<String>>,
    pub(crate) named: Vec<Named>,
}

impl Texts {
    /// The columns of a request.
    ///
    /// # Errors
    /// [`Error`]: its session has no key, and must have one.
    pub(crate) fn write(&self, request: &ApprovalRequest) -> Result<Columns, Error> {
        let plain = Columns {
            statement: request.statement.clone(),
            statement_redacted: request.statement_redacted.clone(),
            parameters: row::write_json(&request.parameters, "parameters")?,
            named: row::write_named(&request.named)?,
        };
        let Some(texts) = self.0.as_ref().filter(|texts| texts.encrypt) else {
            return Ok(plain);
        };
        let Access::Key(key) = texts.keys.key(request.session.as_bytes()) else {
            return Err(Error::NoSessionKey);
        };
        let whole = [
            plain.statement,
            plain.statement_redacted,
            plain.parameters,
            plain.named,
        ];
        let whole = row::write_json(&whole, "text")?;
        let sealed = key.seal_once(&context(request.id), whole.as_bytes());
        let sealed = sealed.map_err(|_| Error::NoSessionKey)?;
        Ok(Columns {
            statement: format!("{SEALED}{}", STANDARD_NO_PAD.encode(sealed)),
            statement_redacted: String::new(),
            parameters: "[]".to_owned(),
            named: "[]".to_owned(),
        })
    }

    /// What a request's columns say; a word instead of the text where it was erased or cannot be read.
    ///
    /// # Errors
    /// [`Error`]: they were altered.
    pub(crate) fn read(
        &self,
        id: ApprovalId,
        session: SessionId,
        columns: Columns,
    ) -> Result<Said, Error> {
        let plain = match columns.statement.strip_prefix(SEALED) {
            None => columns,
            Some(sealed) => match self.open(id, session, sealed)? {
                Ok(columns) => columns,
                Err(word) => {
                    return Ok(Said {
                        statement: word.to_owned(),
                        statement_redacted: word.to_owned(),
                        parameters: Vec::new(),
                        named: Vec::new(),
                    });
                }
            },
        };
        Ok(Said {
            statement: plain.statement,
            statement_redacted: plain.statement_redacted,
            parameters: row::read_json(&plain.parameters, "parameters")?,
            named: row::read_named(&plain.named)?,
        })
    }

    fn open(
        &self,
        id: ApprovalId,
        session: SessionId,
        sealed: &str,
    ) -> Result<Result<Columns, &'static str>, Error> {
        let corrupt = || Error::Corrupt { what: "text" };
        let access = self
            .0
            .as_ref()
            .map(|texts| texts.keys.key(session.as_bytes()));
        let key = match access {
            Some(Access::Key(key)) => key,
            Some(Access::Erased(_)) => return Ok(Err(ERASED)),
            Some(Access::Absent) | None => return Ok(Err(LOCKED)),
        };
        let sealed = STANDARD_NO_PAD.decode(sealed).map_err(|_| corrupt())?;
        let plain = key.open_once(&context(id), &sealed).ok_or_else(corrupt)?;
        let plain = String::from_utf8(plain).map_err(|_| corrupt())?;
        let [statement, statement_redacted, parameters, named] = row::read_json(&plain, "text")?;
        Ok(Ok(Columns {
            statement,
            statement_redacted,
            parameters,
            named,
        }))
    }
}

/// Whether nobody can read a request's text any more: then nobody can say yes to it.
pub(crate) fn is_unreadable(request: &ApprovalRequest) -> bool {
    [ERASED, LOCKED].contains(&request.statement.as_str())
}

/// What a request's texts are tied to, and their key is made with.
fn context(id: ApprovalId) -> Vec<u8> {
    [b"pcj approval 1\n".as_slice(), id.as_bytes()].concat()
}
