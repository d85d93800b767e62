//! The story that `demo --check` walks: real clients, one line per step, a non-zero end if one differs.

use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

use super::Stage;

/// Longer than any hold of the check.
const STEP_TIMEOUT: Duration = Duration::from_secs(60);

/// What a client printed.
struct Heard {
    out: String,
    err: String,
    success: bool,
}

/// Walks every step.
///
/// # Errors
/// When a step differs from what it says; all steps are walked and printed nevertheless.
pub(crate) async fn walk(stage: &Stage) -> Result<()> {
    println!(
        "\nPortcullis in front of PostgreSQL {}:",
        stage.server.version
    );
    let mut failed = 0;
    let mut tell = |title: &str, outcome: Result<String>| match outcome {
        Ok(seen) => println!("  ok    {title}\n          {seen}"),
        Err(error) => {
            failed += 1;
            println!("  DIFFERS {title}\n          {error:#}");
        }
    };
    tell(
        "the engineer reads; labelled columns come back masked",
        stage.reads_masked().await,
    );
    tell("COPY is masked as well", stage.copies_masked().await);
    tell(
        "the DBA may reveal personal data, but no card numbers",
        stage.reveals().await,
    );
    tell(
        "what is computed from a masked value is redacted whole",
        stage.computes_redacted().await,
    );
    tell(
        "what would lead around a mask is refused",
        stage.evasion().await,
    );
    tell(
        "the agent's DROP TABLE is refused, and its session goes on",
        stage.refuses().await,
    );
    tell(
        "the agent's DELETE waits until the DBA approves it",
        stage.holds().await,
    );
    tell(
        "after the wait the agent has a ticket; approved, the same statement runs once",
        stage.tickets().await,
    );
    tell("a forged token is refused", stage.forged().await);
    tell(
        "the whole session can be replayed, masked as delivered",
        stage.replays().await,
    );
    tell("the journal verifies", stage.verifies().await);
    if failed > 0 {
        bail!("{failed} steps differ");
    }
    println!("\nEvery step went as told.");
    Ok(())
}

impl Stage {
    async fn reads_masked(&self) -> Result<String> {
        let seen = self
            .ask(
                "engineer",
                "SELECT id, email, ssn, card_number FROM customers WHERE id = 1",
            )
            .await?;
        let plain = self
            .truth("SELECT email, ssn, card_number FROM customers WHERE id = 1")
            .await?;
        expect(seen.success && seen.out.starts_with("1|"), &seen)?;
        for value in plain.trim().split('|') {
            expect(!seen.out.contains(value), &seen)?;
        }
        Ok(seen.out.trim().to_owned())
    }

    async fn copies_masked(&self) -> Result<String> {
        let seen = self
            .ask(
                "engineer",
                "COPY (SELECT id, email FROM customers WHERE id < 4) TO STDOUT",
            )
            .await?;
        let plain = self
            .truth("SELECT email FROM customers WHERE id < 4")
            .await?;
        expect(seen.success && seen.out.lines().count() == 3, &seen)?;
        expect(plain.lines().all(|email| !seen.out.contains(email)), &seen)?;
        Ok(seen.out.lines().collect::<Vec<_>>().join(" / "))
    }

    async fn reveals(&self) -> Result<String> {
        let seen = self
            .ask(
                "dba",
                "SELECT email, card_number FROM customers WHERE id = 1",
            )
            .await?;
        let plain = self
            .truth("SELECT email, card_number FROM customers WHERE id = 1")
            .await?;
        let (email, card) = plain.trim().split_once('|').context("two columns")?;
        expect(seen.out.contains(email) && !seen.out.contains(card), &seen)?;
        Ok(seen.out.trim().to_owned())
    }

    async fn computes_redacted(&self) -> Result<String> {
        let statement = "SELECT substr(ssn, 1, 3), upper(email) FROM customers WHERE id = 1";
        let seen = self.ask("agent", statement).await?;
        expect(seen.success && seen.out.trim() == "***|***", &seen)?;
        Ok(seen.out.trim().to_owned())
    }

