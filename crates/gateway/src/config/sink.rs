//! `[[sink]]`: where audit events are sent, in which form, and what happens when they cannot be.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use export::{Format, Kind};
use serde::Deserialize;

use super::{Bytes, Error, Span, refuse};

/// Sinks at once: each reads the journal by itself.
const SINKS_MAX: usize = 16;

/// `[[sink]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SinkConfig {
    /// Its name: its position in the journal is kept under it.
    pub name: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: SinkKind,
    /// `jsonl` or `ocsf`.
    #[serde(default = "jsonl")]
    pub format: String,
    /// Kinds of events; all but `statement.decided` when empty.
    #[serde(default)]
    pub events: Vec<String>,
    /// Whether statement texts and parameters are sent.
    #[serde(default = "yes")]
    pub include_text: bool,
    /// Bytes of one text; longer ones are cut, and the event says so.
    #[serde(default)]
    pub text_max: Option<Bytes>,
    /// Where a new sink begins.
    #[serde(default)]
    pub start: Start,
    /// Whether no session opens while it is further behind than `max_lag`.
    #[serde(default)]
    pub required: bool,
    /// How far a required sink may be behind.
    #[serde(default = "five_minutes")]
    pub max_lag: Span,
    /// Of a file: where it is.
    #[serde(default)]
    pub path: Option<PathBuf>,
    /// Of a file: it is put away when it is so long.
    #[serde(default)]
    pub rotate: Option<Bytes>,
    /// Of a file: how many that were put away are kept.
    #[serde(default)]
    pub keep: Option<u32>,
    /// Of syslog: `host:port`.
    #[serde(default)]
    pub address: Option<String>,
    /// Of syslog: how it is sent.
    #[serde(default)]
    pub transport: Transport,
    /// Of syslog: the name to verify, when it is not the host's.
    #[serde(default)]
    pub server_name: Option<String>,
    /// Of syslog: the facility, 0 to 23.
    #[serde(default)]
    pub facility: Option<u8>,
    /// Of syslog and webhooks: the CA of the receiver, instead of the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Of a webhook: where events are posted to.
    #[serde(default)]
    pub url: Option<String>,
    /// Of a webhook: a file with its secret, `whsec_…`.
    #[serde(default)]
    pub secret_file: Option<PathBuf>,
    /// Or an environment variable with it.
    #[serde(default)]
    pub secret_env: Option<String>,
    /// Of a webhook: whether it may be on this machine or a link-local address.
    #[serde(default)]
    pub allow_local: bool,
}

/// What a sink is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SinkKind {
    /// A file of lines.
    File,
    /// A syslog server.
    Syslog,
    /// An HTTP endpoint.
    Webhook,
}

/// Where a new sink begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// With what is recorded from now on.
    #[default]
    Now,
    /// With the oldest record that is kept.
    Beginning,
}

/// How syslog is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// RFC 5425.
    #[default]
    Tls,
    /// RFC 6587: whoever is on the way reads it.
    Tcp,
    /// RFC 5426: may be lost unnoticed, too.
    Udp,
}

fn jsonl() -> String {
    Format::Jsonl.as_str().to_owned()
}
fn yes() -> bool {
    true
}
fn five_minutes() -> Span {
    Span(Duration::from_secs(300))
}

impl SinkConfig {
    /// The format.
    ///
    /// # Errors
    /// [`Error::Value`].
    pub fn format(&self) -> Result<Format, Error> {
        let lines = [Format::Jsonl, Format::Ocsf];
        let found = lines
            .into_iter()
            .find(|format| format.as_str() == self.format);
        found.ok_or_else(|| self.refused("format", "is \"jsonl\" or \"ocsf\""))
    }

    /// The kinds of events.
    ///
    /// # Errors
    /// [`Error::Value`].
    pub fn kinds(&self) -> Result<Vec<Kind>, Error> {
        let names = Kind::ALL.map(Kind::as_str).join(", ");
        let kind = |name: &String| Kind::parse(name);
        let kinds: Option<Vec<_>> = self.events.iter().map(kind).collect();
        kinds.ok_or_else(|| self.refused("events", &format!("are some of {names}")))
    }

    fn refused(&self, key: &str, problem: &str) -> Error {
        refuse(format!("sink {}: {key}", self.name), problem)
    }

    fn check(&self) -> Result<(), Error> {
        let plain =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
        if self.name.is_empty() || self.name.len() > 63 || !self.name.chars().all(plain) {
            return Err(refuse("sink.name", "is 1 to 63 of a-z 0-9 - _"));
        }
        self.format()?;
        self.kinds()?;
        let needs = |key: &str, is_there: bool| match is_there {
            true => Ok(()),
            false => Err(self.refused(key, "is needed")),
        };
        match self.kind {
            SinkKind::File => needs("path", self.path.is_some()),
            SinkKind::Syslog => {
                let address = self
                    .address
                    .as_deref()
                    .and_then(|text| text.rsplit_once(':'));
                needs(
                    "address",
                    address.is_some_and(|(_, port)| port.parse::<u16>().is_ok()),
                )?;
                match self.facility {
                    Some(24..) => Err(self.refused("facility", "is 0 to 23")),
                    Some(_) | None => Ok(()),
                }
            }
            SinkKind::Webhook => self.check_webhook(),
        }
    }

    fn check_webhook(&self) -> Result<(), Error> {
        let Some(url) = self
            .url
            .as_deref()
            .and_then(|url| reqwest::Url::parse(url).ok())
        else {
            return Err(self.refused("url", "is a URL"));
        };
        if url.username() != "" || url.password().is_some() {
            return Err(self.refused("url", "has no user and no password: its secret signs"));
        }
        let host = url.host_str().unwrap_or_default();
        let ip = host.trim_matches(['[', ']']).parse::<IpAddr>().ok();
        let is_local = host == "localhost" || ip.is_some_and(|ip| crate::sink::is_local(&ip));
        if is_local && !self.allow_local {
            return Err(self.refused(
                "url",
                "is on this machine or link-local; allow_local = true lets it",
            ));
        }
        if url.scheme() != "https" && !(url.scheme() == "http" && is_local) {
            return Err(self.refused("url", "must be https"));
        }
        match (&self.secret_file, &self.secret_env) {
            (Some(_), None) | (None, Some(_)) => Ok(()),
            _ => Err(self.refused("secret_file", "or secret_env: one of them is needed")),
        }
    }
}

/// Refuses what cannot be meant.
///
/// # Errors
/// [`Error::Value`].
pub(super) fn check(sinks: &[SinkConfig]) -> Result<(), Error> {
    if sinks.len() > SINKS_MAX {
        return Err(refuse("sink", format!("at most {SINKS_MAX} are served")));
    }
    let mut names = std::collections::BTreeSet::new();
    for sink in sinks {
        sink.check()?;
        if !names.insert(&sink.name) {
            return Err(refuse(format!("sink {}", sink.name), "is there twice"));
        }
    }
    Ok(())
}
