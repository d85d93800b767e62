#!/usr/bin/env python3
"""Measures PostgreSQL directly, through PgBouncer and through Portcullis, side by side, and prints the ratios.

    scripts/bench.py [--portcullis target/release/portcullis] [--rounds 5] [--seconds 4] [--only point,churn,bulk]

What makes the figures comparable: one server for all, on a fresh data folder in memory with fsync off; everything on
loopback of one machine, so each microsecond that a proxy burns is taken from the server; TLS off towards every
endpoint, and one row with TLS; the endpoints take turns within every round, and the ratios are medians over the rounds
of what was measured within one and the same round. PgBouncer pools sessions (what a gateway that knows its clients
has to do) and checks a password. Portcullis runs with policy, masks and the full recording on, its journal on disk.

Standard library only. Writes target/bench/<time>.json and target/bench/latest.json.
"""

import argparse
import contextlib
import datetime
import json
import os
import pathlib
import platform
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCALE = 10
BULK_ROWS = 1_000_000
ROLE, PASSWORD = "bench", "bench-password"
MODES = ("simple", "extended", "prepared")
CLIENTS = (1, 8, 64)
NOBODY = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []


def newest_postgres():
    folders = pathlib.Path("/usr/lib/postgresql").glob("*/bin")
    found = sorted((int(f.parent.name), f) for f in folders if (f / "initdb").exists())
    if not found:
        sys.exit("bench: no PostgreSQL; run scripts/setup.sh bench")
    return found[-1][1]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, condition, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (answer := condition()) not in (None, False):
            return answer
        time.sleep(0.02)
    sys.exit(f"bench: waited in vain for {what}")


def quiet(command, **more):
    ran = subprocess.run(command, text=True, capture_output=True, **more)
    if ran.returncode:
        sys.exit(f"bench: {' '.join(map(str, command))}\n{ran.stdout}{ran.stderr}")
    return ran.stdout


