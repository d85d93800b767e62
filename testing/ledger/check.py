#!/usr/bin/env python3
"""Checks a journal against its ledger with nothing but docs/ledger.md: check.py JOURNAL LEDGER

Leaves the checkpoint's signature to others; says whether the log hashes to its root and each sealed chain to its hash.
"""
import base64, hashlib, pathlib, struct, sys

journal, ledger = map(pathlib.Path, sys.argv[1:])
sha = lambda *parts: hashlib.sha256(b"".join(parts)).digest()


def root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return sha(b"\1", root(leaves[:k]), root(leaves[k:]))


def tile(index, width):
    parts = [f"{index % 1000:03}"]
    while index := index // 1000:
        parts.insert(0, f"x{index % 1000:03}")
    name = "tile/entries/" + "/".join(parts) + ("" if width == 256 else f".p/{width}")
    return (ledger / name).read_bytes()


size, wanted = (ledger / "checkpoint").read_text().split("\n")[1:3]
entries = []
while len(entries) < int(size):
    bundle = tile(len(entries) // 256, min(256, int(size) - len(entries)))
    while bundle:
        length = struct.unpack(">H", bundle[:2])[0]
        entries.append(bundle[2 : 2 + length])
        bundle = bundle[2 + length :]
assert root([sha(b"\0", entry) for entry in entries]) == base64.b64decode(wanted), "the log was edited"

records, chains = {}, {}
for segment in sorted(journal.glob("*.pcj")):
    data, at = segment.read_bytes(), 80
    while at + 80 <= len(data):
        length, end = struct.unpack_from("<I", data, at)[0], at + 80 + struct.unpack_from("<I", data, at)[0]
        head, stored = data[at + 8 : at + 48], data[at + 80 : end]
        session, (number, sequence) = head[8:24], struct.unpack("<QQ", head[24:40])
        chain = session.hex(), ("intents", "results")[head[2]]
        hash = sha(b"pcj record 1\n", chains.get(chain, bytes(32)), head, sha(stored))
        assert hash == data[at + 48 : at + 80], f"record {sequence} was edited"
        assert sequence == len(records) + 1, f"record {sequence} is out of order"
        chains[chain], records[sequence], at = hash, (*chain, number, hash.hex()), end

sealed = 0
for entry in entries:
    _, kind, *words = entry.decode().split(" ")
    if kind == "chain":
        session, stream, numbers, sequences, hash = words
        last = session, stream, int(numbers.split("-")[1]), hash
        assert records.get(int(sequences.split("-")[1])) == last, f"not as sealed: {entry.decode()}"
    elif kind == "control":
        assert records.get(int(words[2])) == (words[0], "intents", int(words[1]), words[3]), f"not as sealed: {entry.decode()}"
    elif kind == "seal":
        first, last = map(int, words[0].split("-"))
        assert first == sealed + 1 and records[last][3] == words[1], f"not as sealed: {entry.decode()}"
        sealed = last
print(f"{sealed} of {len(records)} records are as they were sealed, in {len(entries)} entries")
