//! The binary `portcullis`.

use std::process::ExitCode;

fn main() -> ExitCode {
    gateway::command::main()
}
