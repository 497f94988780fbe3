"""Hostile and wrong requests: each ends in a clear refusal, the process lives, memory stays bounded (T54)."""
import gzip
import json
import pathlib
import socket
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import qiao

FHIR = {"Content-Type": "application/fhir+json"}
DEEP = "[" * 100_000 + "]" * 100_000


def nested_extension(depth):
    return '{"resourceType":"Basic","extension":[' + '{"url":"a","extension":[' * depth + "]}" * depth + "]}"


# name, body, answers allowed
BODIES = [
    ("empty", "", {400}), ("null", "null", {400}), ("array", "[]", {400}), ("text", '"x"', {400}), ("number", "7", {400}),
    ("truncated", '{"resourceType":"Patient"', {400}), ("trailing", '{"resourceType":"Patient"} x', {400}),
    ("two values", '{"resourceType":"Patient"}{}', {400}), ("no type", "{}", {400, 422}),
    ("other type", '{"resourceType":"Observation"}', {400, 422}), ("unknown type", '{"resourceType":"Dog"}', {400, 422}),
    ("prototype as type", '{"resourceType":"__proto__"}', {400, 422}), ("duplicate type", '{"resourceType":"Patient","resourceType":"Patient"}', {400, 422}),
    ("deep arrays", DEEP, {400, 413}), ("deep objects", '{"a":' * 20_000 + "1" + "}" * 20_000, {400}), ("deep extension", nested_extension(2_000), {400, 422}),
    ("NaN", '{"resourceType":"Patient","multipleBirthInteger":NaN}', {400}), ("plus", '{"resourceType":"Patient","multipleBirthInteger":+1}', {400}),
    ("leading zero", '{"resourceType":"Patient","multipleBirthInteger":01}', {400}),
    ("huge number", '{"resourceType":"Patient","multipleBirthInteger":' + "9" * 5000 + "}", {400, 422}),
    ("exponent", '{"resourceType":"Patient","multipleBirthInteger":1e999999}', {400, 422}),
    ("beyond int32", '{"resourceType":"Patient","multipleBirthInteger":2147483648}', {422}),
    ("bad UTF-8", b'{"resourceType":"Patient","gender":"\xff"}', {400}), ("lone surrogate", '{"resourceType":"Patient","gender":"\\ud800"}', {400}),
    ("NUL", b'{"resourceType":"Patient","gender":"a\x00"}', {400}), ("UTF-16", '{"resourceType":"Patient"}'.encode("utf-16"), {400}),
    ("unknown element", '{"resourceType":"Patient","colour":"red"}', {422}), ("wrong primitive", '{"resourceType":"Patient","active":"yes"}', {422}),
    ("no such date", '{"resourceType":"Patient","birthDate":"2024-02-30"}', {422}), ("bad code", '{"resourceType":"Patient","gender":"tall"}', {422}),
    ("empty array", '{"resourceType":"Patient","name":[]}', {422}), ("empty object", '{"resourceType":"Patient","name":[{}]}', {422}),
    ("null element", '{"resourceType":"Patient","gender":null}', {400, 422}),
    ("script in narrative", json.dumps({"resourceType": "Patient", "text": {"status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\"><script>1</script></div>"}}), {422}),
    ("many keys", '{"resourceType":"Patient",' + ",".join(f'"k{i}":1' for i in range(200_000)) + "}", {400, 422}),
    ("long string", '{"resourceType":"Patient","name":[{"text":"' + "x" * (2 << 20) + '"}]}', {400, 413, 422}),
    ("XML", "<Patient xmlns='http://hl7.org/fhir'/>", {400}),
]

SEARCHES = ["_count=-1", "_count=x", "birthdate=2024-02-30", "birthdate=zz1", "nonsense=1", "name:wrong=a", "_sort=nothing", "identifier=" + "|" * 50,
            "_id=" + ",".join(["a"] * 600), "&".join(f"name=a{i}" for i in range(70)), "_sort=" + ",".join(["birthdate"] * 5000),
            "_getpages=zzz", "_cursor=AAAA", "%zz=1", "name=%ff%fe"]

