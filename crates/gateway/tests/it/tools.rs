//! The corpus of real tools: what they send runs under the demo's policies and gives what the server itself gives, or is
//! refused for the reason that stands there.
//!
//! A file under `testing/corpus/tools` has sections: `--= each ACCOUNT`, where every text is asked by itself, in a
//! transaction that is rolled back, and `--= session ACCOUNT`, where they are asked one after the other on one
//! connection. A text's heading is `--> TOOLS | EXPECTED | PROTOCOL`: the protocol is `simple`, or `extended` with the
//! parameters' types and values as the tool bound them; nothing expected means the server's own answer, `masked` that
//! answer with labelled values masked, `differs` rows of its own, and `refused: WORDS` a refusal whose error holds these
//! words. `PORTCULLIS_TOOLS=NAME` runs the files whose names contain that alone.

use std::collections::HashMap;

use serde_json::Value;
use testkit::{Frame, Postgres, PostgresOptions, RawClient, Server, repository};

use crate::leaks::Needles;
use crate::stage::{Stage, UPSTREAM_PASSWORD, Wishes, new_shop, oidc};

/// What a text is expected to come to.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Expect {
    /// What the server answers.
    Same,
    /// What the server answers, with labelled values masked.
    Masked,
    /// Rows of the gateway's own session.
    Differs,
    /// A refusal that holds these words.
    Refused(String),
}

/// One text of a tool.
struct Text {
    place: String,
    expect: Expect,
    /// Types and values, for the extended protocol.
    bound: Option<Value>,
    sql: String,
}

/// Texts that are asked in one way.
struct Section {
    session: bool,
    account: String,
    texts: Vec<Text>,
}

fn sections(name: &str) -> Vec<Section> {
    let path = repository(&format!("testing/corpus/tools/{name}.sql"));
    let file = std::fs::read_to_string(path).unwrap();
    let mut sections: Vec<Section> = Vec::new();
    for (number, line) in file.lines().enumerate() {
        if let Some(head) = line.strip_prefix("--= ") {
            let (way, account) = head.split_once(' ').unwrap();
            sections.push(Section {
                session: way == "session",
                account: account.to_owned(),
                texts: Vec::new(),
            });
        } else if let Some(head) = line.strip_prefix("--> ") {
            let place = format!("{name}.sql:{}", number + 1);
            sections
                .last_mut()
                .unwrap()
                .texts
                .push(heading(place, head));
        } else if let Some(text) = sections.last_mut().and_then(|s| s.texts.last_mut()) {
            text.sql.push_str(line);
            text.sql.push('\n');
        }
    }
    sections
}

fn heading(place: String, head: &str) -> Text {
    let (_, rest) = head.split_once(" | ").unwrap();
    let (expect, protocol) = if rest == "simple" || rest.starts_with("extended ") {
        (Expect::Same, rest)
    } else {
        let (expect, protocol) = rest.split_once(" | ").unwrap();
        let expect = match (expect, expect.strip_prefix("refused: ")) {
            ("masked", _) => Expect::Masked,
            ("differs", _) => Expect::Differs,
            (_, Some(words)) => Expect::Refused(words.to_owned()),
            _ => panic!("{place}: {expect}"),
        };
        (expect, protocol)
    };
    let bound = protocol.strip_prefix("extended ");
    Text {
        place,
        expect,
        bound: bound.map(|json| serde_json::from_str(json).unwrap()),
        sql: String::new(),
    }
}

