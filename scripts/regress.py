#!/usr/bin/env python3
"""Runs PostgreSQL's own regression suite directly and through Portcullis, and compares what psql printed.

    scripts/regress.py INPUTS [--portcullis BINARY] [--only select,join] [--reuse-direct]

INPUTS is the folder that scripts/regress-source.sh prints. Two fresh servers of the same version run the same scripts
in the suite's own order, one by one; the second is entered through the gateway under a policy that allows everything.
The two outputs of each script must be equal but for what differs between two direct runs as well (process ids, OIDs of
temporary things, timings), which a third server shows. Standard library only. Exits non-zero when a script differs that
testing/regress-differences.txt does not explain. Outputs and differences are left under target/regress/.
With --reuse-direct the two direct runs are those that an earlier run left there, which must hold every script asked for.
"""

import argparse
import difflib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

from stage import ROOT, Endpoint, Stage, sign

DATABASE = "regression"
SCRIPT_SECONDS = 300
# What pg_regress sets in the environment and in the database.
DATABASE_SETTINGS = {
    "datestyle": "'Postgres, MDY'", "timezone": "'PST8PDT'", "intervalstyle": "'postgres_verbose'", "lc_messages": "'C'",
    "lc_monetary": "'C'", "lc_numeric": "'C'", "lc_time": "'C'", "bytea_output": "'hex'", "timezone_abbreviations": "'Default'",
}
SERVER_SETTINGS = {"max_prepared_transactions": 2, "shared_buffers": "128MB", "max_connections": 40, "log_statement": "none"}
# Differs between any two runs: addresses of processes and files, OIDs, times.
VOLATILE = [
    (re.compile(r"\b(pid|PID|process) \d+"), r"\1 N"),
    (re.compile(r"\b\d+\.\d+ ms\b"), "N ms"),
    (re.compile(r"pg_(toast|temp|toast_temp)_\d+"), r"pg_\1_N"),
    (re.compile(r"OID \d+"), "OID N"),
    (re.compile(r"/[^\s'\"]*/regress/outputs/(direct|again|portcullis)\b"), "OUTPUTS"),
]


def scripts(inputs):
    """The suite's scripts in the order of its schedule."""
    lines = (inputs / "parallel_schedule").read_text().splitlines()
    return [name for line in lines if line.startswith("test:") for name in line.split()[1:]]


def prepare(owner):
    owner.run(["psql", "-Xqc", f"CREATE DATABASE {DATABASE} TEMPLATE template0"])
    for name, value in DATABASE_SETTINGS.items():
        owner.run(["psql", "-Xqc", f"ALTER DATABASE {DATABASE} SET {name} TO {value}"])


