"""A transaction bundle is there whole or not at all: eight clients send bundles of 20 entries while the server, and with PostgreSQL a backend or the whole cluster, is killed
at random moments. After each round the whole history is read back (T1, T6, T7): each answered bundle is there, each unanswered one whole or absent and done once when it is
sent again, versions have no gaps, and searches find exactly what the bodies say."""
import collections
import http.client
import os
import pathlib
import random
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import qiao
from fhir import Caller, bundle, entry
from postgres import Cluster

CLIENTS, ROUNDS, OBSERVATIONS, COUNTERS = 8, 6, 10, 4
TAG, MRN, SHARED = "urn:tx", "urn:mrn", "urn:shared"
TAGGED = OBSERVATIONS + COUNTERS + 3  # versions of one bundle that carry its tag


def tag(key):
    return [{"system": TAG, "value": key}]


def tag_of(resource):
    return next((one["value"] for one in (resource or {}).get("identifier", []) if one["system"] == TAG), None)


class Client:
    """Sends one bundle after the other; what was not answered is sent again first, under the same X-Request-Id."""

    def __init__(self, number):
        self.number, self.count, self.versions = number, 0, [0] * COUNTERS
        self.answered, self.refused, self.failure = set(), set(), None
        self.told = collections.Counter()  # codes of 503
        self.open = None  # (key, bundle) without an answer that says what became of it

    def mrn(self, n):
        return f"{self.number}-{n // 4}"

    def make(self, n):
        key = f"{self.number}-{n}"
        names = [f"urn:uuid:00000000-0000-4000-8000-{self.number:04}{n:06}{i:02}" for i in range(OBSERVATIONS + 3)]
        patient, encounter, group, observations = names[0], names[1], names[2], names[3:]
        observation = lambda i, **more: {"resourceType": "Observation", "status": "final", "identifier": tag(key), "code": {"coding": [{"system": "urn:c", "code": f"k{i}"}]},
                                         "subject": {"reference": patient}, "effectiveDateTime": f"2026-01-{1 + n % 28:02}T08:00:00Z",
                                         "valueQuantity": {"value": i, "system": "http://unitsofmeasure.org", "code": "mm"}, **more}
        made = [entry("POST", "Observation", observation(i, encounter={"reference": encounter}), observations[i]) for i in range(OBSERVATIONS)]
        made.append(entry("POST", "List", {"resourceType": "List", "status": "current", "mode": "working", "identifier": tag(key), "subject": {"reference": patient},
                                           "encounter": {"reference": encounter}, "entry": [{"item": {"reference": one}} for one in observations]}, group))
        for k, version in enumerate(self.versions):
            counter = {"resourceType": "Basic", "id": f"counter-{self.number}-{k}", "identifier": tag(key), "code": {"text": "counter"}, "subject": {"reference": patient}}
            made.append(entry("PUT", f"Basic/{counter['id']}", counter, **({"ifMatch": f'W/"{version}"'} if version else {})))
        made.append(entry("PUT", f"Observation/once-{key}", observation(99, id=f"once-{key}")))
        made.append(entry("DELETE", f"Observation/once-{self.number}-{n - 1}"))
        made.append(entry("POST", "Patient", {"resourceType": "Patient", "identifier": [{"system": MRN, "value": self.mrn(n)}]}, patient, ifNoneExist=f"identifier={MRN}|{self.mrn(n)}"))
        made.append(entry("POST", "Encounter", {"resourceType": "Encounter", "status": "planned", "class": {"code": "VR"}, "identifier": tag(key), "subject": {"reference": patient}}, encounter))
        made.append(entry("POST", "Organization", {"resourceType": "Organization", "name": "shared", "identifier": [{"system": SHARED, "value": str(n // 3)}]}, ifNoneExist=f"identifier={SHARED}|{n // 3}"))
        random.shuffle(made)
        return key, bundle(*made)

    def send(self, caller):
        if not self.open:
            self.open = self.make(self.count)
            self.count += 1
        key, body = self.open
        status, _, answer = caller.call("POST", "", body, {"X-Request-Id": f"tx-{key}"})
        if status == 503:
            code = answer["issue"][0]["details"]["coding"][0]["code"]
            self.told[code] += 1
            if code != "commit.unknown":
                self.refused.add(key)  # sent again: until then it must not be there
            return code
        assert status == 200, (key, status, answer)
        for one, told in zip(body["entry"], answer["entry"]):
            assert told["response"]["status"][:3] in ("200", "201", "204"), told
            name = one["request"]["url"]
            if name.startswith("Basic/"):
                self.versions[int(name[-1])] = int(told["response"]["etag"][3:-1])
        self.answered.add(key)
        self.refused.discard(key)
        self.open = None
        return ""

    def run(self, server, token, stop):
        try:
            caller = Caller(server, token, timeout=30)
            while not stop.is_set():
                if self.send(caller):
                    time.sleep(0.02)
        except (OSError, http.client.HTTPException):
            if self.open:
                self.refused.discard(self.open[0])  # whatever it was told before: of this attempt nothing is known
        except AssertionError as error:
            self.failure = error


def pages(caller, path):
    """The entries of all pages."""
    while path:
        page = caller.ok("GET", path)
        yield from page.get("entry", [])
        path = next(("/" + link["url"].split("/fhir/", 1)[1] for link in page["link"] if link["relation"] == "next"), None)


class Truth:
    """The record as its history tells it."""

    def __init__(self, caller):
        self.versions = collections.defaultdict(list)  # reference -> entries, oldest first
        self.of_bundle = collections.defaultdict(list)  # tag -> entries
        for one in pages(caller, "/_history?_count=1000"):
            self.versions[one["fullUrl"].split("/fhir/", 1)[1]].insert(0, one)
        self.now = {}
        for reference, entries in self.versions.items():
            if "resource" in entries[-1]:
                self.now[reference] = entries[-1]["resource"]
            for one in entries:
                if key := tag_of(one.get("resource")):
                    self.of_bundle[key].append(one)

    def require_no_gaps(self):
        for reference, entries in self.versions.items():
            numbers = [int(one["response"]["etag"][3:-1]) for one in entries]
            assert numbers == list(range(1, len(numbers) + 1)), (reference, numbers)
            times = [one["response"]["lastModified"] for one in entries]
            assert times == sorted(times), (reference, times)

    def require_whole(self, client, n):
        """@return whether bundle n of the client is there"""
        key = f"{client.number}-{n}"
        entries = self.of_bundle.get(key, [])
        if not entries:
            assert f"Observation/once-{key}" not in self.versions, key
            return False
        assert len(entries) == TAGGED, (key, len(entries), sorted(one["fullUrl"] for one in entries))
        assert len({one["response"]["lastModified"] for one in entries}) == 1, (key, "more than one commit")
        assert "resource" not in self.versions.get(f"Observation/once-{client.number}-{n - 1}", [{}])[-1], (key, "its delete is missing")
        bodies = [one["resource"] for one in entries]
        patient, = {one["subject"]["reference"] for one in bodies}
        assert self.now[patient]["identifier"][0]["value"] == client.mrn(n), (key, patient)
        encounter, = [one for one in bodies if one["resourceType"] == "Encounter"]
        group, = [one for one in bodies if one["resourceType"] == "List"]
        observed = [one for one in bodies if one["resourceType"] == "Observation" and not one["id"].startswith("once-")]
        assert {one["encounter"]["reference"] for one in [group, *observed]} == {f"Encounter/{encounter['id']}"}, key
        assert sorted(one["item"]["reference"] for one in group["entry"]) == sorted(f"Observation/{one['id']}" for one in observed), key
        return True

    def where(self, kind, holds):
        return sorted(reference for reference, body in self.now.items() if body["resourceType"] == kind and holds(body))


def require_found(caller, truth, kind, query, holds):
    found = sorted(f"{one['resource']['resourceType']}/{one['resource']['id']}" for one in pages(caller, f"/{kind}?{query}&_count=500"))
    wanted = truth.where(kind, holds)
    assert found == wanted, (kind, query, "in the index alone", sorted(set(found) - set(wanted))[:5], "in the bodies alone", sorted(set(wanted) - set(found))[:5])
    assert caller.total(f"{kind}?{query}") == len(wanted), (kind, query)


def require_index(caller, truth):
    kinds = {body["resourceType"] for body in truth.now.values()}
    for kind in kinds:
        require_found(caller, truth, kind, "_lastUpdated=gt2020", lambda _: True)
    subject = lambda reference: lambda body: body.get("subject", {}).get("reference") == reference
    require_found(caller, truth, "Observation", "code=urn:c|k3", lambda body: body["code"]["coding"][0]["code"] == "k3")
    require_found(caller, truth, "Observation", "value-quantity=gt7||mm", lambda body: body["valueQuantity"]["value"] > 7)
    require_found(caller, truth, "Observation", "date=2026-01-02", lambda body: body["effectiveDateTime"].startswith("2026-01-02"))
    keys = random.sample(sorted(truth.of_bundle), min(12, len(truth.of_bundle)))
    for key in keys:
        for kind in ("Observation", "Basic", "List", "Encounter"):
            require_found(caller, truth, kind, f"identifier={TAG}|{key}", lambda body: tag_of(body) == key)
    patients = [reference for reference in truth.now if reference.startswith("Patient/")]
    for reference in random.sample(patients, min(6, len(patients))):
        for kind in ("Observation", "Basic", "List", "Encounter"):
            require_found(caller, truth, kind, f"subject={reference}", subject(reference))
        value = truth.now[reference]["identifier"][0]["value"]
        require_found(caller, truth, "Observation", f"subject:Patient.identifier={MRN}|{value}&code=k1", lambda body: subject(reference)(body) and body["code"]["coding"][0]["code"] == "k1")
    for reference in random.sample(sorted(truth.versions), 30):
        status, _, body = caller.call("GET", "/" + reference)
        assert (status, body if status == 200 else None) == ((200, truth.now[reference]) if reference in truth.now else (410, None)), (reference, status)


def verify(server, token, clients):
    caller = Caller(server, token)
    truth = Truth(caller)
    truth.require_no_gaps()
    for client in clients:
        for n in range(client.count):
            key, there = f"{client.number}-{n}", truth.require_whole(client, n)
            assert there or key not in client.answered, (key, "was answered and is not there")
            assert not there or key not in client.refused, (key, "was refused and is there")
    assert len(truth.where("Patient", lambda _: True)) == len({body["identifier"][0]["value"] for body in truth.now.values() if body["resourceType"] == "Patient"}), "a conditional create made two"
    organisations = [body["identifier"][0]["value"] for body in truth.now.values() if body.get("name") == "shared"]
    assert len(organisations) == len(set(organisations)), "a conditional create of several clients made two"
    require_index(caller, truth)
    return truth


def strike(what, server, cluster):
    """@return whether the server must be started again"""
    if what == "backend":
        cluster.kill_a_backend()
    elif what == "cluster":
        cluster.stop_immediately()
        cluster.start()
    elif what == "both":
        cluster.stop_immediately()
        server.kill()
        cluster.start()
    else:
        server.kill()
    return what in ("server", "both")


def play(server, token, clients, cluster, what):
    stop = threading.Event()
    threads = [threading.Thread(target=client.run, args=(server, token, stop)) for client in clients]
    for thread in threads:
        thread.start()
    time.sleep(random.uniform(0.05, 1.0))
    again = strike(what, server, cluster)
    if not again:
        before = sum(len(client.answered) for client in clients)
        qiao.wait_for(lambda: sum(len(client.answered) for client in clients) > before + CLIENTS, 60, f"it goes on by itself after {what}")
    stop.set()
    for thread in threads:
        thread.join()
    assert not (failures := [client.failure for client in clients if client.failure]), failures
    if again:
        server.start()


def main():
    seed = int(os.environ.get("QIAO_SEED", time.time_ns() % 1_000_000))
    print(f"seed {seed}", flush=True)
    random.seed(seed)
    cluster = Cluster(os.environ["QIAO_DATABASE"]) if os.environ.get("QIAO_DATABASE") else None
    kinds = ["server", "backend", "cluster", "both"] if cluster else ["server"]
    clients = [Client(number) for number in range(CLIENTS)]
    try:
        with qiao.Server("serve") as server:
            token = server.integration_token()
            for number in range(ROUNDS + (2 if cluster else 0)):
                what = kinds[number % len(kinds)]
                play(server, token, clients, cluster, what)
                truth = verify(server, token, clients)
                lost = sum(1 for client in clients if client.open and client.open[0] not in truth.of_bundle)
                held = sum(1 for client in clients if client.open and client.open[0] in truth.of_bundle)
                told = dict(sum((client.told for client in clients), collections.Counter()))
                print(f"{what}: {sum(len(client.answered) for client in clients)} bundles answered, unanswered {held} whole and {lost} absent, {len(truth.versions)} resources, 503 so far {told}", flush=True)
            caller = Caller(server, token)
            for client in clients:
                while client.open:
                    client.send(caller)
            truth = verify(server, token, clients)
            assert set(truth.of_bundle) == {f"{client.number}-{n}" for client in clients for n in range(client.count)}
            assert all(len(client.answered) > ROUNDS for client in clients), "a client sent next to nothing"
    finally:
        if cluster:
            cluster.end()


main()
