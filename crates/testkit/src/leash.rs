//! Server processes that cannot outlive the test process, however it ends.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::files::{NOBODY, is_root};

/// Starts the server, says its pid, waits until our end of the pipe is closed, then stops the server and clears up.
const HOLD: &str = r#"
folder=$1 signal=$2 log=$3
shift 3
"$@" >>"$log" 2>&1 </dev/null &
server=$!
echo "$server"
cat >/dev/null
kill -s "$signal" "$server" 2>/dev/null
( sleep 10; kill -s KILL "$server" ) 2>/dev/null &
timer=$!
wait "$server" 2>/dev/null
kill "$timer" 2>/dev/null
[ -z "$folder" ] || rm -rf "$folder"
"#;

/// A running server, stopped when dropped, and also when this process is gone without a word.
#[derive(Debug)]
pub(crate) struct Leash {
    holder: Child,
    pipe: Option<ChildStdin>,
    pid: i32,
    log: PathBuf,
}

/// How a server is run.
pub(crate) struct Run<'a> {
    /// The program and its arguments.
    pub(crate) command: Vec<OsString>,
    /// Environment on top of ours.
    pub(crate) environment: Vec<(String, String)>,
    /// The folder to remove afterwards.
    pub(crate) folder: Option<&'a Path>,
    /// The signal that ends it in an orderly way.
    pub(crate) signal: &'static str,
    /// Where its output goes.
    pub(crate) log: PathBuf,
    /// Whether root has to become nobody for it.
    pub(crate) as_nobody: bool,
}

impl Leash {
    pub(crate) fn start(run: Run<'_>) -> Self {
        let mut command = if run.as_nobody && is_root() {
            as_nobody("/bin/sh")
        } else {
            Command::new("/bin/sh")
        };
        let folder = run
            .folder
            .map(|f| f.as_os_str().to_owned())
            .unwrap_or_default();
        command
            .args(["-c", HOLD, "leash"])
            .arg(folder)
            .arg(run.signal)
            .arg(&run.log)
            .args(&run.command);
        command
            .envs(run.environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut holder = command.spawn().expect("start a server");
        let pipe = holder.stdin.take();
        let mut line = String::new();
        let output = holder.stdout.take().expect("the holder's output");
        BufReader::new(output)
            .read_line(&mut line)
            .expect("read the server's pid");
        let pid = line.trim().parse().expect("the server's pid");
        Self {
            holder,
            pipe,
            pid,
            log: run.log,
        }
    }

    /// The server's own process id.
    pub(crate) fn pid(&self) -> i32 {
        self.pid
    }

    /// What the server has printed so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read(&self.log)
            .map(|b| String::from_utf8_lossy(&b).into_owned())
            .unwrap_or_default()
    }

    /// Whether the server is still there.
    pub(crate) fn is_running(&self) -> bool {
        std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).is_ok_and(|stat| {
            !stat
                .rsplit(") ")
                .next()
                .unwrap_or_default()
                .starts_with('Z')
        })
    }

    /// Sends the server a signal.
    pub(crate) fn signal(&self, signal: i32) {
        // SAFETY: kill takes two integers; the pid is of a process that we started and whose parent still holds it.
        #[expect(unsafe_code, reason = "libc has no safe wrapper for kill")]
        unsafe {
            libc::kill(self.pid, signal);
        }
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        drop(self.pipe.take());
        if let Err(error) = self.holder.wait() {
            let _unheard = writeln!(std::io::stderr(), "a server's holder was lost: {error}");
        }
    }
}

/// A command that runs as Debian's `nobody`, with no groups and no privileges.
pub(crate) fn as_nobody(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command
        .arg(format!("--reuid={}", NOBODY.0))
        .arg(format!("--regid={}", NOBODY.1));
    command.args(["--clear-groups", "--no-new-privs", program]);
    command
}

/// Makes sure that a log file exists which the server may write.
pub(crate) fn touch(path: &Path) {
    File::create(path).expect("make a log file");
}
