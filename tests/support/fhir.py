"""FHIR clients that keep their connection, and bundles, for tests in Python. Standard library only."""
import http.client
import json

FHIR = {"Content-Type": "application/fhir+json"}


def bundle(*entries):
    return {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}


def entry(method, url, resource=None, full_url=None, **conditions):
    made = {"request": {"method": method, "url": url, **conditions}}
    return {**made, **({"resource": resource} if resource else {}), **({"fullUrl": full_url} if full_url else {})}


class Caller:
    """One client with a connection of its own that stays open."""

    def __init__(self, server, token, timeout=60):
        self.connection = http.client.HTTPConnection(*server.http, timeout=timeout)
        self.connection.connect()
        self.token = token

    def call(self, method, path, body=None, headers=None):
        content = json.dumps(body) if body is not None else None
        self.connection.request(method, "/fhir" + path, content, {**FHIR, "Authorization": f"Bearer {self.token}", **(headers or {})})
        response = self.connection.getresponse()
        text = response.read()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, json.loads(text) if text else None

    def ok(self, *arguments):
        status, _, body = self.call(*arguments)
        assert 200 <= status < 300, (arguments, status, body)
        return body

    def total(self, search):
        return self.ok("GET", f"/{search}&_total=accurate")["total"]