RAW = [
    ("noise", b"\x16\x03\x01\x00\x00garbage\r\n\r\n"), ("old version", b"GET / HTTP/9.9\r\nHost: a\r\n\r\n"), ("no host", b"GET /fhir/metadata HTTP/1.1\r\n\r\n"),
    ("two hosts", b"GET /fhir/metadata HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), ("both lengths", b"POST /fhir HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("two lengths", b"POST /fhir HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"), ("negative length", b"POST /fhir HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"),
    ("hex length", b"POST /fhir HTTP/1.1\r\nHost: a\r\nContent-Length: 0x10\r\n\r\n"), ("length list", b"POST /fhir HTTP/1.1\r\nHost: a\r\nContent-Length: 1,1\r\n\r\na"),
    ("length over 64 bit", b"POST /fhir HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\n"), ("4 GiB said", b"POST /fhir/Patient HTTP/1.1\r\nHost: a\r\nContent-Type: application/fhir+json\r\nContent-Length: 4294967296\r\n\r\nfew"),
    ("odd encoding", b"POST /fhir HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n"), ("obfuscated encoding", b"POST /fhir HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
    ("chunk overflow", b"POST /fhir HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n"), ("negative chunk", b"POST /fhir HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n"),
    ("CR in header", b"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n"), ("big header", b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * (1 << 20) + b"\r\n\r\n"),
    ("many headers", b"GET / HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X%d: 1\r\n" % i for i in range(50_000)) + b"\r\n"), ("long URL", b"GET /" + b"a" * (1 << 20) + b" HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("method of 5,000", b"A" * 5000 + b" / HTTP/1.1\r\nHost: a\r\n\r\n"), ("TRACE", b"TRACE /fhir/metadata HTTP/1.1\r\nHost: a\r\n\r\n"), ("CONNECT", b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("long authorization", b"GET /fhir/Patient HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + b"a" * 65536 + b"\r\n\r\n"), ("alg none", b"GET /fhir/Patient HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer eyJhbGciOiJub25lIn0.e30.\r\n\r\n"),
]

PATHS = ["/../../etc/passwd", "/assets/../../etc/passwd", "/assets/%2e%2e/%2e%2e/etc/passwd", "/assets/..%2f..%2fetc%2fpasswd", "/assets/%00", "/fhir/Patient/..%2f..",
         "/fhir/Patient/" + "a" * 65, "/fhir/Patient/a%00b", "/dicomweb/studies/../../x", "/dicomweb/studies/%2e%2e/series", "/verify/..%2f..%2fetc%2fpasswd"]


class BadInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = qiao.Server("serve").start()
        cls.token = cls.server.integration_token()
        cls.calm = cls.server.resident_mib()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def tearDown(self):
        self.assertEqual(self.server.call("GET", "/health/ready")[0], 200)
        self.assertLess(self.server.resident_mib(), self.calm + 400)

    def call(self, method, path, body=None, headers=None):
        return self.server.call(method, path, body, headers, token=self.token)

    def assert_outcome(self, answer, name):
        outcome = json.loads(answer)
        self.assertEqual(outcome["resourceType"], "OperationOutcome", name)
        self.assertTrue(outcome["issue"][0]["details"]["coding"][0]["code"], name)

    def test_bodies(self):
        for name, body, allowed in BODIES:
            with self.subTest(name):
                status, _, answer = self.call("POST", "/fhir/Patient", body, FHIR)
                self.assertIn(status, allowed, answer[:300])
                self.assert_outcome(answer, name)

    def test_a_byte_order_mark_is_allowed(self):
        self.assertEqual(self.call("POST", "/fhir/Patient", b'\xef\xbb\xbf{"resourceType":"Patient"}', FHIR)[0], 201)

    def test_bundles(self):
        entries = [{"request": {"method": "POST", "url": "Dog"}, "resource": {"resourceType": "Dog"}}] * 6_000
        cases = [({"resourceType": "Bundle", "type": "transaction", "entry": entries}, {400, 413, 422}),
                 ({"resourceType": "Bundle", "type": "transaction", "entry": [{"request": {"method": "POST", "url": "Bundle"}, "resource": {"resourceType": "Bundle"}}]}, {400, 409, 422}),
                 ({"resourceType": "Bundle", "type": "transaction", "entry": [{"request": {"method": "EAT", "url": "Patient"}}]}, {400, 422}),
                 ({"resourceType": "Bundle", "type": "lunch"}, {400, 422})]
        for bundle, allowed in cases:
            status, _, answer = self.call("POST", "/fhir", bundle, FHIR)
            self.assertIn(status, allowed, answer[:300])
            self.assert_outcome(answer, "bundle")

    def test_encodings_of_the_body(self):
        self.assertEqual(self.call("POST", "/fhir/Patient", gzip.compress(b"{}" * 1000), {**FHIR, "Content-Encoding": "zstd"})[0], 415)
        self.assertEqual(self.call("POST", "/fhir/Patient", "{}", {"Content-Type": "text/html"})[0], 415)
        self.assertEqual(self.call("POST", "/fhir/Patient", "<a/>", {"Content-Type": "application/fhir+xml"})[0], 415)

    def test_versions(self):
        status, headers, _ = self.call("POST", "/fhir/Patient", '{"resourceType":"Patient"}', FHIR)
        self.assertEqual(status, 201)
        identity = headers["location"].split("/Patient/")[1].split("/")[0]
        body = json.dumps({"resourceType": "Patient", "id": identity, "active": True})
        self.assertEqual(self.call("PUT", f"/fhir/Patient/{identity}", body, {**FHIR, "If-Match": 'W/"9"'})[0], 412)
        self.assertIn(self.call("PUT", f"/fhir/Patient/{identity}", body, {**FHIR, "If-Match": "garbage"})[0], {400, 412})
        self.assertEqual(self.call("PUT", "/fhir/Patient/other", body, FHIR)[0], 400)

    def test_searches(self):
        for query in SEARCHES:
            with self.subTest(query[:60]):
                status, _, answer = self.call("GET", "/fhir/Patient?" + query)
                self.assertIn(status, {400, 403, 414}, answer[:300])
                self.assert_outcome(answer, query[:60])

    def test_raw_requests(self):
        for name, data in RAW:
            with self.subTest(name), socket.create_connection(self.server.http, timeout=15) as connection:
                answer = b""
                try:
                    connection.sendall(data)
                    connection.shutdown(socket.SHUT_WR)
                    answer = connection.recv(65536)
                except (ConnectionResetError, BrokenPipeError):
                    pass  # refused without listening to the rest
                if answer:
                    self.assertIn(answer[9:12], {b"505"} if name == "old version" else {b"%d" % code for code in range(400, 500)}, answer[:200])

    def test_paths(self):
        for path in PATHS:
            with self.subTest(path[:60]):
                self.assertIn(self.call("GET", path)[0], {400, 404, 405})

    def test_logins_say_nothing(self):
        answers = set()
        for login in ("nobody.known", "x" * 500, "'; --"):
            status, _, answer = self.server.call("POST", "/access/session", json.dumps({"login": login, "password": "wrong"}), {"Content-Type": "application/json"})
            self.assertIn(status, {400, 401, 429})
            answers.add((status, json.loads(answer)["issue"][0]["details"]["coding"][0]["code"]))
        self.assertLessEqual(len(answers), 2)

    def test_another_site_cannot_use_the_cookie(self):
        status, _, _ = self.server.call("POST", "/access/session", "{}", {"Content-Type": "application/json", "Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site", "Cookie": "qiao=x"})
        self.assertEqual(status, 403)


if __name__ == "__main__":
    unittest.main()
