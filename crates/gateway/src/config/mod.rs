//! The one configuration file: its shape, its defaults, and what is refused.
//!
//! Unknown keys are errors, so that a misspelt limit cannot silently be the default. Secrets never stand in
//! the file: it names files or environment variables that hold them.

mod ledger;
mod limits;
mod recording;
mod scalar;
mod search;
mod sink;
mod written;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

pub use ledger::{LedgerConfig, WitnessConfig};
pub use limits::LimitsConfig;
pub use recording::{Durability, RecordingConfig, RetentionRule};
pub use scalar::{Bytes, Span};
pub use search::SearchConfig;
pub use sink::{SinkConfig, SinkKind, Start, Transport};

/// The annotated example that `portcullis config example` prints; a test holds it to the defaults.
pub const REFERENCE: &str = include_str!("reference.toml");

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is not TOML of this shape.
    #[error("{path} is not understood")]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// A value cannot be used.
    #[error("{key}: {problem}")]
    Value {
        /// The setting.
        key: String,
        /// What is wrong and what would be right.
        problem: String,
    },
}

fn refuse(key: impl Into<String>, problem: impl Into<String>) -> Error {
    Error::Value {
        key: key.into(),
        problem: problem.into(),
    }
}

/// The whole file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The process itself.
    pub gateway: GatewayConfig,
    /// What it says of itself.
    #[serde(default)]
    pub log: LogConfig,
    /// Where database clients connect.
    #[serde(default)]
    pub listen: Vec<ListenConfig>,
    /// The certificate that clients see.
    #[serde(default)]
    pub tls: TlsConfig,
    /// The admin API and the web page.
    #[serde(default)]
    pub http: HttpConfig,
    /// Policies and labels.
    pub policy: PolicyConfig,
    /// Masking.
    #[serde(default)]
    pub masking: MaskingConfig,
    /// Recording.
    #[serde(default)]
    pub recording: RecordingConfig,
    /// Searching what is recorded.
    #[serde(default)]
    pub search: SearchConfig,
    /// Sealing what is recorded.
    #[serde(default)]
    pub ledger: LedgerConfig,
    /// Trusted identity providers.
    #[serde(default)]
    pub issuer: Vec<IssuerConfig>,
    /// Registered targets.
    #[serde(default)]
    pub resource: Vec<ResourceConfig>,
    /// Where audit events are sent.
    #[serde(default)]
    pub sink: Vec<SinkConfig>,
    /// Bounds.
    #[serde(default)]
    pub limits: LimitsConfig,
    /// The file as it was read, without comments: what the journal keeps of it.
    #[serde(skip)]
    pub written: String,
}

/// `[gateway]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayConfig {
    /// Folder for recordings, keys and state; created with mode 0700.
    pub data_dir: PathBuf,
    /// The host name clients use.
    #[serde(default = "localhost")]
    pub name: String,
    /// Worker threads; 0 means one per core.
    #[serde(default)]
    pub workers: usize,
    /// Threads that analyse statements seen for the first time; 0 means one per core.
    #[serde(default)]
    pub parsers: usize,
    /// How often each target's definitions are looked at for changes made around the gateway.
    #[serde(default = "two_seconds")]
    pub catalog_interval: Span,
}

/// `[log]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// Human or JSON lines.
    pub format: LogFormat,
    /// A filter such as `info` or `info,relay=debug`.
    pub level: String,
}

/// The form of log lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For a terminal.
    Human,
    /// For a collector.
    Json,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            format: LogFormat::Human,
            level: "info".to_owned(),
        }
    }
}

/// `[[listen]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenConfig {
    /// `ip:port`, or `unix:/folder` (the socket is `.s.PGSQL.5432` in it).
    pub address: String,
    /// Whether clients must, may or cannot use TLS.
    #[serde(default)]
    pub tls: ListenTls,
    /// Whether every client is asked for SASL OAUTHBEARER instead of a password.
    #[serde(default)]
    pub oauth_always: bool,
}

/// TLS towards database clients.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ListenTls {
    /// Sessions without TLS are refused.
    #[default]
    Required,
    /// TLS when asked for; credentials without it only over loopback.
    Offered,
    /// No TLS; only on loopback or a unix socket.
    Off,
}

