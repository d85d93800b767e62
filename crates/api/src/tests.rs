//! The API as a whole: who reaches what, forms, sign-in, approvals, keys, recordings, hostile text.
#![allow(clippy::unwrap_used)]

use std::sync::Mutex;

use axum::http::Request;
use gate::live::{Entry, StopReason};
use gate::ports::ApprovalState;
use gate::testing::JournalFault;
use model::SessionId;

use crate::caller::Need;
use crate::route::{Access, Peer};
use crate::testing::{World, agent, login};

fn builder(method: &axum::http::Method, path: &str) -> axum::http::request::Builder {
    let path = path.replace("{ticket}", "T-0123456789");
    let path = path.replace("{id}", "01998877-6655-7443-a221-100f0e0d0c0b");
    let path = path.replace("{level}", "0").replace("{*index}", "000.p/1");
    Request::builder().method(method.clone()).uri(path)
}

#[tokio::test]
async fn the_ledger_shows_hashes_to_all_and_entries_to_viewers() {
    let world = World::new();
    let open = |path: &'static str| builder(&axum::http::Method::GET, path);
    let checkpoint = world.send(open("/ledger/checkpoint"), "").await;
    assert!(checkpoint.status == 200 && checkpoint.body.starts_with("gate.example/log\n"));
    assert_eq!(
        checkpoint.header("content-type"),
        "text/plain; charset=utf-8"
    );
    assert_eq!(checkpoint.header("cache-control"), "no-store");
    let hashes = world.send(open("/ledger/tile/0/x001/000.p/1"), "").await;
    assert_eq!(
        (hashes.status, hashes.body.as_str()),
        (200, "tile/0/x001/000.p/1")
    );
    assert!(hashes.header("cache-control").contains("immutable"));
    assert!(
        world
            .send(open("/ledger/vkey"), "")
            .await
            .body
            .ends_with("\n")
    );
    let entries = "/ledger/tile/entries/000.p/1";
    assert_eq!(world.send(open(entries), "").await.status, 401);
    assert_eq!(world.get("ada", entries).await.status, 403);
    assert_eq!(
        world.get("vera", entries).await.body,
        "tile/entries/000.p/1"
    );
    // No way around: not under another name, not above the log.
    for path in [
        "/ledger/tile/entries/000.p/1/",
        "/ledger/tile/entries//000.p/1",
        "/ledger/tile/%65ntries/000.p/1",
        "/ledger/tile/0/%2e%2e/entries/000.p/1",
        "/ledger/tile/0/../../../../ledger.key",
        "/ledger/tile/0/000",
        "/ledger/tile/0/..%2f..%2fledger.key",
        "/ledger/tile/9/000.p/1",
        "/ledger/key",
        "/ledger/",
    ] {
        let answer = world.send(open(path), "").await;
        assert!(
            matches!(answer.status, 401 | 404),
            "{path}: {}",
            answer.status
        );
    }
}

