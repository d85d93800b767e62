//! The settings a client may ask for at start-up, and the packet and option string they come in.
//!
//! An allow-list: what is not named here is refused by name. Nothing here sets anything.

use super::frame::{Fields, FrameError};

/// Settings that change how a session behaves towards its own client and nothing that policy judges by. A
/// `search_path` moves name resolution, which the session reads back from the server before its first analysis.
const ALLOWED: [&str; 28] = [
    "bytea_output",
    "client_min_messages",
    "datestyle",
    "default_statistics_target",
    "default_transaction_deferrable",
    "default_transaction_isolation",
    "default_transaction_read_only",
    "extra_float_digits",
    "from_collapse_limit",
    "geqo",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "intervalstyle",
    "jit",
    "join_collapse_limit",
    "lock_timeout",
    "plan_cache_mode",
    "search_path",
    "statement_timeout",
    "synchronous_commit",
    "tcp_keepalives_count",
    "tcp_keepalives_idle",
    "tcp_keepalives_interval",
    "tcp_user_timeout",
    "timezone",
    "transaction_timeout",
    "work_mem",
    "xmloption",
];

/// The setting by which a client asks for SASL OAUTHBEARER instead of a password; consumed by the gateway.
const AUTH_SETTING: &str = "portcullis.auth";

/// Settings in one start-up packet; more are refused.
const SETTINGS_MAX: usize = 64;

/// What a start-up packet asks for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) user: Option<String>,
    pub(crate) database: Option<String>,
    pub(crate) application_name: String,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) oauth: bool,
    /// Protocol options (`_pq_.…`); none is known, each is declined by name.
    pub(crate) protocol_options: Vec<String>,
    seen: Vec<String>,
}

/// Why a start-up packet is refused: SQLSTATE and words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Objection {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Objection {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

impl From<FrameError> for Objection {
    fn from(_: FrameError) -> Self {
        Self::new("08P01", "invalid startup packet layout")
    }
}

/// Reads the name and value pairs that follow the version in a start-up packet.
pub(crate) fn parse(body: &[u8]) -> Result<Asked, Objection> {
    let mut fields = Fields::new(b'?', body);
    let mut asked = Asked::default();
    loop {
        let name = fields.text()?;
        if name.is_empty() {
            fields.end()?;
            break;
        }
        asked.take_parameter(name, fields.text()?)?;
    }
    match &asked.user {
        Some(user) if !user.is_empty() => Ok(asked),
        _ => Err(Objection::new(
            "28000",
            "no user name specified in startup packet",
        )),
    }
}

impl Asked {
    fn once(&mut self, name: &str) -> Result<(), Objection> {
        if self.seen.iter().any(|seen| seen == name) {
            let message = format!("startup parameter \"{name}\" is given twice");
            return Err(Objection::new("08P01", message));
        }
        if self.seen.len() >= SETTINGS_MAX {
            return Err(Objection::new("54000", "too many startup parameters"));
        }
        self.seen.push(name.to_owned());
        Ok(())
    }

    fn take_parameter(&mut self, name: &str, value: &str) -> Result<(), Objection> {
        if name.starts_with("_pq_.") {
            self.once(name)?;
            self.protocol_options.push(name.to_owned());
            return Ok(());
        }
        match name {
            "user" => {
                self.once(name)?;
                self.user = Some(value.to_owned());
            }
            "database" => {
                self.once(name)?;
                self.database = Some(value.to_owned());
            }
            "replication" => {
                self.once(name)?;
                if !matches!(value, "false" | "off" | "no" | "0") {
                    return Err(Objection::new(
                        "0A000",
                        "replication connections are not served by this gateway",
                    ));
                }
            }
            "options" => {
                self.once(name)?;
                self.take_options(value)?;
            }
            _ => self.take_setting(name, value)?,
        }
        Ok(())
    }

    /// PostgreSQL reads `options` as a command line: `-c name=value` and `--name=value`.
    fn take_options(&mut self, text: &str) -> Result<(), Objection> {
        let mut arguments = split_options(text).into_iter();
        while let Some(argument) = arguments.next() {
            let pair = if argument == "-c" {
                arguments.next()
            } else if let Some(long) = argument.strip_prefix("--") {
                Some(long.to_owned())
            } else {
                argument.strip_prefix("-c").map(str::to_owned)
            };
            let pair = pair.as_deref().and_then(|pair| pair.split_once('='));
            let Some((name, value)) = pair else {
                let message = format!("command-line option \"{argument}\" may not be set");
                return Err(Objection::new("0A000", message));
            };
            self.take_setting(&name.replace('-', "_"), value)?;
        }
        Ok(())
    }

