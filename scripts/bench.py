#!/usr/bin/env python3
"""Measures PostgreSQL directly, through PgBouncer and through Portcullis, side by side, and prints the ratios.

    scripts/bench.py [--portcullis target/bench/portcullis] [--unrecorded target/bench/unrecorded] [--analysis target/bench/analysis_cost]
                     [--rounds 5] [--seconds 4] [--only point,churn,bulk]

What makes the figures comparable: one server for all, on a fresh data folder in memory with fsync off; everything on
loopback of one machine, so each microsecond that a proxy burns is taken from the server; TLS off towards every
endpoint, and one row with TLS; the endpoints take turns within every round, and the ratios are medians over the rounds
of what was measured within one and the same round. PgBouncer pools sessions (what a gateway that knows its clients
has to do). Passwords are md5 towards the server and PgBouncer, so that churn measures connecting and not the hashing of
SCRAM; Portcullis checks an OIDC token at every login. It runs with policy, masks and the full recording on, its journal on disk;
`unrecorded` is the same with recording alone left out, so that its cost is told by the ratio of the two.

Standard library only. Writes target/bench/<time>.json and target/bench/latest.json.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from stage import NOBODY, ROOT, Endpoint, Stage, free_port, give_to_nobody, newest_postgres, quiet, sign

SCALE = 10
BULK_ROWS = 1_000_000
ROLE, PASSWORD = "bench", "bench-password"
MODES = ("simple", "extended", "prepared")
CLIENTS = (1, 8, 64)
# At rest is who uses less than this share of a core between two looks.
SETTLE_SECONDS_MAX, SETTLE_LOOK_SECONDS, SETTLE_SHARE = 300, 0.4, 0.05
SETTINGS = {
    "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "512MB", "max_connections": 300,
    "autovacuum": "off", "max_wal_size": "4GB", "jit": "off", "password_encryption": "md5",
}


def fill(stage, owner):
    owner.run(["psql", "-Xqc", f"CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'"])
    owner.run(["psql", "-Xqc", f"CREATE DATABASE bench OWNER {ROLE}"])
    owner.environment["PGDATABASE"] = "bench"
    owner.run([stage.bin / "pgbench", "-i", "-q", "-s", str(SCALE), "bench"])
    owner.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1"], input=f"""
        CREATE TABLE people AS SELECT i AS id, 'Name ' || i AS name, 'person' || i || '@example.com' AS email,
          format('666-%s-%s', lpad((1 + i % 99)::text, 2, '0'), lpad((1 + i % 9999)::text, 4, '0')) AS ssn,
          '424242' || lpad(i::text, 10, '0') AS card_number, i % 1000 AS score, timestamptz '2026-01-01' + i * interval '1 s' AS seen
        FROM generate_series(1, {BULK_ROWS}) AS i;
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO {ROLE};
        VACUUM ANALYZE;""")


def pgbouncer(stage, server_port):
    port = free_port()
    users, config = stage.folder / "users.txt", stage.folder / "pgbouncer.ini"
    users.write_text(f'"{ROLE}" "{PASSWORD}"\n')
    config.write_text(f"""[databases]
bench = host=127.0.0.1 port={server_port} dbname=bench user={ROLE} password={PASSWORD}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = md5
auth_file = {users}
pool_mode = session
default_pool_size = 150
max_client_conn = 500
log_connections = 0
log_disconnections = 0
ignore_startup_parameters = extra_float_digits
""")
    stage.folder.chmod(0o755)
    give_to_nobody(users, config)
    program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
    endpoint = Endpoint("pgbouncer", "127.0.0.1", port, ROLE, PASSWORD, "bench", stage.start([*NOBODY, program, config], "pgbouncer"))
    endpoint.wait()
    return endpoint


def portcullis(stage, binary, server_port, issuer, name="portcullis", modes=("disable", "require")):
    """One gateway, and an endpoint for each way to reach it: without TLS, and with it."""
    token = sign(issuer, "bench", ["engineers"])
    resource = {"name": "bench", "address": f"127.0.0.1:{server_port}", "database": "bench", "user": ROLE, "password": PASSWORD}
    process, port = stage.portcullis(binary, ROOT / "testing/bench", resource, issuer, name)
    names = {"disable": name, "require": f"{name}+tls"}
    endpoints = [Endpoint(names[mode], "127.0.0.1", port, "bench", token, "bench", process, mode) for mode in modes]
    endpoints[0].wait()
    return endpoints


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
    return {"count": count, "tps": tps, "p50_us": times[len(times) // 2], "p99_us": times[len(times) * 99 // 100],
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
    return {"count": BULK_ROWS, "mb_s": mb / taken, "seconds": taken, "mb": mb, "cpu_ms_mb": (after - before) * 1e3 / mb if endpoint.process else 0.0}


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


def settle(endpoint):
    """Waits until the proxy rests, so that nothing it puts off is taken from another's turn; answers the CPU s it took."""
    if not endpoint.process:
        return 0.0
    began = seen = endpoint.process.cpu_seconds()
    until = time.monotonic() + SETTLE_SECONDS_MAX
    while time.monotonic() < until:
        time.sleep(SETTLE_LOOK_SECONDS)
        now = endpoint.process.cpu_seconds()
        if now - seen <= SETTLE_LOOK_SECONDS * SETTLE_SHARE:
            return now - began
        seen = now
    sys.exit(f"bench: {endpoint.name} is not at rest after {SETTLE_SECONDS_MAX} s")


