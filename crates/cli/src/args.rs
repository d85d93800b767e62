//! The command line: what people can type.
//!
//! Does nothing. No option ever takes a secret: secrets come from files, the environment or standard input.

mod export;
mod pack;
mod search;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

pub use export::Events;
pub(crate) use export::Export;
pub(crate) use pack::{Pack, Trust, VerifyPart};
pub(crate) use search::Search;

/// Over the options that mean something only to commands that ask a gateway, or read a journal in its stead.
const ASKING: &str = "Asking a gateway, or reading a journal";

/// Options that every command takes.
#[derive(Args, Clone, Debug, Default)]
pub struct Globals {
    /// The gateway's URL, such as `https://gate.example:8443`
    #[arg(
        long,
        global = true,
        env = "PORTCULLIS_GATEWAY",
        value_name = "URL",
        help_heading = ASKING
    )]
    pub gateway: Option<String>,
    /// Certificate authorities to trust besides the system's, PEM
    #[arg(
        long,
        global = true,
        env = "PORTCULLIS_CA",
        value_name = "FILE",
        help_heading = ASKING
    )]
    pub ca: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Reading a journal: the file with the master key; `master.key` beside the journal's folder when not given.
    /// The key itself may be in the environment, as PORTCULLIS_MASTER_KEY
    #[arg(
        long,
        global = true,
        env = "PORTCULLIS_MASTER_KEY_FILE",
        value_name = "FILE",
        help_heading = ASKING
    )]
    pub master_key_file: Option<PathBuf>,
}

/// The user's commands.
#[derive(Subcommand, Clone, Debug)]
pub enum Command {
    /// Sign in at the gateway's identity provider
    Login(Login),
    /// Forget the kept sign-in
    Logout,
    /// Show who you are to the gateway
    Whoami,
    /// Print a session token to use as a password
    Token(Token),
    /// Run a client against a resource, or print how to connect
    Connect(Connect),
    /// List the resources that you may connect to
    Resources,
    /// Look at held statements and answer them
    #[command(subcommand)]
    Approvals(Approvals),
    /// Look at sessions and end them
    #[command(subcommand)]
    Sessions(Sessions),
    /// Replay a recorded session
    Replay(Replay),
    /// Search recorded statements
    Search(Box<Search>),
    /// Erase recordings, and hold them back from erasure
    #[command(subcommand)]
    Recordings(Recordings),
    /// Write audit events for other tools
    Export(Export),
    /// API keys and session tokens
    #[command(subcommand)]
    Keys(Keys),
    /// Keep a principal out and end its sessions
    Revoke(Revoke),
    /// Check recordings offline
    #[command(subcommand)]
    Audit(Audit),
}

/// `login`
#[derive(Args, Clone, Debug)]
pub struct Login {
    /// Show a code to type in on another device
    #[arg(long, conflicts_with = "browser")]
    pub device: bool,
    /// Sign in with the browser on this machine (the default)
    #[arg(long)]
    pub browser: bool,
}

/// `token`
#[derive(Args, Clone, Debug)]
pub struct Token {
    /// The only resource it shall be good for
    #[arg(long, value_name = "NAME")]
    pub resource: Option<String>,
    /// How long it lives: 30m, 1h, 12h
    #[arg(long, value_parser = duration, value_name = "TIME")]
    pub life: Option<Duration>,
}

/// `connect`
#[derive(Args, Clone, Debug)]
pub struct Connect {
    /// The resource, or resource/database
    #[arg(value_name = "RESOURCE")]
    pub resource: String,
    /// How long the token lives: 30m, 1h, 12h
    #[arg(long, value_parser = duration, value_name = "TIME")]
    pub life: Option<Duration>,
    /// What to print when no command is given
    #[arg(long, value_enum, conflicts_with = "command")]
    pub print: Option<Print>,
    /// The client to run, with its arguments, after `--`
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<String>,
}

/// What `connect` prints.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Print {
    /// One connection URL
    Url,
    /// `export` lines for a shell
    Env,
}

/// `approvals …`
#[derive(Subcommand, Clone, Debug)]
pub enum Approvals {
    /// List requests that wait
    List {
        /// Those that were settled, too
        #[arg(long)]
        all: bool,
    },
    /// Show one request whole
    Show {
        /// The ticket (T-…) or the id
        ticket: String,
    },
    /// Approve a request, after showing it
    Approve(Answer),
    /// Deny a request
    Deny(Answer),
}

/// `approvals approve` and `approvals deny`
#[derive(Args, Clone, Debug)]
pub struct Answer {
    /// The ticket (T-…) or the id
    pub ticket: String,
    /// Words for the requester and the record
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub comment: String,
    /// Do not ask whether you are sure
    #[arg(long, short = 'y')]
    pub yes: bool,
}

