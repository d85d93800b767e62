//! What the gateway itself says in PostgreSQL's own words: errors, notices, and texts with their values taken out.
//!
//! The only room that authors messages in the middle of a session. Never quotes a value of a labelled column.

use bytes::{BufMut, BytesMut};
use model::{Refusal, RefusalKind};

use super::frame::{self, Fields, put_cstr};

/// Bytes of one field's text; longer ones are cut, so that no message outgrows a client's patience.
const FIELD_BYTES_MAX: usize = 16 * 1024;

/// How bad it is, as field `S` and `V` say it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// The session ends.
    Fatal,
    /// The statement failed.
    Error,
    /// For information.
    Notice,
}

impl Severity {
    fn as_str(self) -> &'static str {
        match self {
            Self::Fatal => "FATAL",
            Self::Error => "ERROR",
            Self::Notice => "NOTICE",
        }
    }
}

/// One message's fields.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    /// Severity.
    pub severity: Severity,
    /// SQLSTATE.
    pub code: &'a str,
    /// What happened.
    pub message: &'a str,
    /// More of it.
    pub detail: Option<&'a str>,
    /// What to do.
    pub hint: Option<&'a str>,
}

impl<'a> Words<'a> {
    /// A message without detail and hint.
    pub fn new(severity: Severity, code: &'a str, message: &'a str) -> Self {
        Self {
            severity,
            code,
            message,
            detail: None,
            hint: None,
        }
    }
}

/// The stable SQLSTATE of a refusal. Class `PC` is the gateway's own (docs/protocols/postgres.md).
pub fn sqlstate(refusal: &Refusal) -> &'static str {
    match refusal.kind {
        RefusalKind::Denied => "42501",
        RefusalKind::Pending => "PC001",
        RefusalKind::Disapproved => "PC002",
        RefusalKind::Expired => "PC003",
        RefusalKind::Withdrawn => "57014",
        RefusalKind::NotUnderstood => "PC004",
        RefusalKind::Limit => "54000",
        RefusalKind::RecordingFull => "53100",
        RefusalKind::RecordingFailed => "58030",
        RefusalKind::Unavailable => "58000",
        RefusalKind::Unauthenticated => "28000",
    }
}

/// Writes an ErrorResponse or NoticeResponse.
pub fn put(out: &mut BytesMut, words: &Words<'_>) {
    let kind = if words.severity == Severity::Notice {
        b'N'
    } else {
        b'E'
    };
    let fields = [
        (b'S', Some(words.severity.as_str())),
        (b'V', Some(words.severity.as_str())),
        (b'C', Some(words.code)),
        (b'M', Some(words.message)),
        (b'D', words.detail),
        (b'H', words.hint),
    ];
    own(out, kind, |body| {
        for (field, text) in fields {
            if let Some(text) = text {
                body.put_u8(field);
                // A zero byte would end the field early and make fields of what follows it.
                body.extend(cut(text).bytes().filter(|byte| *byte != 0));
                body.put_u8(0);
            }
        }
        body.put_u8(0);
    });
}

/// Writes a refusal as an ErrorResponse. `code` overrides the kind's own SQLSTATE.
pub fn put_refusal(
    out: &mut BytesMut,
    severity: Severity,
    refusal: &Refusal,
    code: Option<&'static str>,
) {
    let ticketed;
    let hint = match (&refusal.ticket, &refusal.hint) {
        (Some(ticket), Some(hint)) if !hint.contains(&ticket.ticket()) => {
            ticketed = format!("ticket {}: {hint}", ticket.ticket());
            Some(ticketed.as_str())
        }
        (Some(ticket), None) => {
            ticketed = format!("ticket {}", ticket.ticket());
            Some(ticketed.as_str())
        }
        (_, hint) => hint.as_deref(),
    };
    put(
        out,
        &Words {
            severity,
            code: code.unwrap_or_else(|| sqlstate(refusal)),
            message: &refusal.message,
            detail: refusal.detail.as_deref(),
            hint,
        },
    );
}

