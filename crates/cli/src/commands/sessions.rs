//! `sessions list | show | kill` and `search`, through the gateway or from a journal's folder.

use contract::{Hit, SearchResults, Session, SessionEnded, SessionList};
use jiff::Timestamp;
use ledger::find::asked;

use crate::args::{self, Globals, Search, Sessions};
use crate::commands::offline;
use crate::http::{Gateway, segment};
use crate::print;
use crate::problem::{Kind, Problem};
use crate::session;

pub(crate) async fn run(globals: &Globals, command: &Sessions) -> Result<(), Problem> {
    match command {
        Sessions::List(wish) => list(globals, wish).await,
        Sessions::Show { id, journal } => {
            let session = match journal {
                Some(dir) => {
                    offline::session_by_id(&offline::folder(globals, dir)?, offline::id(id)?)?
                }
                None => {
                    let (gateway, _) = session::signed_in(globals).await?;
                    let path = format!("/sessions/{}", segment(id));
                    gateway.get(&path, &[]).await?
                }
            };
            show(globals, &session)
        }
        Sessions::Kill { id } => kill(globals, id).await,
    }
}

async fn list(globals: &Globals, wish: &args::SessionList) -> Result<(), Problem> {
    let sessions = match &wish.journal {
        Some(dir) => offline::sessions(&offline::folder(globals, dir)?, wish)?,
        None => {
            let (gateway, _) = session::signed_in(globals).await?;
            let limit = wish.limit.to_string();
            let query = [
                ("principal", wish.principal.as_str()),
                ("resource", &wish.resource),
                ("limit", &limit),
            ];
            let list: SessionList = gateway.get("/sessions", &query).await?;
            list.sessions
        }
    };
    if globals.json {
        return print::json(&SessionList { sessions });
    }
    let rows = sessions.iter().map(|s| {
        vec![
            s.id.clone(),
            print::time(&s.started),
            who(s),
            s.resource.clone(),
            s.actions.to_string(),
            s.denied.to_string(),
            s.held.to_string(),
            state(s).to_owned(),
        ]
    });
    let header = [
        "id",
        "started (utc)",
        "who",
        "resource",
        "actions",
        "denied",
        "held",
        "",
    ];
    print::table(&header, rows.collect(), "There are no sessions.")
}

fn state(s: &Session) -> &'static str {
    match (&s.erased, s.live) {
        (Some(_), _) => "erased",
        (None, true) => "live",
        (None, false) => "",
    }
}

fn who(s: &Session) -> String {
    match &s.acts_for {
        Some(human) => format!("{} for {human}", s.name),
        None => s.name.clone(),
    }
}

fn show(globals: &Globals, s: &Session) -> Result<(), Problem> {
    if globals.json {
        return print::json(s);
    }
    if let Some(erased) = &s.erased {
        return print::facts(&[
            ("id", s.id.clone()),
            ("started", s.started.clone()),
            ("erased", erased.time.clone()),
            ("by", erased.by.clone()),
        ]);
    }
    let text = |t: &Option<String>| t.clone().unwrap_or_default();
    print::facts(&[
        ("id", s.id.clone()),
        ("who", who(s)),
        ("kind", s.kind.clone()),
        ("principal", s.principal.clone()),
        ("credential", s.credential.clone()),
        ("resource", s.resource.clone()),
        ("database", s.database.clone()),
        ("application", s.application.clone()),
        ("address", s.address.clone()),
        ("started", s.started.clone()),
        ("ended", text(&s.ended)),
        ("because", text(&s.end_reason)),
        ("live", if s.live { "yes" } else { "no" }.to_owned()),
        ("actions", s.actions.to_string()),
        ("denied", s.denied.to_string()),
        ("held", s.held.to_string()),
    ])
}

async fn kill(globals: &Globals, id: &str) -> Result<(), Problem> {
    let (gateway, _) = session::signed_in(globals).await?;
    let path = format!("/sessions/{}/kill", segment(id));
    let done: SessionEnded = gateway.post(&path, &serde_json::json!({})).await?;
    if globals.json {
        return print::json(&done);
    }
    if done.ended {
        return print::line("The session was told to end");
    }
    Err(Problem::new(Kind::NotFound, "the session is not open"))
}

