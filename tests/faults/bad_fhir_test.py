"""Bombs for the FHIR API: each ends soon in a 4xx that names the place and carries a stable code; memory comes back, the server answers (T54)."""
import gzip
import json
import pathlib
import socket
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import qiao

FHIR, JSON_PATCH = {"Content-Type": "application/fhir+json"}, {"Content-Type": "application/json-patch+json"}
ROOM_MIB = 200  # above what it needs at rest


def patient(rest):
    return '{"resourceType":"Patient",' + rest + "}"


def nested(depth):
    return patient('"extension":[' + '{"url":"urn:x","extension":[' * depth + '{"url":"urn:x","valueInteger":1}' + "]}" * depth + "]")


def bundle(kind, entries):
    return json.dumps({"resourceType": "Bundle", "type": kind, "entry": entries})


def put(number):
    return {"resource": {"resourceType": "Basic", "id": f"n{number}", "code": {"text": "x"}}, "request": {"method": "PUT", "url": f"Basic/n{number}"}}


def get(url):
    return {"request": {"method": "GET", "url": url}}


# name, body of a POST of a Patient, status, code, what `expression` or `diagnostics` name
RESOURCES = [
    ("depth 65", nested(40), 400, "record.bad_json", "deep"),
    ("depth 100,000", "[" * 100_000, 400, "record.bad_json", ""),
    ("a string of 2 MiB", patient('"name":[{"text":"' + "x" * (2 << 20) + '"}]'), 400, "record.bad_json", "1 MiB"),
    ("the same key twice", patient('"gender":"male","gender":"female"'), 400, "record.bad_json", "duplicate key (at byte 5"),
    ("the same key twice within", patient('"name":[{"text":"a","text":"b"}]'), 400, "record.bad_json", "duplicate key (at byte 5"),
    ("the same key in two spellings", patient('"gender":"male","g\\u0065nder":"female"'), 400, "record.bad_json", "duplicate key (at byte 5"),
    ("wrong UTF-8", b'{"resourceType":"Patient","language":"\xc3\x28"}', 400, "record.bad_json", "UTF-8"),
    ("overlong UTF-8", b'{"resourceType":"Patient","language":"\xc0\xaf"}', 400, "record.bad_json", "UTF-8"),
    ("a surrogate as UTF-8", b'{"resourceType":"Patient","language":"\xed\xa0\x80"}', 400, "record.bad_json", "UTF-8"),
    ("lone surrogate", patient('"name":[{"text":"\\ud800x"}]'), 400, "record.bad_json", ""),
    ("surrogates the wrong way", patient('"name":[{"text":"\\udc00\\ud800"}]'), 400, "record.bad_json", ""),
    ("a control character", patient('"name":[{"text":"a\\u0000b"}]'), 400, "record.bad_json", "NUL"),
    ("30 February", patient('"birthDate":"2024-02-30"'), 422, "record.invalid", "Patient.birthDate"),
    ("month 13", patient('"birthDate":"2024-13"'), 422, "record.invalid", "Patient.birthDate"),
    ("29 February of no leap year", patient('"birthDate":"1900-02-29"'), 422, "record.invalid", "Patient.birthDate"),
    ("a time without a zone", patient('"deceasedDateTime":"2024-02-28T10:00:00"'), 422, "record.invalid", "Patient.deceased"),
    ("hour 25", patient('"deceasedDateTime":"2024-02-28T25:00:00Z"'), 422, "record.invalid", "Patient.deceased"),
    ("a number of 100,000 digits", patient('"multipleBirthInteger":' + "9" * 100_000), 400, "record.bad_json", "number"),
    ("a decimal of 100,000 digits", patient('"extension":[{"url":"urn:x","valueDecimal":0.' + "1" * 100_000 + "}]"), 400, "record.bad_json", "number"),
    ("an exponent of a million", patient('"extension":[{"url":"urn:x","valueDecimal":1e1000000}]'), 400, "record.bad_json", "number"),
    ("blanks around a code", patient('"gender":" male"'), 422, "record.invalid", "Patient.gender"),
    ("null in a list", patient('"name":[null]'), 422, "record.invalid", "Patient.name"),
    ("two of a choice", patient('"deceasedBoolean":true,"deceasedDateTime":"2024-01-01"'), 422, "record.invalid", "Patient.deceased"),
    ("entities in the narrative", patient('"text":{"status":"generated","div":"<!DOCTYPE d [<!ENTITY a \\"b\\">]><div xmlns=\\"http://www.w3.org/1999/xhtml\\">&a;</div>"}'), 422, "record.invalid", "Patient.text.div"),
    ("narrative of 50,000 levels", patient('"text":{"status":"generated","div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\">' + "<b>" * 50_000 + "</b>" * 50_000 + '</div>"}'), 422, "record.invalid", "Patient.text.div"),
]

