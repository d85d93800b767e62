//! The web page: server-rendered, plain forms, no script.
//!
//! Knows no act's rules; shows what `acts` gives. All text of foreign origin goes through
//! [`contract::visible`] and the templates' escaping.

pub(crate) mod approvals;
pub(crate) mod sessions;
pub(crate) mod sign_in;

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use contract::visible::{self, Piece};

use crate::caller::{Caller, Permission};
use crate::failure::Failure;
use crate::shared::Shared;
use crate::web_session::Browser;

/// What every page has around it.
pub(crate) struct Frame {
    /// Who is signed in.
    pub user: Option<String>,
    /// The session's CSRF token, for forms.
    pub csrf: String,
    /// Which entry of the navigation is current.
    pub place: &'static str,
    /// Whether the list of sessions is worth a link.
    pub sees_recordings: bool,
}

impl Frame {
    pub(crate) fn anonymous() -> Self {
        Self {
            user: None,
            csrf: String::new(),
            place: "",
            sees_recordings: false,
        }
    }

    fn of(browser: &Browser) -> Self {
        Self {
            user: Some(visible::single_line(&browser.login.principal.name)),
            csrf: browser.csrf.expose().clone(),
            place: "",
            sees_recordings: false,
        }
    }

    pub(crate) fn at(
        place: &'static str,
        browser: &Browser,
        caller: &Caller,
        shared: &Shared,
    ) -> Self {
        Self {
            place,
            sees_recordings: caller.may(Permission::ViewRecordings, &shared.parts.rules),
            ..Self::of(browser)
        }
    }
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage<'a> {
    frame: Frame,
    message: &'a str,
    hint: Option<&'a str>,
}

/// A failure as a page.
pub(crate) fn failure(failure: &Failure, browser: Option<&Browser>) -> Response {
    let page = FailurePage {
        frame: browser.map_or_else(Frame::anonymous, Frame::of),
        message: &failure.message,
        hint: failure.hint.as_deref(),
    };
    (failure.status(), render(&page)).into_response()
}

/// A page, or the little that is left to say when rendering fails.
pub(crate) fn render(page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => Html(text).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            (StatusCode::INTERNAL_SERVER_ERROR, "the page failed").into_response()
        }
    }
}

/// A file that is part of the page.
pub(crate) fn asset(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "public, max-age=300"),
    ];
    (headers, text).into_response()
}

/// Text as lines of pieces, and how many hidden characters were spelled out.
pub(crate) fn lines(text: &str) -> (Vec<Vec<Piece<'_>>>, usize) {
    let lines: Vec<_> = visible::lines(text).collect();
    let pieces = lines.iter().flatten();
    let hidden = pieces.filter(|p| matches!(p, Piece::Hidden(_))).count();
    (lines, hidden)
}

/// `2026-01-31T12:00:00Z` as people read it.
pub(crate) fn readable(time: &str) -> String {
    let second = time.get(..19).unwrap_or(time);
    format!("{} UTC", second.replace('T', " "))
}
