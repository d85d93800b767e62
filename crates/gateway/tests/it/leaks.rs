//! The corpora of leaks and evasions: what would lead around a mask or a rule is refused and has no effect, what looks
//! alike runs, and in neither does the client receive a raw value in any encoding.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use testkit::{Frame, Postgres, PostgresOptions, RawClient, SUPERUSER, Server, query, repository};

use crate::stage::{Stage, Wishes, new_shop};

/// Rows whose labelled values are looked for.
const ROWS: &str = "id <= 60";
/// Bytes by which a value is first looked up.
const KEY_BYTES: usize = 7;

/// What a corpus line is expected to come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Expect {
    Refused,
    /// Refused in one text; one after another they run.
    Together,
    /// Refused or held, since it would change something.
    Does,
    Runs,
}

/// A shop of its own, with places that copy, compute or shadow labelled columns.
pub(crate) fn stage() -> Stage {
    stage_with("")
}

/// The same with more definitions.
pub(crate) fn stage_with(more: &str) -> Stage {
    let setup = std::fs::read_to_string(repository("testing/corpus/setup.sql")).unwrap();
    let wishes = Wishes {
        // Nothing here waits for people: what is held by mistake shows soon.
        limits: "hold_wait = \"1s\"",
        ..Wishes::default()
    };
    Stage::with_own_shop(&format!("{setup}\n{more}"), &wishes)
}

/// One line of the corpus: the statements of one session.
pub(crate) struct Case {
    pub(crate) expect: Expect,
    account: String,
    pub(crate) steps: Vec<String>,
}

impl Case {
    /// Whether it leaves a session as it found it.
    fn is_clean(&self) -> bool {
        let one = self.steps.len() == 1;
        let step = self.steps.first().map_or("", String::as_str);
        let plain = [
            "SELECT", "VALUES", "TABLE", "WITH", "COPY (", "UPDATE", "INSERT",
        ];
        one && !step.contains("; ")
            && !step.contains("set_config")
            && plain.iter().any(|start| step.starts_with(start))
    }
}

/// The cases of one file.
pub(crate) fn cases(name: &str) -> Vec<Case> {
    let path = repository(&format!("testing/corpus/{name}.sql"));
    let text = std::fs::read_to_string(path).unwrap();
    let (mut expect, mut account) = (Expect::Refused, String::new());
    let mut cases = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("-- refused ") {
            (expect, account) = (Expect::Refused, name.to_owned());
        } else if let Some(name) = line.strip_prefix("-- together ") {
            (expect, account) = (Expect::Together, name.to_owned());
        } else if let Some(name) = line.strip_prefix("-- does ") {
            (expect, account) = (Expect::Does, name.to_owned());
        } else if let Some(name) = line.strip_prefix("-- runs ") {
            (expect, account) = (Expect::Runs, name.to_owned());
        } else if !line.is_empty() && !line.starts_with("--") {
            cases.push(Case {
                expect,
                account: account.clone(),
                steps: line.split(" ;; ").map(str::to_owned).collect(),
            });
        }
    }
    cases
}

fn corpus(name: &str) -> Vec<Case> {
    let cases = cases(name);
    let refused = cases.iter().filter(|case| case.expect == Expect::Refused);
    let refused = refused.count();
    assert!(refused >= 200, "{refused} attacks");
    assert!(
        cases.len() - refused >= 90,
        "{} twins",
        cases.len() - refused
    );
    cases
}

/// Labelled values in every form in which they may be hidden, by their first bytes.
pub(crate) struct Needles(HashMap<[u8; KEY_BYTES], Vec<Vec<u8>>>);

impl Needles {
    pub(crate) fn new(stage: &Stage) -> Self {
        let sql = format!(
            "SELECT v FROM customers, LATERAL (VALUES (email), (phone), (ssn), (card_number)) l(v) WHERE {ROWS} \
             UNION ALL SELECT salary::text FROM staff"
        );
        let found = stage.postgres.sql("shop", &sql);
        let values: Vec<&str> = found.lines().filter(|v| v.len() >= KEY_BYTES).collect();
        assert!(values.len() > 200, "{} values to look for", values.len());
        let sql = "SELECT encode(substr(numeric_send(salary), 1), 'hex') FROM staff";
        let numerics = stage.postgres.sql("shop", sql);
        let mut needles = Self(HashMap::new());
        for value in values {
            needles.add_forms(value.to_lowercase().as_bytes());
        }
        for numeric in numerics.lines() {
            needles.add(unhex(numeric));
        }
        needles
    }

    fn add_forms(&mut self, value: &[u8]) {
        self.add(value.to_vec());
        self.add(value.iter().rev().copied().collect());
        let hex: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
        self.add(hex.into_bytes());
        self.add(value.iter().flat_map(|byte| [*byte, 0]).collect());
        self.add(value.iter().flat_map(|byte| [0, *byte]).collect());
        for ahead in 0..3 {
            self.add(base64_inside(value, ahead));
        }
    }

