//! The options of `audit pack`, `audit verify-pack` and `audit verify-proof`.
//!
//! Does nothing.

use std::path::PathBuf;

use clap::Args;

/// `audit pack`
#[derive(Args, Clone, Debug)]
pub struct Pack {
    /// The session
    #[arg(long, value_name = "ID")]
    pub session: String,
    /// The journal's folder
    #[arg(long, value_name = "DIR")]
    pub journal: PathBuf,
    /// The ledger's folder; `ledger` beside the journal's when not given
    #[arg(long, value_name = "DIR")]
    pub ledger: Option<PathBuf>,
    /// The pack, a ZIP file
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
}

/// `audit verify-pack` and `audit verify-proof`
#[derive(Args, Clone, Debug)]
pub struct VerifyPart {
    /// The file
    pub file: PathBuf,
    #[command(flatten)]
    pub trust: Trust,
}

/// Whose signatures count.
#[derive(Args, Clone, Debug)]
pub struct Trust {
    /// The ledger's public key, kept since `audit key`: the key or a file with it
    #[arg(long, value_name = "VKEY|FILE")]
    pub key: Option<String>,
    /// A witness's public key; may be given more than once
    #[arg(long = "witness", value_name = "VKEY|FILE")]
    pub witnesses: Vec<String>,
    /// How many of the witnesses must have cosigned; all when not given
    #[arg(long, value_name = "N")]
    pub quorum: Option<usize>,
}
