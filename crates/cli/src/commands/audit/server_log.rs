//! PostgreSQL's own log, in its CSV or JSON form: which statements the server says that it ran, for whom.
//!
//! Must never take a line that it cannot read for one that says nothing: it is counted.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;

/// The longest line of a JSON log that is read, in bytes.
const LINE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// What can go wrong with a log.
#[derive(Debug, thiserror::Error)]
pub(super) enum LogError {
    /// It cannot be read.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// Its times are in a zone that nobody named.
    #[error(
        "its times are in `{0}`; name the server's log_timezone with --log-zone, such as Europe/Berlin"
    )]
    Zone(String),
}

/// One line of the log.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Line {
    /// Microseconds since the Unix epoch.
    pub time: u64,
    /// The role that the session logged in as.
    pub role: String,
    /// The database.
    pub database: String,
    /// `application_name` at that moment.
    pub application: String,
    /// The client's address, without its port.
    pub from: String,
    /// The server's id of the session.
    pub session: String,
    /// The line's number in that session, from 1.
    pub number: u64,
    /// What it says.
    pub message: String,
}

/// What a line tells of a statement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Said<'a> {
    /// A statement was run; its text.
    Statement(&'a str),
    /// A function was called by the protocol's own message.
    Call,
}

impl Line {
    /// The statement that this line is about, if it is about one that was run (`log_statement` and
    /// `log_min_duration_statement` in postgres.c).
    pub(super) fn said(&self) -> Option<Said<'_>> {
        let mut rest = self.message.as_str();
        if let Some(behind) = rest.strip_prefix("duration: ") {
            rest = behind.split_once(" ms  ")?.1;
        }
        if let Some(text) = rest.strip_prefix("statement: ") {
            return Some(Said::Statement(text));
        }
        if rest.starts_with("fastpath function call: ") {
            return Some(Said::Call);
        }
        // More of a portal's rows: it was counted when it began.
        if rest.starts_with("execute fetch from ") {
            return None;
        }
        let (_, text) = rest.strip_prefix("execute ")?.split_once(": ")?;
        Some(Said::Statement(text))
    }
}

/// How to read a log's times.
pub(super) struct Zone(Option<TimeZone>);

impl Zone {
    /// By the name of a zone (`Europe/Berlin`); without one only times in UTC are read.
    pub(super) fn named(name: Option<&str>) -> Result<Self, String> {
        let found = name.map(TimeZone::get).transpose();
        found.map(Self).map_err(|error| error.to_string())
    }

    fn micros(&self, text: &str) -> Result<Option<u64>, LogError> {
        let Some((time, zone)) = text.rsplit_once(' ') else {
            return Ok(None);
        };
        let Ok(time) = time.replacen(' ', "T", 1).parse::<DateTime>() else {
            return Ok(None);
        };
        let zone = match (&self.0, zone) {
            (Some(zone), _) => zone.clone(),
            (None, "UTC" | "GMT") => TimeZone::UTC,
            (None, other) => return Err(LogError::Zone(other.to_owned())),
        };
        let stamp = zone.to_timestamp(time).map(Timestamp::as_microsecond);
        Ok(stamp.ok().and_then(|micros| u64::try_from(micros).ok()))
    }
}

/// Calls `visit` with every line of a log; answers how many could not be read.
///
/// # Errors
/// [`LogError`].
pub(super) fn read(path: &Path, zone: &Zone, mut visit: impl FnMut(Line)) -> Result<u64, LogError> {
    let mut file = BufReader::new(File::open(path)?);
    match file.fill_buf()?.first() {
        Some(b'{') => read_json(file, zone, &mut visit),
        Some(_) | None => read_csv(file, zone, &mut visit),
    }
}

fn read_csv(file: impl Read, zone: &Zone, visit: &mut impl FnMut(Line)) -> Result<u64, LogError> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(file);
    let mut unread = 0;
    let mut record = csv::ByteRecord::new();
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(unread),
            Err(error) => return Err(std::io::Error::other(error).into()),
        }
        let field = |at: usize| {
            let bytes = record.get(at).unwrap_or_default();
            String::from_utf8_lossy(bytes).into_owned()
        };
        let (time, number) = (zone.micros(&field(0))?, field(6).parse().ok());
        // The columns of "Using CSV-Format Log Output", the same in 13 to 18 as far as here.
        match (time, number, record.len()) {
            (Some(time), Some(number), 23..) => visit(Line {
                time,
                role: field(1),
                database: field(2),
                from: address(&field(4)),
                session: field(5),
                number,
                message: field(13),
                application: field(22),
            }),
            _ => unread += 1,
        }
    }
}

