"""The CapabilityStatement is true: everything that it lists is called and answers, with 2xx or with the 4xx that an empty input
deserves; what it does not list is refused. Both engines."""
import http.client
import itertools
import json
import pathlib
import sys
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import qiao

FHIR, JSON_PATCH = {"Content-Type": "application/fhir+json"}, {"Content-Type": "application/json-patch+json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
VALUES = {"token": "x", "string": "x", "uri": "http://example.org/x", "number": "1", "quantity": "5.4||mg", "date": "2026-01-01", "reference": "x"}
# What an empty resource deserves: it lacks what its type requires, or it is complete and there.
EMPTY = {201: {None}, 200: {None}, 422: {"record.invalid", "record.bad_search_parameter", "record.bad_channel", "record.bad_criteria"}}
# What an operation may say to no parameters about a resource that is not there. Never 5xx, never "no such operation".
NOTHING_GIVEN = {400, 403, 404, 406, 409, 415, 422, 428}


class Capability(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = qiao.Server("serve").start()
        cls.tokens = {role: cls.server.client_token(role) for role in ("integration", "operator")}
        cls.connection = http.client.HTTPConnection(*cls.server.http, timeout=30)
        cls.calls = 0
        cls.define()
        cls.statement = cls.send("GET", "/fhir/metadata")[1]
        cls.rest = cls.statement["rest"][0]
        cls.types = {resource["type"]: resource for resource in cls.rest["resource"]}
        cls.whole_record = {one["name"] for one in cls.rest.get("operation", [])}
        cls.audit = cls.types.pop("AuditEvent")  # for auditors only, see below

    @classmethod
    def tearDownClass(cls):
        cls.connection.close()
        cls.server.stop()

    @classmethod
    def define(cls):
        """A parameter of the centre: it is listed and called like the others."""
        parameter = {"resourceType": "SearchParameter", "id": "colour", "url": "http://example.org/colour", "name": "colour", "description": "d", "status": "active", "code": "colour",
                     "type": "token", "base": ["Patient", "Flag"], "expression": "Patient.extension.where(url='urn:c').value | Flag.extension.where(url='urn:c').value"}
        assert cls.send("PUT", "/fhir/SearchParameter/colour", parameter)[0] == 201
        qiao.wait_for(lambda: cls.send("GET", "/fhir/Patient?colour=x")[0] == 200, 30, "the parameter's index")
        reference = {**parameter, "id": "seen", "url": "http://example.org/seen", "code": "seen-at", "type": "reference", "base": ["Flag"], "target": ["Encounter"], "expression": "Flag.encounter"}
        assert cls.send("PUT", "/fhir/SearchParameter/seen", reference)[0] == 201

    @classmethod
    def send(cls, method, path, body=None, headers=None):
        """Status, JSON, stable code of the error."""
        cls.calls += 1
        role = "operator" if path.startswith("/fhir/SearchParameter") and method not in ("GET", "HEAD") and "$" not in path else "integration"
        data = body if isinstance(body, (str, type(None))) else json.dumps(body)
        all_headers = {"Authorization": "Bearer " + cls.tokens[role], **(headers or (FHIR if body is not None else {}))}
        cls.connection.request(method, urllib.parse.quote(path, safe="/?&=$:|,*%+_-."), data, all_headers)
        response = cls.connection.getresponse()
        text = response.read()
        answer = json.loads(text) if text and "json" in response.getheader("content-type", "") else None
        code = None
        if response.status >= 400 and answer:
            code = answer["issue"][0]["details"]["coding"][0]["code"]
        return response.status, answer, code

    def found(self, path):
        status, answer, code = self.send("GET", path)
        self.assertEqual((status, code), (200, None), (path, answer))
        self.assertEqual((answer["resourceType"], answer["type"]), ("Bundle", "searchset"), path)

    def refused(self, method, path, codes=None, body=None, headers=None, status=range(400, 500)):
        got, answer, code = self.send(method, path, body, headers)
        self.assertIn(got, status, (method, path, answer))
        self.assertEqual(answer["resourceType"], "OperationOutcome", (method, path))
        if codes:
            self.assertIn(code, codes, (method, path, answer))

    # ---- what is listed ----------------------------------------------------------------------------------------------

    def test_the_statement_is_complete(self):
        self.assertEqual(self.statement["fhirVersion"], "4.0.1")
        self.assertGreater(len(self.types), 140)
        self.assertGreater(sum(len(one["searchParam"]) for one in self.types.values()), 2500)
        self.assertIn({"name": "colour", "definition": "http://example.org/colour", "type": "token"}, self.types["Patient"]["searchParam"])
        self.assertIn("Flag:seen-at", self.types["Flag"]["searchInclude"])
        for terminology in self.send("GET", "/fhir/metadata?mode=terminology")[1]["codeSystem"][:3]:
            self.assertTrue(terminology["uri"])

    def empty_one(self, kind, method, path, headers=None):
        status, answer, code = self.send(method, path, {"resourceType": kind, **({"id": "empty"} if path.endswith("/empty") else {})}, {**FHIR, **(headers or {})})
        self.assertIn(status, EMPTY, (method, path, answer))
        self.assertIn(code, EMPTY[status], (method, path, answer))
        return status < 300

    def test_every_interaction_of_every_type(self):
        known = {"read", "vread", "update", "patch", "delete", "history-instance", "history-type", "create", "search-type"}
        for kind, resource in self.types.items():
            listed = {one["code"] for one in resource["interaction"]}
            self.assertEqual(listed, known, kind)
            at = f"/fhir/{kind}"
            # An empty one is there or refused; what comes after agrees with that.
            self.empty_one(kind, "POST", at)
            there = self.empty_one(kind, "PUT", f"{at}/empty")
            seen, gone = (200, None) if there else (404, "record.not_found"), (404, "record.not_found")
            self.assertEqual(self.send("GET", f"{at}/empty")[::2], seen, kind)
            self.assertEqual(self.send("HEAD", f"{at}/empty")[0], seen[0], kind)
            self.assertEqual(self.send("GET", f"{at}/empty/_history/1")[::2], seen, kind)
            self.assertEqual(self.send("GET", f"{at}/empty/_history/7")[::2], gone, kind)
            self.assertEqual(self.send("GET", f"{at}/empty/_history")[0], seen[0], kind)
            self.assertEqual(self.send("GET", f"{at}/_history")[0], 200, kind)
            self.found(f"{at}?_count=1")
            patched = self.send("PATCH", f"{at}/empty", [{"op": "test", "path": "/resourceType", "value": kind}], JSON_PATCH)
            self.assertIn(patched[::2], [(200, None), gone], (kind, patched[1]))
            # By condition: nothing fits.
            if resource["conditionalCreate"]:
                self.empty_one(kind, "POST", at, {"If-None-Exist": "_id=none"})
            if resource["conditionalUpdate"]:
                self.empty_one(kind, "PUT", f"{at}?_id=none")
            self.assertEqual(resource["conditionalRead"], "full-support")
            if there:
                self.assertEqual(self.send("GET", f"{at}/empty", headers={"If-None-Match": f'W/"{self.send("GET", at + "/empty")[1]["meta"]["versionId"]}"'})[0], 304, kind)
            if resource["conditionalDelete"] == "single":
                self.assertIn(self.send("DELETE", f"{at}?_id=none")[0], (204,), kind)
            # Who does not see everything is not told that nothing was there.
            self.assertEqual(self.send("DELETE", f"{at}/empty")[0], 404 if kind == "SearchParameter" else 204, kind)
            if there:
                self.assertEqual(self.send("GET", f"{at}/empty")[0], 410, kind)

    def test_the_audit_is_read_and_searched_by_auditors(self):
        self.assertEqual([one["code"] for one in self.audit["interaction"]], ["read", "search-type"])
        for path in ["/fhir/AuditEvent", "/fhir/AuditEvent/1-1"] + [f"/fhir/AuditEvent?{one['name']}={VALUES[one['type']]}" for one in self.audit["searchParam"]]:
            self.refused("GET", path, {"access.not_yours"}, status=[403])  # this client is none
        for method, path in (("POST", ""), ("PUT", "/x"), ("DELETE", "/x"), ("PATCH", "/x"), ("DELETE", ""), ("PUT", "?_id=x")):
            self.refused(method, "/fhir/AuditEvent" + path, body=None if method == "DELETE" else {"resourceType": "AuditEvent"})

    def test_every_search_parameter(self):
        for kind, resource in self.types.items():
            self.found(f"/fhir/{kind}?" + "&".join(f"{one['name']}={VALUES[one['type']]}" for one in resource["searchParam"][:40] if one["type"] in VALUES))
            for one in resource["searchParam"]:
                if one["type"] in VALUES:
                    self.found(f"/fhir/{kind}?{one['name']}={VALUES[one['type']]}")
                elif one["type"] == "special":
                    self.found(f"/fhir/{kind}?{one['name']}={'31.2|121.5|5|km' if one['name'] == 'near' else 'x'}")
                else:
                    tries = ["$".join(values) for count in (2, 3) for values in itertools.product(("x", "1", "2026-01-01", "5||mg", "Patient/x"), repeat=count)]
                    self.assertTrue(any(self.send("GET", f"/fhir/{kind}?{one['name']}={value}")[0] == 200 for value in tries), (kind, one))

    def test_every_include(self):
        for kind, resource in self.types.items():
            for rule in resource.get("searchInclude", []):
                self.found(f"/fhir/{kind}?_id=none&_include={rule}")
                self.found(f"/fhir/Patient?_id=none&_revinclude={rule}")
            for first in range(0, len(resource.get("searchInclude", [])), 16):
                self.found(f"/fhir/{kind}?_id=none&" + "&".join(f"_include:iterate={rule}" for rule in resource["searchInclude"][first:first + 16]))

    def test_every_operation(self):
        empty = {"resourceType": "Parameters"}
        for kind, resource in self.types.items():
            for one in resource.get("operation", []):
                name, answers = one["name"], []
                for path in (f"/fhir/{kind}/${name}", f"/fhir/{kind}/none/${name}"):
                    for method, body in (("GET", None), ("POST", empty)):
                        status, answer, code = self.send(method, path, body)
                        self.assertLess(status, 500, (method, path, answer))
                        if code != "record.unknown_operation":
                            answers.append((method, path, status, code, answer))
                self.assertTrue(answers, (kind, name))
                for method, path, status, code, answer in answers:
                    self.assertTrue(200 <= status < 300 or (status in NOTHING_GIVEN and code), (method, path, status, code, answer))

    def test_every_interaction_of_the_system(self):
        listed = {one["code"] for one in self.rest["interaction"]}
        self.assertEqual(listed, {"transaction", "batch", "history-system", "search-system"})
        for kind in ("transaction", "batch"):
            status, answer, _ = self.send("POST", "/fhir", {"resourceType": "Bundle", "type": kind, "entry": [{"request": {"method": "GET", "url": "Patient?_count=1"}}]})
            self.assertEqual((status, answer["type"]), (200, kind + "-response"))
            self.assertTrue(answer["entry"][0]["response"]["status"].startswith("200"))
        self.assertEqual(self.send("GET", "/fhir/_history?_count=1")[1]["type"], "history")
        self.found("/fhir?_type=Patient,Flag&_count=1")
        status, answer, _ = self.send("POST", "/fhir/_search", "_type=Patient", FORM)
        self.assertEqual((status, answer["type"]), (200, "searchset"))
        for kind in self.types:
            self.assertEqual(self.send("POST", f"/fhir/{kind}/_search", "_count=1", FORM)[0], 200, kind)
        self.assertEqual(self.statement["patchFormat"], ["application/json-patch+json", "application/fhir+json"])
        self.assertEqual(self.send("PUT", "/fhir/Basic/b", {"resourceType": "Basic", "id": "b", "code": {"text": "x"}})[0], 201)
        change = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [{"name": "type", "valueCode": "replace"}, {"name": "path", "valueString": "Basic.code.text"},
                                                                                             {"name": "value", "valueString": "y"}]}]}
        self.assertEqual(self.send("PATCH", "/fhir/Basic/b", change, FHIR)[1]["code"]["text"], "y")
        for form in self.statement["format"]:
            self.assertEqual(self.send("GET", f"/fhir/Basic/b?_format={form.replace('+', '%2B')}")[0], 200, form)

    # ---- what is not -------------------------------------------------------------------------------------------------

    def test_parameters_that_are_not_listed(self):
        codes = {code: one["type"] for resource in self.types.values() for code, one in ((one["name"], one) for one in resource["searchParam"])}
        foreign = sorted(codes)
        for number, (kind, resource) in enumerate(self.types.items()):
            own = {one["name"]: one["type"] for one in resource["searchParam"]}
            unknown = {"record.unknown_parameter"}
            for name in ("nonesuch", "_text", "_content", "_query", "_filter", "Name", "_ID"):
                self.refused("GET", f"/fhir/{kind}?{name}=x", unknown, status=[400])
            for name in [one for one in foreign[number % 7::7] if one not in own][:40]:  # those of other types, a share of them for each type
                self.refused("GET", f"/fhir/{kind}?{name}={VALUES.get(codes[name], 'x')}", unknown, status=[400])
            listed = set(resource.get("searchInclude", []))
            for code, sort in list(own.items())[:12]:
                if f"{kind}:{code}" not in listed:
                    self.refused("GET", f"/fhir/{kind}?_include={kind}:{code}", {"record.bad_search_value"}, status=[400])
            self.refused("GET", f"/fhir/{kind}?_include={kind}:nonesuch", {"record.bad_search_value"}, status=[400])
            self.refused("GET", f"/fhir/{kind}?_revinclude=Nonesuch:subject", {"record.bad_search_value"}, status=[400])
            self.refused("GET", f"/fhir/{kind}?_sort=nonesuch", unknown, status=[400])
        for query in ("gender:contains=x", "birthdate:exact=1980", "name:below=x", "_id:not=x", "_lastUpdated:missing=true", "organization:exact=x", "colour:contains=x"):
            self.refused("GET", f"/fhir/Patient?{query}", {"record.unsupported_modifier"}, status=[400])

    def test_operations_that_are_not_listed(self):
        listed = {kind: {one["name"] for one in resource.get("operation", [])} for kind, resource in self.types.items()}
        every = sorted(set().union(*listed.values())) + ["nonesuch", "export", "graphql", "diff", "process-message", "convert", "apply", "closure"]
        for kind in self.types:
            for name in every:
                if name in listed[kind]:
                    continue
                for path in (f"/fhir/{kind}/${name}", f"/fhir/{kind}/none/${name}"):
                    self.refused("POST", path, {"record.unknown_operation"}, {"resourceType": "Parameters"}, status=[404])
        for name in every:
            if name not in self.whole_record:
                self.refused("POST", f"/fhir/${name}", body={"resourceType": "Parameters"}, status=[404, 405])

    def test_operations_on_the_whole_record_that_are_listed(self):
        self.assertEqual(self.whole_record, {"export", "import"})
        for name in self.whole_record:
            self.refused("POST", f"/fhir/${name}", {"record.async_required"}, {"resourceType": "Parameters"}, status=[400])

    def test_interactions_that_are_not_listed(self):
        for kind in ("Dog", "patient", "Resource", "DomainResource", "Quantity", "Patients"):
            for method, path, body in (("GET", f"/fhir/{kind}", None), ("GET", f"/fhir/{kind}/1", None), ("POST", f"/fhir/{kind}", {"resourceType": kind}),
                                       ("PUT", f"/fhir/{kind}/1", {"resourceType": kind, "id": "1"}), ("DELETE", f"/fhir/{kind}/1", None), ("GET", f"/fhir/{kind}/_history", None)):
                self.refused(method, path, body=body, status=[404, 405])
        for kind in self.types:
            for method, path in (("DELETE", f"/fhir/{kind}/x/_history"), ("DELETE", f"/fhir/{kind}/x/_history/1"), ("PUT", f"/fhir/{kind}/x/_history/1"), ("DELETE", f"/fhir/{kind}/_history"),
                                 ("PUT", f"/fhir/{kind}/x/Observation"), ("GET", f"/fhir/{kind}/x/y/z/a")):
                self.refused(method, path, body={"resourceType": kind} if method == "PUT" else None, status=[404, 405])
            if kind != "Patient":
                self.refused("GET", f"/fhir/{kind}/x/Observation", {"record.unknown_compartment"}, status=[404])
        for method, path in (("PUT", "/fhir"), ("DELETE", "/fhir"), ("PATCH", "/fhir"), ("PUT", "/fhir/metadata"), ("DELETE", "/fhir/_history"), ("POST", "/fhir/_history")):
            self.refused(method, path, body={"resourceType": "Basic"} if method in ("PUT", "PATCH", "POST") else None)
        for body, kind, status in (("<Patient/>", "application/fhir+xml", [415]), ("{}", "text/plain", [415]), ("{}", "application/fhir+json", [422])):
            self.refused("POST", "/fhir/Patient", body=body, headers={"Content-Type": kind}, status=status)
        self.refused("GET", "/fhir/Patient", headers={"Accept": "application/fhir+xml"}, status=[406])
        self.refused("PATCH", "/fhir/Basic/x", body="{}", headers={"Content-Type": "application/merge-patch+json"}, status=[400, 404, 415])


if __name__ == "__main__":
    unittest.main()
