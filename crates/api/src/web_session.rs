//! Browser sessions and sign-ins under way: in memory, bounded, expiring.
//!
//! Knows no HTTP beyond the cookie's text. Session ids are kept as hashes only, so that a look into this table
//! gives nobody a session.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gate::ports::Authenticated;
use identity::rp::SignIn;
use model::Secret;
use sha2::{Digest, Sha256};

/// How long a browser session lives at most.
const SESSION_LIFE: Duration = Duration::from_secs(8 * 3600);
/// How long one may stay unused.
const SESSION_IDLE: Duration = Duration::from_secs(3600);
/// Browser sessions kept; beyond it the one unused longest goes.
const SESSIONS_MAX: usize = 4_096;
/// How long a sign-in may take at the identity provider.
const SIGN_IN_LIFE: Duration = Duration::from_secs(600);
/// Sign-ins under way; beyond it the oldest goes.
const SIGN_INS_MAX: usize = 1_024;

type Fingerprint = [u8; 32];

/// 256 random bits, base64url.
pub(crate) fn random_token() -> Result<Secret<String>, getrandom::Error> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes)?;
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(bytes)))
}

fn fingerprint(text: &str) -> Fingerprint {
    Sha256::digest(text.as_bytes()).into()
}

/// A signed-in browser as one request sees it.
#[derive(Clone, Debug)]
pub(crate) struct Browser {
    /// Who signed in.
    pub login: Authenticated,
    /// What every form must bring back.
    pub csrf: Secret<String>,
}

struct Kept {
    browser: Browser,
    started: Instant,
    used: Instant,
    ends: Option<SystemTime>,
}

/// A sign-in that went to the identity provider.
pub(crate) struct SignInUnderWay {
    /// State, nonce and PKCE's secret half.
    pub sign_in: SignIn,
    /// Where to go afterwards; a path on this site.
    pub next: String,
    /// Fingerprint of the cookie of the browser that started it.
    browser: Fingerprint,
    started: Instant,
}

/// Both tables.
#[derive(Default)]
pub(crate) struct WebSessions {
    sessions: Mutex<HashMap<Fingerprint, Kept>>,
    sign_ins: Mutex<HashMap<Fingerprint, SignInUnderWay>>,
}

impl WebSessions {
    /// Starts a session and returns the cookie's value.
    pub(crate) fn start(&self, login: Authenticated) -> Result<Secret<String>, getrandom::Error> {
        let (id, csrf) = (random_token()?, random_token()?);
        let now = Instant::now();
        let ends = login.end_with_token;
        let kept = Kept {
            browser: Browser { login, csrf },
            started: now,
            used: now,
            ends,
        };
        let mut sessions = lock(&self.sessions);
        sessions.retain(|_, kept| kept.is_good(now));
        make_room(&mut sessions, SESSIONS_MAX, |kept| kept.used);
        sessions.insert(fingerprint(id.expose()), kept);
        Ok(id)
    }

    /// The session that a cookie names, if it is good.
    pub(crate) fn find(&self, cookie: &str) -> Option<Browser> {
        let (key, now) = (fingerprint(cookie), Instant::now());
        let mut sessions = lock(&self.sessions);
        let kept = sessions.get_mut(&key)?;
        if !kept.is_good(now) {
            sessions.remove(&key);
            return None;
        }
        kept.used = now;
        Some(kept.browser.clone())
    }

    /// Ends a session.
    pub(crate) fn end(&self, cookie: &str) {
        lock(&self.sessions).remove(&fingerprint(cookie));
    }

    /// Ends every session of a principal, or of one credential. Nobody signs in here with what the gateway made.
    pub(crate) fn end_of(&self, name: &str) {
        lock(&self.sessions).retain(|_, kept| {
            let login = &kept.browser.login;
            login.principal.key() != name && login.credential != name
        });
    }

