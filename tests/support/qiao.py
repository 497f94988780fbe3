"""Starts the real program for tests: a fresh data folder, free ports, ended by pid. Standard library only."""
import http.client
import json
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("QIAO_SHARED", ROOT.parent / "shared"))
SKIP = 77  # ctest's SKIP_RETURN_CODE


def binary():
    return os.environ.get("QIAO_BINARY", str(ROOT / "build/ci/qiao"))


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIP)


def need_shared(path):
    """A file of ../shared, or the test is skipped: it is not on a user's machine."""
    full = SHARED / path
    if not full.exists():
        skip(f"../shared/{path} is not here")
    return full


class Server:
    """`with Server("serve") as server:` — server.http and server.dicom are (host, port)."""

    def __init__(self, command="serve", data=None, options=(), environment=None, ports=(0, 0)):
        self.command, self.options, self.ports = command, list(options), ports
        self.own = data is None
        self.data = data or tempfile.mkdtemp(prefix="qiao-test-")
        self.environment = {**os.environ, **(environment or {})}
        self.process = None
        self.log = open(os.path.join(tempfile.gettempdir(), f"qiao-test-{os.getpid()}-{id(self)}.log"), "w+")

    def arguments(self):
        return [binary(), self.command, "--data", self.data, "--http", f"127.0.0.1:{self.ports[0]}",
                "--dicom", f"127.0.0.1:{self.ports[1]}", *self.options]

    def start(self, patience=120):
        self.process = subprocess.Popen(self.arguments(), stdout=subprocess.PIPE, stderr=self.log, env=self.environment)
        ready, _, _ = select.select([self.process.stdout], [], [], patience)
        line = self.process.stdout.readline().decode() if ready else ""
        found = re.match(r"listening http=(\S+):(\d+) dicom=(\S+):(\d+)", line)
        if not found:
            self.stop()
            raise RuntimeError(f"the server did not start: {line!r}\n{self.tail()}")
        self.http = (found[1], int(found[2]))
        self.dicom = (found[3], int(found[4]))
        return self

    def tail(self, size=3000):
        self.log.flush()
        with open(self.log.name) as text:
            return text.read()[-size:]

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, patience=15):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                self.kill()
        if self.process and re.search("Sanitizer|runtime error:", self.tail(1 << 20)):
            raise AssertionError(self.tail(1 << 20))
        return self.process.returncode if self.process else None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
        self.log.close()
        os.unlink(self.log.name)
        if self.own:
            shutil.rmtree(self.data, ignore_errors=True)

    @property
    def base(self):
        return f"http://{self.http[0]}:{self.http[1]}"

    def command_output(self, *arguments):
        return subprocess.run([binary(), *arguments, "--data", self.data], capture_output=True, text=True, check=True, timeout=30).stdout.strip()

    def user_token(self, login):
        return self.command_output("token", "--user", login)

    def integration_token(self):
        return self.client_token("integration")

    def client_token(self, role):
        lines = self.command_output("client", "add", "--name", "test", "--role", role).split("\n")
        values = dict(line.split("=", 1) for line in lines if "=" in line)
        body = f"grant_type=client_credentials&client_id={values['client_id']}&client_secret={values['client_secret']}"
        status, _, answer = self.call("POST", "/oauth/token", body, {"Content-Type": "application/x-www-form-urlencoded"})
        assert status == 200, (status, answer)
        return json.loads(answer)["access_token"]

    def call(self, method, path, body=None, headers=None, token=None, timeout=20):
        connection = http.client.HTTPConnection(*self.http, timeout=timeout)
        try:
            all_headers = dict(headers or {})
            if token:
                all_headers["Authorization"] = f"Bearer {token}"
            if isinstance(body, (dict, list)):
                body = json.dumps(body)
                all_headers.setdefault("Content-Type", "application/fhir+json")
            connection.request(method, path, body.encode() if isinstance(body, str) else body, all_headers)
            response = connection.getresponse()
            return response.status, dict((k.lower(), v) for k, v in response.getheaders()), response.read()
        finally:
            connection.close()

    def resident_mib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def make_node(first, folder):
    """A data folder for another server on the PostgreSQL of `first`, as docs/operations.md says."""
    for key in ("master.key", "audit-head.key", "audit-head.pub"):
        shutil.copy(os.path.join(first, key), folder)
    os.symlink(os.path.join(first, "blobs"), os.path.join(folder, "blobs"))


def wait_for(condition, seconds, what):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")