def measure(stage, endpoints, cases, rounds):
    samples = {name: {e.name: [] for e in endpoints} for name, *_ in cases}
    for number in range(rounds):
        for name, figure, take in cases:
            # Another goes first each round, so that none always inherits a warm or a tired machine.
            turn = number % len(endpoints)
            for endpoint in endpoints[turn:] + endpoints[:turn]:
                sample = take(stage, endpoint)
                sample["later_us"] = settle(endpoint) * 1e6 / sample["count"]
                samples[name][endpoint.name].append(sample)
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
            if "unrecorded" in samples[name]:
                row["to_unrecorded"] = statistics.median(s[figure] / u[figure] for s, u in zip(own, samples[name]["unrecorded"]))
            if figure == "tps":
                row["p50_us"] = statistics.median(s["p50_us"] for s in own)
                row["added_p50_us"] = statistics.median(s["p50_us"] - d["p50_us"] for s, d in zip(own, direct))
                row["p99_us"] = statistics.median(s["p99_us"] for s in own)
                row["cpu_us"] = statistics.median(s["cpu_us"] for s in own)
            else:
                row["cpu_ms_mb"] = statistics.median(s["cpu_ms_mb"] for s in own)
            row["later_us"] = statistics.median(s["later_us"] for s in own)
            rows.append(row)
    return rows


