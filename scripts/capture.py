#!/usr/bin/env python3
"""Takes down what a tool sends to PostgreSQL, in the form of testing/corpus/tools, and runs it again through the gateway.

    scripts/capture.py --tool 'Alembic 1.20.1' --way session --account dora --owner \
        --portcullis target/debug/portcullis -- python testing/capture/alembic.py

The tool runs twice, each time on a fresh shop of demo/shop.sql: directly, with a recorder between, and through the
gateway under the demo's policies as the account. It finds its server in the PG* variables and in DATABASE_URL. The texts
are written to --out; what the two runs printed, where it differs, to the standard output. Servers are on loopback, and
the shop's people are made up. A server of another version is named by --bin.

Standard library only.
"""

import argparse
import difflib
import json
import os
import pathlib
import re
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import urllib.parse

import stage

PASSWORD = "upstream-secret"
SSL, GSS, CANCEL = 80877103, 80877104, 80877102
GROUPS = {"agent": ["agents"], "alice": ["engineers"], "dora": ["dba"]}


class Recorder:
    """A relay before a server, that keeps the texts of its clients in the order in which they were sent."""

    def __init__(self, port):
        self.target, self.texts, self.lock = port, [], threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        stream = client.makefile("rb")
        while True:
            head = stream.read(8)
            if len(head) < 8:
                return
            length, code = struct.unpack(">II", head)
            if code not in (SSL, GSS):
                break
            client.sendall(b"N")
        server = socket.create_connection(("127.0.0.1", self.target))
        server.sendall(head + stream.read(length - 8))
        if code == CANCEL:
            server.close()
            return
        threading.Thread(target=pour, args=(server, client), daemon=True).start()
        self.follow(stream, server)

    def follow(self, stream, server):
        """Hands on a client's messages, and notes what they ask."""
        session = Session(self)
        try:
            while len(head := stream.read(5)) == 5:
                body = stream.read(struct.unpack(">I", head[1:])[0] - 4)
                session.message(head[:1], body)
                server.sendall(head + body)
        except OSError:
            pass
        session.end()
        server.close()

    def note(self, bound, sql):
        with self.lock:
            self.texts.append((bound, sql))


def pour(source, sink):
    try:
        while data := source.recv(1 << 16):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Session:
    """The prepared statements and portals of one connection."""

    def __init__(self, recorder):
        self.recorder, self.statements, self.portals, self.unused = recorder, {}, {}, {}

    def message(self, tag, body):
        act = {b"Q": self.query, b"P": self.parse, b"B": self.bind, b"E": self.execute}.get(tag)
        if act:
            act(body)

    def query(self, body):
        self.recorder.note(None, body[:-1].decode())

    def parse(self, body):
        name, sql, rest = body.split(b"\0", 2)
        count = struct.unpack(">H", rest[:2])[0]
        self.forget(name)
        self.statements[name] = (sql.decode(), list(struct.unpack(f">{count}I", rest[2 : 2 + 4 * count])))
        self.unused[name] = self.statements[name]

    def bind(self, body):
        portal, name, rest = body.split(b"\0", 2)
        self.unused.pop(name, None)
        self.portals[portal] = (*self.statements[name], values(rest))

    def execute(self, body):
        sql, types, bound = self.portals[body.split(b"\0", 1)[0]]
        self.recorder.note({"types": types, "values": bound}, sql)

    def forget(self, name):
        """A statement that was described and never run is one that the tool asks about: nulls are bound to it."""
        if name in self.unused:
            sql, types = self.unused.pop(name)
            nulls = max([len(types), *map(int, re.findall(r"\$(\d+)", sql))])
            self.recorder.note({"types": types, "values": [None] * nulls}, sql)

    def end(self):
        for name in list(self.unused):
            self.forget(name)


def values(rest):
    """The values of a Bind message, from its format codes on."""
    count = struct.unpack_from(">H", rest)[0]
    formats = struct.unpack_from(f">{count}H", rest, 2)
    at = 2 + 2 * count
    count = struct.unpack_from(">H", rest, at)[0]
    at, found = at + 2, []
    for index in range(count):
        length = struct.unpack_from(">i", rest, at)[0]
        at += 4
        if length < 0:
            found.append(None)
            continue
        value, at = rest[at : at + length], at + length
        binary = formats[0 if len(formats) == 1 else index] if formats else 0
        found.append({"hex": value.hex()} if binary else value.decode())
    return found


