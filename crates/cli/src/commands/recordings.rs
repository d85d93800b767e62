//! `recordings erase | hold | index | reindex`.
//!
//! Erasing goes through the gateway alone, which knows who asks and what is held. Nothing here destroys a key.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use contract::visible::single_line;
use contract::{
    EraseRecordings, Hold, HoldList, IndexState, PlaceHold, RecordingsErased, ReleaseHold,
};
use jiff::Timestamp;

use crate::args::{AddHold, Erase, Globals, Holds, Recordings};
use crate::commands::sessions::time;
use crate::http::segment;
use crate::print;
use crate::problem::{Kind, Problem};
use crate::session;

pub(crate) async fn run(globals: &Globals, command: &Recordings) -> Result<(), Problem> {
    match command {
        Recordings::Erase(wish) => erase(globals, wish).await,
        Recordings::Hold(Holds::Add(wish)) => add(globals, wish).await,
        Recordings::Hold(Holds::List) => list(globals).await,
        Recordings::Hold(Holds::Release { id, reason }) => release(globals, id, reason).await,
        Recordings::Index => {
            let (gateway, _) = session::signed_in(globals).await?;
            index(globals, &gateway.get("/recordings/index", &[]).await?)
        }
        Recordings::Reindex => {
            let (gateway, _) = session::signed_in(globals).await?;
            let path = "/recordings/index/rebuild";
            index(globals, &gateway.post(path, &serde_json::json!({})).await?)
        }
    }
}

async fn erase(globals: &Globals, wish: &Erase) -> Result<(), Problem> {
    let before = time(wish.before.as_deref(), Timestamp::now())?;
    let body = EraseRecordings {
        sessions: wish.sessions.clone(),
        principal: wish.principal.clone(),
        resource: wish.resource.clone(),
        before: before.map(|time| time.to_string()),
        reason: wish.reason.clone(),
    };
    let (gateway, _) = session::signed_in(globals).await?;
    if !wish.yes {
        confirm(&body)?;
    }
    let done: RecordingsErased = gateway.post("/recordings/erase", &body).await?;
    let kept = |fate: &str| !["erased", "already"].contains(&fate);
    let is_kept = done.recordings.iter().any(|one| kept(&one.fate));
    if globals.json {
        print::json(&done)?;
    } else {
        let row = |one: &contract::RecordingFate| {
            let why = match one.fate.as_str() {
                "erased" => "erased".to_owned(),
                "already" => "was erased before".to_owned(),
                "live" => "not erased: it is still being written".to_owned(),
                "held" => format!("not erased: hold {}", one.hold.clone().unwrap_or_default()),
                "no_key" => "not erased: not encrypted, or unknown".to_owned(),
                other => other.to_owned(),
            };
            vec![one.session.clone(), why]
        };
        let rows = done.recordings.iter().map(row).collect();
        print::table(&["session", ""], rows, "No recording is meant.")?;
    }
    match is_kept {
        true => Err(Problem::failed("not all of them were erased")),
        false => Ok(()),
    }
}

/// Asks whether it is meant: nothing brings a recording back.
fn confirm(wish: &EraseRecordings) -> Result<(), Problem> {
    if !io::stdin().is_terminal() {
        return Err(Problem::usage(
            "erasing takes --yes where nobody can be asked",
        ));
    }
    let mut parts = Vec::new();
    if !wish.sessions.is_empty() {
        parts.push(format!("sessions {}", wish.sessions.join(", ")));
    }
    parts.extend(
        wish.principal
            .as_ref()
            .map(|who| format!("principal {who}")),
    );
    parts.extend(
        wish.resource
            .as_ref()
            .map(|name| format!("resource {name}")),
    );
    parts.extend(
        wish.before
            .as_ref()
            .map(|time| format!("begun before {time}")),
    );
    eprint!("Erase for good: {}? [y/N] ", single_line(&parts.join("; ")));
    io::stderr().flush().ok();
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    match read.is_ok() && ["y", "yes"].contains(&answer.trim().to_lowercase().as_str()) {
        true => Ok(()),
        false => Err(Problem::failed("nothing was erased")),
    }
}

async fn add(globals: &Globals, wish: &AddHold) -> Result<(), Problem> {
    let on = [
        ("session", &wish.session),
        ("principal", &wish.principal),
        ("resource", &wish.resource),
    ];
    let mut on = on
        .into_iter()
        .filter_map(|(kind, value)| Some((kind, value.clone()?)));
    let (kind, value) = on
        .next()
        .ok_or_else(|| Problem::usage("a hold is on a session, a principal or a resource"))?;
    let body = PlaceHold {
        on: kind.to_owned(),
        value,
        reason: wish.reason.clone(),
    };
    let (gateway, _) = session::signed_in(globals).await?;
    let hold: Hold = gateway.post("/holds", &body).await?;
    told(globals, "Placed", &hold)
}

async fn release(globals: &Globals, id: &str, reason: &str) -> Result<(), Problem> {
    let (gateway, _) = session::signed_in(globals).await?;
    let path = format!("/holds/{}/release", segment(id));
    let reason = reason.to_owned();
    let hold: Hold = gateway.post(&path, &ReleaseHold { reason }).await?;
    told(globals, "Released", &hold)
}

async fn list(globals: &Globals) -> Result<(), Problem> {
    let (gateway, _) = session::signed_in(globals).await?;
    let list: HoldList = gateway.get("/holds", &[]).await?;
    if globals.json {
        return print::json(&list);
    }
    let row = |hold: &Hold| {
        vec![
            hold.id.clone(),
            format!("{} {}", hold.on, hold.value),
            hold.by.clone(),
            print::time(&hold.placed),
            print::excerpt(&hold.reason, 80),
        ]
    };
    let rows = list.holds.iter().map(row).collect();
    let header = ["id", "on", "by", "placed (utc)", "reason"];
    print::table(&header, rows, "There are no holds.")
}

fn index(globals: &Globals, state: &IndexState) -> Result<(), Problem> {
    if globals.json {
        return print::json(state);
    }
    if !state.indexed {
        return print::line("Recordings are not indexed: searches read the journal");
    }
    let to = state.indexed_to.as_deref().map(print::time);
    let behind = match state.behind_bytes {
        0 => "nothing".to_owned(),
        bytes => format!("{bytes} bytes, for {} s", state.behind_seconds),
    };
    print::facts(&[
        ("actions", state.entries.to_string()),
        ("bytes", state.bytes.to_string()),
        ("indexed to", to.unwrap_or_default()),
        ("behind", behind),
        ("to be merged", state.unmerged.to_string()),
        (
            "failing",
            match state.failing_seconds {
                Some(seconds) => format!("for {seconds} s; the gateway's log says why"),
                None => "no".to_owned(),
            },
        ),
    ])
}

fn told(globals: &Globals, what: &str, hold: &Hold) -> Result<(), Problem> {
    if globals.json {
        return print::json(hold);
    }
    let line = format!("{what} hold {} on {} {}", hold.id, hold.on, hold.value);
    print::line(&single_line(&line))
}

/// What is said where a recording was erased.
pub(crate) fn erased(when: &str, by: &str) -> Problem {
    let day = when.split('T').next().unwrap_or_default();
    let message = format!("the recording was erased on {day} by {by}");
    Problem::new(Kind::NotFound, message).hint("its records and their hashes still verify")
}
