#!/usr/bin/env python3
"""Reads one session with nothing but docs/recording-format.md: decrypt.py JOURNAL MASTER-KEY-FILE SESSION

Prints the decrypted payloads that are not compressed, one after the other. AES and GCM are written out here, after
FIPS 197 and SP 800-38D, so that nothing is shared with the gateway. Slow, and not for anything but checking.
"""
import base64, hashlib, pathlib, struct, sys


def double(x):
    return (x << 1 ^ 0x11B * (x >> 7)) & 0xFF


def box():
    out, p, q = [0] * 256, 1, 1
    while True:
        p ^= double(p)
        q ^= q << 1
        q ^= q << 2
        q ^= q << 4
        q = (q ^ 0x09 * (q >> 7 & 1)) & 0xFF
        x = q | q << 8
        out[p] = (q ^ x >> 7 ^ x >> 6 ^ x >> 5 ^ x >> 4 ^ 0x63) & 0xFF
        if p == 1:
            out[0] = 0x63
            return out


BOX = box()


def schedule(key):
    words, power = [list(key[at : at + 4]) for at in range(0, 32, 4)], 1
    for at in range(8, 60):
        word = list(words[-1])
        if at % 8 == 0:
            word = [BOX[b] for b in word[1:] + word[:1]]
            word[0] ^= power
            power = double(power)
        elif at % 8 == 4:
            word = [BOX[b] for b in word]
        words.append([a ^ b for a, b in zip(words[-8], word)])
    return [sum(words[at : at + 4], []) for at in range(0, 60, 4)]


def encrypt(rounds, block):
    state = [a ^ b for a, b in zip(block, rounds[0])]
    for number, key in enumerate(rounds[1:], 1):
        state = [BOX[state[(at + 4 * (at % 4)) % 16]] for at in range(16)]
        if number < 14:
            mixed = []
            for at in range(0, 16, 4):
                a, every = state[at : at + 4], 0
                for b in a:
                    every ^= b
                mixed += [a[i] ^ every ^ double(a[i] ^ a[(i + 1) % 4]) for i in range(4)]
            state = mixed
        state = [a ^ b for a, b in zip(state, key)]
    return bytes(state)


def multiply(x, y):
    z = 0
    for bit in range(127, -1, -1):
        if y >> bit & 1:
            z ^= x
        x = x >> 1 ^ (0xE1 << 120) * (x & 1)
    return z


def open_gcm(key, nonce, aad, sealed):
    """The plaintext; an error where the tag is not right."""
    rounds = schedule(key)
    body, tag = sealed[:-16], sealed[-16:]
    h, hash = int.from_bytes(encrypt(rounds, bytes(16)), "big"), 0
    lengths = struct.pack(">QQ", len(aad) * 8, len(body) * 8)
    for part in (aad, body, lengths):
        for at in range(0, len(part), 16):
            hash = multiply(hash ^ int.from_bytes(part[at : at + 16].ljust(16, b"\0"), "big"), h)
    first = encrypt(rounds, nonce + struct.pack(">I", 1))
    assert tag == bytes(a ^ b for a, b in zip(hash.to_bytes(16, "big"), first)), "the tag is not right"
    stream = b"".join(encrypt(rounds, nonce + struct.pack(">I", at + 2)) for at in range(-(-len(body) // 16)))
    return bytes(a ^ b for a, b in zip(body, stream))


# FIPS 197's example, so that a wrong answer below is not this file's own fault.
example = encrypt(schedule(bytes(range(32))), bytes.fromhex("00112233445566778899aabbccddeeff"))
assert example.hex() == "8ea2b7ca516745bfeafc49904b496089"

journal, session = pathlib.Path(sys.argv[1]), bytes.fromhex(sys.argv[3].replace("-", ""))
word, digits = pathlib.Path(sys.argv[2]).read_text().strip().split(":")
assert word == "portcullis-master-key-1"
master = base64.b64decode(digits)
master_id = hashlib.sha256(b"pcj master key 1\n" + master).digest()[:8]

key = None
for file in sorted(journal.glob("keys/*.pck")):
    data = file.read_bytes()
    assert data[:8] == b"PCJKEYS\1"
    for at in range(128, len(data), 128):
        slot = data[at : at + 128]
        if slot[8:24] == session and slot[0] == 2:
            sys.exit("erased by " + slot[34 : 34 + slot[33]].decode())
        if slot[8:24] == session and slot[0] == 1:
            assert slot[24:32] == master_id, "another master key"
            key = open_gcm(master, slot[32:44], b"pcj key 1\n" + session, slot[44:124])[:32]
assert key, "no key"

for segment in sorted(journal.glob("*.pcj")):
    data, at = segment.read_bytes(), 80
    while at + 80 <= len(data):
        end = at + 80 + struct.unpack_from("<I", data, at)[0]
        head, stored, at = data[at + 8 : at + 48], data[at + 80 : end], end
        if head[8:24] == session and head[1] & 2:
            plain = open_gcm(key, stored[:12], head[:32], stored[12:])
            if head[1] & 1:
                assert plain[:4] == b"\x28\xb5\x2f\xfd", "no zstd frame"
            else:
                sys.stdout.buffer.write(plain)