    async fn evasion(&self) -> Result<String> {
        let routes = [
            "SELECT count(*) FROM customers WHERE ssn > '5'",
            "SELECT left(ssn, 3)::int FROM customers WHERE id = 1",
            "CREATE TEMP TABLE mine AS SELECT ssn FROM customers",
            "SELECT query_to_xml('SELECT ssn FROM customers', true, true, '')",
        ];
        let mut last = String::new();
        for route in routes {
            let seen = self.ask("agent", route).await?;
            expect(!seen.success && seen.out.is_empty(), &seen)
                .with_context(|| route.to_owned())?;
            last = first_line(&seen.err);
        }
        Ok(last)
    }

    async fn refuses(&self) -> Result<String> {
        let seen = self
            .psql(
                "agent",
                &["-c", "DROP TABLE orders", "-c", "SELECT 'still here'"],
            )
            .await?;
        expect(
            seen.err.contains("42501") && seen.out.contains("still here"),
            &seen,
        )?;
        Ok(first_line(&seen.err))
    }

    async fn holds(&self) -> Result<String> {
        let statement = "DELETE FROM order_items WHERE order_id = 7";
        let waiting = self.ask("agent", statement);
        let approving = self.approve_next();
        let (seen, ticket) = tokio::try_join!(waiting, approving)?;
        expect(seen.success && seen.out.contains("DELETE"), &seen)?;
        Ok(format!("{ticket} approved: {}", seen.out.trim()))
    }

    async fn tickets(&self) -> Result<String> {
        let statement = "DELETE FROM order_items WHERE order_id = 8";
        let first = self.psql("agent", &["-c", statement]).await?;
        expect(!first.success && first.err.contains("PC001"), &first)?;
        let ticket = self.approve_next().await?;
        let second = self.psql("agent", &["-c", statement]).await?;
        expect(second.success && second.out.contains("DELETE"), &second)?;
        let third = self.psql("agent", &["-c", statement]).await?;
        expect(!third.success, &third).context("an approval is used once")?;
        Ok(format!(
            "{ticket}: {}; asked again: {}",
            second.out.trim(),
            first_line(&third.err)
        ))
    }

    async fn forged(&self) -> Result<String> {
        let token = std::fs::read_to_string(&self.tokens["dba"])?;
        let (head, signature) = token.rsplit_once('.').context("a JWT")?;
        let flipped: String = signature.chars().rev().collect();
        let seen = self
            .psql_as("dba", &format!("{head}.{flipped}"), &["-c", "SELECT 1"])
            .await?;
        expect(!seen.success && seen.out.is_empty(), &seen)?;
        Ok(first_line(&seen.err))
    }

    async fn replays(&self) -> Result<String> {
        let list = self.cli(&["sessions", "list", "--json"]).await?;
        let sessions: serde_json::Value =
            serde_json::from_str(&list.out).context("sessions list --json")?;
        let rows = sessions
            .as_array()
            .or_else(|| sessions["sessions"].as_array())
            .context("a list of sessions")?;
        let mut replayed = String::new();
        for row in rows {
            let id = row["id"]
                .as_str()
                .or_else(|| row["session"].as_str())
                .context("a session's id")?;
            replayed.push_str(&self.cli(&["replay", id, "--speed", "0"]).await?.out);
        }
        let plain = self.truth("SELECT ssn FROM customers WHERE id = 1").await?;
        if !replayed.contains("SELECT id, email, ssn") || replayed.contains(plain.trim()) {
            bail!("the replay lacks the statement or shows a raw value:\n{replayed}");
        }
        Ok(format!(
            "{} sessions, {} lines, no raw value",
            rows.len(),
            replayed.lines().count()
        ))
    }

