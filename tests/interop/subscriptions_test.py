"""Subscriptions against a real listener: delivered in order, at least once, also when the subscriber is away, answers 500, is slow or
redirects, and across kill -9; secrets that never come back; endpoints and criteria that are refused."""
import base64
import http.server
import json
import os
import pathlib
import socket
import struct
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import qiao
from qiao import wait_for

PATIENCE = 60
SECRET = "Bearer kept-apart-5512"


class Listener:
    """A subscriber on a port of its own. `answer` decides each status; `slow` waits before answering."""

    def __init__(self, port=0):
        self.seen, self.lock, self.answer, self.slow = [], threading.Lock(), lambda _: 200, 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def take(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                time.sleep(outer.slow)
                status = outer.answer(self.path)
                with outer.lock:
                    outer.seen.append((self.command, self.path, dict(self.headers), body, status))
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", f"http://127.0.0.1:{outer.port}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_POST = do_PUT = do_GET = do_DELETE = take

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def arrived(self, prefix="/"):
        with self.lock:
            return [one for one in self.seen if one[4] == 200 and one[1].startswith(prefix)]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Line:
    """A WebSocket on /fhir/websocket, enough of RFC 6455 for tests."""

    def __init__(self, server, token=None):
        host, port = server.http
        self.socket = socket.create_connection((host, port), timeout=PATIENCE)
        own = f"Authorization: Bearer {token}\r\n" if token else ""
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET /fhir/websocket HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                             f"Sec-WebSocket-Version: 13\r\n{own}\r\n").encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.exactly(1)
        assert b" 101 " in head.split(b"\r\n")[0], head

    def exactly(self, size):
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                raise ConnectionError("closed")
            data += piece
        return data

    def say(self, text):
        mask, data = os.urandom(4), text.encode()
        size = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + struct.pack(">H", len(data))
        self.socket.sendall(b"\x81" + size + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(data)))

    def hear(self):
        """The next text, or the code with which the server closed."""
        while True:
            code, size = self.exactly(2)
            size = struct.unpack(">H", self.exactly(2))[0] if size == 126 else size
            data = self.exactly(size)
            if code & 15 == 1:
                return data.decode()
            if code & 15 == 8:
                return struct.unpack(">H", data[:2])[0]

    def close(self):
        self.socket.close()


