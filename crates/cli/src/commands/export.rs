//! `export`: audit events for other tools, through the gateway or from a journal's folder.
//!
//! Never leaves half an export under the name that was asked for.

use std::io::Write;

use export::{Filter, Format, Kind};
use jiff::Timestamp;

use crate::args::{Export, Globals};
use crate::commands::output::{Output, unwritten};
use crate::commands::{offline, sessions};
use crate::problem::{Kind as Problems, Problem};
use crate::session;

pub(crate) async fn export(globals: &Globals, wish: &Export) -> Result<(), Problem> {
    let format = Format::parse(&wish.format)
        .ok_or_else(|| Problem::usage(format!("{} is no format", wish.format)))?;
    let folder = wish.journal.as_deref();
    let folder = folder
        .map(|dir| offline::folder(globals, dir))
        .transpose()?;
    let filter = filter(wish)?;
    let mut out = Output::open(&wish.output)?;
    let written = match &folder {
        Some(folder) => {
            let mut encoder = format.encoder();
            let done = export::export(folder, u64::MAX, &filter, &mut *encoder, &mut out.to);
            done.map(drop).map_err(|error| failed(&error))
        }
        None => fetch(globals, wish, &mut out.to).await,
    };
    match written {
        Ok(()) => out.keep(),
        Err(problem) => {
            out.discard();
            Err(problem)
        }
    }
}

fn filter(wish: &Export) -> Result<Filter, Problem> {
    let now = Timestamp::now();
    let micros = |time: Option<Timestamp>| {
        time.map(|time| u64::try_from(time.as_microsecond()).unwrap_or(0))
    };
    Ok(Filter {
        since: micros(sessions::time(wish.since.as_deref(), now)?),
        until: micros(sessions::time(wish.until.as_deref(), now)?),
        session: wish.session.as_deref().map(offline::id).transpose()?,
        resource: wish.resource.clone(),
        principal: wish.principal.clone(),
        kinds: wish
            .kinds
            .iter()
            .filter_map(|name| Kind::parse(name))
            .collect(),
    })
}

/// Asks the gateway and writes what it answers, piece by piece.
async fn fetch(globals: &Globals, wish: &Export, out: &mut dyn Write) -> Result<(), Problem> {
    let (gateway, _) = session::signed_in(globals).await?;
    let now = Timestamp::now();
    let text = |time: Option<Timestamp>| time.map(|t| t.to_string()).unwrap_or_default();
    let (since, until) = (
        text(sessions::time(wish.since.as_deref(), now)?),
        text(sessions::time(wish.until.as_deref(), now)?),
    );
    let kinds = wish.kinds.join(",");
    let query = [
        ("format", wish.format.as_str()),
        ("since", &since),
        ("until", &until),
        ("session", wish.session.as_deref().unwrap_or_default()),
        ("resource", &wish.resource),
        ("principal", &wish.principal),
        ("kinds", &kinds),
    ];
    let mut response = gateway.long("/export", &query).await?;
    loop {
        let chunk = response.chunk().await.map_err(|error| {
            Problem::new(Problems::Unavailable, "the gateway broke the export off")
                .hint(crate::http::unreachable_by(&error).message)
        })?;
        match chunk {
            Some(chunk) => out.write_all(&chunk).map_err(|error| unwritten(&error))?,
            None => return out.flush().map_err(|error| unwritten(&error)),
        }
    }
}

fn failed(error: &export::Error) -> Problem {
    match error {
        export::Error::Write(source) => unwritten(source),
        export::Error::Read { .. } => Problem::failed(error.to_string()),
    }
}