/// Asks as the tool did.
fn ask(client: &mut RawClient, text: &Text) -> Vec<Frame> {
    let sql = text.sql.trim_end_matches('\n');
    let Some(bound) = &text.bound else {
        return client.query(sql);
    };
    let count = |list: &[Value]| u16::try_from(list.len()).unwrap().to_be_bytes();
    let types = bound["types"].as_array().unwrap();
    let mut parse = [&[0], sql.as_bytes(), &[0], &count(types)].concat();
    for oid in types {
        let oid = u32::try_from(oid.as_u64().unwrap()).unwrap();
        parse.extend(oid.to_be_bytes());
    }
    let values = bound["values"].as_array().unwrap();
    let mut bind = [&[0, 0][..], &count(values)].concat();
    for value in values {
        bind.extend(u16::from(value.is_object()).to_be_bytes());
    }
    bind.extend(count(values));
    for value in values {
        let bytes = match value {
            Value::Null => None,
            Value::String(text) => Some(text.as_bytes().to_vec()),
            binary => Some(unhex(binary["hex"].as_str().unwrap())),
        };
        let length = bytes
            .as_ref()
            .map_or(-1, |b| i32::try_from(b.len()).unwrap());
        bind.extend(length.to_be_bytes());
        bind.extend(bytes.unwrap_or_default());
    }
    bind.extend([0, 0]);
    client.send(b'P', &parse);
    client.send(b'B', &bind);
    client.send(b'D', b"P\0");
    client.send(b'E', &[0, 0, 0, 0, 0]);
    client.send(b'S', &[]);
    client.read_until_ready()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks_exact(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// What counts of an answer: columns, rows, tags, and the codes of errors.
fn counts(frames: &[Frame]) -> Vec<(u8, Vec<u8>)> {
    let of = |frame: &Frame| match frame.tag {
        b'T' | b'D' | b'C' => Some((frame.tag, frame.body.clone())),
        b'E' => Some((b'E', frame.field(b'C').unwrap().into_bytes())),
        b'H' => Some((b'H', Vec::new())),
        b'd' => Some((b'd', frame.body.clone())),
        _ => None,
    };
    frames.iter().filter_map(of).collect()
}

/// The parts of an answer that have one of these tags.
fn only(answer: &[(u8, Vec<u8>)], tags: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let kept = answer.iter().filter(|(tag, _)| tags.contains(tag));
    kept.cloned().collect()
}

fn refusal(frames: &[Frame]) -> Option<String> {
    let error = frames.iter().find(|frame| frame.tag == b'E')?;
    let fields = [b'C', b'M', b'D', b'H'].map(|code| error.field(code).unwrap_or_default());
    Some(fields.join(" "))
}

/// The shop, and what is asked of it directly: twice, under two names, so that what is never the same twice shows.
struct Bench {
    stage: Stage,
    direct: [RawClient; 2],
    needles: Needles,
}

/// A shop that takes plain passwords.
fn postgres() -> Postgres {
    let options = PostgresOptions {
        auth: "password",
        ..PostgresOptions::default()
    };
    new_shop(&Server::standard(), options)
}

fn directly(postgres: &Postgres, database: &str) -> RawClient {
    let address = ([127, 0, 0, 1], postgres.port).into();
    RawClient::login(address, "portcullis_gateway", database, UPSTREAM_PASSWORD)
}

fn on(postgres: &'static Postgres) -> Stage {
    let wishes = Wishes {
        // Nothing here waits for people: what is held by mistake shows soon.
        limits: "hold_wait = \"1s\"",
        ..Wishes::default()
    };
    Stage::on(postgres, oidc(), &wishes)
}

impl Bench {
    fn new() -> Self {
        let postgres = Box::leak(Box::new(postgres()));
        let stage = on(postgres);
        let mut direct = [(); 2].map(|()| directly(postgres, "shop"));
        for (client, name) in direct.iter_mut().zip(["one", "two"]) {
            client.query(&format!("SET application_name = {name}"));
        }
        let needles = Needles::new(&stage);
        Self {
            stage,
            direct,
            needles,
        }
    }

    /// What is wrong with the answers to one text that is asked by itself.
    fn each(&mut self, through: &mut RawClient, text: &Text) -> Option<String> {
        let [one, two] = &mut self.direct;
        let expected = counts(&alone(one, text));
        let frames = alone(through, text);
        // Behind the gateway's: what moves meanwhile, such as the server's counters, shows as a difference of these two.
        let again = counts(&alone(two, text));
        let got = counts(&frames);
        let refused = refusal(&frames);
        let bytes: Vec<u8> = frames.iter().flat_map(|f| f.body.clone()).collect();
        if let Some(secret) = self.needles.find(&bytes) {
            return Some(format!("{secret} was received"));
        }
        match &text.expect {
            Expect::Refused(words) => match refused {
                Some(said) if said.contains(words) => None,
                said => Some(format!("expected a refusal for {words}, got {said:?}")),
            },
            // Rows that differ from one direct connection to the next cannot be compared.
            expect if expected != again || *expect == Expect::Differs => {
                let same = only(&expected, b"TE") == only(&got, b"TE");
                (!same).then(|| format!("its columns or errors differ: {refused:?}"))
            }
            Expect::Same | Expect::Differs => {
                (expected != got).then(|| format!("it differs: {refused:?}"))
            }
            Expect::Masked => {
                let tags = |answer: &[(u8, Vec<u8>)]| -> Vec<u8> {
                    answer.iter().map(|(tag, _)| *tag).collect()
                };
                let as_many = tags(&expected) == tags(&got);
                (!as_many || expected == got).then(|| format!("it is not masked: {refused:?}"))
            }
        }
    }
}

/// Asks within a transaction that is rolled back, unless the text begins or ends one itself.
fn alone(client: &mut RawClient, text: &Text) -> Vec<Frame> {
    let sql = text.sql.trim_start().to_ascii_lowercase();
    let own = ["begin", "start", "commit", "rollback", "end", "abort"];
    let wraps = !own.iter().any(|word| sql.starts_with(word));
    if wraps {
        client.query("BEGIN");
    }
    let frames = ask(client, text);
    client.query("ROLLBACK");
    if sql.contains("advisory_lock") {
        client.query("SELECT pg_advisory_unlock_all()");
    }
    frames
}

/// What was asked, and what it came to.
#[derive(Default, Debug)]
struct Counts {
    asked: usize,
    masked: usize,
    refused: usize,
    wrong: Vec<String>,
}

impl Counts {
    fn note(&mut self, text: &Text, account: &str, why: Option<String>) {
        self.asked += 1;
        self.masked += usize::from(text.expect == Expect::Masked);
        self.refused += usize::from(matches!(text.expect, Expect::Refused(_)));
        let told = why.map(|why| format!("{} as {account}: {why}", text.place));
        self.wrong.extend(told);
    }

    fn judge(self, least: usize) {
        let Self {
            asked,
            masked,
            refused,
            wrong,
        } = self;
        println!("{asked} asked, {masked} masked, {refused} refused as expected");
        let told = wrong.join("\n");
        assert!(
            wrong.is_empty(),
            "{} of {asked} wrong:\n{told}",
            wrong.len()
        );
        let all = std::env::var_os("PORTCULLIS_TOOLS").is_none();
        assert!(!all || asked >= least, "{asked} asked");
    }
}

#[test]
fn what_tools_ask_gives_what_the_server_gives() {
    let mut bench = Bench::new();
    let mut counts = Counts::default();
    for name in corpus() {
        let mut clients: HashMap<String, RawClient> = HashMap::new();
        for section in sections(&name).iter().filter(|section| !section.session) {
            let account = section.account.as_str();
            let client = clients
                .entry(account.to_owned())
                .or_insert_with(|| bench.stage.raw(account));
            for text in &section.texts {
                let why = bench.each(client, text);
                counts.note(text, account, why);
            }
        }
    }
    counts.judge(1800);
}

/// Migrations and units of work, in the order in which the tools sent them, as a role that may do everything on the
/// server: what the gateway does not understand would show as an error that the twin does not give.
#[test]
fn what_tools_do_in_one_session_does_the_same() {
    let postgres = Box::leak(Box::new(postgres()));
    postgres.sql(
        "shop",
        "ALTER ROLE portcullis_gateway SUPERUSER; CREATE EXTENSION \"uuid-ossp\"",
    );
    let mut counts = Counts::default();
    for name in corpus() {
        let sessions = sections(&name);
        for section in sessions.iter().filter(|section| section.session) {
            postgres.sql("postgres", "DROP DATABASE IF EXISTS twin");
            postgres.sql("postgres", "CREATE DATABASE twin TEMPLATE shop");
            let stage = on(postgres);
            let mut direct = directly(postgres, "twin");
            let mut through = stage.raw(&section.account);
            for text in &section.texts {
                let expected = only(&counts_of(&mut direct, text).0, b"CE");
                let (got, refused) = counts_of(&mut through, text);
                let why = match &text.expect {
                    Expect::Refused(words) => match refused {
                        Some(said) if said.contains(words) => None,
                        said => Some(format!("expected a refusal for {words}, got {said:?}")),
                    },
                    Expect::Differs => None,
                    _ => (expected != only(&got, b"CE")).then(|| format!("differs: {refused:?}")),
                };
                counts.note(text, &section.account, why);
            }
        }
    }
    counts.judge(950);
}

fn counts_of(client: &mut RawClient, text: &Text) -> (Vec<(u8, Vec<u8>)>, Option<String>) {
    let frames = ask(client, text);
    (counts(&frames), refusal(&frames))
}

/// The files' names, of those that are asked for.
fn corpus() -> Vec<String> {
    let only = std::env::var("PORTCULLIS_TOOLS").unwrap_or_default();
    let folder = std::fs::read_dir(repository("testing/corpus/tools")).unwrap();
    let mut names: Vec<String> = folder
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            name.strip_suffix(".sql").map(str::to_owned)
        })
        .filter(|name| name.contains(&only))
        .collect();
    names.sort();
    names
}
