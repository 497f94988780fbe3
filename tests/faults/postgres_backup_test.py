"""The records in PostgreSQL are backed up with its own tools (T16, T17 there): `qiao backup` and `backup_to` refuse before they write anything and say so; pg_basebackup beside the
running server and the data folder after it, as docs/operations.md says, make a centre that holds every resource that was answered before, with a whole audit chain."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import backups
import postgres
import qiao
from fhir import Caller

if not os.environ.get("QIAO_DATABASE"):
    qiao.skip("needs PostgreSQL: tests/support/with_postgres")


def refused_early(server):
    to = tempfile.mkdtemp(prefix="qiao-backups-")
    for state in ("running", "stopped"):
        if state == "stopped":
            server.stop()
        done = backups.run("backup", "--data", server.data, "--to", to, "--unsealed", check=False)
        assert done.returncode == 1 and "pg_basebackup" in done.stderr and "storage.backup_by_engine" in done.stderr, (state, done)
        assert os.listdir(to) == [], (state, os.listdir(to))
    config = pathlib.Path(server.data, "qiao.toml")
    config.write_text(f'backup_to = "{to}"\n')
    done = backups.run("serve", "--data", server.data, "--http", "127.0.0.1:0", "--dicom", "127.0.0.1:0", "--config", str(config), check=False)
    assert done.returncode == 1 and "backup_to" in done.stderr, done
    config.unlink()
    os.rmdir(to)
    checked = backups.run("check", "--data", server.data, check=False)
    assert "backups are made with its own tools" in checked.stdout and "no backup was ever made" not in checked.stdout, checked.stdout


class Writer(threading.Thread):
    """Goes on creating until it is told to stop; `answered` has what was, with the time of the answer."""

    def __init__(self, server, token):
        super().__init__()
        self.server, self.token, self.answered, self.over = server, token, [], threading.Event()

    def run(self):
        caller, number = Caller(self.server, self.token), 0
        while not self.over.is_set():
            number += 1
            made = caller.ok("POST", "/Basic", {"resourceType": "Basic", "identifier": [{"system": "urn:backup", "value": str(number)}], "code": {"text": "x"}})
            caller.ok("GET", f"/Basic/{made['id']}")
            self.answered.append((made["id"], time.monotonic()))


def as_owner(cluster, *words):
    return subprocess.run(words, cwd="/", check=True, capture_output=True, text=True, env={**os.environ, "HOME": str(cluster.folder)}, **cluster.owner)


def main():
    cluster = postgres.Cluster(os.environ["QIAO_DATABASE"])
    copy = cluster.folder / "copy"
    data = tempfile.mkdtemp(prefix="qiao-test-")
    shutil.rmtree(data)
    second = None
    try:
        with qiao.Server("serve") as server:
            token = server.integration_token()
            refused_early(server)
            server.start()
            writer = Writer(server, token)
            writer.start()
            qiao.wait_for(lambda: len(writer.answered) > 50, 60, "some writes")
            began = time.monotonic()
            os.makedirs(data, mode=0o700)
            shutil.copy2(os.path.join(server.data, "audit-heads.log"), data) if os.path.exists(os.path.join(server.data, "audit-heads.log")) else None
            as_owner(cluster, f"{postgres.BIN}/pg_basebackup", "-h", str(cluster.folder), "-U", "qiao", "-D", str(copy), "-X", "stream", "-c", "fast")
            for name in os.listdir(server.data):
                if name in ("lock", "control.sock", "audit-heads.log", "spill"):
                    continue
                source, target = os.path.join(server.data, name), os.path.join(data, name)
                shutil.copytree(source, target) if os.path.isdir(source) else shutil.copy2(source, target)
            time.sleep(0.5)
            writer.over.set()
            writer.join()
            held = [which for which, at in writer.answered if at < began]
            assert len(held) > 50 and len(held) < len(writer.answered), (len(held), len(writer.answered))
        with open(copy / "postgresql.auto.conf", "a") as settings:
            settings.write(f"unix_socket_directories = '{copy}'\n")
        second = postgres.Cluster(f"postgresql://?host={copy}", data=copy)
        second.start()
        url = os.environ["QIAO_DATABASE"].replace(str(cluster.folder), str(copy))
        environment = {"QIAO_DATABASE": url}
        with qiao.Server("serve", data=data, environment=environment) as restored:
            caller = Caller(restored, token)
            for which in held:
                assert caller.ok("GET", f"/Basic/{which}")["id"] == which
            assert caller.total("Basic?code:text=x") >= len(held)
            assert caller.call("POST", "/Basic", {"resourceType": "Basic", "code": {"text": "after"}})[0] == 201
            print(f"{len(held)} answered before the backup are all there, of {len(writer.answered)} in all")
        done = subprocess.run([qiao.binary(), "verify-audit", "--data", data], capture_output=True, text=True, timeout=60, env={**os.environ, **environment})
        assert done.returncode == 0, done.stdout + done.stderr
        print(done.stdout.strip())
    finally:
        if second:
            second.end()
        shutil.rmtree(data, ignore_errors=True)


main()
