//! COPY FROM STDIN into masked columns: real values stream in, and a mask ends it with nothing written.

use testkit::{Frame, RawClient};

use crate::stage::{Stage, Wishes};

const SETUP: &str = "
CREATE TABLE safe (id int, plain text, mail text, ends text, digest text, number int, doc jsonb);
INSERT INTO safe VALUES (1, 'p', 'alice@example.com', '666-54-7920', 'fingerprint', 4711, '{\"a\": 1}');
CREATE TABLE sorted (id int, mail text) PARTITION BY LIST (id);
CREATE TABLE sorted_1 PARTITION OF sorted FOR VALUES IN (1);
GRANT ALL ON safe, sorted, sorted_1 TO portcullis_gateway;
";

const LABELS: &str = "
[[label]]
table = \"{safe,sorted_1}\"
column = \"mail\"
label = \"pii\"
mask = \"email\"

[[label]]
table = \"safe\"
column = \"ends\"
label = \"pii\"
mask = \"partial\"
last = 4

[[label]]
table = \"safe\"
column = \"digest\"
label = \"pii\"
mask = \"hash\"

[[label]]
table = \"safe\"
column = \"number\"
label = \"pii\"
mask = \"token\"

[[label]]
table = \"safe\"
column = \"doc\"
label = \"pii\"
mask = \"redact\"
";

fn stage() -> Stage {
    let wishes = Wishes {
        labels: LABELS,
        ..Wishes::default()
    };
    Stage::with_own_shop(SETUP, &wishes)
}

fn count(stage: &Stage) -> String {
    let sql = "SELECT (SELECT count(*) FROM safe), (SELECT count(*) FROM sorted)";
    stage.postgres.sql("shop", sql).trim().to_owned()
}

/// Sends a COPY with its data cut into pieces, and ends it. Gives all up to ReadyForQuery.
fn copy(client: &mut RawClient, sql: &str, data: &[u8], piece: usize) -> Vec<Frame> {
    client.send(b'Q', &[sql.as_bytes(), &[0]].concat());
    let begun = client.read();
    if begun.tag != b'G' {
        let mut frames = vec![begun];
        frames.extend(client.read_until_ready());
        return frames;
    }
    for part in data.chunks(piece) {
        client.send(b'd', part);
    }
    client.send(b'c', b"");
    client.read_until_ready()
}

fn error_of(frames: &[Frame]) -> Option<(String, String)> {
    let error = frames.iter().find(|frame| frame.tag == b'E')?;
    let field = |code| error.field(code).unwrap_or_default();
    Some((field(b'C'), field(b'M')))
}

fn assert_refused(frames: &[Frame], column: &str, what: &str) {
    let (code, message) = error_of(frames).unwrap_or_else(|| panic!("{what} ran"));
    assert_eq!(code, "42501", "{what}: {message}");
    let named = message.contains(&format!("public.{column} is masked for you"));
    let unsaid = column.starts_with("sorted");
    assert!(unsaid || named, "{what}: {message}");
    assert!(
        message.contains("portcullis.mask-written-back"),
        "{what}: {message}"
    );
}

/// What alice is given of the one row.
fn masks(client: &mut RawClient) -> Vec<String> {
    let frames = client.query("SELECT mail, ends, digest, number, doc FROM safe WHERE id = 1");
    let row = frames.iter().find(|frame| frame.tag == b'D').unwrap();
    let mut rest = &row.body[2..];
    let mut cells = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(i32::from_be_bytes(*length)).unwrap();
        cells.push(String::from_utf8(after[..length].to_vec()).unwrap());
        rest = &after[length..];
    }
    cells
}

const COLUMNS: [&str; 5] = ["mail", "ends", "digest", "number", "doc"];

