"""The PostgreSQL that `with_postgres` started, to be killed and started again. Standard library only."""
import os
import pathlib
import random
import re
import signal
import subprocess
import time

BIN = os.environ.get("QIAO_POSTGRES_BIN", "/usr/lib/postgresql/15/bin")


class Cluster:
    """`url` names the folder of its socket; `data` is its data folder when that is not `data` in it."""

    def __init__(self, url, data=None):
        self.folder = pathlib.Path(re.search(r"host=([^&]+)", url)[1])
        self.data = data or self.folder / "data"
        owner = self.data.stat()
        self.owner = {"user": owner.st_uid, "group": owner.st_gid} if os.getuid() == 0 else {}
        self.process = None  # once it was started here

    def postmaster(self):
        return int((self.data / "postmaster.pid").read_text().split("\n")[0])

    def kill_a_backend(self):
        """SIGKILL to one that serves a client: PostgreSQL then ends all of them and recovers from its log."""
        backends = []
        parent = self.postmaster()
        for status in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                is_child = int(status.read_text().rpartition(")")[2].split()[1]) == parent
                if is_child and b"[local]" in (status.parent / "cmdline").read_bytes():
                    backends.append(int(status.parent.name))
            except OSError:
                pass  # ended meanwhile
        os.kill(random.choice(backends), signal.SIGKILL)

    def stop_immediately(self):
        """What `pg_ctl stop -m immediate` does: no checkpoint, nothing is finished."""
        process = self.postmaster()
        os.kill(process, signal.SIGQUIT)
        if self.process:
            self.process.wait()
        while pathlib.Path(f"/proc/{process}").exists() and (self.data / "postmaster.pid").exists():
            time.sleep(0.02)

    def start(self):
        log = open(self.folder / "again.log", "a")
        self.process = subprocess.Popen([f"{BIN}/postgres", "-D", str(self.data)], cwd="/", stdout=log, stderr=log, env={**os.environ, "HOME": str(self.folder)}, **self.owner,
                                        **({"extra_groups": []} if self.owner else {}))
        while subprocess.run([f"{BIN}/pg_isready", "-q", "-U", "qiao", "-h", str(self.folder)]).returncode != 0:
            if self.process.poll() is not None:
                raise RuntimeError("PostgreSQL did not start again: " + (self.folder / "again.log").read_text()[-2000:])
            time.sleep(0.05)

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait()
