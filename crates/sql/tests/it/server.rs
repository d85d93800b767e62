//! A PostgreSQL server of the test's own, asked through psql.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const BINARIES: &str = "/usr/lib/postgresql/15/bin";
const FIELD: char = '\u{2}';
const RECORD: char = '\u{3}';
const NULL: &str = "\u{4}";

/// One server on a unix socket in a folder of its own; stopped and removed on drop.
pub(crate) struct Server {
    folder: tempfile::TempDir,
}

/// PostgreSQL refuses to run as root: then it runs as nobody.
fn command(program: &Path) -> Command {
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|found| {
        use std::os::unix::fs::MetadataExt;
        found.uid() == 0
    });
    if !is_root {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]);
    command.arg(program);
    command
}

fn binary(name: &str) -> PathBuf {
    let binaries = std::env::var("PG_BIN").unwrap_or_else(|_| BINARIES.to_owned());
    Path::new(&binaries).join(name)
}

impl Server {
    /// Starts one and runs `schema` in it as `postgres`.
    pub(crate) fn start(schema: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        std::fs::set_permissions(folder.path(), mode).unwrap();
        let server = Self { folder };
        let data = server.data();
        let init = command(&binary("initdb"))
            .args([
                "-U",
                "postgres",
                "-A",
                "trust",
                "--no-sync",
                "-E",
                "UTF8",
                "-D",
            ])
            .arg(&data)
            .output()
            .unwrap();
        assert!(
            init.status.success(),
            "{}",
            String::from_utf8_lossy(&init.stderr)
        );
        let options = format!(
            "-c listen_addresses='' -c fsync=off -c autovacuum=off -k {}",
            server.folder.path().display()
        );
        let start = command(&binary("pg_ctl"))
            .args(["-w", "-o", &options, "-l"])
            .arg(server.folder.path().join("log"))
            .arg("-D")
            .arg(&data)
            .arg("start")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(start.success());
        server.run(&[schema]);
        server
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn psql(&self, pinned: bool) -> Command {
        let mut psql = Command::new(binary("psql"));
        psql.args([
            "-XAtq",
            "-v",
            "ON_ERROR_STOP=1",
            "-U",
            "postgres",
            "-d",
            "postgres",
            "-h",
        ]);
        psql.arg(self.folder.path());
        psql.args(["-F", &FIELD.to_string(), "-R", &RECORD.to_string()]);
        psql.args(["-P", &format!("null={NULL}")]);
        if pinned {
            psql.env("PGOPTIONS", "-c search_path=");
        }
        psql
    }

    /// Runs statements, one command each, in one session.
    pub(crate) fn run(&self, statements: &[&str]) {
        self.rows_after(statements, "SELECT 1");
    }

    /// The rows of one query.
    pub(crate) fn rows(&self, query: &str, pinned: bool) -> Vec<Vec<Option<String>>> {
        self.ask(&[], query, pinned)
    }

    /// The rows of one query asked after other statements in the same session.
    pub(crate) fn rows_after(&self, before: &[&str], query: &str) -> Vec<Vec<Option<String>>> {
        self.ask(before, query, false)
    }

    fn ask(&self, before: &[&str], query: &str, pinned: bool) -> Vec<Vec<Option<String>>> {
        let mut psql = self.psql(pinned);
        for statement in before {
            psql.args(["-c", statement]);
        }
        let output = psql.args(["-c", query]).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{query}\n{stderr}");
        let text = String::from_utf8(output.stdout).unwrap();
        let text = text.trim_end_matches('\n');
        if text.is_empty() {
            return Vec::new();
        }
        let cell = |cell: &str| (cell != NULL).then(|| cell.to_owned());
        text.split(RECORD)
            .map(|record| record.split(FIELD).map(cell).collect())
            .collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let stopped = command(&binary("pg_ctl"))
            .args(["-m", "immediate", "-D"])
            .arg(self.data())
            .arg("stop")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(stopped.is_ok_and(|status| status.success()) || std::thread::panicking());
        // What belongs to another user is removed as that user, before the folder itself goes.
        let removed = command(Path::new("rm"))
            .arg("-rf")
            .arg(self.data())
            .status();
        assert!(removed.is_ok() || std::thread::panicking());
    }
}