    fn add(&mut self, needle: Vec<u8>) {
        let lower = needle.to_ascii_lowercase();
        if let Some(key) = lower.first_chunk::<KEY_BYTES>() {
            self.0.entry(*key).or_default().push(lower);
        }
    }

    /// The first value that stands somewhere in these bytes.
    pub(crate) fn find(&self, bytes: &[u8]) -> Option<String> {
        let lower = bytes.to_ascii_lowercase();
        (0..lower.len()).find_map(|at| {
            let rest = &lower[at..];
            let known = self.0.get(rest.first_chunk::<KEY_BYTES>()?)?;
            let hit = known.iter().find(|needle| rest.starts_with(needle))?;
            Some(String::from_utf8_lossy(hit).into_owned())
        })
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks_exact(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// The characters that base64 makes of a value behind so many other bytes, whatever stands around it.
fn base64_inside(value: &[u8], ahead: usize) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let padded: Vec<u8> = std::iter::repeat_n(0, ahead)
        .chain(value.iter().copied())
        .collect();
    let whole = padded.chunks_exact(3).skip(usize::from(ahead > 0));
    whole
        .flat_map(|three| {
            let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
            [18, 12, 6, 0].map(|shift| DIGITS[(bits >> shift & 63) as usize])
        })
        .collect()
}

/// Everything that may not change by what is refused: rows, definitions, privileges, settings, locks, files' handles.
pub(crate) fn fingerprint(stage: &Stage) -> String {
    let sql = "SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM customers t \
               UNION ALL SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM order_items t \
               UNION ALL SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM orders t \
               UNION ALL SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM products t \
               UNION ALL SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM staff t \
               UNION ALL SELECT md5(string_agg(concat(oid, relname, relowner, relkind, relrowsecurity, relacl), ',' \
                   ORDER BY oid)) FROM pg_class WHERE relpersistence <> 't' \
               UNION ALL SELECT md5(string_agg(concat(oid, proname, prosrc, prosecdef, proacl), ',' ORDER BY oid)) FROM pg_proc \
               UNION ALL SELECT md5(string_agg(concat(oid, rolname, rolsuper), ',' ORDER BY oid)) FROM pg_roles \
               UNION ALL SELECT md5(string_agg(concat(oid, typname), ',' ORDER BY oid)) FROM pg_type WHERE oid < 16384 \
               UNION ALL SELECT concat((SELECT count(*) FROM pg_largeobject_metadata), ' ', \
                   (SELECT count(*) FROM pg_db_role_setting), ' ', (SELECT count(*) FROM pg_namespace WHERE nspname !~ 'temp'), ' ', \
                   (SELECT count(*) FROM pg_database), ' ', (SELECT count(*) FROM pg_trigger), ' ', \
                   (SELECT count(*) FROM pg_rewrite), ' ', (SELECT count(*) FROM pg_policy), ' ', \
                   (SELECT count(*) FROM pg_extension), ' ', (SELECT count(*) FROM pg_replication_slots), ' ', \
                   (SELECT count(*) FROM pg_default_acl), ' ', (SELECT last_value FROM orders_id_seq))";
    stage.postgres.sql("shop", sql)
}

/// An error's code, message and detail, behind `server:` where it is PostgreSQL's own: that one says where in the
/// source it came about, the gateway never does. What the gateway retells without the server's words counts as the
/// server's.
fn said(frame: &Frame) -> String {
    let field = |code| frame.field(code).unwrap_or_default();
    let retold = field(b'D').contains("own words are withheld");
    let whose = match retold || frame.field(b'R').is_some() {
        true => "server: ",
        false => "",
    };
    format!("{whose}{} {} {}", field(b'C'), field(b'M'), field(b'D'))
}

pub(crate) fn errors(frames: &[Frame]) -> Vec<String> {
    let failed = frames.iter().filter(|frame| frame.tag == b'E');
    failed.map(said).collect()
}

/// Whether it is the gateway that refuses: PostgreSQL uses the same codes for what its own role may not do, and would
/// answer so had everything been let through.
pub(crate) fn is_refusal(error: &str) -> bool {
    // By a rule, as not understood, or by the parser, which is PostgreSQL's own.
    let begins = ["42501 denied by ", "PC004 ", "42601 "];
    begins.iter().any(|start| error.starts_with(start))
        // A name that nothing bears is told by the server's code; the words behind it are the gateway's.
        || (error.starts_with("42P01 ") && error.contains(" denied by portcullis."))
}

/// Runs statements by the extended protocol one after another, results in binary.
pub(crate) fn extended(client: &mut RawClient, sql: &str) -> Vec<Frame> {
    let one_by_one = parts(sql).into_iter();
    one_by_one.flat_map(|part| one(client, part)).collect()
}

/// The statements of a text, where its semicolons and plain quotes tell them apart. Elsewhere it stays whole, and so must
/// be refused as several in one message.
fn parts(sql: &str) -> Vec<&str> {
    let marks = ["\\", "\"", "$", "--", "/*", "U&", "BEGIN ATOMIC"];
    if marks.iter().any(|mark| sql.contains(mark)) {
        return vec![sql];
    }
    let mut quoted = false;
    let parts = sql.split(|c| {
        quoted ^= c == '\'';
        c == ';' && !quoted
    });
    parts.filter(|part| !part.trim().is_empty()).collect()
}

fn one(client: &mut RawClient, sql: &str) -> Vec<Frame> {
    client.send(b'P', &[&[0], sql.as_bytes(), &[0, 0, 0]].concat());
    client.send(b'B', &[0, 0, 0, 0, 0, 0, 0, 1, 0, 1]);
    client.send(b'D', b"P\0");
    client.send(b'E', &[0, 0, 0, 0, 0]);
    client.send(b'S', &[]);
    client.read_until_ready()
}

/// One way to send a statement.
pub(crate) type Mode = fn(&mut RawClient, &str) -> Vec<Frame>;

/// What lets the gateway log in as somebody whom PostgreSQL itself keeps from nothing.
const ALMIGHTY: &str = "ALTER ROLE portcullis_gateway SUPERUSER;";

fn run(name: &str, definitions: &str, mode: Mode) {
    run_cases(&stage_with(definitions), corpus(name), mode);
}

/// Runs cases one by one, those that are to have no effect first.
pub(crate) fn run_cases(stage: &Stage, cases: Vec<Case>, mode: Mode) {
    let needles = Needles::new(stage);
    let before = fingerprint(stage);
    let mut wrong = Vec::new();
    let mut changed_after: Option<String> = None;
    let mut kept: HashMap<String, RawClient> = HashMap::new();
    for case in cases {
        if case.expect == Expect::Runs && changed_after.is_none() {
            changed_after = Some(fingerprint(stage));
        }
        let clean = case.is_clean();
        let known = kept.remove(&case.account).filter(|_| clean);
        let mut client = known.unwrap_or_else(|| stage.raw(&case.account));
        let frames: Vec<Frame> = case
            .steps
            .iter()
            .flat_map(|step| mode(&mut client, step))
            .collect();
        if clean {
            kept.insert(case.account.clone(), client);
        }
        wrong.extend(judge(&case, &frames, &needles));
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert_eq!(
        changed_after.as_deref(),
        Some(before.as_str()),
        "what was refused had no effect"
    );
}

/// What is wrong with a case's answer.
fn judge(case: &Case, frames: &[Frame], needles: &Needles) -> Vec<String> {
    let mut wrong = Vec::new();
    let line = case.steps.join(" ;; ");
    let errors = errors(frames);
    let as_expected = match case.expect {
        Expect::Refused => errors.iter().any(|error| is_refusal(error)),
        Expect::Together => {
            let answers = frames.iter().filter(|frame| frame.tag == b'Z').count();
            match answers > case.steps.len() {
                true => errors.is_empty(),
                false => errors.iter().any(|error| is_refusal(error)),
            }
        }
        Expect::Does => {
            // Held, or it would be if fewer were.
            let held = |error: &String| {
                error.starts_with("PC001 ")
                    || error.contains("too many of your requests for approval")
            };
            errors.iter().any(|error| is_refusal(error) || held(error))
        }
        Expect::Runs => errors.is_empty(),
    };
    if !as_expected {
        wrong.push(format!(
            "expected {:?}, got {errors:?}: {line}",
            case.expect
        ));
    }
    let bytes: Vec<u8> = frames.iter().flat_map(|frame| frame.body.clone()).collect();
    if let Some(secret) = needles.find(&bytes) {
        wrong.push(format!("{secret} was received: {line}"));
    }
    wrong
}

#[test]
fn leaks_by_the_simple_protocol() {
    run("leaks", "", |client, sql| client.query(sql));
}

#[test]
fn leaks_by_the_extended_protocol_in_binary() {
    run("leaks", ALMIGHTY, extended);
}

#[test]
fn evasions_by_the_simple_protocol() {
    run("evasions", "", |client, sql| client.query(sql));
}

#[test]
fn evasions_by_the_extended_protocol_in_binary() {
    run("evasions", ALMIGHTY, extended);
}

/// Whether an answer shows that a statement runs: it ended, it would outside a transaction, or it failed on the very
/// values that it looked at, which is how it tells them.
fn runs(told: &[String]) -> bool {
    let fails = told
        .iter()
        .filter_map(|error| error.strip_prefix("server: "));
    let mut codes = fails.filter_map(|error| error.get(..5));
    codes.all(|code| ["22", "23", "54"].contains(&&code[..2]) || ["25001", "57014"].contains(&code))
}

/// What PostgreSQL tells somebody who may do everything, with no gateway between. What has not answered by then runs,
/// and is ended.
fn directly(shop: &Postgres, case: &Case) -> Vec<String> {
    let address = SocketAddr::from(([127, 0, 0, 1], shop.port));
    let mut client = RawClient::login(address, SUPERUSER.0, "shop", SUPERUSER.1);
    client.set_patience(Duration::from_secs(1));
    client.query("BEGIN");
    let mut frames = Vec::new();
    for step in case.steps.iter().map(String::as_str).chain(["ROLLBACK"]) {
        client.send_bytes(&query(step));
        let answer = client.read_to_ready_or_end();
        let is_whole = answer.last().is_some_and(|frame| frame.tag == b'Z');
        frames.extend(answer);
        if !is_whole {
            let others = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
                          WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
            shop.sql("postgres", others);
            break;
        }
    }
    errors(&frames)
}

/// Nobody is kept from what would have done nothing anyhow: each attack runs where nobody judges, but for those that are
/// named.
#[test]
fn the_attacks_run_where_nobody_judges() {
    let options = PostgresOptions {
        auth: "password",
        ..PostgresOptions::default()
    };
    let shop = new_shop(&Server::standard(), options);
    let setup = std::fs::read_to_string(repository("testing/corpus/setup.sql")).unwrap();
    shop.sql("shop", &setup);
    let named = std::fs::read_to_string(repository("testing/corpus/powerless.txt")).unwrap();
    let named: Vec<&str> = named.lines().collect();
    let (mut attacks, mut powerless) = (0, Vec::new());
    for case in ["evasions", "leaks"].into_iter().flat_map(corpus) {
        if matches!(case.expect, Expect::Runs | Expect::Together) {
            continue;
        }
        attacks += 1;
        let told = directly(&shop, &case);
        let line = case.steps.join(" ;; ");
        if !runs(&told) && !named.contains(&line.as_str()) {
            powerless.push(format!("{line}: {told:?}"));
        }
    }
    assert!(powerless.is_empty(), "{}", powerless.join("\n"));
    assert!(attacks > 600 && named.len() < attacks / 10, "{attacks}");
}

/// Reads a portal in two parts, with a statement between them; what the second part answers.
fn second_part(client: &mut RawClient, sql: &str, between: &str) -> Vec<Frame> {
    client.query("BEGIN");
    client.send(b'P', &[&[0], sql.as_bytes(), &[0, 0, 0]].concat());
    client.send(b'B', b"parts\0\0\0\0\0\0\0\0");
    client.send(b'E', b"parts\0\0\0\0\x01");
    client.send(b'S', &[]);
    let first = client.read_until_ready();
    assert!(first.iter().any(|frame| frame.tag == b's'), "{sql}");
    client.query(between);
    client.send(b'E', b"parts\0\0\0\0\0");
    client.send(b'S', &[]);
    let second = client.read_until_ready();
    client.query("ROLLBACK");
    second
}

#[test]
fn a_portal_that_calls_goes_on_only_while_names_resolve_alike() {
    let stage = stage();
    let mut client = stage.raw("alice");
    let calls = "SELECT order_total(id) FROM orders WHERE id < 5";
    let plain = "SELECT id FROM orders WHERE id < 5";
    let mut check = |sql: &str, between: &str, expect: Option<&str>| {
        let told = errors(&second_part(&mut client, sql, between));
        match expect {
            None => assert!(told.is_empty(), "{sql} {between}: {told:?}"),
            Some(words) => assert!(
                told.iter().any(|error| error.contains(words)),
                "{sql} {between}: {told:?}"
            ),
        }
    };
    let moves = "SET LOCAL search_path = alt";
    check(plain, "SELECT 1", None);
    check(plain, moves, None);
    check(calls, "SELECT 1", None);
    check(calls, moves, Some("names resolve otherwise"));
}

#[test]
fn unknown_names_are_told_as_such() {
    let stage = stage();
    let mut client = stage.raw("alice");
    let mut check = |sql: &str, expect: &str| {
        let told = errors(&client.query(sql));
        assert!(
            told.iter().any(|error| error.contains(expect)),
            "{sql}: {told:?}"
        );
    };
    check(
        "SELECT id, email FROM custmers",
        "relation custmers is not known",
    );
    check("SELECT emial FROM customers", "column emial is not known");
    check("SELECT no_such(1)", "function no_such is not known");
    check("SELECT 'x'::nosuchtype", "type nosuchtype is not known");
    check(
        "SELECT * FROM nowhere.customers",
        "relation nowhere.customers is not known",
    );
}