    fn take_setting(&mut self, name: &str, value: &str) -> Result<(), Objection> {
        let name = name.to_ascii_lowercase();
        self.once(&name)?;
        match name.as_str() {
            "application_name" => value.clone_into(&mut self.application_name),
            "client_encoding" if is_utf8(value) => {}
            "client_encoding" => {
                return Err(Objection::new(
                    "0A000",
                    "client_encoding must be UTF8 through this gateway",
                ));
            }
            "standard_conforming_strings" if is_true(value) => {}
            AUTH_SETTING if value == "oauth" => self.oauth = true,
            AUTH_SETTING if value == "password" => {}
            allowed if ALLOWED.contains(&allowed) || allowed.starts_with("enable_") => {
                self.parameters.push((name, value.to_owned()));
            }
            _ => {
                let message =
                    format!("startup parameter \"{name}\" may not be set through this gateway");
                return Err(Objection::new("0A000", message));
            }
        }
        Ok(())
    }
}

/// Splits like the server: white space separates, a backslash takes the next character as it is.
fn split_options(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c' => words.extend(word.take()),
            '\\' => word.get_or_insert_default().extend(characters.next()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// Whether a value of `client_encoding` names UTF-8. `SQL_ASCII`, which psql sends in the C locale, asks for no
/// conversion, and UTF-8 is what it would get.
fn is_utf8(value: &str) -> bool {
    let letters = |c: &char| c.is_ascii_alphanumeric();
    let name: String = value.chars().filter(letters).collect();
    let name = name.to_ascii_lowercase();
    matches!(name.as_str(), "utf8" | "unicode" | "sqlascii")
}

fn is_true(value: &str) -> bool {
    matches!(
        value.to_ascii_lowercase().as_str(),
        "on" | "true" | "yes" | "1"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(pairs: &[(&str, &str)]) -> String {
        let mut body = Vec::new();
        for (name, value) in pairs {
            body.extend_from_slice(format!("{name}\0{value}\0").as_bytes());
        }
        body.push(0);
        match parse(&body) {
            Err(objection) => format!("{} {}", objection.code, objection.message),
            Ok(asked) => format!(
                "{:?} {} {:?} oauth={} {:?}",
                asked.database,
                asked.application_name,
                asked.parameters,
                asked.oauth,
                asked.protocol_options
            ),
        }
    }

    #[test]
    fn packets() {
        let check = |pairs: &[(&str, &str)], expect: &str| {
            let mut all = vec![("user", "ada")];
            all.extend_from_slice(pairs);
            let got = outcome(&all);
            assert!(got.starts_with(expect), "{pairs:?}: {got}");
        };
        check(&[("database", "shop")], "Some(\"shop\")  [] oauth=false []");
        check(&[("application_name", "psql")], "None psql [] oauth");
        check(&[("client_encoding", "'utf-8'")], "None  [] oauth");
        check(&[("client_encoding", "LATIN1")], "0A000 client_encoding");
        check(&[("client_encoding", "SJIS")], "0A000 client_encoding");
        check(&[("DateStyle", "ISO")], "None  [(\"datestyle\", \"ISO\")]");
        check(&[("DateStyle", "ISO"), ("datestyle", "SQL")], "08P01");
        check(&[("user", "eve")], "08P01");
        check(&[("standard_conforming_strings", "off")], "0A000");
        check(&[("session_preload_libraries", "x")], "0A000");
        check(&[("role", "postgres")], "0A000");
        check(&[("replication", "database")], "0A000 replication");
        check(&[("replication", "true")], "0A000 replication");
        check(&[("replication", "off")], "None  []");
        check(
            &[("_pq_.grease", "1")],
            "None  [] oauth=false [\"_pq_.grease\"]",
        );
        check(
            &[("options", "-c geqo=off --statement-timeout=5s -cjit=off")],
            "None  [(\"geqo\", \"off\"), (\"statement_timeout\", \"5s\"), (\"jit\", \"off\")]",
        );
        check(
            &[("options", "-c search_path=a\\ b\\\\c")],
            "None  [(\"search_path\", \"a b\\\\c\")]",
        );
        check(
            &[("options", "-c portcullis.auth=oauth")],
            "None  [] oauth=true",
        );
        check(&[("options", "-c role=postgres")], "0A000");
        check(&[("options", "-c")], "0A000 command-line option");
        check(&[("options", "-d 5")], "0A000 command-line option");
        check(&[("options", "-c geqo=off"), ("geqo", "on")], "08P01");
    }

    #[test]
    fn malformed_packets() {
        let check = |body: &[u8], expect: &str| {
            assert_eq!(parse(body).map_err(|o| o.code), Err(expect), "{body:?}");
        };
        check(b"", "08P01");
        check(b"user", "08P01");
        check(b"user\0ada\0", "08P01");
        check(b"user\0ada\0\0x", "08P01");
        check(b"user\0\xff\0\0", "08P01");
        check(b"\0", "28000");
        check(b"user\0\0\0", "28000");
    }
}
