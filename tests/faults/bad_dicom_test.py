"""Hostile DICOM, over C-STORE and STOW-RS and as raw bytes on the DICOM port: refused with a clear status, the process lives, memory stays bounded (T54)."""
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import dicom
import qiao

STUDY, SERIES = dicom.ROOT + ".900", dicom.ROOT + ".900.1"
JSON = {"Accept": "application/dicom+json"}


def object_of(number, **changes):
    sop = f"{SERIES}.{number}"
    return sop, dicom.dataset(sop, SERIES, STUDY, **changes)


def hostile():
    """name, Part 10 stream"""
    sop, data = object_of(1)
    whole = dicom.part10(data, sop)
    yield "truncated in the header", whole[:300]
    yield "truncated in the pixels", whole[:-100]
    yield "no DICM", b"\0" * 132 + whole[132:]
    yield "empty", b""
    sop, data = object_of(2, extra=dicom.nested_sequences(1000))
    yield "1,000 nested sequences", dicom.part10(data, sop)
    sop, data = object_of(3, rows=65535, columns=65535, pixels=b"\0" * 64)
    yield "65535 × 65535 with 64 bytes", dicom.part10(data, sop)
    sop, data = object_of(4, extra=struct.pack("<HH", 0x0010, 0x4000) + b"LT" + struct.pack("<H", 65000))
    yield "a length beyond the end", dicom.part10(data, sop)
    sop, data = object_of(5, extra=struct.pack("<HH", 0x0009, 0x1001) + b"UN\0\0" + struct.pack("<I", 0xFFFFFFF0) + b"ab")
    yield "a length of 4 GiB", dicom.part10(data, sop)
    yield "no SOP instance UID", dicom.part10(dicom.dataset("", SERIES, STUDY), "1.2.3")
    yield "no study UID", dicom.part10(dicom.dataset(sop, SERIES, ""), sop)
    yield "a UID with a path", dicom.part10(dicom.dataset("../../../etc/passwd", SERIES, STUDY), "1.2.3")
    yield "a UID of 200 digits", dicom.part10(dicom.dataset("1." + "2" * 200, SERIES, STUDY), "1.2.3")
    sop, data = object_of(6, pixels=b"\0" * (64 << 20))
    squeezed = zlib.compressobj(9, zlib.DEFLATED, -15)
    yield "a deflate bomb", dicom.part10(squeezed.compress(data) + squeezed.flush(), sop, syntax="1.2.840.10008.1.2.1.99")
    yield "big endian", dicom.part10(data[:2000], sop, syntax="1.2.840.10008.1.2.2")


RAW = [("noise", b"GET / HTTP/1.1\r\n\r\n"), ("unknown type", b"\xff\0" + struct.pack(">I", 4) + b"abcd"), ("4 GiB length", b"\x01\0\xff\xff\xff\xff"),
       ("P-DATA first", b"\x04\0" + struct.pack(">I", 12) + struct.pack(">I", 8) + b"\x01\x03abcdef"), ("half a head", b"\x01\0\0"),
       ("empty request", b"\x01\0" + struct.pack(">I", 0)), ("request without contexts", b"\x01\0" + struct.pack(">I", 68) + struct.pack(">HH", 1, 0) + b"QIAO".ljust(16) + b"X".ljust(16) + b"\0" * 32),
       ("contexts of length 0", b"\x01\0" + struct.pack(">I", 68 + 4 * 200) + struct.pack(">HH", 1, 0) + b"QIAO".ljust(16) + b"X".ljust(16) + b"\0" * 32 + (b"\x20\0" + struct.pack(">H", 0)) * 200)]


@unittest.skipUnless(shutil.which("storescu"), "dcmtk is not here")
class BadDicom(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = qiao.Server("demo").start()
        cls.token = cls.server.integration_token()
        cls.calm = cls.server.resident_mib()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def tearDown(self):
        self.assertEqual(self.echo(), 0, "the archive no longer answers C-ECHO")
        self.assertEqual(self.server.call("GET", "/health/ready")[0], 200)
        self.assertLess(self.server.resident_mib(), self.calm + 500)

    def echo(self, called="QIAO"):
        return subprocess.run(["echoscu", "-aec", called, self.server.dicom[0], str(self.server.dicom[1])], capture_output=True, timeout=30).returncode

    def instances(self):
        status, _, body = self.server.call("GET", f"/dicomweb/studies/{STUDY}/instances", headers=JSON, token=self.token)
        return len(json.loads(body)) if status == 200 and body else 0

    def test_stow(self):
        before = self.instances()
        for name, stream in hostile():
            with self.subTest(name):
                body, content_type = dicom.multipart([stream])
                status, _, answer = self.server.call("POST", "/dicomweb/studies", body, {"Content-Type": content_type, **JSON}, token=self.token)
                self.assertIn(status, (400, 409, 413, 415), (name, answer[:300]))
        self.assertEqual(self.instances(), before, "a refused object is visible")

    def test_one_bad_part_does_not_fail_its_neighbours(self):
        sop, data = object_of(50)
        body, content_type = dicom.multipart([dicom.part10(data, sop), b"nonsense"])
        status, _, answer = self.server.call("POST", "/dicomweb/studies", body, {"Content-Type": content_type, **JSON}, token=self.token)
        self.assertEqual(status, 202, answer[:300])
        self.assertEqual(self.instances(), 1)

    def test_c_store(self):
        with tempfile.TemporaryDirectory() as folder:
            for number, (name, stream) in enumerate(hostile()):
                if name in ("a deflate bomb", "big endian"):
                    continue  # storescu itself turns these into little endian before it sends
                path = os.path.join(folder, f"{number}.dcm")
                pathlib.Path(path).write_bytes(stream)
                with self.subTest(name):
                    done = subprocess.run(["storescu", "-v", "-aec", "QIAO", self.server.dicom[0], str(self.server.dicom[1]), path], capture_output=True, text=True, timeout=60)
                    self.assertNotIn("Received Store Response (Success)", done.stdout + done.stderr, name)

    def test_raw_bytes(self):
        for name, data in RAW:
            with self.subTest(name), socket.create_connection(self.server.dicom, timeout=10) as connection:
                try:
                    connection.sendall(data)
                    connection.shutdown(socket.SHUT_WR)
                    connection.recv(4096)
                except OSError:
                    pass

    def test_called_title_is_checked(self):
        self.assertNotEqual(self.echo(called="SOMEBODY"), 0)

    def test_stow_bodies_that_are_no_multipart(self):
        for headers, body in [({"Content-Type": 'multipart/related; type="application/dicom"'}, b"x"), ({"Content-Type": 'multipart/related; boundary=' + "b" * 200}, b"x"),
                              ({"Content-Type": 'multipart/related; type="application/dicom"; boundary=a'}, b"--a\r\n" * 20000), ({"Content-Type": "text/plain"}, b"x"),
                              ({"Content-Type": 'multipart/related; type="application/dicom"; boundary=a'}, b"--a\r\nContent-Type: application/dicom\r\n\r\nno end")]:
            status, _, _ = self.server.call("POST", "/dicomweb/studies", body, headers, token=self.token)
            self.assertIn(status, (400, 409, 413, 415))


if __name__ == "__main__":
    unittest.main()
