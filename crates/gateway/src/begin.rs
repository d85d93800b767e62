//! `portcullis init`: a first configuration, with policies to start from.
//!
//! Must never write over a file that is there, nor write a secret anywhere.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;

use crate::config::Config;
use crate::rules::Sources;

/// What is written, by the path below the folder.
const FILES: [(&str, &str); 5] = [
    ("portcullis.toml", include_str!("begin/portcullis.toml")),
    ("policy/people.cedar", include_str!("begin/people.cedar")),
    ("policy/agents.cedar", include_str!("begin/agents.cedar")),
    ("policy/gateway.cedar", include_str!("begin/gateway.cedar")),
    ("policy/data.toml", include_str!("begin/data.toml")),
];

/// `portcullis init`
#[derive(Args, Debug)]
pub struct Init {
    /// The folder for it; made when it is missing.
    #[arg(default_value = ".", value_name = "DIR")]
    folder: PathBuf,
    /// What the database is called towards clients, such as `orders-prod`.
    #[arg(long, value_name = "NAME")]
    resource: String,
    /// Where the database is: `host:port`, or `unix:/path` of its socket.
    #[arg(long)]
    address: String,
    /// Its name there.
    #[arg(long, value_name = "NAME")]
    database: String,
    /// Who the gateway is there.
    #[arg(long, value_name = "ROLE")]
    user: String,
    /// The file that holds that role's password.
    #[arg(long, value_name = "FILE", required_unless_present = "password_env")]
    password_file: Option<PathBuf>,
    /// The environment variable that holds it instead.
    #[arg(long, value_name = "VARIABLE", conflicts_with = "password_file")]
    password_env: Option<String>,
    /// How the gateway speaks to the database: `disable`, `require`, `verify-ca`, `verify-full`.
    #[arg(long, default_value = "verify-full", value_name = "MODE")]
    tls: String,
    /// The identity provider's issuer URL, exactly as in its tokens.
    #[arg(long, value_name = "URL")]
    issuer: String,
    /// The client that the gateway is there, and the audience of its tokens.
    #[arg(long, default_value = "portcullis", value_name = "ID")]
    client: String,
    /// The host name by which clients reach the gateway.
    #[arg(long, default_value = "localhost", value_name = "HOST")]
    name: String,
    /// Where it listens for database clients.
    #[arg(long, default_value = "127.0.0.1:6432", value_name = "IP:PORT")]
    listen: String,
    /// Where its API and page are.
    #[arg(long, default_value = "127.0.0.1:8443", value_name = "IP:PORT")]
    http: String,
    /// The group of people who read, and change rows with an approval.
    #[arg(long, default_value = "engineers", value_name = "GROUP")]
    readers: String,
    /// The group of AI agents.
    #[arg(long, default_value = "agents", value_name = "GROUP")]
    agents: String,
    /// The group that may do everything, approves, and sees recordings.
    #[arg(long, default_value = "dba", value_name = "GROUP")]
    admins: String,
}

impl Init {
    /// Each blank of the templates and what stands there: a string as both TOML and Cedar read it.
    fn blanks(&self) -> Result<Vec<(&'static str, String)>> {
        let texts = [
            ("@RESOURCE@", &self.resource),
            ("@ADDRESS@", &self.address),
            ("@DATABASE@", &self.database),
            ("@USER@", &self.user),
            ("@TLS@", &self.tls),
            ("@ISSUER@", &self.issuer),
            ("@CLIENT@", &self.client),
            ("@NAME@", &self.name),
            ("@LISTEN@", &self.listen),
            ("@HTTP@", &self.http),
            ("@READERS@", &self.readers),
            ("@AGENTS@", &self.agents),
            ("@ADMINS@", &self.admins),
        ];
        let mut blanks = texts
            .into_iter()
            .map(|(blank, text)| Ok((blank, quoted(text)?)))
            .collect::<Result<Vec<_>>>()?;
        let password = match (&self.password_file, &self.password_env) {
            (Some(file), _) => {
                // The file of settings may lie elsewhere than where this was typed.
                let path = std::path::absolute(file)?;
                let path = path
                    .to_str()
                    .context("the password's file has no plain name")?;
                format!("password_file = {}", quoted(path)?)
            }
            (None, Some(variable)) => format!("password_env = {}", quoted(variable)?),
            (None, None) => bail!("neither --password-file nor --password-env is given"),
        };
        blanks.push(("@PASSWORD@", password));
        Ok(blanks)
    }
}