# name, body of a POST to the base, status, code, named
BUNDLES = [
    ("5,001 entries", bundle("transaction", [put(number) for number in range(5001)]), 413, "record.too_many_entries", "5,000"),
    ("5,001 entries of a batch", bundle("batch", [get("Patient/x")] * 5001), 413, "record.too_many_entries", "5,000"),
    ("the same twice", bundle("transaction", [put(1), put(1)]), 409, "record.overlapping_entries", "Bundle.entry[1]"),
    ("a method that does not exist", bundle("transaction", [put(1), {**put(2), "request": {"method": "EAT", "url": "Basic/n2"}}]), 400, "record.bad_bundle", "Bundle.entry[1]"),
    ("no request", bundle("transaction", [put(1), {"resource": {"resourceType": "Basic"}}]), 400, "record.bad_bundle", "Bundle.entry[1]"),
    ("one wrong of 500", bundle("transaction", [put(number) for number in range(499)] + [{"resource": {"resourceType": "Basic", "id": "w"}, "request": {"method": "PUT", "url": "Basic/w"}}]),
     422, "record.invalid", "Bundle.entry[499].resource"),
    ("another id than in the URL", bundle("transaction", [{"resource": {"resourceType": "Basic", "id": "a", "code": {"text": "x"}}, "request": {"method": "PUT", "url": "Basic/b"}}]), 400, "record.id_mismatch", "Bundle.entry[0]"),
    ("a URL that climbs", bundle("transaction", [{**put(1), "request": {"method": "PUT", "url": "Basic/../Patient/x"}}]), 400, "record.bad_bundle", "Bundle.entry[0]"),
]

# query of a search in Patient, status, code, named
SEARCHES = [
    ("name=" + "a" * 5000, 400, "", "name"),
    ("_id=" + ",".join(["a"] * 501), 400, "", "_id"),
    ("&".join(f"name=a{number}" for number in range(65)), 400, "", ""),
    ("birthdate=2024-02-30", 400, "", "birthdate"),
    ("birthdate=ge" + "9" * 2000, 400, "", "birthdate"),
    ("_cursor=" + "A" * 5000, 400, "", "cursor"),
    ("_cursor=%00%ff", 400, "", ""),
    ("_cursor=../../etc/passwd", 400, "", "cursor"),
    ("organization.partof.partof.partof.partof.partof.name=x", 400, "", "partof"),
    ("_has:Observation:patient:" + "_has:Observation:focus:" * 5 + "code=x", 400, "", "_has"),
    ("name:contains:exact=a", 400, "", "name"),
    ("_sort=" + ",".join(["birthdate"] * 11), 400, "", "_sort"),
    ("_count=99999999999999999999", 400, "", "_count"),
    ("_count=1e3", 400, "", "_count"),
    ("_include=" + "Patient:" * 100, 400, "", "_include"),
    ("_elements=" + "x," * 5000, 400, "", ""),
    ("near=1|2|3|4|5", 400, "", "near"),
    ("_lastUpdated=tomorrow", 400, "", "_lastUpdated"),
    ("_total=perhaps", 400, "", "_total"),
    ("_summary=long", 400, "", "_summary"),
    ("general-practitioner:Dog.name=x", 400, "", "general-practitioner"),
]


def doubling(rounds):
    """Each round appends a copy of the list to the list."""
    return [{"op": "copy", "from": "/extension", "path": "/extension/0/extension" if number == 0 else "/extension/-"} for number in range(rounds)]


def fhirpath_patch(path, kind="delete", value=None):
    parts = [{"name": "type", "valueCode": kind}, {"name": "path", "valueString": path}]
    return {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts + ([{"name": "value", "valueString": value}] if value else [])}]}


