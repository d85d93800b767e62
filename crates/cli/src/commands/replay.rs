//! `replay`: a recorded session in the terminal, at its own pace or another.
//!
//! Shows what the recording says and what is wrong with it; runs statements only where `--against` says so.

mod against;
mod compare;
mod rerun;
mod steps;
mod walk;

use std::io;
use std::time::Duration;

use contract::visible::single_line;
use ledger::find::{id_text, rfc3339};
use ledger::journal::{self, Recording};

use self::steps::Step;
use crate::args::{Globals, Replay};
use crate::commands::offline;
use crate::http::segment;
use crate::print;
use crate::problem::{Kind, Problem};
use crate::session;

/// The longest that a replay waits between two actions.
const PAUSE_MAX: Duration = Duration::from_secs(10);

pub(crate) async fn replay(globals: &Globals, wish: &Replay) -> Result<(), Problem> {
    if !(wish.speed.is_finite() && wish.speed >= 0.0) {
        return Err(Problem::usage("--speed is a number from 0"));
    }
    let id = offline::id(&wish.id)?;
    let recording = match &wish.journal {
        Some(dir) => offline::recording(&offline::folder(globals, dir)?, id)?,
        None => {
            let (gateway, _) = session::signed_in(globals).await?;
            let path = format!("/sessions/{}/recording", segment(&id_text(&id)));
            let bytes = gateway.bytes(&path).await?;
            let recording = journal::recording_from(&bytes, id).ok_or_else(|| {
                Problem::new(Kind::NotFound, "the recording has nothing of this session")
            })?;
            if recording.locked > 0 {
                return Err(offline::locked());
            }
            recording
        }
    };
    if let Some(target) = &wish.against {
        // First: what was altered must not be run.
        sound(&recording)?;
        return against::run(globals, wish, target, &recording).await;
    }
    let mut steps = steps::steps(&recording.events);
    walk::narrow(&mut steps, &wish.only);
    let Some(first) = walk::begin(&steps, wish.from) else {
        return Err(Problem::new(
            Kind::NotFound,
            "the recording has nothing to begin with there",
        ));
    };
    if globals.json {
        print_json(steps.get(first..).unwrap_or_default())?;
        return sound(&recording);
    }
    match wish.step {
        true => {
            let (mut input, mut prompts) = (io::stdin().lock(), io::stderr().lock());
            walk::walk(&steps, first, &mut input, &mut prompts)?;
        }
        false => play(wish, steps.get(first..).unwrap_or_default()).await?,
    }
    sound(&recording)
}

fn print_json(steps: &[Step]) -> Result<(), Problem> {
    let steps = steps.iter().map(|step| {
        let marks = step.marks.iter().map(|mark| mark.word());
        serde_json::json!({
            "time": rfc3339(step.time),
            "sequence": step.sequence,
            "marks": marks.collect::<Vec<_>>(),
            "text": step.text,
        })
    });
    print::json(&steps.collect::<Vec<_>>())
}

async fn play(wish: &Replay, steps: &[Step]) -> Result<(), Problem> {
    let mut before = None;
    for step in steps {
        if let Some(pause) = pause(before, step.time, wish.speed) {
            tokio::time::sleep(pause).await;
        }
        before = Some(step.time);
        print::line(&step.text)?;
    }
    Ok(())
}

fn pause(before: Option<u64>, time: u64, speed: f64) -> Option<Duration> {
    let passed = Duration::from_micros(time.saturating_sub(before?));
    let pause = (speed > 0.0).then(|| passed.as_secs_f64() / speed)?;
    Some(
        Duration::try_from_secs_f64(pause)
            .unwrap_or(PAUSE_MAX)
            .min(PAUSE_MAX),
    )
}

fn sound(recording: &Recording) -> Result<(), Problem> {
    let alarms = recording.findings.iter().filter(|f| f.is_alarm());
    let alarms: Vec<String> = alarms.map(ToString::to_string).collect();
    if alarms.is_empty() {
        return Ok(());
    }
    for alarm in &alarms {
        eprintln!("{}", single_line(alarm));
    }
    Err(Problem::new(Kind::Damaged, "the recording does not verify")
        .hint("portcullis audit verify --journal DIR"))
}

#[cfg(test)]
mod testing {
    #![allow(clippy::unwrap_used)]

    /// One backend message.
    pub(super) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap();
        [&[kind][..], &length.to_be_bytes(), body].concat()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn pauses_follow_the_speed_and_are_bounded() {
        let seconds = |s: f64| Some(Duration::from_secs_f64(s));
        assert_eq!(pause(None, 5, 1.0), None);
        assert_eq!(pause(Some(0), 2_000_000, 1.0), seconds(2.0));
        assert_eq!(pause(Some(0), 2_000_000, 4.0), seconds(0.5));
        assert_eq!(pause(Some(0), 2_000_000, 0.0), None);
        assert_eq!(pause(Some(9), 0, 1.0), seconds(0.0));
        assert_eq!(pause(Some(0), u64::MAX, 1e-300), Some(PAUSE_MAX));
    }
}
