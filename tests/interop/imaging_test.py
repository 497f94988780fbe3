#!/usr/bin/env python3
"""DICOM tools of Debian (dcmtk, dicom3tools, python3-pydicom's files) against imaging_server.

  imaging_test.py BINARY

Skips with 77 when dcmtk is not installed. Standard library only.
"""
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import dicom  # noqa: E402

BINARY = None
PYDICOM = pathlib.Path("/usr/lib/python3/dist-packages/pydicom/data/test_files")
ENV = dict(os.environ, TCP_NODELAY="1")


def tool(*command, timeout=60):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=timeout, env=ENV, errors="replace")


class Server:
    def __init__(self, folder, *options):
        self.process = subprocess.Popen([BINARY, "--data", folder, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        match = re.match(r"listening http=127\.0\.0\.1:(\d+) dicom=127\.0\.0\.1:(\d+)", line)
        if not match:
            raise RuntimeError(f"no listening line: {line!r} {self.process.stderr.read()}")
        self.http, self.dicom = int(match[1]), int(match[2])

    def get(self, path, accept=None, method="GET", body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.http, timeout=30)
        sent = dict(headers or {})
        if accept:
            sent["Accept"] = accept
        connection.request(method, path, body=body, headers=sent)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, content, dict(answer.getheaders())

    def json(self, path):
        status, content, _ = self.get(path)
        assert status == 200, (path, status, content)
        return json.loads(content)

    def stop(self, kill=False):
        self.process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        self.process.wait(20)
        said = self.process.stderr.read()
        assert not re.search("Sanitizer|runtime error:", said), said
        self.process.stdout.close()
        self.process.stderr.close()


class Imaging(unittest.TestCase):
    options = ()

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="imaging-")
        self.data = os.path.join(self.folder, "data")
        os.mkdir(self.data)
        self.server = Server(self.data, *self.options)

    def tearDown(self):
        lives = self.server.process.poll() is None
        if lives:
            self.server.stop()
        shutil.rmtree(self.folder)
        self.assertTrue(lives, "the server lives to the end of each test")

    def file(self, name, data, **meta):
        path = os.path.join(self.folder, name)
        pathlib.Path(path).write_bytes(data)
        return path

    def object(self, number=1, study="2.25.1", **more):
        sop = f"{study}.1.{number}"
        data = dicom.dataset(sop, f"{study}.1", study, number=number, **more)
        return sop, data, self.file(f"{study}-{number}.dcm", dicom.part10(data, sop))

    def store(self, *files, options=()):
        return tool("storescu", "-v", "-aec", "QIAO", "-aet", "CT1", *options, "127.0.0.1", self.server.dicom, *files)


class Exchange(Imaging):
    def test_echo(self):
        self.assertEqual(tool("echoscu", "-aec", "QIAO", "127.0.0.1", self.server.dicom).returncode, 0)
        wrong = tool("echoscu", "-v", "-aec", "OTHER", "127.0.0.1", self.server.dicom)
        self.assertNotEqual(wrong.returncode, 0)
        self.assertIn("Called AE Title Not Recognized", wrong.stderr + wrong.stdout)

    def test_store_gives_back_the_same_bytes(self):
        files = [self.object(number)[2] for number in range(1, 6)]
        sent = self.store(*files)
        self.assertEqual(sent.returncode, 0, sent.stderr)
        for number in range(1, 6):
            sop, data, _ = self.object(number)
            status, content, _ = self.server.get(f"/dicomweb/studies/2.25.1/series/2.25.1.1/instances/{sop}", "application/dicom; transfer-syntax=*")
            self.assertEqual(status, 200)
            self.assertTrue(content.endswith(data), "the data set comes back as it came")
            path = self.file("back.dcm", content)
            if shutil.which("dciodvfy"):
                checked = tool("dciodvfy", path)
                self.assertNotIn("Error - Dataset", checked.stderr)
                self.assertNotIn("abort", checked.stderr.lower())
        study = self.server.json("/dicomweb/studies?PatientID=P1")
        self.assertEqual(study[0]["00201208"]["Value"], [5])

    def test_dcmsend_many_kinds(self):
        if not PYDICOM.exists():
            self.skipTest("python3-pydicom is not installed: its test files are the input")
        files = [path for path in sorted(PYDICOM.glob("*.dcm")) if path.stat().st_size < 3_000_000]
        sent = tool("dcmsend", "-v", "-aec", "QIAO", "--no-halt", "--scan-directories", "127.0.0.1", self.server.dicom, PYDICOM, "--scan-pattern", "*.dcm", timeout=120)
        stored = self.server.json("/dicomweb/instances?limit=1000")
        self.assertGreater(len(files), 40)
        self.assertGreater(len(stored), 28, sent.stdout[-2000:] + sent.stderr[-2000:])
        compared = 0
        for row in stored:
            url = row["00081190"]["Value"][0]
            status, content, _ = self.server.get(url, "application/dicom; transfer-syntax=*")
            self.assertEqual(status, 200)
            theirs = tool("dcm2json", "-fc", self.file("x.dcm", content))
            status, ours, _ = self.server.get(url + "/metadata")
            self.assertEqual(status, 200)
            header = json.loads(ours)[0]
            text = theirs.stdout.replace(",}", "}") if theirs.stdout.endswith(",}") else theirs.stdout
            if not text.startswith("{"):
                continue
            expected = json.loads(text)
            for tag in ("00080018", "0020000D", "00100020", "00100010", "00280010"):
                if tag in expected and "Value" in expected[tag]:
                    self.assertEqual(header[tag]["Value"], expected[tag]["Value"], (url, tag))
                    compared += 1
        self.assertGreater(compared, 100)

    def test_implicit_and_resend(self):
        _, _, path = self.object(1)
        self.assertEqual(self.store(path, options=("-xi",)).returncode, 0)
        again = self.store(path, options=("-xi",))
        self.assertEqual(again.returncode, 0)
        self.assertIn("Received Store Response (Success)", again.stdout + again.stderr)
        self.assertEqual(self.server.json("/dicomweb/studies")[0]["00201208"]["Value"], [1])

    def test_names_without_a_charset(self):
        name = "张^三".encode("gb18030")
        for study, charset in (("2.25.7", ""), ("2.25.8", "ISO_IR 100"), ("2.25.9", "GB18030")):
            _, _, path = self.object(1, study, name=name, charset=charset)
            self.assertEqual(self.store(path).returncode, 0)
        for row in self.server.json("/dicomweb/studies"):
            self.assertEqual(row["00100010"]["Value"][0]["Alphabetic"], "张^三")
        self.assertEqual(len(self.server.json("/dicomweb/studies?PatientName=%E5%BC%A0*")), 3)

    def test_uncompressed_only_where_asked(self):
        big = PYDICOM / "MR_small_RLE.dcm"
        if not big.exists():
            self.skipTest("python3-pydicom is not installed")
        sent = tool("dcmsend", "-aec", "QIAO", "--decompress-never", "127.0.0.1", self.server.dicom, big)
        self.assertEqual(sent.returncode, 0, sent.stderr)
        url = self.server.json("/dicomweb/instances")[0]["00081190"]["Value"][0]
        status, content, _ = self.server.get(url + "/rendered")
        self.assertEqual(status, 406)
        self.assertIn("RLE Lossless", content.decode())
        status, _, _ = self.server.get(url + "/frames/1", 'multipart/related; type="application/octet-stream"; transfer-syntax=*')
        self.assertEqual(status, 200)

    def test_big_endian_and_deflated_are_refused_at_association(self):
        for syntax, result in (("1.2.840.10008.1.2.2", 4), ("1.2.840.10008.1.2.1.99", 4), ("1.2.840.10008.1.2", 0), ("1.2.840.10008.1.2.4.90", 0)):
            association = Association(self.server.dicom, syntax=syntax)
            self.assertEqual(association.context_result, result, syntax)
            association.close()


class Hostile(Imaging):
    def nested(self, levels):
        return b"".join(struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, 0xFFFFFFFF) + struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF) for _ in range(levels))

    def hostile(self):
        sop, data, _ = self.object(1)
        deep = data[: data.index(b"\x10\x00\x10\x00PN")] + self.nested(1000)
        bomb = dicom.dataset(sop, "2.25.1.1", "2.25.1", rows=65535, columns=65535, pixels=b"\0" * 32)
        cut = data[:-40]
        long = data[:-512 - 8] + struct.pack("<I", 0x7FFFFFF0) + data[-512 - 4:]
        return {"nested": deep, "bomb": bomb, "cut": cut, "long": long, "noise": bytes(range(8, 256)) * 20}

    def test_stow(self):
        for name, data in self.hostile().items():
            body = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + dicom.part10(data, "2.25.1.1.1") + b"\r\n--b--\r\n"
            status, content, _ = self.server.get("/dicomweb/studies", method="POST", body=body,
                                                 headers={"Content-Type": 'multipart/related; type="application/dicom"; boundary=b'})
            self.assertEqual(status, 409, name)
            self.assertEqual(json.loads(content)["00081198"]["Value"][0]["00081197"]["Value"], [0xC000], name)
        self.assertEqual(self.server.json("/dicomweb/studies"), [])

    def test_store(self):
        association = Association(self.server.dicom)
        for name, data in self.hostile().items():
            self.assertEqual(association.store("2.25.1.1.1", data), 0xC000, name)
        sop, good, _ = self.object(2)
        self.assertEqual(association.store(sop, good), 0, "a good object on the same association")
        association.close()

    def test_broken_protocol(self):
        for bytes_ in (b"GET / HTTP/1.1\r\n\r\n", b"\x01\0\xff\xff\xff\xff", b"\x01\0\0\0\0\x10" + b"\0" * 16, b"\x04\0\0\0\0\x06\0\0\0\x02\x01\x03", os.urandom(4096)):
            with socket.create_connection(("127.0.0.1", self.server.dicom), 10) as line:
                line.sendall(bytes_)
                line.settimeout(5)
                try:
                    while line.recv(4096):
                        pass
                except (ConnectionError, socket.timeout):
                    pass
        # A peer that says nothing must not keep others out.
        with socket.create_connection(("127.0.0.1", self.server.dicom), 10):
            self.assertEqual(tool("echoscu", "-aec", "QIAO", "127.0.0.1", self.server.dicom).returncode, 0)

    def test_abort_in_the_middle(self):
        for _ in range(5):
            association = Association(self.server.dicom)
            association.send_half("2.25.1.1.1")
            association.line.close()
        self.assertEqual(self.server.json("/dicomweb/studies"), [])

    def test_too_many_associations(self):
        held = [Association(self.server.dicom, calling=f"AE{i}") for i in range(64)]
        with self.assertRaises(Refused) as refused:
            Association(self.server.dicom, calling="AE65")
        self.assertEqual(refused.exception.args[0], (2, 3, 2))
        for association in held:
            association.close()
        one = [Association(self.server.dicom, calling="SAME") for _ in range(16)]
        with self.assertRaises(Refused):
            Association(self.server.dicom, calling="SAME")
        for association in one:
            association.close()