#[test]
fn masks_end_a_copy_in_every_form() {
    let stage = stage();
    let mut client = stage.raw("alice");
    let masks = masks(&mut client);
    for (column, mask) in COLUMNS.iter().zip(&masks) {
        let csv = mask.replace('"', "\"\"");
        let escaped: String = mask.bytes().map(|byte| format!("\\x{byte:02x}")).collect();
        let octal: String = mask.bytes().map(|byte| format!("\\{byte:03o}")).collect();
        let table = format!("safe (id, {column}, plain)");
        for (options, data) in [
            ("", format!("2\t{mask}\tx\n")),
            ("", format!("2\t\\N\tx\n3\t{mask}\tx\n")),
            ("", format!("2\t{escaped}\tx\n")),
            ("", format!("2\t{octal}\tx")),
            ("", format!("2\t{mask}\t\\\n")),
            (" (DELIMITER '|')", format!("2|{mask}|x\r\n")),
            (" (FORMAT csv)", format!("2,\"{csv}\",x\n")),
            (
                " (FORMAT csv, HEADER)",
                format!("id,c,plain\n2,,\"a\n,b\"\n3,\"{csv}\",x"),
            ),
            (
                " (FORMAT csv, DELIMITER ';', QUOTE '~', ESCAPE '^')",
                format!("2;~{mask}~;x\n"),
            ),
        ] {
            let sql = format!("COPY {table} FROM STDIN{options}");
            for piece in [1, 7, 4096] {
                let frames = copy(&mut client, &sql, data.as_bytes(), piece);
                assert_refused(
                    &frames,
                    &format!("safe.{column}"),
                    &format!("{sql}: {data:?}"),
                );
            }
        }
        // In step, and a real value is none.
        assert_eq!(error_of(&client.query("SELECT 1")), None);
    }
    for (options, data) in [
        // Only a whole field is NULL.
        ("", "2\t\\N***@b.org\n"),
        // The server drops a backslash that the data ends with.
        ("", "2\ta***@b.org\\"),
        (
            " (FORMAT csv, NULL 'a***@b.org', FORCE_NOT_NULL (mail))",
            "2,a***@b.org\n",
        ),
    ] {
        let sql = format!("COPY safe (id, mail) FROM STDIN{options}");
        for piece in [1, 4096] {
            let frames = copy(&mut client, &sql, data.as_bytes(), piece);
            assert_refused(&frames, "safe.mail", &format!("{sql}: {data:?}"));
        }
    }
    let frames = copy(&mut client, "COPY sorted FROM STDIN", b"1\ta***@b.org\n", 3);
    assert_refused(&frames, "sorted_1.mail", "a partition");
    assert_eq!(count(&stage), "1|0");
}

fn binary(rows: &[[Option<&[u8]>; 3]]) -> Vec<u8> {
    let mut out = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec();
    for row in rows {
        out.extend(3_u16.to_be_bytes());
        for field in row {
            match field {
                None => out.extend((-1_i32).to_be_bytes()),
                Some(field) => {
                    out.extend(u32::try_from(field.len()).unwrap().to_be_bytes());
                    out.extend(*field);
                }
            }
        }
    }
    out.extend((-1_i16).to_be_bytes());
    out
}

#[test]
fn masks_end_a_binary_copy() {
    let stage = stage();
    let mut client = stage.raw("alice");
    let masks = masks(&mut client);
    let token: i32 = masks[3].parse().unwrap();
    let id = 2_i32.to_be_bytes();
    let cases: [(&str, Vec<u8>); 4] = [
        ("mail", masks[0].clone().into_bytes()),
        ("digest", masks[2].clone().into_bytes()),
        ("number", token.to_be_bytes().to_vec()),
        ("doc", b"\x01{\"a\": \"***\"}".to_vec()),
    ];
    for (column, mask) in cases {
        let sql = format!("COPY safe (id, plain, {column}) FROM STDIN (FORMAT binary)");
        let data = binary(&[
            [Some(&id), None, None],
            [Some(&id), Some(b"***"), Some(&mask)],
        ]);
        for piece in [1, 5, 4096] {
            let frames = copy(&mut client, &sql, &data, piece);
            assert_refused(&frames, &format!("safe.{column}"), &sql);
        }
    }
    let data = binary(&[
        [Some(&id), Some(b"***"), Some(b"new@b.org")],
        [Some(&id), None, None],
    ]);
    let sql = "COPY safe (id, plain, mail) FROM STDIN (FORMAT binary)";
    let frames = copy(&mut client, sql, &data, 3);
    assert_eq!(error_of(&frames), None);
    assert_eq!(count(&stage), "3|0");
}

