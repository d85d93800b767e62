#!/usr/bin/env python3
"""Writes what each fuzz target begins with, into fuzz/corpus/TARGET, out of texts that stand in the repository.

A fuzzer that begins with nothing finds no SQL. The files are named by their content and are not committed; what a run
adds stays beside them.
"""

import hashlib
import itertools
import json
import pathlib
import re
import struct

ROOT = pathlib.Path(__file__).resolve().parent.parent
CORPUS = ROOT / "fuzz" / "corpus"
SEED_BYTES_MAX = 8 * 1024
# An even first byte: what follows is taken as it stands.
AS_IT_STANDS = b" "
VALUES = [
    "card 4111 1111 1111 1111 exp 12/29, mail ada@example.org.",
    "ssn 219-09-9999; call +49 30 901820 or (212) 555-0123",
    "to DE89 3704 0044 0532 0130 00!",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----\n",
    "AKIAIOSFODNN7EXAMPLE",
    '{"a": "ada@example.org", "b": [1, 4111111111111111, null], "c": "\\u0061da@example.org"}',
    '"\\ud83d\\ude00 \\ud800 ada@example.org"',
    "{plain,\"ada@example.org\",NULL,\"a \\\"b\\\" c\"}",
    "[0:1]={{a,b},{c,\"***\"}}",
    '(1,"ada@example.org",,"a ""b"" c")',
    "<a b='1'>ada&#64;example.org &amp; &lt;</a>",
    "***", "ab****yz", "a***@example.org", "2026-11-21", "-123456789", "3.14e10", "NaN", "infinity",
    "0190a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b", "2026-11-21 10:00:00.123456+00",
]
NOTES = [
    "example.org/log\n12\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
    "example.org/log\n12\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n— example.org/log AAAAAAAA\n",
    "tile/0/x001/234.p/17", "tile/entries/000", "tile/7/x999/x999/999",
    "example.org/log+1234abcd+AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB",
    "chain " + "07" * 16 + " intents 1-3 1-3 " + "00" * 32,
    "gap 4-9", "seal 1-9 " + "00" * 32 + " 1795300001",
]


def read(path):
    return (ROOT / path).read_text()


def statements():
    """Every statement of the corpora, one by one."""
    for line in read("crates/sql/tests/it/cases.txt").splitlines():
        if line.startswith("> "):
            yield line[2:]
    for line in read("crates/sql/tests/it/procedures.txt").splitlines():
        if line.startswith("> "):
            yield line[2:]
    for path in sorted((ROOT / "testing" / "corpus").glob("*.sql")):
        for line in path.read_text().splitlines():
            if line and not line.startswith("--"):
                yield from line.split(" ;; ")
    for path in sorted((ROOT / "testing" / "corpus" / "tools").glob("*.sql")):
        parts = re.split(r"^--.*$", path.read_text(), flags=re.MULTILINE)
        yield from (part.strip() for part in parts if part.strip())


def bodies():
    """Every body in PL/pgSQL that the corpora define."""
    paths = ["crates/sql/tests/it/procedures.sql", "testing/corpus/procedures-setup.sql", "testing/corpus/procedures.sql"]
    for path in paths:
        yield from re.findall(r"\$\$(.*?)\$\$", read(path), flags=re.DOTALL)
    yield from re.findall(r'"((?:DECLARE|BEGIN|<<)[^"]*)"', read("crates/sql/src/plpgsql/tests.rs"))


def number(value):
    return struct.pack("<I", value)


def event(tag, *fields):
    """An event of the recording format, of numbers and texts."""
    body = b""
    for field, value in fields:
        if isinstance(value, int):
            body += bytes([field << 1]) + bytes([value])
        else:
            text = value.encode()
            body += bytes([field << 1 | 1, len(text)]) + text
    return bytes([tag]) + number(len(body)) + body