/// The server's code for a text that its grammar rejects.
pub(crate) const SYNTAX_ERROR: &str = "42601";

/// Writes the error that the server itself would give for a name that nothing bears, with the refusal behind it.
pub(crate) fn put_missing(out: &mut BytesMut, (code, message): (&str, &str), refusal: &Refusal) {
    let words = Words {
        detail: Some(&refusal.message),
        hint: refusal.hint.as_deref(),
        ..Words::new(Severity::Error, code, message)
    };
    put(out, &words);
}

/// Writes the error that the server itself would give for a text that its grammar rejects; `place` is in characters
/// from 1.
pub(crate) fn put_syntax_error(out: &mut BytesMut, message: &str, place: Option<usize>) {
    own(out, b'E', |body| {
        let severity = Severity::Error.as_str();
        let place = place.map(|place| place.to_string());
        let fields = [
            (b'S', Some(severity)),
            (b'V', Some(severity)),
            (b'C', Some(SYNTAX_ERROR)),
            (b'M', Some(message)),
            (b'P', place.as_deref()),
        ];
        for (field, text) in fields {
            if let Some(text) = text {
                body.put_u8(field);
                put_cstr(body, cut(text).as_bytes());
            }
        }
        body.put_u8(0);
    });
}

/// Writes a message of the gateway's own making. Their sizes are bounded by their makers, so a message that could
/// not be written is a defect, and is left out whole.
pub(crate) fn own(out: &mut BytesMut, kind: u8, body: impl FnOnce(&mut BytesMut)) {
    let written = frame::write(out, kind, body);
    debug_assert!(written.is_ok(), "own messages are bounded");
}

/// The text that the upstream is made to fail on in place of a refused action: no statement of SQL begins so.
pub(crate) fn failing_text(sequence: u64) -> String {
    format!("portcullis refused action {sequence}")
}

/// Rebuilds an ErrorResponse or NoticeResponse from its severity and SQLSTATE alone.
pub(crate) fn put_scrubbed(out: &mut BytesMut, kind: u8, body: &[u8]) {
    let (severity, code) = severity_and_code(body);
    own(out, kind, |out| {
        for field in [b'S', b'V'] {
            out.put_u8(field);
            put_cstr(out, severity.as_bytes());
        }
        out.put_u8(b'C');
        put_cstr(out, code.as_bytes());
        out.put_u8(b'M');
        put_cstr(out, class_text(&code).as_bytes());
        out.put_u8(b'D');
        put_cstr(
            out,
            b"The target's own words are withheld because they may quote masked values.",
        );
        out.put_u8(0);
    });
}

/// The SQLSTATE of an ErrorResponse's body; `XX000` where it has none or an illegal one.
pub(crate) fn code_of(body: &[u8]) -> String {
    severity_and_code(body).1
}

/// Whether an ErrorResponse ends the session.
pub(crate) fn is_fatal(body: &[u8]) -> bool {
    matches!(severity_and_code(body).0, "FATAL" | "PANIC")
}

/// Field `M` of an ErrorResponse's body.
pub(crate) fn message_of(body: &[u8]) -> String {
    let mut fields = Fields::new(b'E', body);
    while let Ok(kind @ 1..) = fields.u8() {
        let Ok(text) = fields.cstr() else { break };
        if kind == b'M' {
            return String::from_utf8_lossy(text).into_owned();
        }
    }
    String::new()
}

fn severity_and_code(body: &[u8]) -> (&'static str, String) {
    let mut fields = Fields::new(b'E', body);
    let (mut severity, mut code) = ("ERROR", "XX000".to_owned());
    while let Ok(kind @ 1..) = fields.u8() {
        let Ok(text) = fields.cstr() else { break };
        match kind {
            b'V' => severity = known_severity(text),
            b'C' if text.len() == 5 && text.iter().all(u8::is_ascii_alphanumeric) => {
                code = String::from_utf8_lossy(text).into_owned();
            }
            _ => {}
        }
    }
    (severity, code)
}

