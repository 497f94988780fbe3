#!/usr/bin/env python3
"""The table of DICOM devices against dcmtk on the real program: who is not listed is refused and seen on the page, who is listed belongs to
its institution, who is removed is refused again. Skips with 77 when dcmtk is not installed."""
import json
import os
import pathlib
import shutil
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import dicom  # noqa: E402
import first_run  # noqa: E402
import qiao  # noqa: E402

ENV = dict(os.environ, TCP_NODELAY="1")


def tool(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=60, env=ENV, errors="replace")
    return done.returncode, done.stdout + done.stderr


def association_answer(port, calling, source):
    """(type of the answer, its first bytes) to an association request that calls from the address `source`."""
    item = lambda kind, body: struct.pack(">BBH", kind, 0, len(body)) + body
    context = b"\x01\0\0\0" + item(0x30, b"1.2.840.10008.1.1") + item(0x40, b"1.2.840.10008.1.2")
    body = struct.pack(">HH", 1, 0) + b"QIAO".ljust(16) + calling.ljust(16) + b"\0" * 32
    body += item(0x10, b"1.2.840.10008.3.1.1.1") + item(0x20, context) + item(0x50, item(0x51, struct.pack(">I", 16384)))
    with socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(source, 0)) as line:
        line.sendall(struct.pack(">BBI", 1, 0, len(body)) + body)
        answer = line.recv(4096)
        return answer[0], tuple(answer[7:10])


