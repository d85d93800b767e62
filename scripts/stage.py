"""What bench.py and regress.py stand on: servers of their own on loopback, started here and ended here.

Standard library only.
"""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOBODY = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []


def newest_postgres():
    """The folder of the programs of Debian's newest installed PostgreSQL."""
    folders = pathlib.Path("/usr/lib/postgresql").glob("*/bin")
    found = sorted((int(f.parent.name), f) for f in folders if (f / "initdb").exists())
    if not found:
        sys.exit("no PostgreSQL; run scripts/setup.sh demo")
    return found[-1][1]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, condition, seconds=60):
    """Asks until the answer is neither None nor False, and gives it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (answer := condition()) not in (None, False):
            return answer
        time.sleep(0.02)
    sys.exit(f"waited in vain for {what}")


def quiet(command, **more):
    """Runs a command that must succeed, and gives what it printed."""
    ran = subprocess.run(command, text=True, capture_output=True, **more)
    if ran.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{ran.stdout}{ran.stderr}")
    return ran.stdout


def give_to_nobody(*paths):
    if NOBODY:
        for path in paths:
            shutil.chown(path, "nobody", "nogroup")


class Process:
    """A server of ours, with the CPU time and the memory that it uses."""

    def __init__(self, command, log, end=signal.SIGTERM, **more):
        self.log, self.end = pathlib.Path(log), end
        with open(log, "wb") as out:
            self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, **more)

    def alive(self):
        if self.child.poll() is not None:
            sys.exit(f"ended: {self.log.read_text(errors='replace')[-3000:]}")
        return True

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.child.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_mib(self):
        status = pathlib.Path(f"/proc/{self.child.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def stop(self):
        if self.child.poll() is None:
            self.child.send_signal(self.end)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.child.wait(20)
            if self.child.poll() is None:
                self.child.kill()
                self.child.wait()


class Endpoint:
    """One way to a database. `user` and `password` are what its clients log in with."""

    def __init__(self, name, host, port, user, password, database, process=None, sslmode="disable"):
        self.name, self.process = name, process
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")} | {
            "PGHOST": str(host), "PGPORT": str(port), "PGUSER": user, "PGPASSWORD": password,
            "PGDATABASE": database, "PGSSLMODE": sslmode, "PGGSSENCMODE": "disable",
        }

    def run(self, command, **more):
        return quiet(command, env=self.environment, **more)

    def wait(self):
        probe = ["psql", "-XAtqc", "SELECT 1"]

        def answers():
            if self.process:
                self.process.alive()
            return subprocess.run(probe, env=self.environment, capture_output=True).returncode == 0

        wait_for(self.name, answers)


class Stage:
    """Everything that runs, in one temporary folder; what is started last is stopped first."""

    def __init__(self, folder):
        self.folder, self.bin, self.processes = pathlib.Path(folder), newest_postgres(), []

    def start(self, command, name, **more):
        process = Process(command, self.folder / f"{name}.log", **more)
        self.processes.append(process)
        return process

    def stop(self):
        for process in reversed(self.processes):
            process.stop()

    def postgres(self, home, name, settings, auth):
        """A fresh cluster under `home`; gives its port and an endpoint for its superuser, by its socket."""
        home = pathlib.Path(home)
        data = home / "data"
        data.mkdir(parents=True)
        home.chmod(0o755)
        give_to_nobody(home, data)
        quiet([*NOBODY, self.bin / "initdb", "-D", data, "-U", "postgres", "--auth-local=trust", f"--auth-host={auth}",
               "--encoding=UTF8", "--locale=C", "--no-sync"], cwd="/")
        port = free_port()
        settings = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": home, "fsync": "off"} | settings
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        server = self.start([*NOBODY, self.bin / "postgres", "-D", data, *options], name, end=signal.SIGINT, cwd="/")
        owner = Endpoint(name, home, port, "postgres", "", "postgres", server)
        owner.wait()
        return port, owner

    def issuer(self):
        """The tests' OpenID provider; gives its URL."""
        script = ROOT / "testing/oidc/provider.mjs"
        process = self.start(["node", script, "--detached"], "issuer")

        def said():
            process.alive()
            lines = process.log.read_text().splitlines()
            return next((json.loads(line)["issuer"] for line in lines if line.startswith('{"issuer"')), None)

        return wait_for("the OpenID provider", said)

    def portcullis(self, binary, policy, resource, issuer, name="portcullis"):
        """The gateway on a folder of its own; gives its process and the port of its listener.

        `name` is the folder's. `policy` is a folder of policies, perhaps with a data.toml; `resource` are the lines of `[[resource]]`, whose
        password is laid beside the configuration as `upstream.password` by the caller's `password` entry.
        """
        home = self.folder / name
        shutil.copytree(policy, home / "policy")
        secret = home / "upstream.password"
        secret.write_text(resource.pop("password"))
        secret.chmod(0o600)
        data = 'data = "policy/data.toml"' if (home / "policy/data.toml").exists() else ""
        lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in resource.items())
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
{data}
[[issuer]]
url = "{issuer}"
audiences = ["portcullis"]
client_id = "portcullis"
name_claim = "name"
allow_http = true
[[issuer.kind]]
claim = "actor_type"
value = "agent"
kind = "agent"
[[resource]]
protocol = "postgres"
tls = "disable"
password_file = "upstream.password"
{lines}
""")
        process = self.start([binary, "serve", "--config", home / "portcullis.toml"], name)
        addresses = home / "data" / "addresses.json"

        def listening():
            process.alive()
            with contextlib.suppress(OSError, ValueError):
                return json.loads(addresses.read_text())["postgres"][0]
            return None

        return process, int(wait_for("Portcullis", listening).rsplit(":", 1)[1])


def sign(issuer, subject, groups, hours=12, **more):
    """A token of the provider for anybody with any groups and other claims."""
    claims = more | {"sub": subject, "name": subject, "groups": groups, "exp": int(time.time()) + hours * 3600}
    asked = urllib.request.Request(f"{issuer}/test/sign", json.dumps({"account": subject, "claims": claims}).encode())
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return json.load(answer)["token"]
