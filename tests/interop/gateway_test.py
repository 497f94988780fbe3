#!/usr/bin/env python3
"""A gateway on the real program, with dcmtk's tools as scanners: enrolled by a code, lets in whom the centre lists, hands over to its own
institution only, is shown on the page; what is wrong, foreign or hostile is refused. Skips with 77 when dcmtk is not installed."""
import hashlib
import json
import os
import pathlib
import random
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import dicom  # noqa: E402
import first_run  # noqa: E402
import gateways  # noqa: E402
import qiao  # noqa: E402

ENV = dict(os.environ, TCP_NODELAY="1")
OBJECTS = "/imaging/gateway/objects/"
CODE = lambda answer: json.loads(answer)["issue"][0]["details"]["coding"][0]["code"]


def echo(port, title="CT1"):
    return subprocess.run(["echoscu", "-aet", title, "-aec", "QIAO", "-to", "10", "127.0.0.1", str(port)], capture_output=True, env=ENV, timeout=60).returncode


class GatewayTest(unittest.TestCase):
    def setUp(self):
        self.centre = first_run.Centre("serve").start()
        self.folder = tempfile.mkdtemp(prefix="gateway-")
        self.gateways = []

    def tearDown(self):
        for gateway in self.gateways:
            gateway.close()
        lives = self.centre.process.poll() is None
        self.centre.__exit__()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.assertTrue(lives, "the centre lives to the end of each test")

    def gateway(self, **options):
        made = gateways.Gateway(self.centre, self.centre.base, **options)
        self.gateways.append(made)
        return made

    def page(self, gateway):
        return self.centre.json("GET", f"/imaging/gateways/{gateway.id}")

    def enrol(self, gateway):
        """An access token as the program gets it, for requests of our own: (token, answer of the enrolment)."""
        key, head = os.path.join(self.folder, f"{gateway.id}.pem"), os.path.join(self.folder, "in")
        subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key], check=True)
        public = subprocess.run(["openssl", "ec", "-in", key, "-pubout", "-outform", "DER"], capture_output=True, check=True).stdout[-64:]
        b64 = lambda data: __import__("base64").urlsafe_b64encode(data).rstrip(b"=").decode()
        jwks = {"keys": [{"kty": "EC", "crv": "P-256", "alg": "ES256", "kid": "k", "x": b64(public[:32]), "y": b64(public[32:])}]}
        status, _, answer = self.centre.call("POST", "/imaging/gateway/enrol", {"code": gateway.code.lower().replace("-", " "), "jwks": jwks})
        self.assertEqual(status, 200, answer)
        said = json.loads(answer)
        now = int(__import__("time").time())
        claims = {"iss": said["client"], "sub": said["client"], "aud": said["audience"], "exp": now + 60, "jti": os.urandom(8).hex()}
        text = b64(json.dumps({"alg": "ES256", "kid": "k"}).encode()) + "." + b64(json.dumps(claims).encode())
        pathlib.Path(head).write_bytes(text.encode())
        der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key, head], capture_output=True, check=True).stdout
        numbers, at = [], 2
        for _ in range(2):
            size = der[at + 1]
            numbers.append(der[at + 2:at + 2 + size].lstrip(b"\0").rjust(32, b"\0"))
            at += 2 + size
        form = ("grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=" + text + "." + b64(b"".join(numbers)))
        status, _, answer = self.centre.call("POST", "/oauth/token", form, {"Content-Type": "application/x-www-form-urlencoded"})
        self.assertEqual(status, 200, answer)
        return json.loads(answer)["access_token"], said

    def put(self, token, file, digest, sop, offset=0, length=None, path=None):
        return self.centre.call("PUT", path or OBJECTS + digest, file, {"Upload-Offset": str(offset), "Upload-Length": str(len(file) if length is None else length), "Sop-Instance-Uid": sop,
                                                                       "Calling-Ae": "CT1", "Content-Type": "application/octet-stream"}, token=token)

    def one(self, number):
        sop = f"2.25.88.1.{number}"
        data = dicom.dataset(sop, "2.25.88.1", "2.25.88", number=number)
        return dicom.part10(data, sop), hashlib.sha256(data).hexdigest(), sop

    def test_from_the_code_to_the_image(self):
        gateway = self.gateway(devices=())
        self.assertEqual(self.page(gateway)["state"], "waiting")
        gateway.start(enrol=True)
        qiao.wait_for(lambda: gateway.status()["online"], 30, "it is online")
        self.assertEqual(self.page(gateway)["state"], "online")
        # Nobody is let in before the centre lists it; who was turned away is on the page.
        self.assertNotEqual(echo(gateway.port), 0)
        qiao.wait_for(lambda: self.page(gateway)["report"]["callers"], 30, "the caller is told")
        caller = self.page(gateway)["report"]["callers"][0]
        self.assertEqual((caller["calling"], caller["address"], caller["code"]), ("CT1", "127.0.0.1", "unknown_caller"))
        scanner = subprocess.Popen(["storescp", "-aet", "CT1", "-od", self.folder, str(self.free_port())], env=ENV)
        try:
            made = self.centre.json("POST", "/imaging/devices", {"title": "CT1", "address": "127.0.0.1", "port": self.port, "organisation": self.centre.clinic, "gateway": gateway.id, "charset": "GB18030"}, expected=201)
            qiao.wait_for(lambda: echo(gateway.port) == 0, 30, "it is let in")
            # The same title calls the centre itself: that is another network.
            self.assertNotEqual(echo(self.centre.dicom[1]), 0)
            status, _, answer = self.centre.call("POST", f"/imaging/devices/{made['id']}/echo", {}, token=self.centre.admin, timeout=60)
            self.assertEqual(status, 200, answer)
        finally:
            scanner.kill()
            scanner.wait()
        status, _, answer = self.centre.call("POST", f"/imaging/devices/{made['id']}/echo", {}, token=self.centre.admin, timeout=60)
        self.assertEqual((status, CODE(answer)), (503, "imaging.connect"))

        objects = gateways.make_objects(self.folder, "2.25.55", 5)
        self.assertEqual(gateways.store(gateway.port, self.folder).wait(60), 0)
        qiao.wait_for(lambda: gateway.queued() == 0, 30, "it is handed over")
        gateways.require_at_centre(self.centre, self.centre.integration_token(), objects.values())
        with sqlite3.connect(f"file:{self.centre.data}/imaging.db?mode=ro", uri=True) as database:
            owner, issuer, ae = database.execute("SELECT org_id, issuer, source_ae FROM imaging_study").fetchone()
        with sqlite3.connect(f"file:{self.centre.data}/record.db?mode=ro", uri=True) as database:
            clinic = database.execute("SELECT id FROM access_organisation WHERE resource = ?", (self.centre.clinic,)).fetchone()[0]
            actions = [row[0] for row in database.execute("SELECT action FROM access_audit WHERE type = 'Gateway' ORDER BY seq")]
        self.assertEqual((owner, issuer, ae), (clinic, self.centre.clinic, "CT1"))
        self.assertEqual(actions, ["create", "gateway-enrol"])
        qiao.wait_for(lambda: self.page(gateway)["report"].get("sentObjects") == 5, 30, "it is told")
        device = self.page(gateway)["devices"][0]
        self.assertEqual((device["title"], device["objects"]), ("CT1", 5))
        self.assertEqual(gateway.stop(), 0)
        self.assertEqual(self.page(gateway)["state"], "stopped")

    def free_port(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        return self.port

    def test_a_code_works_once_and_not_for_long(self):
        gateway = self.gateway()
        wrong = self.centre.call("POST", "/imaging/gateway/enrol", {"code": "0000-0000-0000", "jwks": {"keys": []}})
        self.assertEqual((wrong[0], CODE(wrong[2])), (401, "imaging.wrong_code"))
        token, said = self.enrol(gateway)
        again = self.centre.call("POST", "/imaging/gateway/enrol", {"code": gateway.code, "jwks": {"keys": []}})
        self.assertEqual((again[0], CODE(again[2])), (401, "imaging.wrong_code"))
        # A new code takes the place of the old key when it is used, not before.
        gateway.code = self.centre.json("POST", f"/imaging/gateways/{gateway.id}/code", {})["code"]
        self.assertEqual(self.centre.call("POST", "/imaging/gateway/report", {"now": "2026-01-01T00:00:00Z"}, token=token)[0], 200)
        second, _ = self.enrol(gateway)
        self.assertEqual(self.centre.call("POST", "/imaging/gateway/report", {"now": "2026-01-01T00:00:00Z"}, token=token)[0], 401)
        self.assertEqual(self.centre.call("POST", "/imaging/gateway/report", {"now": "2026-01-01T00:00:00Z"}, token=second)[0], 200)
        self.assertLess(self.page(gateway)["clockOffsetMs"], -1000)
        for _ in range(12):
            status, _, answer = self.centre.call("POST", "/imaging/gateway/enrol", {"code": "1111-1111-1111", "jwks": {"keys": []}})
        self.assertEqual((status, CODE(answer)), (429, "access.too_many_attempts"))

    def test_its_token_opens_nothing_else(self):
        token, _ = self.enrol(self.gateway())
        for method, path in (("GET", "/fhir/Patient"), ("GET", "/dicomweb/studies"), ("POST", "/dicomweb/studies"), ("GET", "/imaging/devices"), ("GET", "/imaging/gateways"), 
                             ("GET", "/flow/worklists"), ("POST", "/fhir"), ("GET", "/access/organisations"), ("DELETE", "/imaging/gateways/1")):
            status, _, answer = self.centre.call(method, path, {} if method == "POST" else None, token=token)
            self.assertEqual(status, 403, (path, answer[:200]))
        self.assertEqual(self.centre.call("GET", "/metrics", headers={"X-Forwarded-For": "10.0.0.1"}, token=token)[0], 404)
        for other in (self.centre.admin, self.centre.user_token("doctor"), self.centre.integration_token()):
            for method, path in (("POST", "/imaging/gateway/report"), ("GET", OBJECTS + "a" * 64), ("PUT", OBJECTS + "a" * 64)):
                self.assertEqual(self.centre.call(method, path, {} if method == "POST" else None, token=other)[0], 404, path)
        doctor = self.centre.user_token("doctor")
        for method, path in (("GET", "/imaging/gateways"), ("POST", "/imaging/gateways"), ("GET", "/imaging/gateways/1"), ("POST", "/imaging/gateways/1/code"), ("POST", "/imaging/gateways/1/retry"), ("DELETE", "/imaging/gateways/1")):
            self.assertEqual(self.centre.call(method, path, {} if method == "POST" else None, token=doctor)[0], 403, path)
            self.assertEqual(self.centre.call(method, path, {} if method == "POST" else None)[0], 401, path)

    def test_hostile_uploads(self):
        gateway, foreign = self.gateway(), self.gateway(organisation=self.centre.hub)
        token, other = self.enrol(gateway)[0], self.enrol(foreign)[0]
        file, digest, sop = self.one(1)
        half = file[:300]
        self.assertEqual(json.loads(self.put(token, half, digest, sop, length=len(file))[2])["offset"], 300)
        # Of another institution's upload there is nothing to see and nothing to go on with.
        self.assertEqual(self.centre.call("GET", OBJECTS + digest, headers={"Sop-Instance-Uid": sop}, token=other)[0], 404)
        status, _, answer = self.put(other, file[300:], digest, sop, offset=300, length=len(file))
        self.assertEqual((status, CODE(answer)), (409, "imaging.upload_offset"))
        for body, offset, length, path, expected in (
                (file[310:320], 310, len(file), None, (409, "imaging.upload_offset")), (half, 0, len(file), None, (409, "imaging.upload_offset")),
                (b"x" * 1_048_577, 0, 2_000_000, None, (413, "http.body_too_large")), (b"x", 0, 3 << 30, None, (413, "imaging.object_too_large")),
                (b"x", 0, "-1", None, (400, "imaging.bad_upload")), (b"x", "1e3", 10, None, (400, "imaging.bad_upload")), (b"x", 0, "99999999999999999999", None, (400, "imaging.bad_upload")),
                (b"", 0, 10, None, (400, "imaging.bad_upload")), (b"x" * 20, 0, 10, None, (400, "imaging.bad_upload")), (b"x", 0, 10, OBJECTS + "A" * 64, (400, "imaging.bad_upload")),
                (b"x", 0, 10, OBJECTS + "..%2f..%2fetc%2fpasswd", (400, "http.bad_path")), (file, 0, len(file), OBJECTS + "b" * 64, (422, "imaging.digest_mismatch")),
                (b"no DICOM at all", 0, 15, OBJECTS + hashlib.sha256(b"no DICOM at all").hexdigest(), (422, "imaging.digest_mismatch"))):
            status, _, answer = self.put(token, body, digest, sop, offset, length, path)
            self.assertEqual((status, CODE(answer)), expected, (offset, length, path))
        self.assertEqual(json.loads(self.put(token, file[300:], digest, sop, offset=300, length=len(file))[2])["state"], "stored")
        # What can never be stored is refused for good, and the operator sees it.
        nested = dicom.element(0x0008, 0x0016, "UI", dicom.CT) + dicom.element(0x0008, 0x0018, "UI", "2.25.99.1") + dicom.nested_sequences(1000)
        bad = dicom.part10(nested, "2.25.99.1")
        status, _, answer = self.put(token, bad, hashlib.sha256(nested).hexdigest(), "2.25.99.1")
        self.assertEqual((status, json.loads(answer)["state"]), (200, "refused"))
        self.assertTrue([one for one in self.centre.json("GET", "/imaging/devices")["refusals"] if one["kind"] == "object"])
        for body in ({}, {"now": "yesterday"}, {"now": 7}):
            self.assertEqual(self.centre.call("POST", "/imaging/gateway/report", body, token=token)[0], 400)
        huge = {"now": "2026-01-01T00:00:00Z", "version": "v" * 5000, "callers": [{"calling": "<b>" * 200, "reason": "x"}] * 900, "unknown": {"a": [1]}, "queueObjects": {"a": 1}}
        self.assertEqual(self.centre.call("POST", "/imaging/gateway/report", huge, token=token)[0], 413)
        huge["callers"] = huge["callers"][:300]
        self.assertEqual(self.centre.call("POST", "/imaging/gateway/report", huge, token=token)[0], 200)
        report = self.page(gateway)["report"]
        self.assertEqual((len(report["version"]), len(report["callers"]), "unknown" in report), (200, 200, False))

    def refused_assertions(self):
        with sqlite3.connect(f"file:{self.centre.data}/record.db?mode=ro", uri=True) as database:
            return database.execute("SELECT count(*) FROM access_audit WHERE outcome = 'denied' AND detail = 'client assertion'").fetchone()[0]

    def test_an_ended_one_is_refused_and_says_so(self):
        gateway = self.gateway()
        gateway.start(enrol=True)
        qiao.wait_for(lambda: gateway.status()["online"], 30, "it is online")
        self.centre.json("DELETE", f"/imaging/gateways/{gateway.id}", expected=204)
        gateways.make_objects(self.folder, "2.25.56", 3)
        self.assertEqual(gateways.store(gateway.port, self.folder).wait(60), 0, "the scanner is not the one to blame")
        qiao.wait_for(lambda: gateway.status()["problem"] == "not_known", 60, "it says why")
        self.assertEqual(gateway.queued(), 3)
        self.assertEqual(self.page(gateway)["state"], "ended")
        with sqlite3.connect(f"file:{self.centre.data}/imaging.db?mode=ro", uri=True) as database:
            self.assertEqual(database.execute("SELECT count(*) FROM imaging_instance").fetchone()[0], 0)
        # A new gateway on the same folder brings what waited.
        successor = self.gateway()
        shutil.copytree(os.path.join(gateway.data, "queue"), os.path.join(successor.data, "queue"))
        shutil.copy(os.path.join(gateway.data, "queue.key"), successor.data)
        # Its four senders and its reports did not use up the attempts of everybody in its network.
        qiao.wait_for(lambda: self.refused_assertions() > 0, 30, "the refusal is in the audit")
        self.assertEqual(self.refused_assertions(), 1)
        gateway.kill()
        successor.start(enrol=True)
        qiao.wait_for(lambda: successor.queued() == 0, 60, "what waited is handed over")

    def resuming(self, rows, *, devices=(("CT1", "127.0.0.1"),)):
        """A gateway behind a line that can be cut, with one image in its queue, and what the centre has of it: (line, gateway, objects, kept)."""
        line = gateways.Line(self.centre.http)
        self.addCleanup(line.close)
        gateway = gateways.Gateway(self.centre, f"http://127.0.0.1:{line.port}", devices=devices)
        self.gateways.append(gateway)
        gateway.start(enrol=True)
        qiao.wait_for(lambda: gateway.status()["online"], 30, "it is online")
        line.cut()
        objects = gateways.make_objects(self.folder, "2.25.57", 1, rows=rows)
        self.assertEqual(gateways.store(gateway.port, self.folder).wait(60), 0)

        def kept():
            sizes = [path.stat().st_size for path in pathlib.Path(self.centre.data, "gateway").rglob("*") if path.is_file()]
            return sizes[0] if sizes else 0
        return line, gateway, objects, kept

    def test_a_line_that_is_cut_at_many_places_of_one_image(self):
        line, gateway, objects, kept = self.resuming(1100)  # 2.4 MB
        size = os.path.getsize(next(iter(objects)))
        requests = 4096  # headers, the question how much is there, a token
        waste = 0
        # In the middle of the headers, of a piece, just before and behind the borders of pieces; then somewhere.
        # Those that carry a whole piece stand between the others: they let the gateway come back at once.
        somewhere = random.Random(7)
        places = [262_144 + 900, 1, 90, 140_000, 700, 5000, 200_000, 40_000, 16_384 + 600, 300_000, 70_000, 131_072, 262_144 + 400, *(somewhere.randrange(400, 200_000) for _ in range(3))]
        for place in places:
            before, sent = kept(), line.bytes_up
            if gateway.queued() == 0:
                break
            line.mend(cut_in=place)
            qiao.wait_for(lambda: line.is_cut, 60, f"the line breaks after {place} bytes")
            time.sleep(0.1)
            gained, sent = kept() - before, line.bytes_up - sent
            self.assertGreaterEqual(gained, 0, "what was there stays")
            self.assertLessEqual(sent, place + 64)
            waste += sent - gained
        self.assertGreater(kept(), 0)
        self.assertEqual(gateway.queued(), 1, "the image was not over before the line was cut at each place")
        before, sent = kept(), line.bytes_up
        line.mend()
        qiao.wait_for(lambda: gateway.queued() == 0, 60, "the rest arrives")
        rest = line.bytes_up - sent
        self.assertLess(rest, size - before + 64 * 1024, "what the centre had is not sent again")
        gateways.require_at_centre(self.centre, self.centre.integration_token(), objects.values())
        with sqlite3.connect(f"file:{self.centre.data}/imaging.db?mode=ro", uri=True) as database:
            self.assertEqual(database.execute("SELECT count(*) FROM imaging_instance").fetchone()[0], 1)
        self.assertEqual(kept(), 0, "nothing half is left")
        print(f"{size} bytes, the line cut {len(places)} times: {waste} bytes were lost under way, {rest} of the last {size - before} sent after the last cut", file=sys.stderr)

    def test_a_piece_whose_answer_is_lost_is_not_sent_again(self):
        line, gateway, objects, _ = self.resuming(600)  # 720 kB
        size, piece = os.path.getsize(next(iter(objects))), 256 * 1024
        before = line.bytes_up
        line.mute_after = before + piece
        line.mend()
        qiao.wait_for(lambda: gateway.queued() == 0, 60, "all of it arrives")
        self.assertIsNone(line.mute_after, "an answer was lost")
        self.assertLess(line.bytes_up - before, size + 16 * 1024)
        gateways.require_at_centre(self.centre, self.centre.integration_token(), objects.values())

    def test_a_line_that_never_carries_a_usual_piece(self):
        line, gateway, objects, kept = self.resuming(400)  # 320 kB
        cuts = 0
        while gateway.queued() and cuts < 60:
            line.mend(cut_in=60_000)
            cuts += 1
            qiao.wait_for(lambda: line.is_cut or not gateway.queued(), 60, "it breaks again or all is over")
        self.assertEqual(gateway.queued(), 0, f"after {cuts} cuts {kept()} bytes are there")
        line.mend()
        gateways.require_at_centre(self.centre, self.centre.integration_token(), objects.values())

    def test_a_full_disk(self):
        if os.geteuid() != 0:
            self.skipTest("only root can make a small disk")
        gateway = self.gateway()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", gateway.data], check=True)
        self.addCleanup(lambda: subprocess.run(["umount", "-l", gateway.data], check=False))
        line = gateways.Line(self.centre.http)
        gateway.hub = f"http://127.0.0.1:{line.port}"
        gateway.start(enrol=True)
        qiao.wait_for(lambda: echo(gateway.port) == 0, 30, "the scanner is let in")
        line.cut()
        objects = gateways.make_objects(self.folder, "2.25.57", 20, rows=1024)  # 40 MiB
        log = os.path.join(self.folder, "log")
        with open(log, "w") as out:
            gateways.store(gateway.port, self.folder, log=out).wait(120)
        said = pathlib.Path(log).read_text()
        good = dicom.acknowledged(said, objects)
        self.assertTrue(0 < len(good) < 20, len(good))
        self.assertRegex(said, "OutOfResources")  # 0xA700
        self.assertIn("full", gateway.status()["disk"])
        line.mend()
        qiao.wait_for(lambda: gateway.queued() == 0, 90, "the queue empties")
        gateways.require_at_centre(self.centre, self.centre.integration_token(), [objects[path] for path in good])
        self.assertEqual(gateways.store(gateway.port, self.folder).wait(120), 0, "without a restart there is room again")
        gateway.kill()
        line.close()


if __name__ == "__main__":
    missing = [name for name in ("echoscu", "storescu", "storescp", "openssl") if not shutil.which(name)]
    if missing:
        qiao.skip("not installed: " + ", ".join(missing))
    unittest.main()
