"""Readers never wait for writers: while clients import bundles of thousands of resources, each one commit, reads, searches, counts and histories go on answering, each from one
state of the record. Nothing is timed against a clock of its own: readers that wait would get one answer a bundle, and wait as long as the bundles take."""
import collections
import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import qiao
from fhir import Caller, bundle, entry

IMPORTERS, BUNDLES, ENTRIES, LEAST = 2, 4, 2000, 5
READS = {"read": "/Patient/p", "search": "/Observation?code=urn:c|k3&_sort=-date&_count=5", "chain": "/Observation?subject:Patient.family=wang&_count=5", "history": "/Patient/p/_history",
         "everything": "/Patient/p/$everything?_count=20", "count": "/Observation?_summary=count"}


def observation(number):
    return {"resourceType": "Observation", "status": "final", "code": {"coding": [{"system": "urn:c", "code": f"k{number % 50}"}]}, "subject": {"reference": "Patient/p"},
            "effectiveDateTime": f"2026-01-{1 + number % 28:02}", "valueQuantity": {"value": number, "system": "http://unitsofmeasure.org", "code": "mm"}}


class Run:
    def __init__(self, server):
        self.server, self.token = server, server.integration_token()
        self.bundles, self.failures, self.over = [], [], threading.Event()
        self.answers, self.counts = collections.defaultdict(list), []  # (begin, seconds) of each kind; totals in order

    def guarded(self, work, *arguments):
        try:
            work(Caller(self.server, self.token, timeout=300), *arguments)
        except Exception as error:  # of a thread: told at the end
            self.failures.append(repr(error))

    def load(self, caller):
        body = bundle(*[entry("POST", "Observation", observation(number)) for number in range(ENTRIES)])
        for _ in range(BUNDLES):
            begin = time.monotonic()
            caller.ok("POST", "", body)
            self.bundles.append((begin, time.monotonic()))

    def read(self, caller, kind):
        while not self.over.is_set():
            begin = time.monotonic()
            answer = caller.ok("GET", READS[kind])
            self.answers[kind].append((begin, time.monotonic() - begin))
            if kind == "count":
                self.counts.append(answer["total"])


def main():
    with qiao.Server("serve") as server:
        run = Run(server)
        one = Caller(server, run.token)
        one.ok("PUT", "/Patient/p", {"resourceType": "Patient", "id": "p", "name": [{"family": "Wang"}]})
        one.ok("POST", "", bundle(*[entry("POST", "Observation", observation(number)) for number in range(100)]))
        readers = [threading.Thread(target=run.guarded, args=(run.read, kind)) for kind in READS]
        writers = [threading.Thread(target=run.guarded, args=(run.load,)) for _ in range(IMPORTERS)]
        for thread in readers + writers:
            thread.start()
        for thread in writers:
            thread.join()
        run.over.set()
        for thread in readers:
            thread.join()
        assert not run.failures, run.failures
        begin, end = min(one[0] for one in run.bundles), max(one[1] for one in run.bundles)
        lasted = sorted(one[1] - one[0] for one in run.bundles)
        print(f"{len(lasted)} bundles of {ENTRIES} in {end - begin:.1f} s, one {lasted[0]:.2f} to {lasted[-1]:.2f} s")
        for kind, answers in run.answers.items():
            during = [seconds for at, seconds in answers if begin <= at <= end]
            print(f"{kind}: {len(during)} answers meanwhile, the slowest {max(during):.3f} s")
            assert len(during) >= LEAST * len(lasted), (kind, len(during))
            assert max(during) < lasted[-1], (kind, max(during), "as long as a bundle")
        # Each bundle is seen as a whole or not at all.
        assert run.counts == sorted(run.counts)
        assert {(total - 100) % ENTRIES for total in run.counts} == {0}, sorted(set(run.counts))[:20]
        assert one.total("Observation?_summary=count") == 100 + IMPORTERS * BUNDLES * ENTRIES


main()
