"""A gateway of the real program, and a line that can be cut between it and its centre. Standard library only."""
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time

import dicom
import qiao


class Line:
    """Accepts on `address` and carries bytes to `target` (host, port), until it is cut; optionally slow, late, or the end of TLS."""

    def __init__(self, target, address="127.0.0.1", kbit=0, delay_ms=0, tls=None):
        self.target, self.kbit, self.delay_s, self.tls = target, kbit, delay_ms / 1000, tls
        self.is_cut, self.sockets, self.bytes_up = False, set(), 0
        self.cut_in = None  # so many bytes more go up, then it is cut
        self.mute_after = None  # once so many bytes went up, the connection ends instead of carrying an answer; others may follow
        self.lock = threading.Lock()
        self.listener = socket.create_server((address, 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self):
        self.is_cut = True
        for one in list(self.sockets):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def mend(self, cut_in=None):
        self.cut_in = cut_in
        self.is_cut = False

    def _let(self, data):
        """What of it still goes up."""
        with self.lock:
            if self.cut_in is None:
                return data
            data = data[:self.cut_in]
            self.cut_in -= len(data)
            return data

    def close(self):
        self.cut()
        self.listener.close()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near):
        far = None
        try:
            if self.is_cut:
                return
            if self.tls:
                near = self.tls.wrap_socket(near, server_side=True)
            far = socket.create_connection(self.target, timeout=10)
            far.settimeout(None)
            self.sockets |= {near, far}
            back = threading.Thread(target=self._pump, args=(far, near, False), daemon=True)
            back.start()
            self._pump(near, far, True)
            back.join()
        except OSError:
            pass
        finally:
            for one in (near, far):
                if one:
                    self.sockets.discard(one)
                    one.close()

    def _pump(self, source, sink, up):
        try:
            while not self.is_cut:
                data = source.recv(4096 if self.kbit else 65536)
                if not data:
                    break
                if self.delay_s:
                    time.sleep(self.delay_s if len(data) < 4096 else 0)
                if self.kbit and up:
                    time.sleep(len(data) * 8 / (self.kbit * 1000))
                if not up and self.mute_after is not None and self.bytes_up >= self.mute_after:
                    self.mute_after = None
                    break
                if up:
                    data = self._let(data)
                sink.sendall(data)
                self.bytes_up += len(data) if up else 0
                if up and self.cut_in == 0:
                    self.cut()
                    break
        except OSError:
            pass
        for one in (source, sink):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def tls_pair(folder, address):
    """A certificate for `address` signed by itself: (certificate file, context of a server)."""
    certificate, key = os.path.join(folder, "hub.pem"), os.path.join(folder, "hub.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=hub", "-addext",
                    f"subjectAltName=IP:{address}", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate, context


class Gateway:
    """`qiao gateway` on a folder of its own. `centre` is a first_run.Centre, `hub` the address that it is told."""

    def __init__(self, centre, hub, options=(), prefix=(), devices=(("CT1", "127.0.0.1"),), organisation=None, dicom_address="127.0.0.1"):
        self.hub, self.options, self.prefix, self.dicom_address = hub, list(options), list(prefix), dicom_address
        self.data = tempfile.mkdtemp(prefix="qiao-gateway-")
        made = centre.json("POST", "/imaging/gateways", {"name": "Gull gateway", "organisation": organisation or centre.clinic}, expected=201)
        self.id, self.code = made["gateway"]["id"], made["code"]
        self.organisation = organisation or centre.clinic
        for title, address in devices:
            centre.json("POST", "/imaging/devices", {"title": title, "address": address, "organisation": self.organisation, "gateway": self.id}, expected=201)
        self.process = None
        self.log = open(os.path.join(self.data, "stderr.log"), "a+")

    def start(self, enrol=False, patience=60):
        command = [*self.prefix, qiao.binary(), "gateway", "--data", self.data, "--dicom", f"{self.dicom_address}:0", *self.options]
        if enrol:
            command += ["--hub", self.hub, "--enrol", self.code]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log)
        ready, _, _ = select.select([self.process.stdout], [], [], patience)
        line = self.process.stdout.readline().decode() if ready else ""
        found = re.match(r"listening dicom=\S+:(\d+)", line)
        if not found:
            self.process.wait(20)
            self.log.seek(0)
            raise RuntimeError(f"the gateway did not start: {line!r} {self.log.read()[-2000:]}")
        self.port = int(found[1])
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, patience=30):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(patience)
        return self.process.returncode if self.process else None

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill()
        self.log.close()
        shutil.rmtree(self.data, ignore_errors=True)

    def command(self, *arguments):
        return subprocess.run([*self.prefix, qiao.binary(), "gateway", "--data", self.data, *arguments], capture_output=True, text=True, timeout=60)

    def status(self):
        """The lines of --status as a dictionary; online is a bool."""
        done = self.command("--status")
        values = {}
        for line in done.stdout.splitlines():
            name, _, rest = line.partition("\t")
            values.setdefault(name, rest)
        values["online"] = done.returncode == 0
        return values

    def queued(self):
        return len([name for name in os.listdir(os.path.join(self.data, "queue")) if name.endswith(".object")])

    def refused(self):
        return len([name for name in os.listdir(os.path.join(self.data, "refused")) if name.endswith(".object")])


def make_objects(folder, study, count, rows=64, first=1, prefix=""):
    """`count` objects of one study as files: {path: (study, series, sop, data set)}."""
    series, made = study + ".1", {}
    for index in range(first, first + count):
        sop = f"{series}.{index}"
        data = dicom.dataset(sop, series, study, number=index, rows=rows, columns=rows)
        path = os.path.join(folder, f"{prefix}{index:05}.dcm")
        pathlib.Path(path).write_bytes(dicom.part10(data, sop))
        made[path] = (study, series, sop, data)
    return made


def store(port, folder, title="CT1", called="QIAO", host="127.0.0.1", log=subprocess.DEVNULL, prefix=()):
    return subprocess.Popen([*prefix, "storescu", "-v", "-aec", called, "-aet", title, "-R", "-to", "20", host, str(port), "+sd", folder, "+sp", "*.dcm"], stdout=log,
                            stderr=subprocess.STDOUT, env={**os.environ, "TCP_NODELAY": "1"})


def require_at_centre(centre, token, known):
    """Every object of `known` is at the centre, byte for byte."""
    for study, series, sop, data in known:
        path = f"/dicomweb/studies/{study}/series/{series}/instances/{sop}"
        status, _, body = centre.call("GET", path, headers={"Accept": "application/dicom; transfer-syntax=*"}, token=token)
        assert status == 200, (status, path, body[:300])
        start = body.index(b"DICM") - 128
        assert dicom.split_part10(body[start:])[1].startswith(data), f"{sop} differs"
