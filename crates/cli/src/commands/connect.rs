//! `token`, `connect`, `resources`.
//!
//! The minted token reaches the client through its environment only.

use std::process::ExitCode;
use std::time::Duration;

use contract::{MintToken, PostgresEndpoint, ResourceList, TokenMinted};

use crate::args::{Connect, Globals, Print, Token};
use crate::http::{Gateway, segment};
use crate::keep::Keep;
use crate::print;
use crate::problem::{Kind, Problem};
use crate::session;

pub(crate) async fn token(globals: &Globals, wish: &Token) -> Result<(), Problem> {
    let (gateway, _) = session::signed_in(globals).await?;
    let minted = mint(&gateway, wish.resource.clone(), wish.life).await?;
    if globals.json {
        return print::json(&minted);
    }
    print::line(&minted.secret)
}

async fn mint(
    gateway: &Gateway,
    resource: Option<String>,
    life: Option<Duration>,
) -> Result<TokenMinted, Problem> {
    let wish = MintToken {
        resource,
        life_seconds: life.map(|life| life.as_secs()),
    };
    gateway.post("/tokens", &wish).await
}

/// What a PostgreSQL client needs to know, by libpq's names.
pub(crate) fn variables(
    endpoint: &PostgresEndpoint,
    minted: &TokenMinted,
    database: &str,
    authority: Option<&str>,
) -> Vec<(&'static str, String)> {
    let mut out = vec![
        ("PGHOST", endpoint.host.clone()),
        ("PGPORT", endpoint.port.to_string()),
        ("PGUSER", minted.user.clone()),
        ("PGDATABASE", database.to_owned()),
        ("PGPASSWORD", minted.secret.clone()),
        ("PGSSLMODE", endpoint.sslmode.clone()),
    ];
    if let Some(path) = authority {
        out.push(("PGSSLROOTCERT", path.to_owned()));
    }
    out
}

/// The same as one URL.
pub(crate) fn url(variables: &[(&'static str, String)]) -> String {
    let find = |name: &str| {
        let found = variables.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| segment(value)).unwrap_or_default()
    };
    let host = variables.iter().find(|(key, _)| *key == "PGHOST");
    let host = host.map(|(_, h)| h.as_str()).unwrap_or_default();
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        segment(host)
    };
    let mut out = format!(
        "postgresql://{}:{}@{host}:{}/{}?sslmode={}",
        find("PGUSER"),
        find("PGPASSWORD"),
        find("PGPORT"),
        find("PGDATABASE"),
        find("PGSSLMODE")
    );
    let authority = find("PGSSLROOTCERT");
    if !authority.is_empty() {
        out.push_str("&sslrootcert=");
        out.push_str(&authority);
    }
    out
}