def observation(number, code="8867-4"):
    return {"resourceType": "Observation", "id": f"o{number}", "status": "final", "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
            "subject": {"reference": "Patient/sub1"}, "valueQuantity": {"value": number, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"}}


class Subscriptions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="qiao-test-")  # one database, as PostgreSQL has it: what was before goes on

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def setUp(self):
        self.listener = Listener()
        self.config = pathlib.Path(self.folder.name, "qiao.toml")
        self.config.write_text(f'[subscriptions]\nhosts = ["127.0.0.1:{self.listener.port}"]\nprivate_addresses = true\nplain_http = true\n')
        self.server = qiao.Server(data=self.folder.name + "/data", options=["--config", str(self.config)])
        self.server.start()
        self.token = self.server.integration_token()
        self.put({"resourceType": "Patient", "id": "sub1", "name": [{"family": "Shi"}]})

    def tearDown(self):
        self.server.stop()
        self.listener.close()

    def put(self, resource):
        status, _, body = self.server.call("PUT", f"/fhir/{resource['resourceType']}/{resource['id']}", resource, token=self.token)
        assert status in (200, 201), (status, body)
        return json.loads(body)

    def get(self, path):
        status, _, body = self.server.call("GET", path, token=self.token)
        assert status == 200, (path, status, body)
        return json.loads(body)

    def subscribe(self, path="/hook", criteria="Observation?code=http://loinc.org|8867-4&subject=Patient/sub1", payload=None, content=None, **more):
        channel = {"type": "rest-hook", "endpoint": f"http://127.0.0.1:{self.listener.port}{path}", "header": [f"Authorization: {SECRET}"]}
        if payload:
            channel["payload"] = payload
        if content:
            channel["_payload"] = {"extension": [{"url": "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content", "valueCode": content}]}
        channel = {name: value for name, value in {**channel, **more}.items() if value is not None}
        resource = {"resourceType": "Subscription", "status": "requested", "reason": "test", "criteria": criteria, "channel": channel}
        status, _, body = self.server.call("POST", "/fhir/Subscription", resource, token=self.token)
        return status, json.loads(body)

    def active(self, **asked):
        status, made = self.subscribe(**asked)
        assert status == 201, made
        wait_for(lambda: self.get(f"/fhir/Subscription/{made['id']}")["status"] == "active", PATIENCE, "active")
        return made["id"]

    def row(self, which):
        return next(one for one in self.get("/fhir/Subscription/$backlog")["subscriptions"] if one["id"] == which)

    def test_with_payload_each_version_arrives_once_in_order_and_nothing_else(self):
        self.active(path="/full", payload="application/fhir+json")
        for number in range(1, 11):
            self.put(observation(number))
            self.put(observation(100 + number, "9999-9"))
        self.put({**observation(1), "status": "amended"})
        wait_for(lambda: len(self.listener.arrived("/full")) >= 11, PATIENCE, "eleven deliveries")
        time.sleep(1)
        got = self.listener.arrived("/full")
        self.assertEqual([(one[0], one[1]) for one in got], [("PUT", f"/full/Observation/o{n}") for n in [*range(1, 11), 1]])
        self.assertEqual([json.loads(one[3])["status"] for one in got], ["final"] * 10 + ["amended"])
        self.assertEqual({one[2]["Authorization"] for one in got}, {SECRET})
        self.assertEqual(got[0][2]["Content-Type"], "application/fhir+json")

    def test_without_payload_an_empty_post_after_a_handshake(self):
        self.active()
        self.put(observation(1))
        wait_for(lambda: len(self.listener.arrived("/hook")) >= 2, PATIENCE, "handshake and event")
        self.assertEqual([(one[0], one[1], one[3]) for one in self.listener.arrived("/hook")], [("POST", "/hook", b"")] * 2)

    def test_secrets_never_come_back_and_do_not_follow_to_another_server(self):
        which = self.active()
        for path in (f"/fhir/Subscription/{which}", f"/fhir/Subscription/{which}/_history", "/fhir/Subscription", "/fhir/_history", "/fhir/Subscription/$backlog",
                     f"/fhir/Subscription/{which}/$status"):
            self.assertNotIn(SECRET[7:], json.dumps(self.get(path)), path)
        shown = self.get(f"/fhir/Subscription/{which}")
        self.assertEqual(shown["channel"]["header"], ["Authorization: ***"])
        again = self.put(shown)  # sent back as it was read: the secret stays, nothing is asked anew
        self.assertEqual(again["status"], "active")
        self.put(observation(1))
        wait_for(lambda: len(self.listener.arrived("/hook")) >= 2, PATIENCE, "event")
        self.assertEqual(self.listener.arrived("/hook")[-1][2]["Authorization"], SECRET)
        shown["channel"]["endpoint"] = "http://127.0.0.1:9/hook"
        status, _, body = self.server.call("PUT", f"/fhir/Subscription/{which}", shown, token=self.token)
        self.assertEqual(status, 422, body)
        with open(self.server.log.name) as log:
            self.assertNotIn(SECRET[7:], log.read())

    def test_a_subscriber_that_fails_is_waited_for_and_gets_all_in_order(self):
        which = self.active(path="/full", payload="application/fhir+json")
        self.listener.answer = lambda _: 500
        for number in range(1, 6):
            self.put(observation(number))
        wait_for(lambda: self.row(which)["failure"] == "http_500" and self.row(which)["attempts"] >= 2, PATIENCE, "two attempts in vain")
        row = self.row(which)
        self.assertEqual((row["backlog"], row["status"]), (5, "active"))
        self.assertIn("nextAttempt", row)
        self.listener.answer = lambda _: 302
        wait_for(lambda: self.row(which)["failure"] == "redirect", PATIENCE, "a redirect is a failure")
        self.assertEqual([one for one in self.listener.seen if one[1] == "/elsewhere"], [])
        port = self.listener.port
        self.listener.close()  # away
        wait_for(lambda: self.row(which)["failure"] == "no_connection", PATIENCE, "no connection")
        self.listener = Listener(port)
        self.listener.slow = 0.2
        wait_for(lambda: self.row(which)["backlog"] == 0, PATIENCE, "all delivered")
        self.assertEqual([one[1] for one in self.listener.arrived()], [f"/full/Observation/o{n}" for n in range(1, 6)])
        self.assertEqual(self.row(which)["failure"], "")

    def test_kill_9_loses_nothing_and_repeats_at_most_the_last(self):
        which = self.active(path="/full", payload="application/fhir+json")
        self.listener.slow = 0.02
        total = 120
        for number in range(1, total + 1):
            self.put(observation(number))
            if number in (30, 60, 90):
                self.server.kill()
                self.server.start()
        wait_for(lambda: self.row(which)["backlog"] == 0 and self.row(which)["events"] == total, PATIENCE, "all delivered")
        numbers = [int(one[1].rsplit("/o", 1)[1]) for one in self.listener.arrived("/full")]
        self.assertEqual(list(dict.fromkeys(numbers)), list(range(1, total + 1)))
        self.assertLessEqual(len(numbers), total + 3)

    def test_what_cannot_be_served_is_refused_with_its_reason(self):
        for criteria in ("Observation?subject:Patient.name=Shi", "Patient?_has:Observation:patient:code=1", "Observation?nothing=1", "Nothing?x=1", "Observation?_sort=date",
                         "Observation?code-value-quantity=8867-4$gt5", "Location?near=1|1|1|km", "Observation?_lastUpdated=gt2020"):
            status, answer = self.subscribe(criteria=criteria)
            self.assertEqual((status, answer["issue"][0]["details"]["coding"][0]["code"]), (422, "record.bad_criteria"), criteria)
            self.assertTrue(answer["issue"][0]["diagnostics"])
        for endpoint in ("https://example.org/hook", "ftp://127.0.0.1/x", "http://user:pw@127.0.0.1/x", f"http://localhost:{self.listener.port}/x", "no address"):
            status, answer = self.subscribe(endpoint=endpoint)
            self.assertEqual(status, 422, (endpoint, answer))
        for wrong in ({"type": "email"}, {"payload": "application/fhir+xml"}, {"header": ["Host: x"]}, {"header": ["a: b\r\nc: d"]}):
            status, answer = self.subscribe(**wrong)
            self.assertIn(status, (400, 422), (wrong, answer))

    def test_the_standard_configuration_sends_nowhere(self):
        self.server.stop()
        with qiao.Server(data=self.server.data) as closed:
            token = closed.integration_token()
            resource = {"resourceType": "Subscription", "status": "requested", "reason": "x", "criteria": "Patient?",
                        "channel": {"type": "rest-hook", "endpoint": "https://example.org/hook"}}
            status, _, body = closed.call("POST", "/fhir/Subscription", resource, token=token)
            self.assertEqual(status, 422, body)

    def test_off_is_off_and_only_the_owner_changes_it(self):
        which = self.active()
        other = self.server.integration_token()
        for method, path in (("DELETE", f"/fhir/Subscription/{which}"), ("POST", f"/fhir/Subscription/{which}/$pause"), ("GET", f"/fhir/Subscription/{which}/$events")):
            status, _, body = self.server.call(method, path, token=other)
            self.assertEqual(status, 403, (path, body))
        self.assertEqual(self.server.call("POST", f"/fhir/Subscription/{which}/$pause", token=self.token)[0], 204)
        self.put(observation(1))
        time.sleep(1.5)
        self.assertEqual(len(self.listener.arrived("/hook")), 1)  # the handshake
        self.assertEqual(self.server.call("POST", f"/fhir/Subscription/{which}/$resume", token=self.token)[0], 204)
        wait_for(lambda: self.get(f"/fhir/Subscription/{which}")["status"] == "active", PATIENCE, "active again")
        self.put(observation(2))
        wait_for(lambda: len(self.listener.arrived("/hook")) >= 3, PATIENCE, "the event after it")
        self.assertEqual(self.row(which)["events"], 1)  # what happened while it was off is not made up for
        self.assertEqual(self.server.call("DELETE", f"/fhir/Subscription/{which}", token=self.token)[0], 204)
        self.assertNotIn(which, [one["id"] for one in self.get("/fhir/Subscription/$backlog")["subscriptions"]])

    def test_a_person_sees_none_of_it(self):
        demo = qiao.Server("demo", environment={"QIAO_DATABASE": ""}).start()  # beside the other one, whose server it may be
        self.addCleanup(demo.stop)
        ask = {"resourceType": "Subscription", "status": "requested", "reason": "test", "criteria": "Observation?subject=Patient/sub1", "channel": {"type": "websocket"}}
        status, _, body = demo.call("POST", "/fhir/Subscription", ask, token=demo.integration_token())
        self.assertEqual(status, 201, body)
        which = json.loads(body)["id"]
        doctor, operator = demo.user_token("shi.chunmei"), demo.user_token("hu.jianguo")
        for method, path in (("GET", ""), ("GET", "/_history/1"), ("GET", "/$status"), ("GET", "/$events"), ("POST", "/$pause"), ("POST", "/$test")):
            known, unknown = (demo.call(method, f"/fhir/Subscription/{one}{path}", token=doctor) for one in (which, "unknown"))
            self.assertEqual((known[0], known[2]), (404, unknown[2]), path)
        for path in ("/fhir/Subscription", "/fhir/Subscription?criteria=Observation", "/fhir/Subscription/$backlog", "/fhir/Subscription/$status", "/fhir/Subscription/_history"):
            status, _, body = demo.call("GET", path, token=doctor)
            self.assertEqual((status, b"sub1" in body, which.encode() in body), (200, False, False), path)
        row = json.loads(demo.call("GET", "/fhir/Subscription/$backlog", token=operator)[2])["subscriptions"][0]
        self.assertEqual((row["id"], row["criteria"], row["readable"]), (which, "Observation?subject=…", False))

    def test_a_websocket_is_bound_and_pinged_and_ends_with_its_client(self):
        which = self.active(type="websocket", endpoint=None, header=None)
        line = Line(self.server, self.token)
        line.say(f"bind {which}")
        self.assertEqual(line.hear(), f"bound {which}")
        self.put(observation(1))
        self.assertEqual(line.hear(), f"ping {which}")
        line.close()
        time.sleep(1)
        self.put(observation(2))  # while nobody is bound
        wait_for(lambda: self.row(which)["backlog"] == 1, PATIENCE, "it waits")
        line = Line(self.server, self.token)
        line.say(f"bind {which}")
        self.assertEqual([line.hear(), line.hear()], [f"bound {which}", f"ping {which}"])
        stranger = Line(self.server, self.server.integration_token())
        stranger.say(f"bind {which}")
        self.assertEqual(stranger.hear(), 4403)
        nobody = Line(self.server)
        nobody.say(f"bind {which}")
        self.assertEqual(nobody.hear(), 4401)
        began = time.monotonic()
        self.server.command_output("client", "revoke", "--id", self.get("/fhir/Subscription/$backlog")["subscriptions"][-1]["owner"])
        self.assertEqual(line.hear(), 4401)
        self.assertLess(time.monotonic() - began, 5)

    def test_a_token_binds_a_socket_without_a_session_to_bundles(self):
        which = self.active(type="websocket", endpoint=None, header=None, payload="application/fhir+json", content="id-only")
        given = {one["name"]: list(one.values())[1] for one in self.get(f"/fhir/Subscription/{which}/$get-ws-binding-token")["parameter"]}
        self.assertTrue(given["websocket-url"].endswith("/fhir/websocket"))
        forged = Line(self.server)
        forged.say("bind-with-token " + given["token"][:-3] + "AAA")
        self.assertEqual(forged.hear(), 4403)
        line = Line(self.server)
        line.say("bind-with-token " + given["token"])
        kind = lambda text: {one["name"]: one.get("valueCode") for one in json.loads(text)["entry"][0]["resource"]["parameter"]}["type"]
        self.assertEqual(kind(line.hear()), "handshake")
        self.put(observation(1))
        text = line.hear()
        self.assertEqual(kind(text), "event-notification")
        self.assertTrue(json.loads(text)["entry"][1]["fullUrl"].endswith("Observation/o1"))
        self.assertNotIn("resource", json.loads(text)["entry"][1])
        line.close()
        # More than one look tells at once waited: all of them come, in order.
        many = [observation(number) for number in range(2, 252)]
        entries = [{"request": {"method": "PUT", "url": f"Observation/{one['id']}"}, "resource": one} for one in many]
        status, _, body = self.server.call("POST", "/fhir", {"resourceType": "Bundle", "type": "transaction", "entry": entries}, token=self.token)
        self.assertEqual(status, 200, body)
        wait_for(lambda: self.row(which)["events"] == 251, PATIENCE, "all are events")
        line = Line(self.server)
        line.say("bind-with-token " + given["token"])
        self.assertEqual(kind(line.hear()), "handshake")
        heard = [json.loads(line.hear())["entry"][1]["fullUrl"].rsplit("/", 1)[1] for _ in many]
        self.assertEqual(heard, [one["id"] for one in many])
        wait_for(lambda: self.row(which)["backlog"] == 0, PATIENCE, "told")

    def test_backport_bundles(self):
        which = self.active(path="/backport", payload="application/fhir+json", content="full-resource")
        self.put(observation(1))
        self.server.call("DELETE", "/fhir/Observation/o1", token=self.token)
        wait_for(lambda: len(self.listener.arrived("/backport")) >= 3, PATIENCE, "handshake and two events")
        bundles = [json.loads(one[3]) for one in self.listener.arrived("/backport")]
        parts = lambda bundle: {one["name"]: one for one in bundle["entry"][0]["resource"]["parameter"]}
        self.assertEqual([parts(one)["type"]["valueCode"] for one in bundles], ["handshake", "event-notification", "event-notification"])
        self.assertEqual({one["type"] for one in bundles}, {"history"})
        event = {one["name"]: one for one in parts(bundles[1])["notification-event"]["part"]}
        self.assertEqual(event["event-number"]["valueString"], "1")
        self.assertTrue(event["focus"]["valueReference"]["reference"].endswith("/fhir/Observation/o1"))
        self.assertEqual(bundles[1]["entry"][1]["resource"]["id"], "o1")
        self.assertEqual(bundles[2]["entry"][1]["request"]["method"], "DELETE")
        self.assertNotIn("resource", bundles[2]["entry"][1])
        for bundle in bundles:
            status, _, body = self.server.call("POST", "/fhir/Bundle/$validate", bundle, token=self.token)
            self.assertEqual([one for one in json.loads(body)["issue"] if one["severity"] in ("error", "fatal")], [])
        events = self.get(f"/fhir/Subscription/{which}/$events?eventsSinceNumber=1&content=id-only")
        self.assertEqual(len(events["entry"]), 3)
        self.assertEqual(parts(events)["type"]["valueCode"], "query-event")
        status = self.get(f"/fhir/Subscription/{which}/$status")["entry"][0]["resource"]["parameter"]
        self.assertIn({"name": "events-since-subscription-start", "valueString": "2"}, status)


if __name__ == "__main__":
    unittest.main()