def folder_bytes(folder):
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def disk(stage, endpoint):
    """Answers what a million delivered rows take in the journal, as text, and as that text through gzip, in bytes."""
    journal = stage.folder / "portcullis/data/journal"

    def settled():
        # Results are written within the journal's interval.
        last = -1
        while (size := folder_bytes(journal)) != last:
            last = size
            time.sleep(1)
        return size

    before = settled()
    command = ["psql", "-XAtq", "-c", "COPY (SELECT * FROM people) TO STDOUT"]
    client = subprocess.Popen(command, env=endpoint.environment, stdout=subprocess.PIPE)
    packed = subprocess.Popen(["gzip", "-6", "-c"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    counted = []
    counter = threading.Thread(target=lambda: counted.append(sum(len(chunk) for chunk in iter(lambda: packed.stdout.read(1 << 16), b""))))
    counter.start()
    raw = 0
    while chunk := client.stdout.read(1 << 20):
        raw += len(chunk)
        packed.stdin.write(chunk)
    packed.stdin.close()
    counter.join()
    if client.wait() or packed.wait():
        sys.exit("bench: the million rows were not delivered")
    scale = 1e6 / BULK_ROWS
    return {"rows": BULK_ROWS, "journal": (settled() - before) * scale, "raw": raw * scale, "gzip": counted[0] * scale}


def analysis(binary, owner):
    """Answers what analysing statements costs, each unseen, known by its text, and known by its shape."""
    return json.loads(owner.run([binary]))


def analysis_table(rows):
    print(f"\n{'analysis of':<24} {'bytes':>6} {'unseen µs':>10} {'p99':>9} {'cached µs':>10} {'by shape µs':>12}")
    for row in rows:
        shape = f"{row['shape_us']:.2f}" if "shape_us" in row else ""
        print(f"{row['case']:<24} {row['bytes']:>6} {row['unseen_us']:>10.1f} {row['unseen_p99_us']:>9.1f} {row['cached_us']:>10.2f} {shape:>12}")


def table(rows):
    print(f"\n{'case':<24} {'endpoint':<15} {'median':>12} {'to direct':>10} {'(low–high)':>12} {'to PgB.':>8} {'to unrec.':>9} {'+p50 µs':>8} {'p99 µs':>8} {'CPU':>12} {'later':>9}")
    last = None
    for row in rows:
        unit = "/s" if row["figure"] == "tps" else " MB/s"
        spread = f"{row['ratio_low']:.2f}–{row['ratio_high']:.2f}"
        cpu = f"{row['cpu_us']:.1f} µs" if "cpu_us" in row else f"{row['cpu_ms_mb']:.2f} ms/MB"
        added = f"{row['added_p50_us']:.0f}" if "added_p50_us" in row else ""
        later = f"{row['later_us']:.1f} µs" if row["later_us"] else ""
        p99 = f"{row['p99_us']:.0f}" if "p99_us" in row else ""
        against = f"{row['to_pgbouncer']:.2f}" if "to_pgbouncer" in row else ""
        recording = f"{row['to_unrecorded']:.2f}" if row["endpoint"] == "portcullis" and "to_unrecorded" in row else ""
        print(f"{row['case'] if row['case'] != last else '':<24} {row['endpoint']:<15} {row['median']:>7,.0f}{unit:<5} {row['ratio']:>10.2f} "
              f"{spread:>12} {against:>8} {recording:>9} {added:>8} {p99:>8} {cpu if row['endpoint'] != 'direct' else '':>12} {later:>9}")
        last = row["case"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--portcullis", type=pathlib.Path, help="the gateway's binary; without it only the others are measured")
    parser.add_argument("--unrecorded", type=pathlib.Path,
                        help="a gateway built with the feature unrecorded; without it the cost of recording is not measured")
    parser.add_argument("--analysis", type=pathlib.Path, help="the example analysis_cost; without it analysing is not measured")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4, help="length of one pgbench sample")
    parser.add_argument("--only", default="point,churn,bulk")
    given = parser.parse_args()
    memory_root = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="portcullis-bench-") as folder, \
            tempfile.TemporaryDirectory(prefix="portcullis-bench-", dir=memory_root) as memory:
        stage = Stage(folder)
        try:
            port, owner = stage.postgres(memory, "postgres", SETTINGS, "md5")
            fill(stage, owner)
            endpoints = [Endpoint("direct", "127.0.0.1", port, ROLE, PASSWORD, "bench"), pgbouncer(stage, port)]
            issuer = stage.issuer() if given.portcullis or given.unrecorded else None
            if given.portcullis:
                endpoints += portcullis(stage, given.portcullis.resolve(), port, issuer)
            if given.unrecorded:
                endpoints += portcullis(stage, given.unrecorded.resolve(), port, issuer, "unrecorded", ("disable",))
            analysed = analysis(given.analysis.resolve(), owner) if given.analysis else []
            cases = plan(given.only.split(","), given.seconds)
            samples = measure(stage, endpoints, cases, given.rounds)
            stored = disk(stage, endpoints[2]) if given.portcullis and "bulk" in given.only else {}
            resident = {e.name: e.process.resident_mib() for e in endpoints if e.process}
        finally:
            stage.stop()
    rows = summarise(endpoints, cases, samples)
    table(rows)
    if analysed:
        analysis_table(analysed)
    if stored:
        print("\na million rows: " + ", ".join(f"{stored[name] / 1e6:.1f} MB {what}" for name, what in (
            ("raw", "as text"), ("gzip", "through gzip -6"), ("journal", "in the journal, encrypted"))))
    now = datetime.datetime.now(datetime.timezone.utc)
    report = {"time": now.isoformat(timespec="seconds"), "cpus": os.cpu_count(), "machine": platform.machine(),
              "kernel": platform.release(), "postgres": quiet([newest_postgres() / "postgres", "--version"]).strip(),
              "rounds": given.rounds, "seconds": given.seconds, "resident_mib": resident, "rows": rows,
              "analysis": analysed, "disk": stored, "samples": samples}
    out = ROOT / "target/bench"
    out.mkdir(parents=True, exist_ok=True)
    for name in (f"{now:%Y%m%dT%H%M%SZ}.json", "latest.json"):
        (out / name).write_text(json.dumps(report, indent=1))
    print(f"\nresident: " + ", ".join(f"{n} {v:.0f} MiB" for n, v in resident.items()) + f"; written to {out / 'latest.json'}")


if __name__ == "__main__":
    main()