# name, headers, patch
PATCHES = [
    ("copies that double", JSON_PATCH, [{"op": "add", "path": "/extension", "value": [{"url": "urn:x", "valueString": "x" * 1000}]}, *[{"op": "copy", "from": "/extension", "path": f"/extension/{number}/extension"} for number in range(60)]]),
    ("copies in a list that double", JSON_PATCH, [{"op": "add", "path": "/x", "value": ["y" * 1000]}, *[{"op": "copy", "from": "/x", "path": "/x/-"} for _ in range(60)]]),
    ("a hundred thousand steps", JSON_PATCH, [{"op": "test", "path": "/resourceType", "value": "Patient"}] * 100_000 + [{"op": "remove", "path": "/nothing"}]),
    ("a path of 100,000 steps", JSON_PATCH, [{"op": "add", "path": "/a" * 100_000, "value": 1}]),
    ("an index of 1,000 digits", JSON_PATCH, [{"op": "add", "path": "/name/" + "9" * 1000, "value": {"text": "x"}}]),
    ("into its own child", JSON_PATCH, [{"op": "move", "from": "/name", "path": "/name/0/extension"}]),
    ("deep value", JSON_PATCH, '[{"op":"add","path":"/extension","value":' + "[" * 5000 + "]" * 5000 + "}]"),
    ("another id", JSON_PATCH, [{"op": "replace", "path": "/id", "value": "other"}]),
    ("an expression without an end", FHIR, fhirpath_patch("Patient.name" + ".repeat($this)" * 30)),
    ("everything of everything", FHIR, fhirpath_patch("Patient" + ".descendants()" * 12 + ".count() > 1")),
    ("products of lists", FHIR, fhirpath_patch("Patient.name.where(" + "(1|2|3|4|5|6|7|8).select(" * 12 + "1" + ")" * 12 + ".count() > 0)")),
    ("a text that doubles", FHIR, fhirpath_patch("Patient.name.where(text" + ".replace('a','aaaaaaaaaaaaaaaa')" * 20 + ".length() > 0)")),
    ("a regular expression that tries everything", FHIR, fhirpath_patch("Patient.name.where(text.matches('(a+)+(a+)+(a+)+$b'))", "replace", "x")),
    ("a thousand brackets", FHIR, fhirpath_patch("(" * 5000 + "Patient" + ")" * 5000)),
    ("aggregates", FHIR, fhirpath_patch("Patient.name.where((1).repeat($this + 1).count() > 0)")),
    ("no expression", FHIR, fhirpath_patch("Patient.name.where(")),
]


