"""Requests to the FHIR API that mean nothing, or that lie at the edge of what can be said: each has an answer below 500, none ends the server, on both engines (T54, T55)."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import qiao
from fhir import FHIR, bundle, entry

LONG = "a" * 70  # no id is so long
ODD = "\xff\xfe"  # no UTF-8
PATIENT = {"resourceType": "Patient", "id": "odd", "name": [{"family": "a"}]}
BASIC = {"resourceType": "Basic", "code": {"text": "x"}}
PATCH = {"Content-Type": "application/json-patch+json"}

SEARCHES = f"""name=a%00b identifier=%00 identifier=%00|%00 _id=a%00 _source=%00 link:Patient.name=%00 _id={LONG} general-practitioner={LONG} organization=Organization/{LONG} _list={LONG}
_lastUpdated=gt9999-12-31 birthdate=9999999999 birthdate=0000 birthdate=lt0001-01-01T00:00:00%2B14:00 birthdate=ap9999-12-31T23:59:59.999Z _count=99999999999 _count=-1 _sort= _sort=- _sort=-,
_include= _include=: _include=Patient: _include=Patient:name _revinclude=* _revinclude=Observation:subject:Nothing _has= _has:=x _has:Observation=x _has:Observation:subject=x _has:Observation:subject:=x
_has:Observation:nothing:code=x _has:Observation:subject:code=%00 _cursor=AAAA _cursor={"A" * 9000} _summary= _elements= _type= name=\\ name=% name=%zz %00=x =x &&& name:exact=%C0%80 name=%ED%A0%80
identifier:of-type=| identifier:of-type=a|b|{"c" * 3000} name:contains= name:missing=x _security=|| _tag=| _profile=%20 phone=, phone=,,, address:exact=""".split()
OBSERVATIONS = """value-quantity=1e308 value-quantity=1e-400 value-quantity=1e999999999999 value-quantity=ap1e308 value-quantity=5|%00|%00 value-quantity=|| code-value-quantity=$ code-value-quantity=a$b$c
code-value-quantity=\\ code:in=urn:none code:below=http://loinc.org|x code:in= code:not= date=ne date=gt date=2024-02-30 combo-code-value-quantity=a$gt subject:Nothing.name=x subject:Patient.subject=x""".split()
PLACES = f"""RiskAssessment?probability=ap1e308 RiskAssessment?probability=1e9999 Location?near=90|180|1e308|km Location?near=nan|nan Location?near=1|1|-5|km Location?near= ?_type= ?_type=Patient, ?_type=Patient&name=x
?_id={LONG} ValueSet/$expand ValueSet/$expand?url=urn:x&offset=99999999999 ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender&count=-1 CodeSystem/$lookup?system=%00&code=%00
CodeSystem/$subsumes?codeA=a ConceptMap/$translate?code=%00 Observation/$lastn?max=99999999999 Observation/$lastn?max=-1 Observation/$lastn?subject={LONG} Patient/odd/$everything?start=x
Patient/odd/$everything?_count=99999999999 Patient/odd/$everything?start=9999-12-31T23:59:59Z&end=0001-01-01 _history?_since=9999-12-31 _history?_at=0001-01-01 _history?_since=%00 _history?_cursor=AA
Patient/odd/_history/99999999999999999999 Patient/odd/_history/-1 Patient/odd/_history/0 AuditEvent?_id={LONG} AuditEvent/{LONG} Subscription/$status?id={LONG} Subscription/$events Subscription/{LONG}/$status
Subscription/{LONG}/$events Subscription/{LONG}/$get-ws-binding-token Patient/{LONG} Patient/{LONG}/$everything Composition/{LONG}/$document Patient/{LONG}/_history Patient/{LONG}/_history/1 Patient/{LONG}/Observation
Patient/{LONG}/$meta Task/{LONG}/$moves ValueSet/{LONG}/$expand CodeSystem/{LONG}/$lookup?code=x&system=y Binary/{LONG}""".split()

RESOURCES = [
    ("Patient", '{"resourceType":"Patient","birthDate":"9999-12-31"}'), ("Patient", '{"resourceType":"Patient","birthDate":"0000-01-01"}'),
    ("Patient", {"resourceType": "Patient", "identifier": [{"system": "urn:\0", "value": "\0"}]}), ("Patient", '{"resourceType":"Patient","multipleBirthInteger":99999999999}'),
    *[("Observation", {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "subject": {"reference": text}}) for text in ("Patient/" + LONG, "Patient?", "#", "http://[", "/", "Patient/", "?")],
    *[("Observation", '{"resourceType":"Observation","status":"final","code":{"text":"x"},' + more + "}") for more in
      ('"effectiveDateTime":"9999-12-31T23:59:59.999999999999-14:00"', '"effectivePeriod":{"start":"9999-12-31","end":"0001-01-01"}', '"valueQuantity":{"value":1e999}', '"valueQuantity":{"value":-1.7e308}')]]