/// `[tls]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TlsConfig {
    /// PEM chain; without it the gateway makes its own CA and certificate.
    pub certificate_file: Option<PathBuf>,
    /// PEM key.
    pub key_file: Option<PathBuf>,
    /// Further names and addresses for the generated certificate.
    pub names: Vec<String>,
}

/// `[http]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// Where the API and the page listen; empty switches both off.
    pub address: String,
    /// The URL under which people reach it.
    pub public_url: Option<String>,
    /// TLS with the gateway's certificate, or none (loopback only).
    pub tls: HttpTls,
    /// Who may read `/metrics`.
    pub metrics: MetricsAccess,
}

/// TLS of the HTTP listener.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HttpTls {
    /// The gateway's certificate.
    Auto,
    /// Plain HTTP; only on loopback.
    Off,
}

/// Who may read `/metrics`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MetricsAccess {
    /// Loopback peers.
    Loopback,
    /// Anybody who reaches the listener.
    Open,
    /// Nobody.
    Off,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            address: "127.0.0.1:8443".to_owned(),
            public_url: None,
            tls: HttpTls::Auto,
            metrics: MetricsAccess::Loopback,
        }
    }
}

/// `[policy]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyConfig {
    /// Folder of `*.cedar` files.
    pub dir: PathBuf,
    /// The data catalog (`data.toml`); without it nothing is labelled.
    #[serde(default)]
    pub data: Option<PathBuf>,
    /// How often the files are looked at.
    #[serde(default = "one_second")]
    pub reload_interval: Span,
}

/// `[masking]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MaskingConfig {
    /// The key of `hash` and `token` masks, 32 bytes or more; made under `data_dir` when absent.
    pub key_file: Option<PathBuf>,
}

/// `[[issuer]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// The issuer's URL, exactly as in `iss`.
    pub url: String,
    /// Accepted audiences; at least one.
    pub audiences: Vec<String>,
    /// The client that people sign in with (web page, CLI).
    #[serde(default)]
    pub client_id: Option<String>,
    /// Its secret, for a confidential client.
    #[serde(default)]
    pub client_secret_file: Option<PathBuf>,
    /// Scopes asked for at sign-in.
    #[serde(default = "standard_scopes")]
    pub scopes: String,
    /// Accepted signature algorithms.
    #[serde(default = "standard_algorithms")]
    pub algorithms: Vec<String>,
    /// The claim that lists groups.
    #[serde(default = "groups_claim")]
    pub groups_claim: String,
    /// The claim that names people; absent: `preferred_username`, `email`, `name` or `sub`, the first there is.
    #[serde(default)]
    pub name_claim: Option<String>,
    /// Takes `email` although the issuer does not say `email_verified`.
    #[serde(default)]
    pub trust_email: bool,
    /// How agents and workloads are told from people; the first that fits decides.
    #[serde(default)]
    pub kind: Vec<KindConfig>,
    /// Groups of every agent that this issuer names.
    #[serde(default)]
    pub agent_groups: Vec<String>,
    /// The CA of this issuer's HTTPS, instead of the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Plain HTTP; only for an issuer on loopback.
    #[serde(default)]
    pub allow_http: bool,
    /// Sessions end with their token (and 60 s of grace).
    #[serde(default)]
    pub end_with_token: bool,
    /// Tolerated difference of clocks.
    #[serde(default = "sixty_seconds")]
    pub clock_skew: Span,
    /// How long its keys are used after they were last fetched.
    #[serde(default = "one_hour")]
    pub jwks_cache: Span,
    /// Its keys are asked for at most this often.
    #[serde(default = "thirty_seconds")]
    pub refetch_min: Span,
}

/// `[[issuer.kind]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindConfig {
    /// The claim: `azp`, `client_id`, `sub` or any other.
    pub claim: String,
    /// Its value, compared whole; a final `*` stands for any rest.
    pub value: String,
    /// What such an actor is.
    pub kind: ActorKind,
}

/// What an actor is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActorKind {
    /// A person.
    Human,
    /// An AI agent.
    Agent,
    /// A CI job or a service.
    Workload,
}

