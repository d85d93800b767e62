//! Asks witnesses to cosign the ledger's checkpoints (C2SP tlog-witness), and publishes what enough of them have seen.
//!
//! Must never publish on its own: the ledger counts the cosignatures. Nothing waits for a witness but publication.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use ledger::tlog::note::{Checkpoint, Note, VerifierKey};
use ledger::tlog::prove;
use reqwest::{Client, StatusCode};
use store::Ledger;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout_at};

use crate::config::LedgerConfig;

/// How often it is looked whether there is a new checkpoint.
const LOOK: Duration = Duration::from_millis(250);
/// After a round in which too few cosigned.
const PAUSE: Duration = Duration::from_secs(5);
/// Time for one request.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long the other witnesses are waited for once there are enough.
const GRACE: Duration = Duration::from_secs(1);
/// Bytes of an answer.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// One witness.
#[derive(Clone, Debug)]
struct Witness {
    key: VerifierKey,
    url: String,
    /// The size of the last checkpoint that it cosigned, as far as is known.
    known: u64,
}

/// Starts asking; `None` when there are no witnesses.
///
/// # Errors
/// When TLS cannot be set up.
pub(crate) fn start(
    config: &LedgerConfig,
    ledger: &Arc<Ledger>,
    stopping: watch::Receiver<bool>,
) -> Result<Option<JoinHandle<()>>> {
    if config.witness.is_empty() {
        return Ok(None);
    }
    let client = Client::builder()
        .timeout(TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("portcullis/", env!("CARGO_PKG_VERSION")))
        .build()
        .context("asking witnesses")?;
    let keys = config.witnesses()?.keys.into_iter();
    let witnesses = keys.zip(&config.witness).map(|(key, witness)| Witness {
        key,
        url: format!("{}/add-checkpoint", witness.url.trim_end_matches('/')),
        known: 0,
    });
    let (witnesses, ledger) = (witnesses.collect(), Arc::clone(ledger));
    Ok(Some(tokio::spawn(ask(client, ledger, witnesses, stopping))))
}

async fn ask(
    client: Client,
    ledger: Arc<Ledger>,
    mut witnesses: Vec<Witness>,
    mut stopping: watch::Receiver<bool>,
) {
    let mut pause = LOOK;
    let mut is_short = false;
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stopping.changed() => return,
        }
        pause = LOOK;
        let Some(note) = ledger.newest() else {
            continue;
        };
        if ledger
            .checkpoint()
            .is_some_and(|published| published.text() == note.text())
        {
            continue;
        }
        let cosigned = round(&client, &ledger, &mut witnesses, note).await;
        match publish(&ledger, cosigned).await {
            Ok(true) => is_short = false,
            Ok(false) => {
                if !std::mem::replace(&mut is_short, true) {
                    tracing::warn!(
                        "too few witnesses cosigned the ledger's checkpoint: it is not published yet"
                    );
                }
                pause = PAUSE;
            }
            Err(error) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "a cosigned checkpoint cannot be published"
                );
                pause = PAUSE;
            }
        }
    }
}

/// Asks all witnesses at once; the note comes back with what they signed.
async fn round(
    client: &Client,
    ledger: &Arc<Ledger>,
    witnesses: &mut [Witness],
    note: Note,
) -> Note {
    let mut asked = JoinSet::new();
    for (at, witness) in witnesses.iter().enumerate() {
        let (client, ledger) = (client.clone(), Arc::clone(ledger));
        let (witness, note) = (witness.clone(), note.clone());
        asked.spawn(async move { (at, submit(&client, &ledger, witness, &note).await) });
    }
    let mut cosigned = note;
    // One that is slow must not keep back what enough of the others have seen.
    let mut end = Instant::now() + TIMEOUT * 4;
    loop {
        let answer = match timeout_at(end, asked.join_next()).await {
            Ok(Some(answer)) => answer,
            Ok(None) | Err(_) => break,
        };
        let Ok((at, answer)) = answer else { continue };
        let Some(witness) = witnesses.get_mut(at) else {
            continue;
        };
        match answer {
            Ok((known, lines)) => {
                witness.known = known;
                // Only lines that were checked come here.
                cosigned.add(&lines).ok();
                if ledger.witnesses().check(&cosigned).is_ok() {
                    end = end.min(Instant::now() + GRACE);
                }
            }
            Err(error) => {
                tracing::warn!(
                    witness = witness.key.name(),
                    error = format!("{error:#}"),
                    "a witness did not cosign"
                );
            }
        }
    }
    cosigned
}