class Strict(Imaging):
    options = ("--strict",)

    def test_an_unknown_ae_is_refused(self):
        with self.assertRaises(Refused) as refused:
            Association(self.server.dicom)
        self.assertEqual(refused.exception.args[0], (1, 1, 3))


class Faults(Imaging):
    def test_kill_during_ingest(self):
        """Whatever was answered with success is there after kill -9, and the index equals one rebuilt from the packs."""
        acknowledged = []
        for round_ in range(4):
            association = Association(self.server.dicom)
            until = time.time() + 0.4 + 0.1 * round_
            number = 0
            while time.time() < until:
                number += 1
                sop, data, _ = self.object(number, f"2.25.5{round_}")
                self.assertEqual(association.store(sop, data), 0)
                acknowledged.append(sop)
            association.send_half("2.25.99")
            self.server.stop(kill=True)
            association.line.close()
            self.server = Server(self.data)
        self.assertGreater(len(acknowledged), 50)
        rows = self.all_instances()
        found = {row["00080018"]["Value"][0]: row["00081190"]["Value"][0] for row in rows}
        self.assertEqual([sop for sop in acknowledged if sop not in found], [], "acknowledged and lost")
        for sop in acknowledged[:: max(1, len(acknowledged) // 50)]:
            content = self.server.get(found[sop], "application/dicom; transfer-syntax=*")[1]
            _, data, _ = self.object(int(sop.split(".")[-1]), ".".join(sop.split(".")[:3]))
            self.assertTrue(content.endswith(data))
        self.server.stop()
        self.server = Server(self.data, "--rebuild")
        again = self.all_instances()
        key = lambda row: row["00080018"]["Value"][0]
        self.assertTrue(sorted(again, key=key) == sorted(rows, key=key), "the rebuilt index differs")

    def all_instances(self):
        rows = []
        while True:
            page = self.server.json(f"/dicomweb/instances?limit=1000&offset={len(rows)}")
            rows += page
            if len(page) < 1000:
                return rows

    def test_demo_volume(self):
        if not os.path.exists("/usr/share/doc/invesalius-examples/examples/Cranium.inv3"):
            self.skipTest("invesalius-examples is not installed")
        self.server.stop()
        self.server = Server(self.data, "--demo")
        study = self.server.json("/dicomweb/studies")[0]
        self.assertEqual(study["00201208"]["Value"], [108])
        series = study["00081190"]["Value"][0] + "/series"
        self.assertEqual(self.server.get(study["00081190"]["Value"][0] + "/thumbnail")[0], 200)
        rows = self.server.json(study["00081190"]["Value"][0] + "/instances?limit=200")
        self.assertTrue(all(row["00204000"]["Value"] == ["demo: side not verified"] for row in rows))
        content = self.server.get(rows[50]["00081190"]["Value"][0], "application/dicom; transfer-syntax=*")[1]
        if shutil.which("dciodvfy"):
            checked = tool("dciodvfy", self.file("slice.dcm", content))
            self.assertNotIn("Error", checked.stderr + checked.stdout, checked.stderr)
        self.assertEqual(len(self.server.json(series)), 1)


class Refused(Exception):
    pass


class Association:
    """A raw C-STORE client that sends data sets as they are, right or wrong."""

    def __init__(self, port, calling="RAW", called="QIAO", syntax="1.2.840.10008.1.2.1"):
        self.line = socket.create_connection(("127.0.0.1", port), 20)
        self.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        item = lambda kind, body: struct.pack(">BBH", kind, 0, len(body)) + body
        context = b"\x01\0\0\0" + item(0x30, dicom.CT.encode()) + item(0x40, syntax.encode())
        body = struct.pack(">HH", 1, 0) + called.ljust(16).encode() + calling.ljust(16).encode() + b"\0" * 32
        body += item(0x10, b"1.2.840.10008.3.1.1.1") + item(0x20, context) + item(0x50, item(0x51, struct.pack(">I", 131072)))
        self.line.sendall(struct.pack(">BBI", 1, 0, len(body)) + body)
        kind, answer = self.receive()
        if kind == 3:
            self.line.close()
            raise Refused(tuple(answer[1:4]))
        assert kind == 2, kind
        self.context_result = answer[68 + 4 + len("1.2.840.10008.3.1.1.1") + 4 + 2]

    def receive(self):
        head = self.exactly(6)
        return head[0], self.exactly(struct.unpack(">I", head[2:])[0])

    def exactly(self, count):
        data = b""
        while len(data) < count:
            piece = self.line.recv(count - len(data))
            if not piece:
                raise ConnectionError("closed")
            data += piece
        return data

    def pdv(self, flags, data):
        return struct.pack(">BBIIBB", 4, 0, len(data) + 6, len(data) + 2, 1, flags) + data

    def request(self, sop):
        element = lambda number, value: struct.pack("<HHI", 0, number, len(value)) + value
        even = lambda text: text.encode() + (b"\0" if len(text) % 2 else b"")
        body = element(2, even(dicom.CT)) + element(0x100, b"\1\0") + element(0x110, b"\1\0") + element(0x700, b"\0\0") + element(0x800, b"\0\0") + element(0x1000, even(sop))
        return self.pdv(3, element(0, struct.pack("<I", len(body))) + body)

    def store(self, sop, data):
        self.line.sendall(self.request(sop))
        for at in range(0, len(data), 100_000):
            piece = data[at : at + 100_000]
            self.line.sendall(self.pdv(2 if at + len(piece) == len(data) else 0, piece))
        kind, answer = self.receive()
        assert kind == 4, kind
        at = answer.index(struct.pack("<HHI", 0, 0x0900, 2))
        return struct.unpack("<H", answer[at + 8 : at + 10])[0]

    def send_half(self, sop):
        self.line.sendall(self.request(sop) + self.pdv(0, b"\x08\0\x05\0CS\x0a\0ISO_IR"))

    def close(self):
        self.line.sendall(struct.pack(">BBII", 5, 0, 4, 0))
        self.receive()
        self.line.close()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    BINARY = sys.argv.pop(1)
    missing = [name for name in ("echoscu", "storescu", "dcmsend", "dcm2json") if not shutil.which(name)]
    if missing:
        print("skipped: not installed:", ", ".join(missing))
        sys.exit(77)
    unittest.main(verbosity=1)