/// `[[resource]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceConfig {
    /// The name clients use as database.
    pub name: String,
    /// The protocol; `postgres`.
    #[serde(default = "postgres")]
    pub protocol: String,
    /// `host:port`, or `unix:/path/to/.s.PGSQL.5432`.
    pub address: String,
    /// The database served by default.
    pub database: String,
    /// Further databases that `name/database` may name.
    #[serde(default)]
    pub databases: Vec<String>,
    /// TLS towards the target.
    #[serde(default)]
    pub tls: UpstreamTls,
    /// The CA that signed the target's certificate; the system's when absent.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// The role the gateway logs in as.
    pub user: String,
    /// A file with the role's password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// Or an environment variable with it.
    #[serde(default)]
    pub password_env: Option<String>,
    /// Free tags for policies.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Client certificate for the target.
    #[serde(default)]
    pub certificate_file: Option<PathBuf>,
    /// Its key.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// The name to verify, when it is not the host's.
    #[serde(default)]
    pub server_name: Option<String>,
}

/// TLS towards a target; there is no mode that falls back silently.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UpstreamTls {
    /// None; refused for targets that are not on loopback unless spelled out.
    Disable,
    /// Encrypted, certificate unchecked.
    Require,
    /// Certificate checked.
    VerifyCa,
    /// Certificate and name checked.
    #[default]
    VerifyFull,
}

fn localhost() -> String {
    "localhost".to_owned()
}
fn postgres() -> String {
    "postgres".to_owned()
}
fn groups_claim() -> String {
    "groups".to_owned()
}
fn standard_scopes() -> String {
    "openid email profile groups".to_owned()
}
fn standard_algorithms() -> Vec<String> {
    ["RS256", "PS256", "ES256", "EdDSA"]
        .map(str::to_owned)
        .to_vec()
}
fn one_second() -> Span {
    Span(Duration::from_secs(1))
}
fn two_seconds() -> Span {
    Span(Duration::from_secs(2))
}
fn thirty_seconds() -> Span {
    Span(Duration::from_secs(30))
}
fn one_hour() -> Span {
    Span(Duration::from_secs(3600))
}
fn sixty_seconds() -> Span {
    Span(Duration::from_secs(60))
}

impl Config {
    /// Reads and checks a file; relative paths in it are taken from the file's folder.
    ///
    /// # Errors
    /// [`Error`] with the key that is wrong.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        let mut config: Self = toml::from_str(&text).map_err(|source| Error::Parse {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        config.written = written::written(&text);
        config.anchor(path.parent().unwrap_or(Path::new(".")));
        config.check()?;
        Ok(config)
    }

    fn anchor(&mut self, folder: &Path) {
        let fix = |path: &mut PathBuf| {
            if path.is_relative() {
                *path = folder.join(&*path);
            }
        };
        fix(&mut self.gateway.data_dir);
        fix(&mut self.policy.dir);
        let mut optional = vec![
            &mut self.policy.data,
            &mut self.tls.certificate_file,
            &mut self.tls.key_file,
            &mut self.masking.key_file,
            &mut self.ledger.key_file,
            &mut self.recording.master_key_file,
        ];
        self.recording
            .old_master_key_files
            .iter_mut()
            .for_each(&fix);
        for issuer in &mut self.issuer {
            optional.extend([&mut issuer.client_secret_file, &mut issuer.ca_file]);
        }
        for resource in &mut self.resource {
            optional.extend([&mut resource.ca_file, &mut resource.password_file]);
            optional.extend([&mut resource.certificate_file, &mut resource.key_file]);
        }
        for sink in &mut self.sink {
            optional.extend([&mut sink.path, &mut sink.ca_file, &mut sink.secret_file]);
        }
        optional.into_iter().flatten().for_each(fix);
    }

    fn check(&self) -> Result<(), Error> {
        if self.listen.is_empty() {
            return Err(refuse("listen", "at least one [[listen]] is needed"));
        }
        for listen in &self.listen {
            let open = listen.tls == ListenTls::Off;
            if open && !listen.address.starts_with("unix:") && !is_loopback(&listen.address) {
                return Err(refuse(
                    "listen.tls",
                    format!(
                        "\"off\" is only for loopback and unix sockets, not {}",
                        listen.address
                    ),
                ));
            }
        }
        if self.tls.certificate_file.is_some() != self.tls.key_file.is_some() {
            return Err(refuse("tls", "certificate_file and key_file go together"));
        }
        if self.http.tls == HttpTls::Off
            && !self.http.address.is_empty()
            && !is_loopback(&self.http.address)
        {
            return Err(refuse("http.tls", "\"off\" is only for a loopback address"));
        }
        self.ledger.check()?;
        sink::check(&self.sink)?;
        self.recording.check()?;
        self.search.check()?;
        self.issuer.iter().try_for_each(check_issuer)?;
        self.check_resources()
    }

    fn check_resources(&self) -> Result<(), Error> {
        let mut names = std::collections::BTreeSet::new();
        for resource in &self.resource {
            let key = format!("resource {}", resource.name);
            if model::ResourceName::new(&resource.name).is_none() {
                return Err(refuse(
                    key,
                    "a name is 1 to 63 of a-z 0-9 - _ and starts with a letter",
                ));
            }
            if !names.insert(&resource.name) {
                return Err(refuse(key, "is registered twice"));
            }
            if resource.protocol != "postgres" {
                return Err(refuse(
                    key,
                    format!("protocol {:?} is not known", resource.protocol),
                ));
            }
            if resource.password_file.is_some() && resource.password_env.is_some() {
                return Err(refuse(
                    key,
                    "password_file and password_env exclude each other",
                ));
            }
        }
        Ok(())
    }
}