    /// Remembers a sign-in under its state, for the browser that holds `cookie`.
    pub(crate) fn remember(&self, sign_in: SignIn, cookie: &str, next: String) {
        let now = Instant::now();
        let mut sign_ins = lock(&self.sign_ins);
        sign_ins.retain(|_, s| now.saturating_duration_since(s.started) < SIGN_IN_LIFE);
        make_room(&mut sign_ins, SIGN_INS_MAX, |s| s.started);
        let state = fingerprint(&sign_in.state);
        let under_way = SignInUnderWay {
            sign_in,
            next,
            browser: fingerprint(cookie),
            started: now,
        };
        sign_ins.insert(state, under_way);
    }

    /// Takes a sign-in out, once; `None` when unknown, too old, or another browser's.
    pub(crate) fn take(&self, state: &str, cookie: &str) -> Option<SignInUnderWay> {
        let taken = lock(&self.sign_ins).remove(&fingerprint(state))?;
        let is_young = taken.started.elapsed() < SIGN_IN_LIFE;
        (is_young && taken.browser == fingerprint(cookie)).then_some(taken)
    }
}

impl Kept {
    fn is_good(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.started) < SESSION_LIFE
            && now.saturating_duration_since(self.used) < SESSION_IDLE
            && self.ends.is_none_or(|ends| SystemTime::now() < ends)
    }
}

fn make_room<K: Eq + Hash + Copy, V>(
    table: &mut HashMap<K, V>,
    max: usize,
    age: impl Fn(&V) -> Instant,
) {
    while table.len() >= max {
        let Some(oldest) = table.iter().min_by_key(|(_, v)| age(v)).map(|(k, _)| *k) else {
            return;
        };
        table.remove(&oldest);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testing::login;

    #[test]
    fn a_session_is_found_by_its_cookie_until_it_ends() {
        let sessions = WebSessions::default();
        let cookie = sessions.start(login("ada", &[])).unwrap();
        assert_eq!(
            sessions.find(cookie.expose()).unwrap().login.principal.name,
            "ada"
        );
        assert!(sessions.find("other").is_none());
        sessions.end(cookie.expose());
        assert!(sessions.find(cookie.expose()).is_none());
    }

    #[test]
    fn a_session_ends_with_its_token_and_with_its_principal() {
        let sessions = WebSessions::default();
        let mut over = login("ada", &[]);
        over.end_with_token = Some(SystemTime::UNIX_EPOCH);
        let cookie = sessions.start(over).unwrap();
        assert!(sessions.find(cookie.expose()).is_none());
        let good = login("ada", &[]);
        let key = good.principal.key();
        let cookie = sessions.start(good).unwrap();
        sessions.end_of(&key);
        assert!(sessions.find(cookie.expose()).is_none());
    }

    #[test]
    fn the_tables_are_bounded() {
        let sessions = WebSessions::default();
        let first = sessions.start(login("first", &[])).unwrap();
        for _ in 0..SESSIONS_MAX {
            sessions.start(login("ada", &[])).unwrap();
        }
        assert_eq!(lock(&sessions.sessions).len(), SESSIONS_MAX);
        assert!(sessions.find(first.expose()).is_none());
        let oldest = SignIn::start("r").unwrap();
        sessions.remember(oldest.clone(), "c", String::new());
        for _ in 0..SIGN_INS_MAX {
            sessions.remember(SignIn::start("r").unwrap(), "c", String::new());
        }
        assert_eq!(lock(&sessions.sign_ins).len(), SIGN_INS_MAX);
        assert!(sessions.take(&oldest.state, "c").is_none());
    }

    #[test]
    fn a_sign_in_is_taken_once_and_by_the_same_browser() {
        let sessions = WebSessions::default();
        let remember = || {
            let sign_in = SignIn::start("r").unwrap();
            sessions.remember(sign_in.clone(), "mine", "/".into());
            sign_in
        };
        let a = remember();
        assert!(sessions.take(&a.state, "theirs").is_none());
        assert!(sessions.take(&a.state, "mine").is_none(), "spent");
        let b = remember();
        assert_eq!(
            sessions.take(&b.state, "mine").unwrap().sign_in.nonce,
            b.nonce
        );
        assert!(sessions.take(&b.state, "mine").is_none());
    }
}