fn known_severity(text: &[u8]) -> &'static str {
    const KNOWN: [&str; 8] = [
        "ERROR", "FATAL", "PANIC", "WARNING", "NOTICE", "DEBUG", "INFO", "LOG",
    ];
    let found = KNOWN.iter().find(|known| known.as_bytes() == text);
    found.copied().unwrap_or("ERROR")
}

/// A fixed text for each SQLSTATE class (PostgreSQL documentation, appendix A).
fn class_text(code: &str) -> &'static str {
    match code.get(..2).unwrap_or_default() {
        "00" => "successful completion",
        "01" => "warning",
        "02" => "no data",
        "08" => "connection exception",
        "0A" => "feature not supported",
        "21" => "cardinality violation",
        "22" => "data exception",
        "23" => "integrity constraint violation",
        "24" => "invalid cursor state",
        "25" => "invalid transaction state",
        "28" => "invalid authorization specification",
        "2B" => "dependent objects still exist",
        "34" => "invalid cursor name",
        "40" => "transaction rolled back",
        "42" => "syntax error or access rule violation",
        "44" => "check option violation",
        "53" => "insufficient resources",
        "54" => "program limit exceeded",
        "55" => "object not in prerequisite state",
        "57" => "operator intervention",
        "58" => "system error",
        "P0" => "error raised by a function",
        "XX" => "internal error",
        _ => "the target reported a condition",
    }
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(FIELD_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_have_stable_codes() {
        let check = |kind, message: &str, expect: &str| {
            assert_eq!(sqlstate(&Refusal::new(kind, message)), expect);
        };
        check(RefusalKind::Denied, "", "42501");
        check(RefusalKind::Pending, "", "PC001");
        check(RefusalKind::Disapproved, "", "PC002");
        check(RefusalKind::Expired, "", "PC003");
        check(RefusalKind::NotUnderstood, "", "PC004");
        check(RefusalKind::Withdrawn, "", "57014");
        check(RefusalKind::Limit, "", "54000");
        check(RefusalKind::RecordingFull, "", "53100");
        check(RefusalKind::RecordingFailed, "", "58030");
        // The words decide nothing.
        check(RefusalKind::Unavailable, "no space left", "58000");
        check(RefusalKind::Unauthenticated, "", "28000");
    }

    #[test]
    fn a_scrubbed_error_keeps_its_code_only() {
        let mut raw = BytesMut::new();
        put(
            &mut raw,
            &Words {
                detail: Some("Key (ssn)=(123-45-6789) already exists."),
                ..Words::new(Severity::Error, "23505", "duplicate 123-45-6789")
            },
        );
        let mut out = BytesMut::new();
        put_scrubbed(&mut out, b'E', &raw[5..]);
        assert_eq!(code_of(&out[5..]), "23505");
        assert_eq!(message_of(&out[5..]), "integrity constraint violation");
        assert!(!out.windows(3).any(|w| w == b"123"));
        assert!(!is_fatal(&out[5..]));
    }

    #[test]
    fn a_zero_byte_in_a_text_makes_no_further_field() {
        let mut raw = BytesMut::new();
        put(
            &mut raw,
            &Words::new(Severity::Error, "08P01", "message '\0C42501' came"),
        );
        assert_eq!(message_of(&raw[5..]), "message 'C42501' came");
        assert_eq!(code_of(&raw[5..]), "08P01");
    }

    #[test]
    fn a_malformed_error_still_has_a_code() {
        let check = |body: &[u8], expect: &str| assert_eq!(code_of(body), expect);
        check(b"", "XX000");
        check(b"C23505", "XX000");
        check(b"C2350\0", "XX000");
        check(b"SERROR\0C23505\0\0", "23505");
    }
}
