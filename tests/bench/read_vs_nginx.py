"""An authenticated GET /fhir/Patient/{id} against nginx serving a static file of the same size, both with `wrk -t1 -c8`.

    QIAO_BINARY=build/release/qiao python3 tests/bench/read_vs_nginx.py [SECONDS]

Prints one JSON line; `ratio` is the figure that counts (must 0.25, aim 0.45): the machine is shared with the load client.
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import against_nginx
import qiao

SECONDS = int(sys.argv[1]) if len(sys.argv) > 1 else 6
PATIENT = {"resourceType": "Patient", "identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": "990000199001010015"}],
           "name": [{"use": "official", "text": "王小明", "family": "王", "given": ["小明"]}], "gender": "male", "birthDate": "1990-01-01",
           "telecom": [{"system": "phone", "value": "00013000977"}], "address": [{"text": "x" * 200}]}


def main():
    with qiao.Server("serve") as server:
        token = server.integration_token()
        status, headers, _ = server.call("POST", "/fhir/Patient", PATIENT, token=token)
        assert status == 201
        path = "/fhir/" + headers["location"].split("/fhir/")[1].split("/_history")[0]
        body = server.call("GET", path, token=token)[2]
        figures = against_nginx.compare(server.base + path, [f"Authorization: Bearer {token}"], body, "application/fhir+json", SECONDS)
        print(json.dumps({"bench": "read_vs_nginx", "bytes": len(body), **figures, "resident_mib": round(server.resident_mib(), 1)}))


main()