def recordings():
    """Lists of events, as a payload has them."""
    opened = event(1, (1, 9), (2, "0123456789abcdef"), (3, "i|ada"), (4, "Ada"), (6, "dba"), (10, "shop"))
    action = event(2, (1, 10), (2, 1), (3, "query"), (4, "SELECT 1"), (7, "select s.t"), (8, "allow"), (10, "x" * 32))
    again = event(2, (1, 11), (2, 2), (3, "execute"), (5, "p"), (6, 0), (8, "allow"))
    as_before = bytes([2]) + number(7) + bytes([1 << 1, 11, 2 << 1, 2, 14 << 1, 0x90, 0x1D])
    row = b"T\0\0\0\x19\0\x01a\0\0\0\0\0\0\0\0\0\0\x19\0\x04\xff\xff\xff\xff\0\0" + b"D\0\0\0\x0b\0\x01\0\0\0\x011"
    response = bytes([3]) + number(len(row) + 4) + bytes([2, 1, 5, len(row)]) + row
    completed = event(4, (1, 12), (2, 1), (3, "SELECT 1"), (4, 1), (5, 20), (6, 3))
    closed = event(6, (1, 13), (2, "the client left"))
    control = event(7, (1, 1), (2, "portcullis"), (3, "gateway.started"))
    yield opened + action + as_before + response + completed + closed
    yield action + again + as_before + as_before + completed
    yield from [opened, action, response, completed, closed, control, event(8, (1, 3)), event(9, (1, 1), (2, 9))]


def histories():
    """Bytes for whoever draws steps from them."""
    for start in range(0, 256, 16):
        yield bytes((start + step * 7) % 256 for step in range(64))


def seeds():
    """What each target begins with."""
    texts = [text for text in statements() if text]
    plain = [AS_IT_STANDS + text.encode() for text in texts]
    words = [bytes([1]) + bytes(range(start, min(start + 24, 256))) for start in range(0, 256, 8)]
    values = [text.encode() for text in VALUES]
    binary = [struct.pack(">6I", 1, 0, 25, 1, 1, len(value)) + value for value in values[:6]]
    values += binary + [struct.pack(">3I", 1, 25, len(value)) + value for value in values[:6]] + [b"\x01" + values[6]]
    held = list(recordings())
    return {
        "sql_analysis": plain + words,
        "plpgsql_body": [AS_IT_STANDS + body.encode() for body in bodies()] + words,
        "mask_search": [bytes([how]) + value for how, value in itertools.product(range(0, 256, 5), values)],
        "mask_within": [bytes([how]) + value for how, value in itertools.product(range(10), values)],
        "search_words": values + [text.encode() for text in texts[::10]] + [b'"two words" -not pre*', "Äpfel ñ 東京".encode()],
        "recording": held,
        "journal_keys": held + [b"\x01" + bytes(127), b"\x02" * 128],
        "ledger_notes": [text.encode() for text in NOTES] + [b"\x00\x00\x03abc", b"\x01\x00\x00\x00\x02ab"],
        "evidence_pack": [bytes([how]) + value for how, value in itertools.product((1, 3, 5, 7), held)]
        + [b"\x03" + b"\xff".join([b"r", b"{}", held[0], b"00" * 32 + b"\n", b"1 " + b"00" * 32, note.encode(), b"k",
          json.dumps({"version": 1, "session": "07" * 16, "origin": "o", "checkpoint": note, "entries": []}).encode()])
          for note in NOTES[:2]],
        "postgres_session": list(histories()),
        "postgres_startup": [bytes([how]) + message for how, message in itertools.product(range(8), startups())],
    }


def startups():
    """First messages of either side."""
    names = b"user\0app\0database\0shop\0\0"
    yield struct.pack(">II", len(names) + 8, 196608) + names
    yield struct.pack(">II", 8, 80877103) + struct.pack(">II", len(names) + 8, 196608) + names
    yield struct.pack(">IIII", 16, 80877102, 1, 2)
    yield b"R" + struct.pack(">II", 8, 0) + b"Z" + struct.pack(">I", 5) + b"I"
    yield b"R" + struct.pack(">II", 23, 10) + b"SCRAM-SHA-256\0\0"
    yield b"R" + struct.pack(">II", 12, 5) + b"salt"
    yield b"R" + struct.pack(">II", 8, 3)


def main():
    for target, contents in seeds().items():
        folder = CORPUS / target
        folder.mkdir(parents=True, exist_ok=True)
        for content in contents:
            if len(content) <= SEED_BYTES_MAX:
                (folder / hashlib.sha1(content).hexdigest()).write_bytes(content)
        print(f"{target}: {len(list(folder.iterdir()))} inputs")


if __name__ == "__main__":
    main()