/// `sessions …`
#[derive(Subcommand, Clone, Debug)]
pub enum Sessions {
    /// List sessions, newest first
    List(SessionList),
    /// Show one session
    Show {
        /// The session's id
        id: String,
        /// Read this journal instead of asking the gateway
        #[arg(long, value_name = "DIR")]
        journal: Option<PathBuf>,
    },
    /// End a live session
    Kill {
        /// The session's id
        id: String,
    },
}

/// `sessions list`
#[derive(Args, Clone, Debug)]
pub struct SessionList {
    /// A principal's key, or part of a name
    #[arg(long, default_value = "", value_name = "WHO")]
    pub principal: String,
    /// A resource
    #[arg(long, default_value = "", value_name = "NAME")]
    pub resource: String,
    /// At most so many
    #[arg(long, default_value_t = 50, value_name = "N")]
    pub limit: usize,
    /// Read this journal instead of asking the gateway
    #[arg(long, value_name = "DIR")]
    pub journal: Option<PathBuf>,
}

/// `replay`
#[derive(Args, Clone, Debug)]
pub struct Replay {
    /// The session's id
    pub id: String,
    /// How much faster than it was; 0 does not wait at all
    #[arg(long, default_value_t = 1.0, value_name = "N")]
    pub speed: f64,
    /// Start at this action: a number, or the first that was denied, held, masked or failed
    #[arg(long, default_value = "1", value_name = "N|MARK")]
    pub from: Start,
    /// Show only actions that were denied, held, masked or failed; may list several
    #[arg(long, value_enum, value_delimiter = ',', value_name = "MARK")]
    pub only: Vec<Mark>,
    /// Go from action to action by hand; `?` at the prompt says how
    #[arg(long)]
    pub step: bool,
    /// Run the statements again on a scratch database and report what differs: a connection string without a
    /// password, which comes from `PGPASSWORD`
    #[arg(long, value_name = "DSN", conflicts_with_all = ["step", "only", "speed", "from"])]
    pub against: Option<String>,
    /// Do not ask whether the database is the right one
    #[arg(long, short = 'y', requires = "against")]
    pub yes: bool,
    /// Read this journal instead of asking the gateway
    #[arg(long, value_name = "DIR")]
    pub journal: Option<PathBuf>,
}

/// Something about a step that people look for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Mark {
    /// It was refused.
    Denied,
    /// It waited for an approval.
    Held,
    /// Values were hidden in what it delivered.
    Masked,
    /// It failed on the target.
    Failed,
}

impl Mark {
    /// The word by which people ask for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Held => "held",
            Self::Masked => "masked",
            Self::Failed => "failed",
        }
    }
}

/// Where `replay` begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Start {
    /// At the action of this number, or the first behind it.
    Action(u64),
    /// At the first step with this mark.
    Mark(Mark),
}

impl std::str::FromStr for Start {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(number) = text.parse() {
            return Ok(Self::Action(number));
        }
        let mark = <Mark as ValueEnum>::from_str(text, true);
        mark.map(Self::Mark)
            .map_err(|_| format!("`{text}` is neither a number nor denied, held, masked or failed"))
    }
}

/// `recordings …`
#[derive(Subcommand, Clone, Debug)]
pub enum Recordings {
    /// Erase recordings for good, by destroying their keys
    Erase(Erase),
    /// Legal holds: what they are on is not erased
    #[command(subcommand)]
    Hold(Holds),
    /// Show how the index for searches is: how much is in it, how far it is behind
    Index,
    /// Throw the index for searches away and make it anew from the journal
    Reindex,
}

/// `recordings erase`
#[derive(Args, Clone, Debug)]
#[command(group = clap::ArgGroup::new("which").required(true).multiple(true)
    .args(["sessions", "principal", "resource", "before"]))]
pub struct Erase {
    /// The sessions' ids
    #[arg(value_name = "SESSION")]
    pub sessions: Vec<String>,
    /// Those of this principal's key: issuer|subject
    #[arg(long, value_name = "WHO")]
    pub principal: Option<String>,
    /// Those on this resource
    #[arg(long, value_name = "NAME")]
    pub resource: Option<String>,
    /// Those begun before: 2026-01-31T12:00:00Z, or an age such as 90d
    #[arg(long, value_name = "TIME")]
    pub before: Option<String>,
    /// Why; it is recorded, and stays
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Do not ask whether you are sure
    #[arg(long, short = 'y')]
    pub yes: bool,
}

