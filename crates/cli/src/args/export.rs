//! The options of `export`, and of others who read what it writes.
//!
//! Does nothing.

use std::path::PathBuf;

use clap::Args;

/// Which recorded events are read, and where from.
#[derive(Args, Clone, Debug, Default)]
pub struct Events {
    /// Not before: 2026-01-31T12:00:00Z, or an age such as 2h or 7d
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Not after, likewise
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Only this session
    #[arg(long, value_name = "ID")]
    pub session: Option<String>,
    /// A resource
    #[arg(long, default_value = "", value_name = "NAME")]
    pub resource: String,
    /// A principal's key, or part of a name
    #[arg(long, default_value = "", value_name = "WHO")]
    pub principal: String,
    /// Read this journal instead of asking the gateway
    #[arg(long, value_name = "DIR")]
    pub journal: Option<PathBuf>,
}

/// `export`
#[derive(Args, Clone, Debug)]
pub struct Export {
    /// jsonl (one JSON object a line), ocsf (the same as OCSF events), csv or parquet
    #[arg(long, value_parser = ["jsonl", "ocsf", "csv", "parquet"], default_value = "jsonl", value_name = "FORMAT")]
    pub format: String,
    /// Write to this file instead of standard output, and only whole; `-` is standard output
    #[arg(long, short, default_value = "-", value_name = "FILE")]
    pub output: PathBuf,
    /// Not before: 2026-01-31T12:00:00Z, or an age such as 2h or 7d
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Not after, likewise
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Only this session
    #[arg(long, value_name = "ID")]
    pub session: Option<String>,
    /// A resource
    #[arg(long, default_value = "", value_name = "NAME")]
    pub resource: String,
    /// A principal's key, or part of a name
    #[arg(long, default_value = "", value_name = "WHO")]
    pub principal: String,
    /// A kind of event, may be given more than once; without it all but statement.decided
    #[arg(long = "kind", value_name = "KIND", value_parser = [
        "session.opened", "statement.decided", "statement.ended", "approval", "session.closed", "control", "gap",
    ])]
    pub kinds: Vec<String>,
    /// Read this journal instead of asking the gateway
    #[arg(long, value_name = "DIR")]
    pub journal: Option<PathBuf>,
}