def corpus(texts, tool, way, account):
    """The texts as a section of a file of testing/corpus/tools. Asked by themselves, equal ones but for their numbers count once."""
    lines, seen = [f"--= {way} {account}", ""], set()
    for bound, sql in texts:
        sql = sql.rstrip("\n")
        key = (re.sub(r"\d+", "0", sql), bound is None, str(bound and bound["types"]))
        if not sql.strip() or (way == "each" and key in seen):
            continue
        seen.add(key)
        if re.search(r"^--[=>] ", sql, re.M):
            sys.exit(f"cannot stand in the corpus: {sql}")
        protocol = "simple" if bound is None else f"extended {json.dumps(bound)}"
        lines += [f"--> {tool} | {protocol}", sql, ""]
    return "\n".join(lines)


class Server:
    """A server with shops on it."""

    def __init__(self, scene, owner_rights):
        self.port, self.owner = scene.postgres(scene.folder / "postgres", "shops", {}, "scram-sha-256")
        self.rights = "SUPERUSER" if owner_rights else "NOSUPERUSER"

    def shop(self):
        """Makes the shop anew."""
        sql = lambda database, *more: self.owner.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database, *more])
        sql("postgres", "-c", "DROP DATABASE IF EXISTS shop WITH (FORCE)", "-c", "CREATE DATABASE shop")
        sql("shop", "-f", stage.ROOT / "demo/shop.sql")
        sql("shop", "-c", f"ALTER ROLE portcullis_gateway {self.rights} PASSWORD '{PASSWORD}'")


def run(command, port, user, password, database):
    """Runs the tool on one server. Gives its status, what it printed, and the end of its complaints."""
    quoted = urllib.parse.quote(password, safe="")
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    environment = clean | {
        "PGHOST": "127.0.0.1", "PGPORT": str(port), "PGUSER": user, "PGPASSWORD": password, "PGDATABASE": database,
        "PGSSLMODE": "disable", "PGGSSENCMODE": "disable",
        "DATABASE_URL": f"postgresql://{user}:{quoted}@127.0.0.1:{port}/{database}?sslmode=disable",
    }
    ran = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
    said = ran.stdout.replace(quoted, "PASSWORD").replace(password, "PASSWORD").replace(str(port), "PORT")
    return ran.returncode, said, ran.stderr[-2000:] if ran.returncode else ""


def through(scene, server, arguments):
    """Runs the tool through a gateway of its own."""
    issuer = scene.issuer()
    resource = {
        "name": "orders-prod", "address": f"127.0.0.1:{server.port}", "user": "portcullis_gateway",
        "password": PASSWORD, "database": "shop",
    }
    _, port = scene.portcullis(pathlib.Path(arguments.portcullis).resolve(), stage.ROOT / "policy", resource, issuer)
    kind = "agent" if arguments.account == "agent" else "human"
    token = stage.sign(issuer, arguments.account, GROUPS[arguments.account], actor_type=kind)
    return run(arguments.command, port, arguments.account, token, "orders-prod")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", required=True, help="the tool's name and version, for the headings")
    parser.add_argument("--way", choices=["each", "session"], default="each")
    parser.add_argument("--account", choices=sorted(GROUPS), default="agent")
    parser.add_argument("--owner", action="store_true", help="the gateway's role is a superuser of the shop's server")
    parser.add_argument("--bin", help="the folder of a PostgreSQL's programs")
    parser.add_argument("--portcullis", help="the gateway's program; without it the tool runs directly alone")
    parser.add_argument("--out", default="/dev/null")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="portcullis-capture-") as folder:
        os.chmod(folder, 0o755)
        scene = stage.Stage(folder)
        if arguments.bin:
            scene.bin = pathlib.Path(arguments.bin)
        try:
            server = Server(scene, arguments.owner)
            server.shop()
            recorder = Recorder(server.port)
            status, direct, complaint = run(arguments.command, recorder.port, "portcullis_gateway", PASSWORD, "shop")
            section = corpus(recorder.texts, arguments.tool, arguments.way, arguments.account)
            pathlib.Path(arguments.out).write_text(section)
            print(f"directly: status {status}, {section.count('--> ')} texts, {len(direct)} characters printed{complaint}")
            if arguments.portcullis:
                server.shop()
                status, gated, complaint = through(scene, server, arguments)
                print(f"through the gateway: status {status}{complaint}")
                print("\n".join(difflib.unified_diff(direct.splitlines(), gated.splitlines(), "directly", "through", lineterm="", n=1)))
        finally:
            scene.stop()


if __name__ == "__main__":
    main()
