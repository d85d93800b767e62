//! Running one program to its end, with a bound on its time.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What a program left behind.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Its exit code; −1 when a signal ended it.
    pub code: i32,
    /// What it printed.
    pub out: String,
    /// What it complained of.
    pub err: String,
}

impl Ran {
    /// What it printed, once it is known to have succeeded.
    ///
    /// # Panics
    /// When it failed.
    pub fn ok(&self) -> &str {
        assert_eq!(self.code, 0, "failed: {}\n{}", self.err, self.out);
        &self.out
    }

    /// Both streams, for looking for a text in either.
    pub fn all(&self) -> String {
        format!("{}\n{}", self.out, self.err)
    }
}

/// Runs `command` to its end, feeding it `input`.
///
/// # Panics
/// When it cannot be started, or is not done within `limit`.
pub fn run(command: &mut Command, input: &str, limit: Duration) -> Ran {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    let mut stdin = child.stdin.take().expect("its input");
    let input = input.to_owned();
    // A program may end without reading all that it is offered; that is its own affair.
    let feeder = thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let out = gather(child.stdout.take().expect("its output"));
    let err = gather(child.stderr.take().expect("its complaints"));
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("its status") {
            break status;
        }
        if start.elapsed() > limit {
            drop(child.kill());
            drop(child.wait());
            panic!("{command:?} was not done within {limit:?}");
        }
        thread::sleep(Duration::from_millis(2));
    };
    feeder.join().expect("the feeder");
    Ran {
        code: status.code().unwrap_or(-1),
        out: out.join().expect("output"),
        err: err.join().expect("errors"),
    }
}

fn gather(mut stream: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        drop(stream.read_to_end(&mut bytes));
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
