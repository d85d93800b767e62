#!/usr/bin/env python3
"""Reads an evidence pack with nothing but its README.txt: pack.py PACK

Opens it with Python's own ZIP reader, holds every file against the manifest, and computes each record's hash and each
entry's way to the checkpoint's root. Leaves the checkpoint's signature to others.
"""
import base64, hashlib, json, struct, sys, zipfile

sha = lambda *parts: hashlib.sha256(b"".join(parts)).digest()
pack = zipfile.ZipFile(sys.argv[1])
assert pack.testzip() is None
manifest = json.loads(pack.read("manifest.json"))
for file in manifest["files"]:
    data = pack.read(file["name"])
    assert len(data) == file["bytes"] and hashlib.sha256(data).hexdigest() == file["sha256"], file["name"]

proof = json.loads(pack.read("ledger/proof.json"))
assert proof["checkpoint"] == pack.read("ledger/checkpoint").decode()
size, root = proof["checkpoint"].split("\n")[1:3]
for item in proof["entries"]:
    node, last, hash = item["index"], int(size) - 1, sha(b"\0", item["entry"].encode())
    for sibling in map(base64.b64decode, item["proof"]):
        if node & 1 or node == last:
            hash = sha(b"\1", sibling, hash)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            hash = sha(b"\1", hash, sibling)
        node, last = node >> 1, last >> 1
    assert last == 0 and hash == base64.b64decode(root), item["entry"]

data, at, chains, hashes = pack.read("recording.pcj"), 0, {}, {}
while at < len(data):
    length = struct.unpack_from("<I", data, at)[0]
    stream, number = data[at + 10], struct.unpack_from("<Q", data, at + 32)[0]
    payload = data[at + 80 : at + 80 + length]
    hash = sha(b"pcj record 1\n", chains.get(stream, bytes(32)), data[at + 8 : at + 48], sha(payload))
    assert hash == data[at + 48 : at + 80], f"record {number} was edited"
    chains[stream], hashes[stream, number] = hash, hash
    at += 80 + length
proved = {}
for item in proof["entries"]:
    words = item["entry"].split(" ")
    if words[1] == "chain" and words[2] == proof["session"]:
        stream, last = ("intents", "results").index(words[3]), int(words[4].split("-")[1])
        assert hashes[stream, last].hex() == words[6], item["entry"]
        proved[stream] = max(last, proved.get(stream, 0))
assert len(hashes) == sum(proved.values()), "not every record is proved"
print(f"{len(hashes)} records are as they were sealed")