fn check_issuer(issuer: &IssuerConfig) -> Result<(), Error> {
    let key = format!("issuer {}", issuer.url);
    if issuer.audiences.is_empty() {
        return Err(refuse(key, "audiences must name at least one"));
    }
    let loopback = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
    let plain = issuer.url.starts_with("http://");
    if plain && !(issuer.allow_http && loopback.iter().any(|prefix| issuer.url.starts_with(prefix)))
    {
        return Err(refuse(
            key,
            "must be https; allow_http is only for loopback",
        ));
    }
    if !plain && !issuer.url.starts_with("https://") {
        return Err(refuse(key, "must be an https URL"));
    }
    Ok(())
}

fn is_loopback(address: &str) -> bool {
    address
        .parse::<SocketAddr>()
        .is_ok_and(|a| a.ip().is_loopback())
        || address
            .rsplit_once(':')
            .is_some_and(|(host, _)| host == "localhost")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SMALL: &str = r#"
        [gateway]
        data_dir = "data"
        [[listen]]
        address = "127.0.0.1:6432"
        [policy]
        dir = "policy"
    "#;

    fn load(text: &str) -> Result<Config, Error> {
        let folder = std::env::temp_dir().join(format!("portcullis-config-{}", uuid_like(text)));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("portcullis.toml");
        std::fs::write(&path, text).unwrap();
        let result = Config::read(&path);
        std::fs::remove_dir_all(&folder).unwrap();
        result
    }

    fn uuid_like(text: &str) -> String {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        (text, std::process::id()).hash(&mut hasher);
        format!("{:x}", hasher.finish())
    }

    #[test]
    fn the_reference_is_valid_and_spells_the_default_limits() {
        let reference: Config = toml::from_str(REFERENCE).unwrap();
        reference.check().unwrap();
        assert_eq!(
            reference.limits.resolve().unwrap(),
            model::Limits::standard()
        );
        let (told, unless) = (reference.search, SearchConfig::default());
        assert_eq!(told.page_time(), unless.page_time());
        assert_eq!(told.max_lag(), unless.max_lag());
        assert_eq!(told.max_lag_bytes(), unless.max_lag_bytes());
    }

    #[test]
    fn the_reference_names_every_setting_of_a_sink() {
        let text = "[[sink]]\nname = \"s\"\ntype = \"file\"\npath = \"p\"\n";
        let config = load(&format!("{SMALL}{text}")).unwrap();
        let debug = format!("{:#?}", config.sink[0]);
        let fields = debug
            .lines()
            .filter_map(|line| line.strip_prefix("    ")?.split_once(": "));
        for (field, _) in fields.filter(|(field, _)| !field.starts_with(' ') && *field != "kind") {
            assert!(
                REFERENCE.contains(&format!("# {field} = ")),
                "reference.toml lacks sink.{field}"
            );
        }
    }

    #[test]
    fn the_reference_names_every_limit() {
        let debug = format!("{:#?}", LimitsConfig::default());
        for line in debug
            .lines()
            .filter_map(|l| l.trim().strip_suffix(": None,"))
        {
            assert!(
                REFERENCE.contains(&format!("{line} = ")),
                "reference.toml lacks limits.{line}"
            );
        }
    }

    #[test]
    fn relative_paths_start_at_the_file() {
        let config = load(SMALL).unwrap();
        assert!(config.policy.dir.is_absolute());
        assert!(config.gateway.data_dir.ends_with("data"));
    }

    #[test]
    fn bad_settings_are_refused_by_name() {
        let cases = [
            ("\n[gatway]\n", "gatway"),
            ("\n[limits]\nhold_wait = \"soon\"\n", "hold_wait"),
            (
                "\n[http]\naddress = \"0.0.0.0:80\"\ntls = \"off\"\n",
                "http.tls",
            ),
            ("\n[tls]\ncertificate_file = \"a\"\n", "tls"),
            (
                "\n[[issuer]]\nurl = \"http://idp.example\"\naudiences = [\"a\"]\n",
                "https",
            ),
            (
                "\n[[issuer]]\nurl = \"https://idp.example\"\naudiences = []\n",
                "audiences",
            ),
            (
                "\n[[listen]]\naddress = \"0.0.0.0:5432\"\ntls = \"off\"\n",
                "listen.tls",
            ),
            ("\n[ledger]\nseal_interval = \"11s\"\n", "seal_interval"),
            ("\n[ledger]\nquorum = 1\n", "ledger.quorum"),
            (
                "\n[recording]\nmaster_key_file = \"a\"\nmaster_key_env = \"B\"\n",
                "recording",
            ),
            (
                "\n[recording]\nencrypt = false\nkeep = \"30d\"\n",
                "recording.keep",
            ),
            (
                "\n[[recording.rule]]\nresource = \"A b\"\nkeep = \"30d\"\n",
                "recording.rule",
            ),
            ("\n[ledger]\norigin = \"a b\"\n", "ledger.origin"),
            (
                "\n[[ledger.witness]]\nkey = \"w+1+a\"\nurl = \"https://w.example\"\n",
                "ledger.witness.key",
            ),
            (
                "\n[[resource]]\nname = \"A\"\naddress = \"h:1\"\ndatabase = \"d\"\nuser = \"u\"\n",
                "resource A",
            ),
        ];
        let sink = |lines: &str| format!("\n[[sink]]\nname = \"s\"\n{lines}\n");
        let hook = |url: &str| {
            sink(&format!(
                "type = \"webhook\"\nurl = \"{url}\"\nsecret_file = \"s\""
            ))
        };
        let sinks = [
            (sink("type = \"file\""), "sink s: path"),
            (sink("type = \"kafka\""), "kafka"),
            (
                sink("type = \"file\"\npath = \"p\"\nformat = \"csv\""),
                "sink s: format",
            ),
            (
                sink("type = \"file\"\npath = \"p\"\nevents = [\"all\"]"),
                "sink s: events",
            ),
            (
                sink("type = \"syslog\"\naddress = \"host\""),
                "sink s: address",
            ),
            (
                sink("type = \"syslog\"\naddress = \"host:6514\"\nfacility = 24"),
                "sink s: facility",
            ),
            (hook("https://127.0.0.1/x"), "allow_local"),
            (hook("https://[::1]/x"), "allow_local"),
            (hook("https://169.254.169.254/latest"), "allow_local"),
            (hook("https://2130706433/x"), "allow_local"),
            (hook("https://0x7f.1/x"), "allow_local"),
            (hook("https://localhost/x"), "allow_local"),
            (hook("http://hooks.example/x"), "https"),
            (hook("https://me:pw@hooks.example/x"), "no password"),
            (
                sink("type = \"webhook\"\nurl = \"https://hooks.example\""),
                "secret_file",
            ),
            (
                format!("{0}{0}", sink("type = \"file\"\npath = \"p\"")),
                "twice",
            ),
        ];
        let sinks = sinks
            .iter()
            .map(|(extra, expect)| (extra.as_str(), *expect));
        for (extra, expect) in cases.into_iter().chain(sinks) {
            let error = anyhow::Error::new(load(&format!("{SMALL}{extra}")).unwrap_err());
            let error = format!("{error:#}");
            assert!(error.contains(expect), "{extra} gave: {error}");
        }
    }
}