pub(crate) async fn search(globals: &Globals, wish: &Search) -> Result<(), Problem> {
    let now = Timestamp::now();
    let since = time(wish.since.as_deref(), now)?;
    let until = time(wish.until.as_deref(), now)?;
    let text = |t: Option<Timestamp>| t.map(|t| t.to_string()).unwrap_or_default();
    let pairs = wish.pairs(text(since), text(until));
    let results = match &wish.journal {
        Some(dir) => {
            let pairs = pairs.iter().map(|(name, value)| (*name, value.as_str()));
            let filter = asked::filter(pairs);
            let filter = filter.map_err(|error| Problem::usage(error.to_string()))?;
            offline::search(&offline::folder(globals, dir)?, &filter)?
        }
        None => {
            let (gateway, _) = session::signed_in(globals).await?;
            page(&gateway, pairs).await?
        }
    };
    show_hits(globals, &results)
}

/// Goes on where the gateway's time ran out, until the page is full or all was looked at.
async fn page(
    gateway: &Gateway,
    mut pairs: Vec<(&'static str, String)>,
) -> Result<SearchResults, Problem> {
    let value = |name: &str| {
        let found = pairs.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.clone())
    };
    let limit: usize = value("limit")
        .and_then(|limit| limit.parse().ok())
        .unwrap_or(asked::LIMIT);
    let mut all = SearchResults::default();
    for is_first in std::iter::once(true).chain(std::iter::repeat(false)) {
        let query: Vec<_> = pairs.iter().map(|(name, v)| (*name, v.as_str())).collect();
        let mut found: SearchResults = gateway.get("/search", &query).await?;
        all.hits.append(&mut found.hits);
        if is_first {
            all.newest_missing = found.newest_missing;
            all.indexed_to = found.indexed_to.take();
        }
        let before = pairs.iter().find(|(name, _)| *name == "before");
        let is_further =
            found.next.is_some() && before.map(|(_, place)| place) != found.next.as_ref();
        all = SearchResults {
            truncated: found.truncated,
            complete: found.complete && !all.newest_missing,
            searched_to: found.searched_to,
            next: found.next,
            ..all
        };
        let left = limit.saturating_sub(all.hits.len());
        if found.complete || !is_further || left == 0 {
            break;
        }
        pairs.retain(|(name, _)| !["before", "limit"].contains(name));
        pairs.push(("before", all.next.clone().unwrap_or_default()));
        pairs.push(("limit", left.to_string()));
    }
    Ok(all)
}

fn show_hits(globals: &Globals, results: &SearchResults) -> Result<(), Problem> {
    if globals.json {
        return print::json(results);
    }
    let row = |hit: &Hit| {
        vec![
            print::time(&hit.time),
            format!("{}#{}", hit.session, hit.sequence),
            hit.name.clone(),
            hit.resource.clone(),
            hit.outcome.clone(),
            print::excerpt(&hit.text, 80),
        ]
    };
    let rows = results.hits.iter().map(row).collect();
    let header = [
        "time (utc)",
        "action",
        "who",
        "resource",
        "outcome",
        "statement",
    ];
    print::table(&header, rows, "Nothing was found.")?;
    if results.newest_missing {
        let to = results.indexed_to.as_deref().map(print::time);
        let to = to.unwrap_or_else(|| "its beginning".to_owned());
        eprintln!(
            "The index is far behind. What was recorded after {to} was not looked at: ask again later."
        );
    } else if !results.complete {
        eprintln!("Time ran out before all was looked at: narrow the search, or go on as below.");
    }
    if let Some(back) = &results.searched_to {
        eprintln!("Looked back to {}.", print::time(back));
    }
    if let Some(next) = &results.next {
        eprintln!("There is more: --before {next}");
    }
    Ok(())
}

/// A time, or an age before `now`.
pub(crate) fn time(text: Option<&str>, now: Timestamp) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = text else {
        return Ok(None);
    };
    if let Ok(stamp) = text.parse() {
        return Ok(Some(stamp));
    }
    let age = args::duration(text).ok();
    let then = age.and_then(|age| now.checked_sub(age).ok());
    then.map(Some).ok_or_else(|| {
        Problem::usage(format!("`{text}` is not a time"))
            .hint("2026-01-31T12:00:00Z, or an age such as 2h or 7d")
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn times_and_ages_are_read() {
        let now: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap();
        let check = |text: &str, expect: Option<&str>| {
            let found = time(Some(text), now).ok().flatten().map(|t| t.to_string());
            assert_eq!(found.as_deref(), expect, "{text}");
        };
        check("2h", Some("2026-01-31T10:00:00Z"));
        check("2026-01-01T00:00:00Z", Some("2026-01-01T00:00:00Z"));
        check("yesterday", None);
        check("999999999d", None);
    }
}