class Devices(unittest.TestCase):
    def setUp(self):
        self.centre = first_run.Centre("serve").start()
        self.folder = tempfile.mkdtemp(prefix="devices-")

    def tearDown(self):
        lives = self.centre.process.poll() is None
        self.centre.__exit__()
        shutil.rmtree(self.folder)
        self.assertTrue(lives, "the server lives to the end of each test")

    @property
    def port(self):
        return self.centre.dicom[1]

    def echo(self, title="CT1", called="QIAO"):
        return tool("echoscu", "-v", "-aet", title, "-aec", called, "127.0.0.1", self.port)

    def store(self, number=1, title="CT1"):
        sop = f"2.25.77.1.{number}"
        path = pathlib.Path(self.folder) / f"{number}.dcm"
        path.write_bytes(dicom.part10(dicom.dataset(sop, "2.25.77.1", "2.25.77", number=number), sop))
        return tool("storescu", "-v", "-aet", title, "-aec", "QIAO", "127.0.0.1", self.port, path)

    def ae(self, *arguments):
        return subprocess.run([qiao.binary(), "ae", *arguments, "--data", self.centre.data], capture_output=True, text=True, timeout=60)

    def page(self):
        return self.centre.json("GET", "/imaging/devices")

    def rows(self, file, sql):
        with sqlite3.connect(f"file:{self.centre.data}/{file}?mode=ro", uri=True) as database:
            return database.execute(sql).fetchall()

    def test_unknown_then_listed_then_removed(self):
        status, said = self.echo()
        self.assertNotEqual(status, 0)
        self.assertIn("Calling AE Title Not Recognized", said)
        self.assertEqual(self.page()["devices"], [])
        refused = self.page()["refusals"]
        self.assertEqual([(one["calling"], one["called"], one["address"], one["code"], one["count"]) for one in refused], [("CT1", "QIAO", "127.0.0.1", "unknown_caller", 1)])

        added = self.ae("add", "--title", "CT1", "--address", "127.0.0.1", "--organisation", "Gull clinic", "--charset", "GB18030")
        self.assertEqual(added.returncode, 0, added.stderr)
        self.assertEqual(self.echo()[0], 0)
        for number in (1, 2, 3):
            status, said = self.store(number)
            self.assertEqual(status, 0, said)
            self.assertIn("Success", said)
        clinic = self.rows("record.db", "SELECT id FROM access_organisation WHERE resource = '%s'" % self.centre.clinic)[0][0]
        self.assertEqual(self.rows("imaging.db", "SELECT org_id, issuer, source_ae, n_instances FROM imaging_study"), [(clinic, self.centre.clinic, "CT1", 3)])
        device = self.page()["devices"][0]
        self.assertEqual((device["title"], device["organisation"]["resource"], device["objects"], device["local"]), ("CT1", self.centre.clinic, 3, True))
        self.assertIsNotNone(device["lastObject"])
        self.assertIn("CT1\t127.0.0.1", self.ae("list").stdout)

        self.assertEqual(self.ae("remove", "--title", "CT1", "--address", "127.0.0.1").returncode, 0)
        self.assertIn("Calling AE Title Not Recognized", self.echo()[1])
        self.assertNotEqual(self.store(4)[0], 0)
        self.assertNotEqual(self.ae("remove", "--title", "CT1", "--address", "127.0.0.1").returncode, 0)
        details = [row[0] for row in self.rows("record.db", "SELECT action FROM access_audit WHERE type = 'Device' ORDER BY seq")]
        self.assertEqual(details, ["create", "delete"])
        self.assertEqual(subprocess.run([qiao.binary(), "verify-audit", "--data", self.centre.data], capture_output=True).returncode, 0)

    def test_a_title_counts_from_its_own_address_only(self):
        self.centre.json("POST", "/imaging/devices", {"title": "CT1", "address": "127.0.0.2", "organisation": self.centre.hub}, expected=201)
        self.assertEqual(association_answer(self.port, b"CT1", "127.0.0.2")[0], 2)
        self.assertEqual(association_answer(self.port, b"CT1", "127.0.0.3"), (3, (1, 1, 3)))
        self.assertIn("Calling AE Title Not Recognized", self.echo()[1])
        self.assertEqual(association_answer(self.port, b"\xff\x01evil\"<b>", "127.0.0.3"), (3, (1, 1, 3)))
        titles = {(one["calling"], one["address"]) for one in self.page()["refusals"]}
        self.assertEqual(titles, {("CT1", "127.0.0.3"), ("CT1", "127.0.0.1"), ('??evil"<b>', "127.0.0.3")})

    def test_wrong_called_title_and_no_storing(self):
        self.assertEqual(self.ae("add", "--title", "CT1", "--address", "127.0.0.1", "--organisation", self.centre.hub, "--no-store").returncode, 0)
        self.assertIn("Called AE Title Not Recognized", self.echo(called="PACS")[1])
        for _ in range(2):
            self.echo(called="PACS")
        self.assertEqual(self.echo()[0], 0)
        self.assertNotEqual(self.store()[0], 0)
        self.assertEqual(self.rows("imaging.db", "SELECT count(*) FROM imaging_study"), [(0,)])
        wrong = [one for one in self.page()["refusals"] if one["code"] == "wrong_called"]
        self.assertEqual([(one["called"], one["count"]) for one in wrong], [("PACS", 3)])

    def test_what_is_wrong_is_refused_and_only_for_administrators(self):
        good = {"title": "CT1", "address": "10.0.0.7", "organisation": self.centre.hub, "port": 104, "issuer": "HIS", "charset": "GB18030", "mayStore": True}
        doctor = self.centre.user_token("doctor")
        for method, path, body in (("GET", "/imaging/devices", None), ("POST", "/imaging/devices", good), ("PUT", "/imaging/devices/1", good),
                                   ("DELETE", "/imaging/devices/1", None), ("POST", "/imaging/devices/1/echo", {})):
            self.centre.json(method, path, body, token=doctor, expected=403)
            self.centre.json(method, path, body, token=self.centre.integration_token(), expected=403)
            self.assertEqual(self.centre.call(method, path, body)[0], 401)
        made = self.centre.json("POST", "/imaging/devices", good, expected=201)
        self.assertFalse(made["local"])
        for change, code, status in (({"title": "SEVENTEEN_LETTERS"}, "imaging.bad_ae_title", 400), ({"title": "  "}, "imaging.bad_ae_title", 400),
                                     ({"title": "A\\B"}, "imaging.bad_ae_title", 400), ({"title": "机房"}, "imaging.bad_ae_title", 400),
                                     ({"address": "scanner.local"}, "imaging.bad_address", 400), ({"address": "0.0.0.0"}, "imaging.bad_address", 400),
                                     ({"address": "224.0.0.1"}, "imaging.bad_address", 400), ({"address": "10.0.0.0/8"}, "imaging.bad_address", 400),
                                     ({"organisation": "Organization/none"}, "access.bad_organisation", 400), ({"port": 65536}, "imaging.bad_port", 400),
                                     ({"issuer": "x" * 65}, "imaging.bad_issuer", 400), ({"charset": "EBCDIC"}, "imaging.bad_charset", 400), ({}, "imaging.ae_taken", 409)):
            answer = self.centre.json("POST", "/imaging/devices", {**good, **change}, expected=status)
            self.assertEqual(answer["issue"][0]["details"]["coding"][0]["code"], code, change)
        changed = self.centre.json("PUT", f"/imaging/devices/{made['id']}", {**good, "address": "10.0.0.8", "mayStore": False})
        self.assertEqual((changed["address"], changed["mayStore"]), ("10.0.0.8", False))
        self.centre.json("PUT", "/imaging/devices/999", good, expected=404)
        self.centre.json("DELETE", f"/imaging/devices/{made['id']}", expected=204)
        self.centre.json("DELETE", f"/imaging/devices/{made['id']}", expected=404)
        self.assertEqual([row[0] for row in self.rows("record.db", "SELECT action FROM access_audit WHERE type = 'Device' ORDER BY seq")], ["create", "update", "delete"])

    def test_echo_toward_a_device(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        device = {"title": "CT1", "address": "127.0.0.1", "organisation": self.centre.hub}
        made = self.centre.json("POST", "/imaging/devices", device, expected=201)
        path = f"/imaging/devices/{made['id']}"
        code = lambda answer: answer["issue"][0]["details"]["coding"][0]["code"]
        self.assertEqual(code(self.centre.json("POST", path + "/echo", {}, expected=400)), "imaging.no_port")
        self.centre.json("PUT", path, {**device, "port": port})
        self.assertEqual(code(self.centre.json("POST", path + "/echo", {}, expected=503)), "imaging.connect")
        scanner = subprocess.Popen(["storescp", "-aet", "CT1", "-od", self.folder, str(port)], env=ENV, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            qiao.wait_for(lambda: self.centre.call("POST", path + "/echo", {}, token=self.centre.admin)[0] == 200, 20, "the scanner answers")
        finally:
            scanner.kill()
            scanner.wait()

    def test_the_table_is_kept_without_the_index_and_changed_without_a_server(self):
        self.ae("add", "--title", "CT1", "--address", "127.0.0.1", "--organisation", self.centre.hub)
        self.centre.stop()
        os.unlink(os.path.join(self.centre.data, "imaging.db"))
        self.assertEqual(self.ae("add", "--title", "CT2", "--address", "127.0.0.1", "--organisation", "中心医院").returncode, 0)
        unknown = self.ae("add", "--title", "CT3", "--address", "127.0.0.1", "--organisation", "nobody")
        self.assertNotEqual(unknown.returncode, 0)
        self.assertIn(self.centre.clinic, unknown.stderr)
        self.centre.start()
        self.assertEqual([one["title"] for one in self.page()["devices"]], ["CT1", "CT2"])
        self.assertEqual(self.echo("CT2")[0], 0)


class Demo(unittest.TestCase):
    def test_whoever_calls_from_this_machine_is_a_row(self):
        with qiao.Server("demo") as server:
            tool("echoscu", "-aec", "QIAO", "-aet", "ANY", "127.0.0.1", server.dicom[1])
            status, _, answer = server.call("GET", "/imaging/devices", token=server.user_token("hu.jianguo"))
            self.assertEqual(status, 200, answer)
            device = json.loads(answer)["devices"][0]
            self.assertEqual((device["demo"], device["organisation"]["resource"]), (True, "Organization/demo-county"))
            self.assertIsNotNone(device["lastAssociation"])


if __name__ == "__main__":
    missing = [name for name in ("echoscu", "storescu", "storescp") if not shutil.which(name)]
    if missing:
        qiao.skip("not installed: " + ", ".join(missing))
    unittest.main()