/// Keys of "Using JSON-Format Log Output", 15 and later.
#[derive(Deserialize)]
struct Json {
    timestamp: String,
    #[serde(default)]
    user: String,
    #[serde(default)]
    dbname: String,
    #[serde(default)]
    remote_host: String,
    #[serde(default)]
    session_id: String,
    #[serde(default)]
    line_num: u64,
    #[serde(default)]
    message: String,
    #[serde(default)]
    application_name: String,
}

fn read_json(
    mut file: impl BufRead,
    zone: &Zone,
    visit: &mut impl FnMut(Line),
) -> Result<u64, LogError> {
    let mut unread = 0;
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let read = Read::take(&mut file, LINE_BYTES_MAX).read_until(b'\n', &mut bytes)?;
        if read == 0 {
            return Ok(unread);
        }
        let text = String::from_utf8_lossy(&bytes);
        let found: Option<Json> = serde_json::from_str(&text).ok();
        let time = found
            .as_ref()
            .map(|line| zone.micros(&line.timestamp))
            .transpose()?
            .flatten();
        match (found, time) {
            (Some(line), Some(time)) => visit(Line {
                time,
                role: line.user,
                database: line.dbname,
                application: line.application_name,
                from: line.remote_host,
                session: line.session_id,
                number: line.line_num,
                message: line.message,
            }),
            _ => unread += 1,
        }
    }
}

/// `host:port` without the port; `[local]` stays.
fn address(text: &str) -> String {
    let host = text.rsplit_once(':').map_or(text, |(host, _)| host);
    host.to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn statements_are_told_from_other_lines() {
        let check = |message: &str, expect: Option<Said<'_>>| {
            let line = Line {
                message: message.to_owned(),
                ..Line::default()
            };
            assert_eq!(line.said(), expect, "{message}");
        };
        let statement = |text| Some(Said::Statement(text));
        check("statement: SELECT 1", statement("SELECT 1"));
        check("statement: ", statement(""));
        check("execute <unnamed>: SELECT $1", statement("SELECT $1"));
        check("execute S_1/C_2: SELECT $1", statement("SELECT $1"));
        check("execute fetch from C_2: SELECT $1", None);
        check(
            "duration: 0.123 ms  statement: SELECT 1",
            statement("SELECT 1"),
        );
        check("duration: 0.123 ms  parse <unnamed>: SELECT 1", None);
        check("duration: 0.123 ms  bind <unnamed>: SELECT 1", None);
        check(
            "duration: 0.123 ms  execute a: SELECT 1",
            statement("SELECT 1"),
        );
        check("duration: 0.123 ms", None);
        check("fastpath function call: \"f\" (OID 7)", Some(Said::Call));
        check("connection received: host=127.0.0.1", None);
        check("", None);
    }

    fn lines(text: &str, zone: Option<&str>) -> Result<(Vec<Line>, u64), LogError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        std::fs::write(&path, text).unwrap();
        let mut found = Vec::new();
        let zone = Zone::named(zone).unwrap();
        let unread = read(&path, &zone, |line| found.push(line))?;
        Ok((found, unread))
    }

    const CSV: &str = concat!(
        "2026-11-21 10:00:00.125 UTC,\"gate\",\"shop\",77,\"127.0.0.1:4711\",6a1.4d,3,\"SELECT\",",
        "2026-11-21 09:59:00 UTC,3/9,0,LOG,00000,\"statement: SELECT \"\"a\"\"\n, 1\",,,,,,,,,",
        "\"portcullis/ann: psql\",\"client backend\",,0\n",
        "torn,line\n",
    );
    const JSON: &str = concat!(
        r#"{"timestamp":"2026-11-21 10:00:00.125 UTC","user":"gate","dbname":"shop","remote_host":"127.0.0.1","#,
        r#""session_id":"6a1.4d","line_num":3,"message":"statement: SELECT \"a\"\n, 1","application_name":"portcullis/ann: psql"}"#,
        "\n{\"timestamp\":\n",
    );

    #[test]
    fn both_forms_say_the_same() {
        let expect = Line {
            time: 1_795_255_200_125_000,
            role: "gate".into(),
            database: "shop".into(),
            application: "portcullis/ann: psql".into(),
            from: "127.0.0.1".into(),
            session: "6a1.4d".into(),
            number: 3,
            message: "statement: SELECT \"a\"\n, 1".into(),
        };
        for text in [CSV, JSON] {
            let (found, unread) = lines(text, None).unwrap();
            assert_eq!((found.as_slice(), unread), (&[expect.clone()][..], 1));
        }
    }

    #[test]
    fn times_need_a_known_zone() {
        let summer = CSV.replace("UTC", "CET");
        assert!(matches!(lines(&summer, None), Err(LogError::Zone(zone)) if zone == "CET"));
        let (found, _) = lines(&summer, Some("Europe/Berlin")).unwrap();
        assert_eq!(found[0].time, 1_795_251_600_125_000);
        assert!(Zone::named(Some("Nowhere/At all")).is_err());
    }
}