/// `recordings hold …`
#[derive(Subcommand, Clone, Debug)]
pub enum Holds {
    /// Place a hold
    Add(AddHold),
    /// List holds
    List,
    /// Release a hold
    Release {
        /// Its id
        id: String,
        /// Why; it is recorded, and stays
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

/// `recordings hold add`
#[derive(Args, Clone, Debug)]
#[command(group = clap::ArgGroup::new("on").required(true).args(["session", "principal", "resource"]))]
pub struct AddHold {
    /// On one session
    #[arg(long, value_name = "ID")]
    pub session: Option<String>,
    /// On all sessions of a principal's key, and those on its behalf: issuer|subject
    #[arg(long, value_name = "WHO")]
    pub principal: Option<String>,
    /// On all sessions on a resource
    #[arg(long, value_name = "NAME")]
    pub resource: Option<String>,
    /// Why; it is recorded, and stays
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// `keys …`
#[derive(Subcommand, Clone, Debug)]
pub enum Keys {
    /// Issue an API key for an agent or a workload
    Issue(IssueKey),
    /// List keys and tokens
    List,
    /// Revoke a key or token and end its sessions
    Revoke {
        /// Its id (key:… or token:…)
        id: String,
    },
}

/// `keys issue`
#[derive(Args, Clone, Debug)]
pub struct IssueKey {
    /// The actor's name
    pub name: String,
    /// agent or workload
    #[arg(long, value_parser = ["agent", "workload"], default_value = "agent", value_name = "KIND")]
    pub kind: String,
    /// A group it belongs to; may be given more than once
    #[arg(long = "group", value_name = "NAME")]
    pub groups: Vec<String>,
    /// It acts for you: it may do what both of you may
    #[arg(long)]
    pub for_me: bool,
    /// The only resource it shall be good for
    #[arg(long, value_name = "NAME")]
    pub resource: Option<String>,
    /// How long it lives: 12h, 30d
    #[arg(long, value_parser = duration, default_value = "30d", value_name = "TIME")]
    pub life: Duration,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    pub label: Option<String>,
}

/// `revoke`
#[derive(Args, Clone, Debug)]
pub struct Revoke {
    /// The principal's key: issuer|subject, or one credential's id, such as oidc:issuer:jti
    pub principal: String,
    /// Let it in again
    #[arg(long)]
    pub lift: bool,
}

/// `audit …`
#[derive(Subcommand, Clone, Debug)]
pub enum Audit {
    /// Check that nothing in a journal was edited, removed, reordered or cut
    Verify {
        #[command(flatten)]
        wish: AuditVerify,
    },
    /// Hold a PostgreSQL server's own log against a journal: what ran there without being recorded, and what was
    /// recorded without running
    Reconcile(AuditReconcile),
    /// Print the proof that a session's recording is in the ledger, as JSON
    Proof {
        /// The ledger's folder
        #[arg(long, value_name = "DIR")]
        ledger: PathBuf,
        /// The session
        #[arg(long, value_name = "ID")]
        session: String,
    },
    /// Check a proof that `audit proof` printed
    VerifyProof(VerifyPart),
    /// Put one session into one file, with everything that proves it
    Pack(Pack),
    /// Check an evidence pack; needs nothing but the file and the key
    VerifyPack(VerifyPart),
    /// Print the ledger's public key, to be kept elsewhere
    Key {
        /// The ledger's folder; without it the gateway is asked
        #[arg(long, value_name = "DIR")]
        ledger: Option<PathBuf>,
    },
}

/// `audit verify`
#[derive(Args, Clone, Debug)]
pub struct AuditVerify {
    /// The journal's folder
    #[arg(long, value_name = "DIR")]
    pub journal: PathBuf,
    /// The ledger's folder; `ledger` beside the journal's when not given
    #[arg(long, value_name = "DIR")]
    pub ledger: Option<PathBuf>,
    #[command(flatten)]
    pub trust: Trust,
    /// A checkpoint kept earlier, which the ledger must continue; may be given more than once
    #[arg(long = "since-checkpoint", value_name = "FILE")]
    pub since_checkpoints: Vec<PathBuf>,
    /// Only what was sealed since: 2026-01-31T12:00:00Z, or an age such as 2h or 7d
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only this session
    #[arg(long, value_name = "ID")]
    pub session: Option<String>,
}

/// `audit reconcile`
#[derive(Args, Clone, Debug)]
pub struct AuditReconcile {
    /// The journal's folder
    #[arg(long, value_name = "DIR")]
    pub journal: PathBuf,
    /// The server's log, CSV or JSON, written with log_statement = 'all'; may be given more than once
    #[arg(long = "log", required = true, value_name = "FILE")]
    pub logs: Vec<PathBuf>,
    /// The role that the gateway logs in as
    #[arg(long, value_name = "ROLE")]
    pub role: String,
    /// A resource of this server; may be left out when the journal has one alone, and given more than once
    #[arg(long = "resource", value_name = "NAME")]
    pub resources: Vec<String>,
    /// An address that the gateway connects from, as the server's log has it; statements of the role from elsewhere
    /// are an alarm. May be given more than once
    #[arg(long = "gateway-address", value_name = "ADDRESS")]
    pub gateway_addresses: Vec<String>,
    /// How far the two clocks may be apart
    #[arg(long, value_parser = duration, default_value = "2s", value_name = "TIME")]
    pub slack: Duration,
    /// The server's log_timezone, such as Europe/Berlin; times in UTC need none
    #[arg(long, value_name = "ZONE")]
    pub log_zone: Option<String>,
}

/// Reads `90s`, `30m`, `1h`, `7d`.
///
/// # Errors
/// A line that says what would be understood.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let refused = || format!("`{text}` is not a time such as 90s, 30m, 1h or 7d");
    let unit = text.chars().last().ok_or_else(refused)?;
    let seconds: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(refused()),
    };
    let count = text.strip_suffix(unit).unwrap_or_default();
    let count: u64 = count.parse().map_err(|_| refused())?;
    let seconds = count.checked_mul(seconds).ok_or_else(refused)?;
    Ok(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use clap::{CommandFactory, Parser};

    use super::*;

    #[derive(Parser, Debug)]
    struct Line {
        #[command(flatten)]
        globals: Globals,
        #[command(subcommand)]
        command: Command,
    }

    fn check(words: &str, is_good: bool) {
        let line = Line::try_parse_from(std::iter::once("portcullis").chain(words.split(' ')));
        assert_eq!(line.is_ok(), is_good, "{words}: {line:?}");
    }

    #[test]
    fn the_definition_holds_together() {
        Line::command().debug_assert();
    }

    #[test]
    fn lines_are_understood() {
        for good in [
            "login",
            "login --device --gateway https://gate.example",
            "whoami --json",
            "token --resource orders-prod --life 1h",
            "connect orders-prod",
            "connect orders-prod/shop --print env",
            "connect orders-prod -- psql -c select",
            "approvals list --all",
            "approvals approve T-0123456789 --comment ok -y",
            "replay 0198 --speed 0 --from 3 --journal /tmp/j",
            "replay 0198 --step --from denied",
            "replay 0198 --only denied,held --speed 0",
            "replay 0198 --against host=127.0.0.1 --yes",
            "search email --outcome deny --since 2h",
            "search --table orders --verb delete --min-rows 100 --for ada",
            "search --limit 3 -- -bob",
            "keys issue bot --group readers --for-me --life 7d",
            "revoke idp|ada --lift",
            "recordings erase 0198 0199 --reason asked",
            "recordings erase --principal idp|ada --before 90d --reason asked -y",
            "recordings hold add --resource orders-prod --reason court",
            "recordings hold list",
            "recordings hold release 7 --reason over",
            "audit verify --journal /tmp/j",
            "audit reconcile --journal /tmp/j --log a.csv --log b.csv --role gate --slack 5s",
            "export --journal /tmp/j",
            "audit pack --session 01 --journal /tmp/j --output a.zip",
            "audit verify-pack a.zip --key k --witness w --quorum 1",
            "audit verify-proof p.json --key k",
            "export --format csv --since 7d --kind control --kind approval --output -",
        ] {
            check(good, true);
        }
        for bad in [
            "login --device --browser",
            "connect orders-prod --print env -- psql",
            "token --life soon",
            "search x --decision maybe",
            "search x --before-and-after",
            "replay 0198 --from soon",
            "replay 0198 --only odd",
            "replay 0198 --against host=127.0.0.1 --step",
            "replay 0198 --yes",
            "keys issue bot --kind human",
            "audit verify",
            "audit reconcile --journal /tmp/j --role gate",
            "recordings erase --reason all",
            "recordings erase 0198",
            "recordings hold add --reason none",
            "recordings hold add --session 1 --resource x --reason both",
            "export --format xml",
            "export --kind everything",
            "fly",
        ] {
            check(bad, false);
        }
    }

    #[test]
    fn no_option_takes_a_secret() {
        fn walk(command: &clap::Command) {
            for argument in command.get_arguments() {
                let name = argument.get_id().as_str();
                for word in ["password", "secret", "bearer"] {
                    assert!(!name.contains(word), "{name}");
                }
            }
            command.get_subcommands().for_each(walk);
        }
        walk(&Line::command());
    }

    #[test]
    fn durations_are_read() {
        for (text, expect) in [
            ("90s", Some(90)),
            ("30m", Some(1_800)),
            ("1h", Some(3_600)),
            ("7d", Some(604_800)),
            ("", None),
            ("h", None),
            ("-1h", None),
            ("1", None),
            ("1é", None),
            ("999999999999999999d", None),
        ] {
            assert_eq!(
                duration(text).ok(),
                expect.map(Duration::from_secs),
                "{text}"
            );
        }
    }
}