/// Submits a checkpoint; answers its size and the witness's signature line.
async fn submit(
    client: &Client,
    ledger: &Arc<Ledger>,
    witness: Witness,
    note: &Note,
) -> Result<(u64, String)> {
    let size = Checkpoint::parse(note.text())?.head.size;
    let mut known = witness.known;
    // A second time where it had seen more, or less, than was known.
    for _ in 0..2 {
        let body = submission(ledger, note, known).await?;
        let request = client.post(&witness.url).body(body);
        let response = request.send().await.map_err(reqwest::Error::without_url)?;
        let status = response.status();
        let text = answer(response).await?;
        match status {
            StatusCode::OK => return Ok((size, line_of(&witness.key, note, &text)?)),
            StatusCode::CONFLICT => {
                known = text.trim().parse().context("the size that it knows")?;
                if known > size {
                    bail!(
                        "it has seen {known} entries of this log, and there are {size}: was an old copy put back?"
                    );
                }
            }
            other => bail!("it answered {other}"),
        }
    }
    bail!("it does not keep to what it said it knows")
}

async fn submission(ledger: &Arc<Ledger>, note: &Note, known: u64) -> Result<String> {
    let (ledger, note) = (Arc::clone(ledger), note.clone());
    let made =
        tokio::task::spawn_blocking(move || prove::submission(ledger.folder(), &note, known));
    Ok(made.await??)
}

async fn answer(mut response: reqwest::Response) -> Result<String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(reqwest::Error::without_url)?
    {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > ANSWER_BYTES_MAX {
            bail!("it answered too much");
        }
    }
    Ok(String::from_utf8(bytes)?)
}

/// The line of an answer that is this witness's signature under this note; everything else is left where it came from.
fn line_of(key: &VerifierKey, note: &Note, answer: &str) -> Result<String> {
    for line in answer.split_inclusive('\n') {
        let mut alone = Note::unsigned(note.text().to_owned());
        if alone.add(line).is_ok() && alone.verify(key).is_ok() {
            return Ok(line.to_owned());
        }
    }
    bail!("it answered without a signature of its key")
}

async fn publish(ledger: &Arc<Ledger>, note: Note) -> Result<bool> {
    let ledger = Arc::clone(ledger);
    Ok(tokio::task::spawn_blocking(move || ledger.publish(&note)).await??)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use ledger::tlog::note::{Algorithm, Signer};

    use super::*;

    #[test]
    fn only_a_witness_own_signature_is_taken() {
        let signer = |seed| {
            Signer::from_seed("w.example", Algorithm::Cosignature, &[seed; 32])
                .unwrap()
                .0
        };
        let (witness, other) = (signer(1), signer(2));
        let note = Note::unsigned("log.example\n1\nroot\n".into());
        let (good, foreign) = (witness.sign(note.text(), 5), other.sign(note.text(), 5));
        let elsewhere = witness.sign("log.example\n2\nroot\n", 5);
        let check = |answer: &str, expect: Option<&str>| {
            assert_eq!(
                line_of(witness.verifier(), &note, answer).ok().as_deref(),
                expect,
                "{answer:?}"
            );
        };
        check(&good, Some(&good));
        check(&format!("{foreign}{elsewhere}{good}"), Some(&good));
        check(&foreign, None);
        check(&elsewhere, None);
        check("", None);
        check("<html>\n\n", None);
        check(good.trim_end(), None);
    }
}