#[test]
fn real_values_stream_in() {
    let stage = stage();
    let mut client = stage.raw("alice");
    masks(&mut client);
    for (sql, data) in [
        (
            "COPY safe FROM STDIN",
            "2\ta***@b.org\tnew@b.org\t123-45-6789\td\t8\t{\"a\": 2}\n",
        ),
        ("COPY safe (id, mail) FROM STDIN", "3\t\\N\n4\t\n"),
        ("COPY safe (id, mail) FROM STDIN (NULL '***')", "5\t***\n"),
        (
            "COPY safe (id, plain, mail) FROM STDIN (FORMAT csv)",
            "6,\"*\"\"**\",\"x,\n@b.org\"\n7,***,\n",
        ),
        ("COPY sorted FROM STDIN", "1\tnew@b.org\n"),
        (
            "COPY safe (id, plain) FROM STDIN (DELIMITER ',')",
            "8,a***@b.org",
        ),
    ] {
        for piece in [1, 4096] {
            let frames = copy(&mut client, sql, data.as_bytes(), piece);
            assert_eq!(error_of(&frames), None, "{sql}");
        }
    }
    // Whoever sees the values may copy what looks like a mask.
    let mut dba = stage.raw("dora");
    let frames = copy(
        &mut dba,
        "COPY safe (id, mail) FROM STDIN",
        b"9\ta***@b.org\n",
        9,
    );
    assert_eq!(error_of(&frames), None);
    // A form that is not followed is refused before anything is sent.
    let frames = copy(
        &mut client,
        "COPY safe (id, mail) FROM STDIN (ENCODING 'latin1')",
        b"",
        1,
    );
    assert!(error_of(&frames).is_some());
    let many: String = (0..50_000)
        .map(|n| format!("{n}\tperson{n}@example.com\n"))
        .collect();
    let sql = "COPY safe (id, mail) FROM STDIN";
    assert_eq!(
        error_of(&copy(&mut client, sql, many.as_bytes(), 8192)),
        None
    );
    let late = format!("{many}1\ta***@b.org\n{many}");
    let before = count(&stage);
    let frames = copy(&mut client, sql, late.as_bytes(), 8192);
    assert_refused(&frames, "safe.mail", "the last of many");
    assert_eq!(count(&stage), before);
}