    async fn verifies(&self) -> Result<String> {
        let journal = self.dir.join("data/journal");
        let journal = journal.to_str().context("a path in UTF-8")?;
        let seen = self.cli(&["audit", "verify", "--journal", journal]).await?;
        expect(seen.success, &seen)?;
        Ok(seen.out.lines().last().unwrap_or_default().to_owned())
    }

    /// Approves, as the DBA, the one request that is or becomes pending.
    async fn approve_next(&self) -> Result<String> {
        let deadline = tokio::time::Instant::now() + STEP_TIMEOUT;
        loop {
            let list = self.cli(&["approvals", "list", "--json"]).await?;
            let value: serde_json::Value =
                serde_json::from_str(&list.out).context("approvals list --json")?;
            let rows = value
                .as_array()
                .or_else(|| value["approvals"].as_array())
                .context("a list of requests")?;
            let pending = rows.iter().find(|row| row["state"] == "pending");
            if let Some(ticket) = pending.and_then(|row| row["ticket"].as_str()) {
                let seen = self.cli(&["approvals", "approve", ticket, "--yes"]).await?;
                expect(seen.success, &seen)?;
                return Ok(ticket.to_owned());
            }
            if tokio::time::Instant::now() > deadline {
                bail!("no request came up");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn ask(&self, login: &str, statement: &str) -> Result<Heard> {
        self.psql(login, &["-c", statement]).await
    }

    async fn psql(&self, login: &str, arguments: &[&str]) -> Result<Heard> {
        let token = std::fs::read_to_string(&self.tokens[login])?;
        self.psql_as(login, &token, arguments).await
    }

    async fn psql_as(&self, login: &str, token: &str, arguments: &[&str]) -> Result<Heard> {
        let mut command = Command::new("psql");
        command
            .args(["-XAt", "-v", "VERBOSITY=verbose"])
            .args(arguments)
            .env("PGHOST", "localhost")
            .env("PGPORT", self.running.postgres_port().to_string())
            .env("PGDATABASE", "orders-prod")
            .env("PGUSER", login)
            .env("PGPASSWORD", token)
            .env("PGSSLMODE", "verify-full")
            .env("PGSSLROOTCERT", self.ca());
        hear(command).await
    }

    /// Runs this very program as the DBA.
    async fn cli(&self, arguments: &[&str]) -> Result<Heard> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(arguments)
            .env("PORTCULLIS_GATEWAY", self.running.public_url())
            .env(
                "PORTCULLIS_TOKEN",
                std::fs::read_to_string(&self.tokens["dba"])?,
            );
        hear(command).await
    }

    /// What the target itself answers, around the gateway.
    async fn truth(&self, statement: &str) -> Result<String> {
        let mut command = Command::new("psql");
        command
            .args([
                "-XAt",
                "-h",
                "127.0.0.1",
                "-p",
                &self.server.port.to_string(),
                "-U",
                super::postgres::ROLE,
            ])
            .args(["-d", "shop", "-c", statement])
            .env(
                "PGPASSWORD",
                std::fs::read_to_string(self.dir.join("upstream.password"))?,
            );
        let heard = hear(command).await?;
        expect(heard.success, &heard)?;
        Ok(heard.out)
    }
}

async fn hear(mut command: Command) -> Result<Heard> {
    let child = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output: Output = tokio::time::timeout(STEP_TIMEOUT, child)
        .await
        .context("no answer in time")??;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Heard {
        out: text(&output.stdout),
        err: text(&output.stderr),
        success: output.status.success(),
    })
}

fn expect(holds: bool, heard: &Heard) -> Result<()> {
    if !holds {
        bail!("got: {} {}", heard.out.trim(), heard.err.trim());
    }
    Ok(())
}

fn first_line(text: &str) -> String {
    text.lines()
        .find(|line| line.contains("ERROR") || line.contains("FATAL"))
        .unwrap_or(text)
        .trim()
        .to_owned()
}
