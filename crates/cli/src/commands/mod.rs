//! One file for each group of commands; this one only finds the right one.

mod approvals;
pub(crate) mod audit;
mod connect;
pub(crate) mod export;
mod keys;
mod login;
mod offline;
mod output;
mod pack;
mod recordings;
mod replay;
mod sessions;

use std::process::ExitCode;

use crate::args::{Command, Globals};
use crate::problem::Problem;

/// Runs one command.
pub(crate) async fn run(
    globals: &Globals,
    command: &Command,
    own: &audit::OwnQuestions,
) -> Result<ExitCode, Problem> {
    let done = match command {
        Command::Login(login) => login::login(globals, login).await,
        Command::Logout => login::logout(globals),
        Command::Whoami => login::whoami(globals).await,
        Command::Token(token) => connect::token(globals, token).await,
        Command::Connect(connect) => return connect::connect(globals, connect).await,
        Command::Resources => connect::resources(globals).await,
        Command::Approvals(approvals) => approvals::run(globals, approvals).await,
        Command::Sessions(sessions) => sessions::run(globals, sessions).await,
        Command::Replay(replay) => replay::replay(globals, replay).await,
        Command::Search(search) => sessions::search(globals, search).await,
        Command::Recordings(recordings) => recordings::run(globals, recordings).await,
        Command::Export(export) => export::export(globals, export).await,
        Command::Keys(keys) => keys::run(globals, keys).await,
        Command::Revoke(revoke) => keys::revoke_principal(globals, revoke).await,
        Command::Audit(audit) => audit::run(globals, audit, own).await,
    };
    done.map(|()| ExitCode::SUCCESS)
}