def run_script(endpoint, inputs, name, out):
    environment = endpoint.environment | {"PG_ABS_SRCDIR": str(inputs), "PG_ABS_BUILDDIR": str(out.parent), "PG_LIBDIR": str(inputs),
                                          "PG_DLSUFFIX": ".so", "LC_MESSAGES": "C"}
    command = ["psql", "-X", "-a", "-q", "-d", DATABASE, "-v", "HIDE_TABLEAM=on", "-v", "HIDE_TOAST_COMPRESSION=on"]
    start = time.monotonic()
    with open(inputs / "sql" / f"{name}.sql", "rb") as script, open(out, "wb") as output:
        try:
            subprocess.run(command, env=environment, stdin=script, stdout=output, stderr=subprocess.STDOUT, cwd=out.parent,
                           timeout=SCRIPT_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            output.write(b"\nTIMED OUT\n")
    return time.monotonic() - start


def settled(path):
    text = path.read_bytes().decode("utf-8", "replace")
    for pattern, replacement in VOLATILE:
        text = pattern.sub(replacement, text)
    return text.splitlines()


def explained():
    """Scripts that are known to differ, each with why: `name: reason`."""
    file = ROOT / "testing/regress-differences.txt"
    lines = file.read_text().splitlines() if file.exists() else []
    return dict(line.split(": ", 1) for line in lines if line and not line.startswith("#"))


def compare(ways, names, outputs):
    """Which scripts are equal, unstable by themselves, or differ; writes the differences."""
    verdicts = {}
    for name in names:
        direct, again = (settled(outputs / way / f"{name}.out") for way in ("direct", "again"))
        # A line that two direct runs do not agree on says nothing about the gateway.
        unstable = direct != again
        if "portcullis" not in ways:
            verdicts[name] = "unstable" if unstable else "equal"
            continue
        through = settled(outputs / "portcullis" / f"{name}.out")
        difference = list(difflib.unified_diff(direct, through, "direct", "portcullis", lineterm="", n=3))
        if not difference:
            verdicts[name] = "equal"
            continue
        (outputs / f"{name}.diff").write_text("\n".join(difference) + "\n")
        own = set(difflib.unified_diff(direct, again, lineterm="", n=0)) if unstable else set()
        changed = [line for line in difference if line[:1] in "+-" and line[:3] not in ("+++", "---")]
        verdicts[name] = "unstable" if unstable and len(changed) <= 2 * len(own) else "differs"
    return verdicts


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("inputs", type=pathlib.Path)
    parser.add_argument("--portcullis", type=pathlib.Path)
    parser.add_argument("--only", help="scripts to run, besides those that set up what all need")
    parser.add_argument("--reuse-direct", action="store_true", help="take the direct runs from an earlier run")
    given = parser.parse_args()
    inputs = given.inputs.resolve()
    names = scripts(inputs)
    if given.only:
        wanted = {"test_setup", "create_index", *given.only.split(",")}
        names = [name for name in names if name in wanted]
    outputs = ROOT / "target/regress/outputs"
    kept = ("direct", "again") if given.reuse_direct else ()
    for old in outputs.iterdir() if outputs.exists() else ():
        if old.name not in kept:
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    with tempfile.TemporaryDirectory(prefix="portcullis-regress-") as folder:
        stage = Stage(folder)
        stage.folder.chmod(0o755)
        ways = {}
        try:
            for way in () if given.reuse_direct else ("direct", "again"):
                port, owner = stage.postgres(stage.folder / way, way, SERVER_SETTINGS, "trust")
                prepare(owner)
                ways[way] = Endpoint(way, "127.0.0.1", port, "postgres", "", DATABASE)
            if given.portcullis:
                port, owner = stage.postgres(stage.folder / "target", "target", SERVER_SETTINGS, "trust")
                prepare(owner)
                issuer = stage.issuer()
                resource = {"name": DATABASE, "address": f"127.0.0.1:{port}", "database": DATABASE, "user": "postgres",
                            "password": "none", "databases": ["postgres", "template1"]}
                process, port = stage.portcullis(given.portcullis.resolve(), ROOT / "testing/policy/open", resource, issuer)
                ways["portcullis"] = Endpoint("portcullis", "127.0.0.1", port, "postgres", sign(issuer, "postgres", ["dba"]), DATABASE, process)
                ways["portcullis"].wait()
            for way in ways:
                (outputs / way / "results").mkdir(parents=True)
                os.chmod(outputs / way / "results", 0o777)
            start = time.monotonic()
            for name in names:
                taken = {way: run_script(endpoint, inputs, name, outputs / way / f"{name}.out") for way, endpoint in ways.items()}
                print(f"{name:<28} " + "  ".join(f"{way} {seconds:.1f} s" for way, seconds in taken.items()), flush=True)
        finally:
            stage.stop()
            for log in ("portcullis", "target"):
                if (stage.folder / f"{log}.log").exists():
                    shutil.copy(stage.folder / f"{log}.log", outputs / f"{log}.log")
    print(f"took {time.monotonic() - start:.0f} s")
    verdicts = compare(ways, names, outputs)
    reasons = explained()
    counts = {kind: [n for n, v in verdicts.items() if v == kind] for kind in ("equal", "unstable", "differs")}
    unexplained = [name for name in counts["differs"] if name not in reasons]
    print(f"\nequal {len(counts['equal'])}, unstable by themselves {len(counts['unstable'])}: {' '.join(counts['unstable'])}")
    for name in counts["differs"]:
        print(f"differs  {name}: {reasons.get(name, 'NOT EXPLAINED, see ' + str(outputs / (name + '.diff')))}")
    print(f"\n{len(names) - len(unexplained)} passed, {len(unexplained)} failed")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