/// A string in quotes. What would need an escape, which the two formats write differently, is refused.
fn quoted(text: &str) -> Result<String> {
    let is_plain = |c: char| !c.is_control() && c != '"' && c != '\\';
    // Two at-signs could be one of the templates' blanks.
    ensure!(
        !text.is_empty() && text.chars().all(is_plain) && text.matches('@').count() < 2,
        "{text:?} cannot be written for you: put a plain word there and edit the files"
    );
    Ok(format!("\"{text}\""))
}

/// Writes the files and checks them; says what comes next.
///
/// # Errors
/// A file is there already, cannot be written, or says something that is refused; then none is left behind.
pub(crate) fn run(init: &Init) -> Result<()> {
    let blanks = init.blanks()?;
    let files = FILES.map(|(path, template)| {
        let text = blanks
            .iter()
            .fold(template.to_owned(), |text, (blank, with)| {
                text.replace(blank, with)
            });
        (init.folder.join(path), text)
    });
    if let Some((there, _)) = files.iter().find(|(path, _)| path.exists()) {
        bail!("{} is there already; nothing was written", there.display());
    }
    let mut written = Vec::new();
    let result = write(&files, &mut written).and_then(|()| check(&init.folder));
    if let Err(error) = result {
        for path in written {
            // What is left of a file that this run made says nothing.
            std::fs::remove_file(path).ok();
        }
        return Err(error);
    }
    println!("{}", next_steps(init));
    Ok(())
}

fn write<'a>(files: &'a [(PathBuf, String)], written: &mut Vec<&'a Path>) -> Result<()> {
    for (path, text) in files {
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let file = OpenOptions::new().write(true).create_new(true).open(path);
        let mut file = file.with_context(|| path.display().to_string())?;
        written.push(path);
        file.write_all(text.as_bytes())
            .with_context(|| path.display().to_string())?;
    }
    Ok(())
}

fn check(folder: &Path) -> Result<()> {
    let config = Config::read(&folder.join("portcullis.toml"))?;
    Sources::read(&config.policy)?.compile(1)?;
    Ok(())
}

fn next_steps(init: &Init) -> String {
    let at = |path: &str| init.folder.join(path).display().to_string();
    let config = at("portcullis.toml");
    format!(
        "Wrote {config}, {}: read them, they are short. Then:\n\
         \x20 portcullis config check --config {config}\n\
         \x20 portcullis data scan {} --config {config} --write {}\n\
         \x20 portcullis serve --config {config}",
        at("policy"),
        init.resource,
        at("policy/data.toml"),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        init: Init,
    }

    fn init(folder: &Path, more: &[&str]) -> Init {
        let folder = folder.to_str().unwrap();
        let line = [
            "init",
            folder,
            "--address",
            "db.internal:5432",
            "--user",
            "gateway",
            "--password-env",
            "ORDERS_PASSWORD",
            "--issuer",
            "https://idp.example/realms/main",
        ];
        Line::parse_from(line.iter().chain(more)).init
    }

    #[test]
    fn what_it_writes_passes_the_check_and_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let plain = ["--resource", "orders-prod", "--database", "shop"];
        run(&init(folder.path(), &plain)).unwrap();
        let config = Config::read(&folder.path().join("portcullis.toml")).unwrap();
        assert_eq!(config.resource[0].name, "orders-prod");
        let text = std::fs::read_to_string(folder.path().join("policy/agents.cedar")).unwrap();
        assert!(text.contains("Resource::\"orders-prod\"") && text.contains("@approval(\"dba\")"));
        let again = run(&init(folder.path(), &plain)).unwrap_err().to_string();
        assert!(again.contains("is there already"), "{again}");
    }

    #[test]
    fn nothing_is_left_of_what_is_refused() {
        for (resource, database) in [
            ("orders prod/x", "shop"),
            ("orders-prod", "sh\"op"),
            ("", "a"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let refused = run(&init(
                folder.path(),
                &["--resource", resource, "--database", database],
            ));
            refused.unwrap_err();
            let left = [
                folder.path().join("portcullis.toml"),
                folder.path().join("policy/data.toml"),
            ];
            assert!(left.iter().all(|path| !path.exists()), "{resource}");
        }
    }
}