#[tokio::test]
async fn no_route_is_reached_without_a_credential() {
    let world = World::new();
    for route in &world.routes {
        let answer = world.send(builder(&route.method, route.path), "").await;
        match route.access {
            Access::Public | Access::SignIn => assert_ne!(answer.status, 401, "{route:?}"),
            Access::Metrics => assert_eq!(answer.status, 200),
            Access::Api(_) => {
                assert_eq!(answer.status, 401, "{route:?}");
                assert!(answer.header("www-authenticate").starts_with("Bearer"));
            }
            Access::Page(_) => {
                assert_eq!(answer.status, 303, "{route:?}");
                assert!(answer.header("location").starts_with("/?next="));
            }
        }
        let csp = answer.header("content-security-policy");
        assert!(csp.contains("default-src 'none'"), "{route:?}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
}

#[tokio::test]
async fn no_route_is_reached_with_a_credential_that_does_not_suffice() {
    let world = World::new();
    for route in &world.routes {
        let (need, is_page) = match route.access {
            Access::Api(need) => (need, false),
            Access::Page(need) => (need, true),
            Access::Public | Access::SignIn | Access::Metrics => continue,
        };
        let wrong: &[&str] = match need {
            Need::SignedIn => &[],
            Need::Direct => &["keyed"],
            Need::Person => &["bot", "keyed"],
            Need::Permitted(_) => &["bot", "keyed", "ada", "dana"],
        };
        for who in wrong {
            let mut request = builder(&route.method, route.path);
            let mut body = "{}".to_owned();
            if is_page {
                let login = match *who {
                    "bot" => agent(),
                    other => login(other, &["dba"]),
                };
                if *who == "keyed" {
                    continue;
                }
                let (cookie, csrf) = world.browser(login);
                body = format!("csrf={csrf}");
                request = request
                    .header("cookie", cookie)
                    .header("content-type", "application/x-www-form-urlencoded");
            } else {
                request = request
                    .header("authorization", format!("Bearer {who}"))
                    .header("content-type", "application/json");
            }
            let answer = world.send(request, &body).await;
            assert_eq!(answer.status, 403, "{who} at {route:?}: {}", answer.body);
        }
    }
    assert!(world.bench.journal.lines().is_empty(), "nothing was done");
}

#[tokio::test]
async fn metrics_are_for_this_machine() {
    let world = World::new();
    let far = Peer("192.0.2.1".parse().unwrap());
    let answer = world
        .send(Request::get("/metrics").extension(far), "")
        .await;
    assert_eq!(answer.status, 404);
    let forwarded = Request::get("/metrics").header("x-forwarded-for", "192.0.2.1");
    assert_eq!(world.send(forwarded, "").await.status, 404);
}

#[tokio::test]
async fn failed_credentials_run_dry() {
    let world = World::new();
    let mut statuses = Vec::new();
    for _ in 0..40 {
        statuses.push(world.get("nobody", "/api/v1/whoami").await.status);
    }
    assert_eq!(statuses.first(), Some(&401));
    assert_eq!(statuses.last(), Some(&429));
}

#[tokio::test]
async fn a_form_needs_its_token_and_its_site() {
    let world = World::new();
    let asked = world.ask(|_| {}).await;
    let (cookie, csrf) = world.browser(login("dana", &["dba"]));
    let binding = ledger::Hex(&asked.binding.0);
    let path = format!("/approvals/{}/answer", asked.id.ticket());
    let check = async |token: &str, site: Option<(&str, &str)>, expect: u16| {
        let mut request = Request::post(&path)
            .header("cookie", &cookie)
            .header("content-type", "application/x-www-form-urlencoded");
        if let Some((name, value)) = site {
            request = request.header(name, value);
        }
        let body = format!("csrf={token}&answer=approve&comment=fine&binding={binding}");
        let answer = world.send(request, &body).await;
        assert_eq!(answer.status, expect, "{token} {site:?}: {}", answer.body);
    };
    check("", None, 403).await;
    check("wrong", None, 403).await;
    check(&csrf, Some(("sec-fetch-site", "cross-site")), 403).await;
    check(&csrf, Some(("sec-fetch-site", "same-site")), 403).await;
    check(&csrf, Some(("origin", "https://evil.example")), 403).await;
    check(&csrf, Some(("origin", "null")), 403).await;
    assert!(world.bench.journal.lines().is_empty());
    check(&csrf, Some(("origin", "https://gate.example")), 303).await;
    let shown = world
        .get("dana", &format!("/api/v1/approvals/{}", asked.id))
        .await;
    assert!(
        shown.body.contains(r#""state":"approved""#),
        "{}",
        shown.body
    );
}

#[tokio::test]
async fn signing_in_and_out_through_the_browser() {
    let world = World::new();
    let start = world
        .send(Request::get("/sign-in?next=/approvals/T-1"), "")
        .await;
    assert_eq!(start.status, 303);
    let state = start
        .header("location")
        .split("state=")
        .nth(1)
        .unwrap()
        .to_owned();
    let set = start.cookie("__Host-portcullis-sign-in").unwrap();
    for attribute in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
        assert!(set.contains(attribute), "{set}");
    }
    let browser = format!(
        "__Host-portcullis-sign-in={}",
        set.split(';').next().unwrap()
    );
    let back = async |state: &str, code: &str, cookie: &str| {
        let uri = format!("/auth/callback?state={state}&code={code}");
        world
            .send(Request::get(uri).header("cookie", cookie), "")
            .await
    };
    assert_eq!(back("other", "good", &browser).await.status, 400);
    assert_eq!(back(&state, "good", "x=1").await.status, 400);
    let done = back(&state, "good", &browser).await;
    assert_eq!(
        (done.status, done.header("location")),
        (303, "/approvals/T-1")
    );
    let set = done.cookie("__Host-portcullis").unwrap();
    assert_eq!(back(&state, "good", &browser).await.status, 400, "once");
    assert!(
        world
            .bench
            .journal
            .lines()
            .concat()
            .contains("page.signed_in")
    );

    let cookie = format!("__Host-portcullis={}", set.split(';').next().unwrap());
    let list = Request::get("/approvals").header("cookie", &cookie);
    let list = world.send(list, "").await;
    assert_eq!(list.status, 200);
    assert!(list.body.contains("Nothing is waiting"));
    let csrf = list.body.split("name=\"csrf\" value=\"").nth(1).unwrap();
    let csrf = csrf.split('"').next().unwrap();
    let out = Request::post("/sign-out")
        .header("cookie", &cookie)
        .header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(world.send(out, &format!("csrf={csrf}")).await.status, 303);
    let again = Request::get("/approvals").header("cookie", &cookie);
    assert!(
        world
            .send(again, "")
            .await
            .header("location")
            .starts_with("/?next=")
    );
}

#[tokio::test]
async fn a_bad_code_signs_nobody_in() {
    let world = World::new();
    let start = world.send(Request::get("/sign-in"), "").await;
    let state = start
        .header("location")
        .split("state=")
        .nth(1)
        .unwrap()
        .to_owned();
    let set = start.cookie("__Host-portcullis-sign-in").unwrap();
    let cookie = format!(
        "__Host-portcullis-sign-in={}",
        set.split(';').next().unwrap()
    );
    let uri = format!("/auth/callback?state={state}&code=bad");
    let answer = world
        .send(Request::get(uri).header("cookie", cookie), "")
        .await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.cookie("__Host-portcullis"), None);
}

#[tokio::test]
async fn approvals_are_seen_and_answered_by_those_concerned() {
    let world = World::new();
    let asked = world.ask(|_| {}).await;
    let path = format!("/api/v1/approvals/{}", asked.id.ticket());
    let answer = format!("{path}/answer");
    assert_eq!(
        world.get("vera", &path).await.status,
        404,
        "no business of hers"
    );
    assert_eq!(
        world.get("vera", "/api/v1/approvals").await.body,
        r#"{"approvals":[]}"#
    );
    assert_eq!(world.get("ada", &path).await.status, 200, "her agent asked");
    let body = |binding: &str| format!(r#"{{"approve":true,"binding":"{binding}"}}"#);
    let right = body(&ledger::Hex(&asked.binding.0).to_string());
    assert_eq!(world.post("ada", &answer, &right).await.status, 403);
    assert_eq!(world.post("dana", &answer, &body("00")).await.status, 409);
    let done = world.post("dana", &answer, &right).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!(world.post("dana", &answer, &right).await.status, 409);
    let lines = world.bench.journal.lines().concat();
    assert!(lines.contains("approval.answered") && lines.contains("approval.answer_refused"));
}

#[tokio::test]
async fn nothing_is_answered_that_cannot_be_recorded() {
    let world = World::new();
    let asked = world.ask(|_| {}).await;
    world.bench.journal.set_fault(JournalFault::Full);
    let path = format!("/api/v1/approvals/{}/answer", asked.id);
    let body = format!(
        r#"{{"approve":true,"binding":"{}"}}"#,
        ledger::Hex(&asked.binding.0)
    );
    assert_eq!(world.post("dana", &path, &body).await.status, 503);
    let view = world.shared.parts.desk.show(&asked.id.to_string()).await;
    assert_eq!(view.unwrap().unwrap().state, ApprovalState::Pending);
    assert_eq!(world.post("vera", "/api/v1/tokens", "{}").await.status, 503);
}

#[tokio::test]
async fn values_are_taken_out_for_those_who_may_not_see_them() {
    let world = World::new();
    let asked = world
        .ask(|request| {
            request.statement = "DELETE FROM c WHERE ssn = '078-05-1120'".into();
            request.statement_redacted = "DELETE FROM c WHERE ssn = $1".into();
        })
        .await;
    let path = format!("/api/v1/approvals/{}", asked.id);
    let cut = world.get("dana", &path).await.body;
    // In quotes: ids and times may hold the digits too.
    let parameter = cut.contains(r#""42""#);
    assert!(!cut.contains("078-05") && cut.contains(r#""redacted":true"#) && !parameter);
    let whole = world.get("root", &path).await.body;
    assert!(whole.contains("078-05-1120"));
    assert!(
        world
            .bench
            .journal
            .lines()
            .concat()
            .contains("approval.revealed")
    );
    let list = world.get("dana", "/api/v1/approvals").await.body;
    assert!(!list.contains("078-05"));
}

#[tokio::test]
async fn hostile_text_is_shown_and_harmless() {
    let world = World::new();
    let (cookie, _) = world.browser(login("dana", &["dba"]));
    let page = async |statement: String| {
        let asked = world
            .ask(|request| {
                request.statement.clone_from(&statement);
                request.statement_redacted = statement;
                request.parameters = vec![Some("<script>p</script>\u{202e}\n".into())];
                request.requester.name = "<img src=x>\u{202e}".into();
                request.binding.0[0] = 8;
            })
            .await;
        let path = format!("/approvals/{}", asked.id.ticket());
        let answer = world
            .send(Request::get(path).header("cookie", &cookie), "")
            .await;
        assert_eq!(answer.status, 200);
        world.store_withdraw(asked.id).await;
        answer.body
    };
    let body = page("</pre><script>alert(1)</script>\u{202e}x\u{0}y\r\n\u{200b}".into()).await;
    assert!(!body.contains("<script") && !body.contains("<img src=x") && !body.contains("</pre><"));
    assert!(!body.contains(['\u{202e}', '\u{0}', '\u{200b}']));
    for name in ["U+202E", "U+0000", "U+000D", "U+200B", "U+000A"] {
        assert!(body.contains(name), "{name}");
    }
    assert!(body.contains("value=\"approve\""));
    let body = page("SELECT 1;\n".repeat(100_000)).await;
    assert_eq!(body.matches("class=\"line\"").count(), 100_001);
    assert!(body.contains("value=\"approve\""));
    let body = page("x".repeat(3_000_000)).await;
    assert!(body.len() < 100_000 && body.contains("not shown whole"));
    assert!(!body.contains("value=\"approve\"") && body.contains("value=\"deny\""));
}

#[tokio::test]
async fn tokens_and_keys_are_made_listed_and_revoked() {
    let world = World::new();
    let minted = world
        .post("ada", "/api/v1/tokens", r#"{"life_seconds":600}"#)
        .await;
    assert_eq!(minted.status, 200, "{}", minted.body);
    assert!(minted.body.contains("pct_"));
    for bad in [
        r#"{"life_seconds":1}"#,
        r#"{"life_seconds":999999}"#,
        r#"{"x":1}"#,
        "[",
    ] {
        assert_eq!(
            world.post("ada", "/api/v1/tokens", bad).await.status,
            400,
            "{bad}"
        );
    }
    let wish = r#"{"name":"bot","kind":"agent","label":"test","life_seconds":3600,"acts_for_caller":true}"#;
    let issued = world.post("root", "/api/v1/keys", wish).await;
    assert_eq!(issued.status, 200, "{}", issued.body);
    let human = wish.replace("\"agent\"", "\"human\"");
    assert_eq!(world.post("root", "/api/v1/keys", &human).await.status, 400);
    let issued: contract::KeyIssued = serde_json::from_str(&issued.body).unwrap();
    assert!(
        !world
            .bench
            .journal
            .lines()
            .concat()
            .contains(&issued.secret)
    );
    let listed = world.get("root", "/api/v1/keys").await.body;
    assert!(listed.contains(&issued.key.id) && !listed.contains(&issued.secret));
    assert!(
        !world
            .get("ada", "/api/v1/keys")
            .await
            .body
            .contains(&issued.key.id)
    );

    let path = format!("/api/v1/keys/{}/revoke", issued.key.id);
    assert_eq!(world.post("ada", &path, "{}").await.status, 404);
    let stopped = world.open_session("p|1", &issued.key.id);
    let revoked = world.post("root", &path, "{}").await;
    assert_eq!(revoked.body, r#"{"sessions_ended":1}"#);
    assert_eq!(*stopped.lock().unwrap(), Some(StopReason::Revoked));
}

#[tokio::test]
async fn a_barred_principal_is_out_at_once() {
    let world = World::new();
    let ada = login("ada", &[]);
    let key = ada.principal.key();
    let (cookie, _) = world.browser(ada);
    let stopped = world.open_session(&key, "oidc:x");
    let body = format!(r#"{{"principal":"{key}","barred":true}}"#);
    let done = world.post("root", "/api/v1/principals/bar", &body).await;
    assert_eq!(done.body, r#"{"sessions_ended":1}"#);
    assert_eq!(*stopped.lock().unwrap(), Some(StopReason::Revoked));
    assert_eq!(world.get("ada", "/api/v1/whoami").await.status, 401);
    assert_eq!(
        world.get("bot", "/api/v1/whoami").await.status,
        401,
        "acts for her"
    );
    let page = Request::get("/approvals").header("cookie", cookie);
    assert_eq!(world.send(page, "").await.status, 303);
    let own = format!(
        r#"{{"principal":"{}","barred":true}}"#,
        login("root", &[]).principal.key()
    );
    assert_eq!(
        world
            .post("root", "/api/v1/principals/bar", &own)
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn a_recording_is_shown_once_the_view_is_recorded() {
    let world = World::new();
    let id = world.record();
    let list = world.get("vera", "/api/v1/sessions").await.body;
    assert!(
        list.contains(&id.to_string()) && list.contains(r#""denied":1"#),
        "{list}"
    );
    let path = format!("/api/v1/sessions/{id}/recording");
    let raw = world.get("vera", &path).await;
    assert_eq!(raw.header("content-type"), contract::RECORDING_TYPE);
    let found = world
        .get("vera", "/api/v1/search?text=CUSTOMERS&outcome=deny")
        .await
        .body;
    assert!(found.contains("DROP TABLE customers"), "{found}");
    let (cookie, _) = world.browser(login("vera", &["auditors"]));
    let page = Request::get(format!("/sessions/{id}")).header("cookie", &cookie);
    let page = world.send(page, "").await.body;
    assert!(
        page.contains("DROP TABLE customers") && page.contains("<td>a***</td>"),
        "{page}"
    );
    let lines = world.bench.journal.lines().concat();
    assert!(
        lines.matches("recording.viewed").count() == 2 && lines.contains("recordings.searched")
    );
    world.bench.journal.set_fault(JournalFault::Full);
    assert_eq!(world.get("vera", &path).await.status, 503);
    assert_eq!(world.get("vera", "/api/v1/search?text=x").await.status, 503);
}

#[tokio::test]
async fn how_recordings_are_indexed_is_for_viewers_and_making_it_anew_for_administrators() {
    let world = World::new();
    let (state, rebuild) = (
        "/api/v1/recordings/index",
        "/api/v1/recordings/index/rebuild",
    );
    assert_eq!(world.get("ada", state).await.status, 403);
    let told = world.get("vera", state).await.body;
    assert!(told.contains(r#""indexed":false"#), "{told}");
    for who in ["ada", "bot", "vera"] {
        assert_eq!(world.post(who, rebuild, "{}").await.status, 403, "{who}");
    }
    let refused = world.post("root", rebuild, "{}").await;
    assert_eq!(refused.status, 400, "there is none: {}", refused.body);
    let lines = world.bench.journal.lines().concat();
    assert!(!lines.contains("recordings.reindexed"), "{lines}");
}

impl World {
    async fn store_withdraw(&self, id: model::ApprovalId) {
        gate::ports::Approvals::withdraw(&*self.store, id)
            .await
            .unwrap();
    }

    /// Registers a live session and returns where its end is told.
    fn open_session(
        &self,
        principal: &str,
        credential: &str,
    ) -> std::sync::Arc<Mutex<Option<StopReason>>> {
        let told = std::sync::Arc::new(Mutex::new(None));
        let tell = std::sync::Arc::clone(&told);
        let entry = Entry {
            principal: principal.to_owned(),
            acts_for: None,
            credential: credential.to_owned(),
            made_with: None,
            stop: Box::new(move |reason| *tell.lock().unwrap() = Some(reason)),
        };
        let live = self.bench.gate.live();
        live.insert(SessionId::generate(), entry, live.since());
        told
    }

    /// Writes a journal with one session in it.
    pub(crate) fn record(&self) -> SessionId {
        use crate::testing::{data_row, row_description};
        use ledger::Event;
        use ledger::event::{ActionRecorded, SessionOpened};
        let id = SessionId::generate();
        let mut rows = row_description(&["email"]);
        rows.extend(data_row(&[Some("a***")]));
        let events = [
            Event::SessionOpened(SessionOpened {
                session: *id.as_bytes(),
                name: "bot".into(),
                resource: "orders-prod".into(),
                ..SessionOpened::default()
            }),
            Event::Action(ActionRecorded {
                sequence: 1,
                text: "SELECT email FROM c".into(),
                outcome: "allow".into(),
                ..ActionRecorded::default()
            }),
            Event::Response {
                sequence: 1,
                bytes: rows.into(),
            },
            Event::Action(ActionRecorded {
                sequence: 2,
                text: "DROP TABLE customers".into(),
                outcome: "deny".into(),
                ..ActionRecorded::default()
            }),
        ];
        let mut payload = Vec::new();
        for event in &events {
            ledger::codec::encode(event, &mut payload);
        }
        let header = ledger::segment::SegmentHeader {
            journal: [1; 16],
            number: 1,
            first_sequence: 1,
            before: [0; 32],
        };
        let mut file = header.to_bytes().to_vec();
        let payload = ledger::record::Payload::plain(&payload).unwrap();
        let (stream, mut chain) = (ledger::record::Stream::Intents, Default::default());
        ledger::record::write(&mut file, &mut chain, stream, *id.as_bytes(), 1, &payload);
        let path = self.dir.path().join("journal/00000001.pcj");
        std::fs::write(path, file).unwrap();
        id
    }
}
