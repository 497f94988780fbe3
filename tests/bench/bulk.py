"""Bulk data: `bulk.py [RESOURCES]` imports patients with observations as NDJSON and as transaction Bundles of 36, and exports all, by the job
API of a fresh server on SQLite (or QIAO_DATABASE); beside it the same resources as transactions of 100 over HTTP by one client."""
import json
import pathlib
import sys
import time
import urllib.parse
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import qiao

TOTAL = int(sys.argv[1]) if len(sys.argv) > 1 else 36_000
EACH = 35  # observations of a patient


def patient(name):
    return {"resourceType": "Patient", "id": name, "identifier": [{"system": "urn:bench:mrn", "value": name}], "name": [{"family": "Wang", "given": ["Bench"]}],
            "gender": "female", "birthDate": "1971-03-02", "telecom": [{"system": "phone", "value": "000-5550100"}], "address": [{"city": "Bench", "country": "CN"}]}


def observation(name, at, number):
    return {"resourceType": "Observation", "id": f"{name}-{number}", "status": "final",
            "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}]}],
            "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}]}, "subject": {"reference": f"Patient/{name}"},
            "effectiveDateTime": f"2026-{1 + at % 12:02}-{1 + number % 28:02}T08:30:00+08:00",
            "valueQuantity": {"value": 60 + number, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"},
            "referenceRange": [{"low": {"value": 50, "unit": "/min"}, "high": {"value": 100, "unit": "/min"}}]}


def people(prefix):
    for at in range(TOTAL // (EACH + 1)):
        name = f"{prefix}{at}"
        yield [patient(name), *(observation(name, at, number) for number in range(EACH))]


def transaction(resources):
    return {"resourceType": "Bundle", "type": "transaction",
            "entry": [{"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}} for one in resources]}


def report(what, count, seconds, **more):
    print(json.dumps({"what": what, "resources": count, "seconds": round(seconds, 2), "per_s": round(count / seconds), **more}))


def end(server, token, job):
    while True:
        status, _, body = server.call("GET", job, token=token)
        if status != 202:
            assert status == 200, body[:300]
            return json.loads(body)
        time.sleep(0.02)


def job(server, token, what, method, path, body=None):
    headers = {"Prefer": "respond-async", "X-Request-Id": str(uuid.uuid4()), **({"Content-Type": "application/fhir+ndjson"} if body else {})}
    began = time.monotonic()
    status, answer, text = server.call(method, path, body, headers, token=token, timeout=600)
    assert status == 202, text[:300]
    manifest = end(server, token, urllib.parse.urlparse(answer["content-location"]).path)
    seconds = time.monotonic() - began
    came = manifest.get("extension", {}).get("urn:qiao:import")
    count = came["written"] if came else sum(one["count"] for one in manifest["output"])
    assert not came or came["failed"] == 0, manifest
    report(what, count, seconds, **({"body_MiB": round(len(body) / 2**20, 1)} if body else {}))


with qiao.Server() as server:
    token = server.integration_token()
    job(server, token, "import of NDJSON", "POST", "/fhir/$import", "".join(json.dumps(one) + "\n" for each in people("a") for one in each).encode())
    job(server, token, "import of transaction Bundles of 36", "POST", "/fhir/$import", "".join(json.dumps(transaction(each)) + "\n" for each in people("b")).encode())
    rest = [one for each in people("c") for one in each]
    bodies = [json.dumps(transaction(rest[at:at + 100])) for at in range(0, len(rest), 100)]
    began = time.monotonic()
    for body in bodies:
        status, _, answer = server.call("POST", "/fhir", body, {"Content-Type": "application/fhir+json"}, token=token, timeout=60)
        assert status == 200, answer[:300]
    report("peer: transactions of 100 over HTTP, one client", len(rest), time.monotonic() - began)
    job(server, token, "export of all", "GET", "/fhir/$export")
    job(server, token, "export of patients, elements and a search", "GET", "/fhir/Patient/$export?_type=Observation&_elements=code,valueQuantity&_typeFilter=" + urllib.parse.quote("Observation?date=ge2026-06"))