class BadFhir(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = qiao.Server("serve").start()
        cls.token = cls.server.integration_token()
        cls.send("PUT", "/fhir/Patient/p", {"resourceType": "Patient", "id": "p", "name": [{"text": "a" * 40}, {"text": "b"}]}, FHIR)
        organisations = [{"resource": {"resourceType": "Organization", "id": f"o{number}", "name": "x", "partOf": {"reference": f"Organization/o{(number + 1) % 40}"}},
                          "request": {"method": "PUT", "url": f"Organization/o{number}"}} for number in range(40)]
        status, _ = cls.send("POST", "/fhir", bundle("transaction", organisations), FHIR)
        assert status == 200
        cls.calm = cls.server.resident_mib()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    @classmethod
    def send(cls, method, path, body=None, headers=None):
        text = body if isinstance(body, (str, bytes, type(None))) else json.dumps(body)
        status, _, answer = cls.server.call(method, path, text, headers, token=cls.token, timeout=60)
        return status, json.loads(answer) if answer else None

    def tearDown(self):
        self.assertEqual(self.server.call("GET", "/health/ready")[0], 200)
        self.assertEqual(self.send("GET", "/fhir/Patient/p")[1]["meta"]["versionId"], "1")
        self.assertLess(self.server.resident_mib(), self.calm + ROOM_MIB)

    def refused(self, name, answer, status, code, named):
        with self.subTest(name):
            self.assertEqual(answer[0], status, answer)
            issue = answer[1]["issue"][0]
            self.assertEqual(answer[1]["resourceType"], "OperationOutcome")
            got = issue["details"]["coding"][0]["code"]
            self.assertTrue(got == code if code else got, (got, issue))
            self.assertIn(named.lower(), json.dumps([one.get("expression", []) + [one.get("diagnostics", ""), one.get("details", {}).get("text", "")] for one in answer[1]["issue"]]).lower())
            self.assertLess(len(json.dumps(answer[1])), 20_000)

    def test_resources(self):
        for name, body, status, code, named in RESOURCES:
            self.refused(name, self.send("POST", "/fhir/Patient", body, FHIR), status, code, named)
        self.assertEqual(self.send("GET", "/fhir/Patient?_summary=count")[1]["total"], 1)

    def test_bundles(self):
        for name, body, status, code, named in BUNDLES:
            self.refused(name, self.send("POST", "/fhir", body, FHIR), status, code, named)
        self.assertEqual(self.send("GET", "/fhir/Basic?_summary=count")[1]["total"], 0)

    def test_searches(self):
        for query, status, code, named in SEARCHES:
            self.refused(query[:80], self.send("GET", "/fhir/Patient?" + query), status, code, named)
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            self.refused("posted " + query[:80], self.send("POST", "/fhir/Patient/_search", query, form), status, code, named)

    def test_a_page_of_another_search(self):
        page = self.send("GET", "/fhir/Organization?_count=2")[1]
        cursor = next(link["url"] for link in page["link"] if link["relation"] == "next").split("_cursor=")[1]
        self.assertEqual(self.send("GET", f"/fhir/Organization?_count=2&_cursor={cursor}")[0], 200)
        for url in (f"/fhir/Patient?_count=2&_cursor={cursor}", f"/fhir/Organization?name=x&_count=2&_cursor={cursor}", f"/fhir/Organization?_count=2&_sort=name&_cursor={cursor}",
                    f"/fhir/Organization?_count=2&_cursor={cursor[:-2]}", f"/fhir/Organization?_count=2&_cursor={'B' if cursor[0] != 'B' else 'C'}{cursor[1:]}"):
            self.refused(url[:100], self.send("GET", url), 400, "", "cursor")

    def test_includes_that_go_round(self):
        status, found = self.send("GET", "/fhir/Organization?_id=o0&_include:iterate=Organization:partof&_revinclude:iterate=Organization:partof")
        self.assertEqual(status, 200)
        names = [entry["resource"]["id"] for entry in found["entry"]]
        self.assertEqual(len(names), len(set(names)))
        self.assertLessEqual(len(names), 1001)

    def test_patches(self):
        for name, headers, patch in PATCHES:
            answer = self.send("PATCH", "/fhir/Patient/p", patch, headers)
            with self.subTest(name):
                self.assertTrue(400 <= answer[0] < 500, (answer[0], json.dumps(answer[1])[:300]))
                self.assertTrue(answer[1]["issue"][0]["details"]["coding"][0]["code"])
                self.assertLess(len(json.dumps(answer[1])), 20_000)
            self.assertLess(self.server.resident_mib(), self.calm + ROOM_MIB, name)

    def test_conditions(self):
        for condition in ("", "identifier", "colour=red", "birthdate=x", "_count=0", "identifier=" + "x" * 3000, "_cursor=AAAA"):
            with self.subTest(condition[:40]):
                for method, body in (("PUT", {"resourceType": "Patient"}), ("DELETE", None), ("PATCH", [])):
                    status, outcome = self.send(method, f"/fhir/Patient?{condition}", body, JSON_PATCH if method == "PATCH" else FHIR)
                    self.assertIn(status, (400, 404, 405, 412), (method, condition[:40], outcome))
                if condition:
                    self.assertIn(self.send("POST", "/fhir/Patient", {"resourceType": "Patient"}, {**FHIR, "If-None-Exist": condition})[0], (400, 412), condition[:40])
        self.assertEqual(self.send("GET", "/fhir/Patient?_summary=count")[1]["total"], 1)

    def test_packed_bombs(self):
        for name, body in (("blanks", gzip.compress(b" " * (300 << 20), 9)), ("packed twice", gzip.compress(gzip.compress(patient('"active":true').encode()))),
                           ("a list", gzip.compress(b"[" * (60 << 20), 9)), ("cut", gzip.compress(patient('"active":true').encode())[:-4])):
            with self.subTest(name):
                status, outcome = self.send("POST", "/fhir/Patient", body, {**FHIR, "Content-Encoding": "gzip"})
                self.assertIn(status, (400, 413))
                self.assertTrue(outcome["issue"][0]["details"]["coding"][0]["code"])

    def test_a_body_that_is_too_long_is_not_read(self):
        for path, size in (("/fhir/Patient", 17 << 20), ("/fhir", 65 << 20), ("/fhir/Patient/_search", 2 << 20), ("/fhir/Patient", 1 << 62)):
            with self.subTest(path), socket.create_connection(self.server.http, timeout=30) as connection:
                connection.sendall(f"POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {self.token}\r\nContent-Type: application/fhir+json\r\nContent-Length: {size}\r\n\r\n".encode())
                self.assertIn(b" 413 ", connection.recv(65536).split(b"\r\n")[0])

    def test_a_chunked_body_without_an_end(self):
        with socket.create_connection(self.server.http, timeout=30) as connection:
            connection.sendall(f"POST /fhir/Patient HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {self.token}\r\nContent-Type: application/fhir+json\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
            sent, chunk = 0, b"10000\r\n" + b" " * 0x10000 + b"\r\n"
            try:
                while sent < (64 << 20):
                    connection.sendall(chunk)
                    sent += 0x10000
            except OSError:
                pass
            answer = b""
            try:
                answer = connection.recv(65536)
            except OSError:
                pass
            self.assertLess(sent, 40 << 20, "it goes on listening")
            if answer:
                self.assertIn(b" 413 ", answer.split(b"\r\n")[0])

    def test_chunks_of_one_byte_with_extensions(self):
        with socket.create_connection(self.server.http, timeout=30) as connection:
            connection.sendall(f"POST /fhir/Patient HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {self.token}\r\nContent-Type: application/fhir+json\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
            answer = b""
            try:
                for _ in range(2000):
                    connection.sendall(b"1;x=" + b"y" * 10_000 + b"\r\n \r\n")
                connection.sendall(b"0\r\n\r\n")
                answer = connection.recv(65536)
            except OSError:
                pass
            if answer:
                self.assertIn(answer.split(b" ")[1], (b"400", b"413", b"431"))


if __name__ == "__main__":
    unittest.main()