class Process:
    """A server of ours: started here, ended here, with the CPU time that it and its children used."""

    def __init__(self, command, log, **more):
        self.log = log
        self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=open(log, "wb"), stderr=subprocess.STDOUT, **more)

    def alive(self):
        if self.child.poll() is not None:
            sys.exit(f"bench: ended: {pathlib.Path(self.log).read_text(errors='replace')[-2000:]}")
        return True

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.child.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_mib(self):
        status = pathlib.Path(f"/proc/{self.child.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def stop(self, signal="TERM"):
        if self.child.poll() is None:
            self.child.send_signal(getattr(__import__("signal"), f"SIG{signal}"))
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.child.wait(20)
            if self.child.poll() is None:
                self.child.kill()
                self.child.wait()


class Endpoint:
    """One way to the server. `user` and `password` are what its clients log in with."""

    def __init__(self, name, port, user, password, database, process=None, sslmode="disable"):
        self.name, self.port, self.process = name, port, process
        self.environment = os.environ | {
            "PGHOST": "127.0.0.1", "PGPORT": str(port), "PGUSER": user, "PGPASSWORD": password,
            "PGDATABASE": database, "PGSSLMODE": sslmode, "PGGSSENCMODE": "disable",
        }

    def run(self, command, **more):
        return quiet(command, env=self.environment, **more)


class Stage:
    """Everything that runs, in one temporary folder; what is started last is stopped first."""

    def __init__(self, folder, memory, bin_folder):
        self.folder, self.memory, self.bin = folder, memory, bin_folder
        self.processes = []

    def start(self, command, name, **more):
        process = Process(command, self.folder / f"{name}.log", **more)
        self.processes.append(process)
        return process

    def stop(self):
        for process in reversed(self.processes):
            process.stop("INT" if "postgres" in str(process.log) else "TERM")

    def postgres(self):
        data = self.memory / "data"
        data.mkdir()
        if NOBODY:
            for path in (self.memory, data):
                shutil.chown(path, "nobody", "nogroup")
        quiet([*NOBODY, self.bin / "initdb", "-D", data, "-U", "postgres", "--auth-local=trust", "--auth-host=scram-sha-256",
               "--encoding=UTF8", "--locale=C", "--no-sync"], cwd="/")
        port = free_port()
        settings = {
            "port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": self.memory, "fsync": "off",
            "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "512MB", "max_connections": 300,
            "autovacuum": "off", "max_wal_size": "4GB", "jit": "off",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        server = self.start([*NOBODY, self.bin / "postgres", "-D", data, *options], "postgres", cwd="/")
        owner = Endpoint("owner", port, "postgres", "", "postgres")
        owner.environment["PGHOST"] = str(self.memory)
        ready = lambda: server.alive() and subprocess.run([self.bin / "pg_isready", "-q"], env=owner.environment).returncode == 0
        wait_for("PostgreSQL", ready)
        self.fill(owner)
        return port

    def fill(self, owner):
        owner.run(["psql", "-Xqc", f"CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'"])
        owner.run(["psql", "-Xqc", f"CREATE DATABASE bench OWNER {ROLE}"])
        owner.environment["PGDATABASE"] = "bench"
        owner.run([self.bin / "pgbench", "-i", "-q", "-s", str(SCALE), "bench"])
        owner.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1"], input=f"""
            CREATE TABLE people AS SELECT i AS id, 'Name ' || i AS name, 'person' || i || '@example.com' AS email,
              format('666-%s-%s', lpad((1 + i % 99)::text, 2, '0'), lpad((1 + i % 9999)::text, 4, '0')) AS ssn,
              '424242' || lpad(i::text, 10, '0') AS card_number, i % 1000 AS score, timestamptz '2026-01-01' + i * interval '1 s' AS seen
            FROM generate_series(1, {BULK_ROWS}) AS i;
            GRANT SELECT ON ALL TABLES IN SCHEMA public TO {ROLE};
            VACUUM ANALYZE;""")

    def pgbouncer(self, server_port):
        port = free_port()
        users, config = self.folder / "users.txt", self.folder / "pgbouncer.ini"
        users.write_text(f'"{ROLE}" "{PASSWORD}"\n')
        config.write_text(f"""[databases]
bench = host=127.0.0.1 port={server_port} dbname=bench user={ROLE} password={PASSWORD}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
pool_mode = session
default_pool_size = 150
max_client_conn = 500
log_connections = 0
log_disconnections = 0
ignore_startup_parameters = extra_float_digits
""")
        if NOBODY:
            for path in (self.folder, users, config):
                shutil.chown(path, "nobody", "nogroup")
        program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
        process = self.start([*NOBODY, program, config], "pgbouncer")
        endpoint = Endpoint("pgbouncer", port, ROLE, PASSWORD, "bench", process)
        self.wait_for_endpoint(endpoint)
        return endpoint

    def portcullis(self, binary, server_port):
        home = self.folder / "portcullis"
        (home / "policy").mkdir(parents=True)
        for file in (ROOT / "testing/bench").iterdir():
            shutil.copy(file, home / "policy" / file.name)
        secret = home / "upstream.password"
        secret.write_text(PASSWORD)
        secret.chmod(0o600)
        (home / "portcullis.toml").write_text(f"""
[gateway]
data_dir = "data"
name = "localhost"
[log]
level = "warn"
[[listen]]
address = "127.0.0.1:0"
tls = "offered"
[http]
address = "127.0.0.1:0"
tls = "off"
[policy]
dir = "policy"
data = "policy/data.toml"
[[resource]]
name = "bench"
protocol = "postgres"
address = "127.0.0.1:{server_port}"
database = "bench"
tls = "disable"
user = "{ROLE}"
password_file = "upstream.password"
""")
        key = quiet([binary, "keys", "issue", "--config", home / "portcullis.toml", "--name", "bench", "--group", "bench"]).split()[-1]
        process = self.start([binary, "serve", "--config", home / "portcullis.toml"], "gateway")
        addresses = home / "data" / "addresses.json"

        def listening():
            process.alive()
            with contextlib.suppress(OSError, ValueError):
                return json.loads(addresses.read_text())["postgres"][0]
            return None

        port = int(wait_for("Portcullis", listening).rsplit(":", 1)[1])
        plain = Endpoint("portcullis", port, "bench", key, "bench", process)
        self.wait_for_endpoint(plain)
        return [plain, Endpoint("portcullis+tls", port, "bench", key, "bench", process, "require")]

    def wait_for_endpoint(self, endpoint):
        probe = ["psql", "-XAtqc", "SELECT 1"]
        answers = lambda: endpoint.process.alive() and subprocess.run(probe, env=endpoint.environment, capture_output=True).returncode == 0
        wait_for(endpoint.name, answers)


def pgbench(stage, endpoint, seconds, *options):
    """Answers transactions (or connections) a second, the median latency in µs, and the proxy's CPU µs for each."""
    logs = stage.folder / "pgbench"
    shutil.rmtree(logs, ignore_errors=True)
    logs.mkdir()
    before = endpoint.process.cpu_seconds() if endpoint.process else 0
    said = endpoint.run([stage.bin / "pgbench", "-n", "-T", str(seconds), "-l", "--log-prefix", logs / "log",
                         "--sampling-rate=0.2", *options], cwd=logs)
    after = endpoint.process.cpu_seconds() if endpoint.process else 0
    count = int(re.search(r"actually processed: (\d+)", said)[1])
    failed = re.search(r"failed transactions: (\d+)", said)
    if count == 0 or (failed and int(failed[1])):
        sys.exit(f"bench: {endpoint.name}: {said}")
    times = sorted(int(line.split()[2]) for file in logs.iterdir() for line in file.open())
    tps = float(re.search(r"tps = ([\d.]+)", said)[1])
    return {"tps": tps, "p50_us": times[len(times) // 2], "p99_us": times[len(times) * 99 // 100],
            "cpu_us": (after - before) * 1e6 / count if endpoint.process else 0.0}


def bulk(stage, endpoint, sql):
    """Answers MB/s of one big result through psql, thrown away as it comes, and the proxy's CPU ms for each MB."""
    before = endpoint.process.cpu_seconds() if endpoint.process else 0
    start = time.monotonic()
    client = subprocess.Popen(["psql", "-XAtq", "-v", "FETCH_COUNT=0", "-c", sql], env=endpoint.environment,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    size = 0
    while chunk := os.read(client.stdout.fileno(), 1 << 20):
        size += len(chunk)
    complaint = client.stderr.read().decode()
    if client.wait():
        sys.exit(f"bench: {endpoint.name}: {complaint}")
    taken = time.monotonic() - start
    after = endpoint.process.cpu_seconds() if endpoint.process else 0
    mb = size / 1e6
    return {"mb_s": mb / taken, "seconds": taken, "mb": mb, "cpu_ms_mb": (after - before) * 1e3 / mb if endpoint.process else 0.0}


def plan(only, seconds):
    """The cases: name, the figure whose ratio counts, and how to take one sample."""
    cases = []
    if "point" in only:
        for mode in MODES:
            for clients in CLIENTS:
                threads = str(min(clients, os.cpu_count() or 1))
                options = ["-S", "-M", mode, "-c", str(clients), "-j", threads]
                cases.append((f"select {mode} c={clients}", "tps", lambda s, e, o=options: pgbench(s, e, seconds, *o)))
    if "churn" in only:
        for clients in (1, 8):
            options = ["-S", "-C", "-c", str(clients), "-j", str(min(clients, 2))]
            cases.append((f"connect c={clients}", "tps", lambda s, e, o=options: pgbench(s, e, seconds, *o)))
    if "bulk" in only:
        for name, sql in (("1M rows SELECT", "SELECT * FROM people"), ("1M rows COPY", "COPY (SELECT * FROM people) TO STDOUT")):
            cases.append((name, "mb_s", lambda s, e, q=sql: bulk(s, e, q)))
    return cases


def measure(stage, endpoints, cases, rounds):
    samples = {name: {e.name: [] for e in endpoints} for name, *_ in cases}
    for number in range(rounds):
        for name, figure, take in cases:
            # Another goes first each round, so that none always inherits a warm or a tired machine.
            turn = number % len(endpoints)
            for endpoint in endpoints[turn:] + endpoints[:turn]:
                samples[name][endpoint.name].append(take(stage, endpoint))
            shown = "  ".join(f"{e.name} {samples[name][e.name][-1][figure]:,.0f}" for e in endpoints)
            print(f"round {number + 1}/{rounds}  {name:<24} {shown}", file=sys.stderr, flush=True)
    return samples


def summarise(endpoints, cases, samples):
    rows = []
    for name, figure, _ in cases:
        direct = samples[name]["direct"]
        for endpoint in endpoints:
            own = samples[name][endpoint.name]
            row = {"case": name, "endpoint": endpoint.name, "figure": figure,
                   "median": statistics.median(s[figure] for s in own),
                   "ratio": statistics.median(s[figure] / d[figure] for s, d in zip(own, direct)),
                   "ratio_low": min(s[figure] / d[figure] for s, d in zip(own, direct)),
                   "ratio_high": max(s[figure] / d[figure] for s, d in zip(own, direct))}
            if "pgbouncer" in samples[name]:
                row["to_pgbouncer"] = statistics.median(s[figure] / p[figure] for s, p in zip(own, samples[name]["pgbouncer"]))
            if figure == "tps":
                row["p50_us"] = statistics.median(s["p50_us"] for s in own)
                row["added_p50_us"] = statistics.median(s["p50_us"] - d["p50_us"] for s, d in zip(own, direct))
                row["p99_us"] = statistics.median(s["p99_us"] for s in own)
                row["cpu_us"] = statistics.median(s["cpu_us"] for s in own)
            else:
                row["cpu_ms_mb"] = statistics.median(s["cpu_ms_mb"] for s in own)
            rows.append(row)
    return rows


def table(rows):
    print(f"\n{'case':<24} {'endpoint':<15} {'median':>12} {'to direct':>10} {'(low–high)':>12} {'to PgB.':>8} {'+p50 µs':>8} {'p99 µs':>8} {'CPU':>12}")
    last = None
    for row in rows:
        unit = "/s" if row["figure"] == "tps" else " MB/s"
        spread = f"{row['ratio_low']:.2f}–{row['ratio_high']:.2f}"
        cpu = f"{row['cpu_us']:.1f} µs" if "cpu_us" in row else f"{row['cpu_ms_mb']:.2f} ms/MB"
        added = f"{row['added_p50_us']:.0f}" if "added_p50_us" in row else ""
        p99 = f"{row['p99_us']:.0f}" if "p99_us" in row else ""
        against = f"{row['to_pgbouncer']:.2f}" if "to_pgbouncer" in row else ""
        print(f"{row['case'] if row['case'] != last else '':<24} {row['endpoint']:<15} {row['median']:>7,.0f}{unit:<5} {row['ratio']:>10.2f} "
              f"{spread:>12} {against:>8} {added:>8} {p99:>8} {cpu if row['endpoint'] != 'direct' else '':>12}")
        last = row["case"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--portcullis", type=pathlib.Path, help="the gateway's binary; without it only the others are measured")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4, help="length of one pgbench sample")
    parser.add_argument("--only", default="point,churn,bulk")
    given = parser.parse_args()
    memory_root = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="portcullis-bench-") as folder, \
            tempfile.TemporaryDirectory(prefix="portcullis-bench-", dir=memory_root) as memory:
        stage = Stage(pathlib.Path(folder), pathlib.Path(memory), newest_postgres())
        try:
            port = stage.postgres()
            endpoints = [Endpoint("direct", port, ROLE, PASSWORD, "bench"), stage.pgbouncer(port)]
            if given.portcullis:
                endpoints += stage.portcullis(given.portcullis.resolve(), port)
            cases = plan(given.only.split(","), given.seconds)
            samples = measure(stage, endpoints, cases, given.rounds)
            resident = {e.name: e.process.resident_mib() for e in endpoints if e.process}
        finally:
            stage.stop()
    rows = summarise(endpoints, cases, samples)
    table(rows)
    now = datetime.datetime.now(datetime.timezone.utc)
    report = {"time": now.isoformat(timespec="seconds"), "cpus": os.cpu_count(), "machine": platform.machine(),
              "kernel": platform.release(), "postgres": quiet([newest_postgres() / "postgres", "--version"]).strip(),
              "rounds": given.rounds, "seconds": given.seconds, "resident_mib": resident, "rows": rows, "samples": samples}
    out = ROOT / "target/bench"
    out.mkdir(parents=True, exist_ok=True)
    for name in (f"{now:%Y%m%dT%H%M%SZ}.json", "latest.json"):
        (out / name).write_text(json.dumps(report, indent=1))
    print(f"\nresident: " + ", ".join(f"{n} {v:.0f} MiB" for n, v in resident.items()) + f"; written to {out / 'latest.json'}")


if __name__ == "__main__":
    main()