BUNDLES = [
    *[bundle(entry("POST", "Basic", BASIC), entry("GET", url)) for url in ("Patient/" + LONG, "metadata", "Patient/odd/_history/1", "", "Pati ent\n/odd ", "Patient/" + LONG * 100, "?", "/", "Patient?name=%00")],
    *[bundle(entry("POST", "Observation", {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "subject": {"reference": text}})) for text in
      ("Patient?name=%00", "Nothing?name=x", "Patient?", "Patient?name=%zz", "Patient?_count=1")],
    bundle(entry("POST", "Patient", PATIENT, ifNoneExist="identifier=%00|%00")), bundle(entry("PUT", "Patient?" + LONG, PATIENT)), bundle(entry("PUT", "Patient?_id=" + LONG, PATIENT)),
    bundle(entry("DELETE", "Patient/" + LONG)), bundle(entry("PUT", "Patient/odd", PATIENT, ifMatch='W/"99999999999999999999"')),
    bundle(entry("PATCH", "Patient/odd", {"resourceType": "Binary"})), bundle(entry("PATCH", "Patient/odd", {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": "!!"})),
    *[{"resourceType": "Bundle", "type": "transaction", "entry": odd} for odd in ({}, [1, None, "x"], [{"request": []}], [{"request": {"method": 1, "url": 2}}])],
    *[{"resourceType": "Bundle", "type": "batch", "entry": [{"request": {"method": "GET", "url": url}}]} for url in ("/../../access/people", "Patient/" + LONG, "../health/live", "%00", "Patient?_cursor=x")],
    {"resourceType": "Bundle", "type": "batch", "entry": [{"request": {"method": "POST", "url": ""}, "resource": {"resourceType": "Bundle", "type": "batch"}}]}]

HEADERS = [{"X-Request-Id": ODD}, {"X-Request-Id": "a\tb"}, {"X-Source": ODD}, {"If-Match": "x"}, {"If-Match": 'W/"99999999999999999999"'}, {"If-Match": 'W/"-1"'}, {"If-None-Match": "x"}, {"Prefer": "return=" + ODD},
           {"If-Modified-Since": "Sun, 99 Nov 99999 99:99:99 GMT"}, {"User-Agent": ODD}, {"Accept": ODD}, {"Accept-Language": ODD}, {"X-Forwarded-For": ODD}]

COPY, ALL = '{"op":"copy","from":"/name","path":"/name/-"}', '{"op":"copy","from":"","path":"/contained"}'
PATCHES = ['[{"op":"add","path":"/name/99999999999999999999","value":1}]', '[{"op":"add","path":"~","value":1}]', '[{"op":"copy","from":"/name","path":"/name/0/x"}]', '[{"op":"move","from":"/name","path":"/name/0"}]',
           "{}", "[1]", '[{"op":"remove","path":""}]', '[{"op":"replace","path":"","value":1}]', '[{"op":"add","path":"/name/-1","value":{}}]', f"[{','.join([COPY] * 30)}]", f"[{','.join([ALL] * 40)}]"]
FHIRPATHS = ["Patient", "Patient.name.where(true", "(" * 5000, "Patient.repeat(name)." + "name." * 3000 + "x", "%resource", "Patient.name[99999999999999999999]", "Patient.name.skip(-9223372036854775808)"]


def values(name, make, count=500):
    return name + "=" + ",".join(make(number) for number in range(count))


# As many values as one parameter takes, alone and beside another by which the search begins: (type, form, whether it is too many).
HEAVY = [
    *[("Observation", one + beside, False) for beside in ("", "&code=urn:c|c1") for one in (
        values("date", lambda n: f"gt20{10 + n % 10}-01-{1 + n % 28:02}"), values("value-quantity", lambda n: f"gt{n}||mm"), values("value-quantity", lambda n: f"{n}"),
        values("code-value-quantity", lambda n: f"urn:c|c{n}$gt{n - 1}"), values("subject", lambda n: f"http://x/{n}"), values("subject", lambda n: f"Patient/p{n}"), values("subject", lambda n: f"p{n}"),
        values("subject:Patient.name", lambda n: f"n{n}"), values("code", lambda n: f"c{n}"), values("code:not", lambda n: f"d{n}"), values("_lastUpdated", lambda n: f"gt2020-01-{1 + n % 28:02}"),
        values("_profile", lambda n: f"http://p/{n}"), values("_profile:above", lambda n: f"http://p/{n}/a/b/c/d/e"), values("_profile:below", lambda n: f"http://p/{n}"), values("_id", lambda n: f"o{n}"))],
    *[("Patient", one + beside, False) for beside in ("", "&gender=male") for one in (
        values("name", lambda n: f"n{n}"), values("name:contains", lambda n: f"{n}"), values("name:exact", lambda n: f"n{n}"), values("_has:Observation:patient:code", lambda n: f"c{n}"),
        values("organization.partof.partof.name", lambda n: f"c{n}"))],
    ("Location", values("near", lambda n: f"{n % 90}|{n % 180}|1000|km"), False), ("Location", values("near", lambda n: f"{n % 90}|{n % 180}|1000|km") + "&name=x", False),
    ("Observation", "&".join(values("code", lambda n: f"c{n}") for _ in range(3)), True), ("Observation", "&".join(values("_lastUpdated", lambda n: "gt2020-01-01") for _ in range(64)), True),
    ("Observation", values("code", lambda n: f"c{n}", 501), True)]


def code_of(answer):
    return json.loads(answer)["issue"][0]["details"]["coding"][0]["code"]


def require_heavy(server, token):
    server.call("POST", "/fhir", bundle(*[entry("PUT", f"Observation/o{n}", {"resourceType": "Observation", "id": f"o{n}", "status": "final", "code": {"coding": [{"system": "urn:c", "code": f"c{n % 3}"}]},
                                                                                "effectiveDateTime": "2026-01-01", "valueQuantity": {"value": n}}) for n in range(30)]), FHIR, token)
    for kind, form, too_many in HEAVY:
        status, _, answer = server.call("POST", f"/fhir/{kind}/_search", form, {"Content-Type": "application/x-www-form-urlencoded"}, token, timeout=60)
        fits = status == 400 if too_many else status == 200 or (status == 503 and code_of(answer) == "record.budget")
        assert fits, (kind, form[:80], form[-40:], status, answer[:300])
    print(f"{len(HEAVY)} searches of hundreds of values")


def requests():
    """(method, path below /fhir, body, headers)"""
    for query in SEARCHES:
        yield "GET", "/Patient?" + query, None, {}
        yield "PATCH", "/Patient?" + query, '[{"op":"test","path":"/resourceType","value":"nothing"}]', PATCH
    for query in OBSERVATIONS:
        yield "GET", "/Observation?" + query, None, {}
    for place in PLACES:
        yield "GET", ("" if place.startswith("?") else "/") + place, None, {}
    for method, body, headers in (("PUT", PATIENT, {}), ("DELETE", None, {}), ("PATCH", "[]", PATCH)):
        yield method, "/Patient/" + LONG, body, headers
    for operation, kind in (("$move", "Task"), ("$pause", "Subscription"), ("$validate", "Patient"), ("$meta-add", "Patient")):
        yield "POST", f"/{kind}/{LONG}/{operation}", {"resourceType": "Parameters"}, {"If-Match": 'W/"1"'}
    for kind, body in RESOURCES:
        yield "POST", "/" + kind, body, {}
    for number, body in enumerate(BUNDLES):
        yield "POST", "", body, {"X-Request-Id": f"odd-{number}"}
        yield "POST", "", body, {"X-Request-Id": f"odd-{number}"}
        yield "POST", "", body, {}
    for headers in HEADERS:
        yield "PUT", "/Patient/odd", PATIENT, headers
        yield "GET", "/Patient/odd", None, headers
    for patch in PATCHES:
        yield "PATCH", "/Patient/odd", patch, PATCH
    for path in FHIRPATHS:
        for kind, more in (("delete", []), ("add", [{"name": "name", "valueString": "\0"}, {"name": "value", "valueString": "x"}]), ("insert", [{"name": "index", "valueInteger": 2147483647}, {"name": "value", "valueString": "x"}])):
            part = [{"name": "type", "valueCode": kind}, {"name": "path", "valueString": path}, *more]
            yield "PATCH", "/Patient/odd", {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": part}]}, {}


def main():
    with qiao.Server("serve") as server:
        token, first = server.integration_token(), server.process.pid
        assert server.call("PUT", "/fhir/Patient/odd", PATIENT, FHIR, token)[0] == 201
        wrong, asked = [], 0
        for method, path, body, headers in requests():
            asked += 1
            try:
                status, _, answer = server.call(method, "/fhir" + path.replace(" ", "%20"), body, {**FHIR, **headers}, token, timeout=60)
            except OSError as error:
                wrong.append((method, path[:100], repr(error)))
            else:
                if status >= 500:
                    wrong.append((method, path[:100], headers, str(body)[:300], status, answer[:200]))
            if server.process.poll() is not None:
                raise AssertionError((f"the server ended with {server.process.returncode}", method, path[:100], headers, str(body)[:300]))
        assert not wrong, wrong
        # Answers of a transaction that was repeated are as many as its entries, whatever its reading entries ask.
        work = bundle(entry("POST", "Basic", BASIC), entry("GET", "Pati ent\n/x y "), entry("GET", "Patient/odd"))
        counts = [len(json.loads(server.call("POST", "/fhir", work, {**FHIR, "X-Request-Id": "counted"}, token)[2])["entry"]) for _ in range(2)]
        assert counts == [3, 3], counts
        assert server.call("GET", "/fhir/Patient/odd", token=token)[0] == 200 and server.process.pid == first
        require_heavy(server, token)
        print(f"{asked} requests, each with an answer below 500")


main()
