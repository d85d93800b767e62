//! The user's commands: sign in, connect, answer approvals, look at sessions, verify journals.
//!
//! Stands on `contract`, `ledger` and `export` alone: knows no policy and nothing of the gateway's inside; speaks HTTP
//! to the gateway, and PostgreSQL to the scratch database of `replay --against` alone. No secret is ever taken from or put into a process's arguments.

mod args;
mod commands;
mod grid;
mod http;
mod keep;
mod oidc;
mod print;
mod problem;
mod session;

use std::process::ExitCode;

pub use crate::args::{Command, Events, Globals};
pub use crate::commands::audit::OwnQuestions;
pub use crate::commands::export::events;
pub use crate::problem::{Kind, Problem};

/// Runs one command and gives the exit code: 0 done, 1 failed, 2 usage, 3 not signed in, 4 not permitted, 5 no such
/// thing, 6 gateway or provider not available, 7 a recording does not verify, 8 what was compared is not the same; `connect`
/// gives its client's own. `own` is what the gateway asks servers by itself.
pub fn run(globals: &Globals, command: &Command, own: &OwnQuestions) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(commands::run(globals, command, own)),
        Err(error) => Err(Problem::failed(format!("no runtime: {error}"))),
    };
    outcome.unwrap_or_else(|problem| problem.report())
}