#[test]
fn client_and_server_stay_in_step() {
    let stage = stage();
    let mut client = stage.raw("alice");
    // In a transaction: it is aborted on the server too.
    client.query("BEGIN");
    client.query("INSERT INTO safe (id) VALUES (20)");
    let frames = copy(
        &mut client,
        "COPY safe (id, mail) FROM STDIN",
        b"2\ta***@b.org\n",
        4,
    );
    assert_eq!(frames.last().unwrap().body, b"E");
    let failed = client.query("SELECT 1");
    assert_eq!(error_of(&failed).unwrap().0, "25P02");
    client.query("ROLLBACK");
    // By the extended protocol, with Sync behind the data.
    let sql = "COPY safe (id, mail) FROM STDIN";
    for data in ["2\ta***@b.org\n3\tx@b.org\n", "2\tx@b.org\n3\ta***@b.org"] {
        client.send(b'P', &[&[0], sql.as_bytes(), &[0, 0, 0]].concat());
        client.send(b'B', &[0; 8]);
        client.send(b'E', &[0; 5]);
        client.send(b'H', b"");
        while client.read().tag != b'G' {}
        for part in data.as_bytes().chunks(2) {
            client.send(b'd', part);
        }
        client.send(b'c', b"");
        client.send(b'S', b"");
        let frames = client.read_until_ready();
        assert_refused(&frames, "safe.mail", data);
        assert_eq!(frames.iter().filter(|frame| frame.tag == b'E').count(), 1);
        assert_eq!(error_of(&client.query("SELECT 1")), None);
    }
    // The client gives up by itself, before and behind a mask.
    for data in ["2\tx@b.org\n", "2\ta***@b.org\n"] {
        client.send(b'Q', &[sql.as_bytes(), &[0]].concat());
        assert_eq!(client.read().tag, b'G');
        client.send(b'd', data.as_bytes());
        client.send(b'f', b"enough\0");
        let frames = client.read_until_ready();
        assert!(error_of(&frames).is_some());
        assert_eq!(error_of(&client.query("SELECT 1")), None);
    }
    // Two of them in one text: each by its own columns.
    let both = "COPY safe (id, plain) FROM STDIN; COPY safe (id, mail) FROM STDIN";
    client.send(b'Q', &[both.as_bytes(), &[0]].concat());
    assert_eq!(client.read().tag, b'G');
    client.send(b'd', b"2\ta***@b.org\n");
    client.send(b'c', b"");
    while client.read().tag != b'G' {}
    client.send(b'd', b"2\ta***@b.org\n");
    client.send(b'c', b"");
    assert_refused(&client.read_until_ready(), "safe.mail", both);
    assert_eq!(count(&stage), "1|0");
}

/// What is still to come of a message when its COPY has failed is no message of its own: nobody has judged it.
#[test]
fn what_is_left_of_data_behind_an_error_does_nothing() {
    let stage = stage();
    let mut client = stage.raw("alice");
    let text = b"DELETE FROM safe\0";
    let length = u32::try_from(text.len() + 4).unwrap().to_be_bytes();
    let smuggled = [b"Q".as_slice(), &length, text].concat();
    for (columns, data) in [
        ("id, mail", "x\tnew@b.org\n"),
        ("id, mail", "2\ta***@b.org\n"),
        ("id, plain", "x\tp\n"),
    ] {
        let sql = format!("COPY safe ({columns}) FROM STDIN");
        let whole = [data.as_bytes(), &smuggled].concat();
        let length = u32::try_from(whole.len() + 4).unwrap().to_be_bytes();
        let message = [b"d".as_slice(), &length, &whole].concat();
        for (cut, extended) in (0..=smuggled.len()).flat_map(|cut| [(cut, false), (cut, true)]) {
            if extended {
                client.send(b'P', &[&[0], sql.as_bytes(), &[0, 0, 0]].concat());
                client.send(b'B', &[0; 8]);
                client.send(b'E', &[0; 5]);
                client.send(b'H', b"");
            } else {
                client.send(b'Q', &[sql.as_bytes(), &[0]].concat());
            }
            while client.read().tag != b'G' {}
            let (first, rest) = message.split_at(5 + data.len() + cut);
            client.send_bytes(first);
            // What goes on as one message at the server fails there once it is whole.
            if columns == "id, plain" {
                client.send_bytes(rest);
            }
            while client.read().tag != b'E' {}
            if !extended {
                client.read_until_ready();
            }
            if columns != "id, plain" {
                client.send_bytes(rest);
            }
            if extended {
                client.send(b'S', b"");
                client.read_until_ready();
            }
            let told: Vec<u8> = client.query("SELECT 1").iter().map(|f| f.tag).collect();
            assert_eq!(told, b"TDCZ", "{sql} {data:?}, cut behind {cut}");
        }
    }
    assert_eq!(count(&stage), "1|0");
}