/// `export` lines for a POSIX shell.
pub(crate) fn exports(variables: &[(&'static str, String)]) -> String {
    let quoted = |value: &str| format!("'{}'", value.replace('\'', "'\\''"));
    let lines = variables.iter();
    let lines: Vec<String> = lines
        .map(|(name, value)| format!("export {name}={}", quoted(value)))
        .collect();
    lines.join("\n")
}

pub(crate) async fn connect(globals: &Globals, wish: &Connect) -> Result<ExitCode, Problem> {
    let (gateway, keep) = session::signed_in(globals).await?;
    let discovery = session::discovery(&gateway).await?;
    let endpoint = discovery
        .postgres
        .ok_or_else(|| Problem::failed("this gateway has no listener for PostgreSQL clients"))?;
    let resource = wish.resource.split('/').next().unwrap_or_default();
    let minted = mint(&gateway, Some(resource.to_owned()), wish.life).await?;
    let authority = authority(&keep, &endpoint)?;
    let variables = variables(&endpoint, &minted, &wish.resource, authority.as_deref());
    if let Some((program, arguments)) = wish.command.split_first() {
        return run(program, arguments, &variables).await;
    }
    show(globals, wish.print, &variables)?;
    Ok(ExitCode::SUCCESS)
}

fn show(
    globals: &Globals,
    how: Option<Print>,
    variables: &[(&'static str, String)],
) -> Result<(), Problem> {
    if globals.json {
        let mut all: serde_json::Map<String, serde_json::Value> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone().into()))
            .collect();
        all.insert("DATABASE_URL".to_owned(), url(variables).into());
        return print::json(&all);
    }
    match how.unwrap_or(Print::Url) {
        Print::Url => print::line(&url(variables)),
        Print::Env => print::line(&exports(variables)),
    }
}

fn authority(keep: &Keep, endpoint: &PostgresEndpoint) -> Result<Option<String>, Problem> {
    let Some(pem) = &endpoint.ca_pem else {
        let is_verified = endpoint.sslmode.starts_with("verify");
        return Ok(is_verified.then(|| "system".to_owned()));
    };
    let path = keep.authority(pem)?;
    let text = path.to_str().ok_or_else(|| {
        Problem::failed("the configuration folder's name is not UTF-8").hint("set XDG_CONFIG_HOME")
    })?;
    Ok(Some(text.to_owned()))
}

async fn run(
    program: &str,
    arguments: &[String],
    variables: &[(&'static str, String)],
) -> Result<ExitCode, Problem> {
    let mut command = tokio::process::Command::new(program);
    command.args(arguments);
    // Whatever else of libpq's environment is set would lead elsewhere.
    for name in [
        "PGSERVICE",
        "PGHOSTADDR",
        "PGPASSFILE",
        "PGSSLROOTCERT",
        "PGREQUIREAUTH",
    ] {
        command.env_remove(name);
    }
    command.env_remove("PORTCULLIS_TOKEN");
    command.envs(variables.iter().map(|(name, value)| (*name, value)));
    let mut child = command.spawn().map_err(|error| {
        Problem::new(Kind::NotFound, format!("{program} cannot be run: {error}"))
    })?;
    // Ctrl-C is the client's to handle: it cancels a statement there, it must not end us before it.
    let waited = async {
        loop {
            tokio::select! {
                status = child.wait() => return status,
                _ = tokio::signal::ctrl_c() => {}
            }
        }
    };
    let status = waited
        .await
        .map_err(|e| Problem::failed(format!("{program}: {e}")))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(1)))
}

pub(crate) async fn resources(globals: &Globals) -> Result<(), Problem> {
    let (gateway, _) = session::signed_in(globals).await?;
    let list: ResourceList = gateway.get("/resources", &[]).await?;
    if globals.json {
        return print::json(&list);
    }
    let rows = list.resources.iter().map(|r| {
        let tags = r.tags.iter().map(|(key, value)| format!("{key}={value}"));
        vec![
            r.name.clone(),
            r.protocol.clone(),
            r.database.clone(),
            tags.collect::<Vec<_>>().join(" "),
            if r.held { "by approval" } else { "" }.to_owned(),
        ]
    });
    let header = ["resource", "protocol", "database", "tags", ""];
    print::table(
        &header,
        rows.collect(),
        "There is nothing that you may connect to.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<(&'static str, String)> {
        let endpoint = PostgresEndpoint {
            host: "gate.example".into(),
            port: 6432,
            ca_pem: None,
            sslmode: "verify-full".into(),
        };
        let minted = TokenMinted {
            id: "token:1".into(),
            secret: "pct_a/b'c".into(),
            user: "ada@example.com".into(),
            expires: String::new(),
            resource: None,
        };
        variables(
            &endpoint,
            &minted,
            "orders-prod/shop",
            Some("/ca dir/x.pem"),
        )
    }

    #[test]
    fn a_url_is_encoded() {
        assert_eq!(
            url(&sample()),
            "postgresql://ada%40example.com:pct_a%2Fb%27c@gate.example:6432/orders-prod%2Fshop\
             ?sslmode=verify-full&sslrootcert=%2Fca%20dir%2Fx.pem"
        );
    }

    #[test]
    fn exports_are_quoted() {
        let text = exports(&sample());
        assert!(text.contains("export PGPASSWORD='pct_a/b'\\''c'\n"));
        assert!(text.ends_with("export PGSSLROOTCERT='/ca dir/x.pem'"));
    }
}
