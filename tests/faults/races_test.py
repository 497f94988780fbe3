"""Many clients at once over HTTP: what one wins the others are told, and no change is lost (T1). On PostgreSQL two nodes serve one record."""
import collections
import contextlib
import os
import pathlib
import shutil
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import qiao
from fhir import Caller, bundle, entry

MRN = "urn:mrn"


def patient(number, **more):
    return {"resourceType": "Patient", "identifier": [{"system": MRN, "value": number}], **more}


class Races(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.nodes = [cls.stack.enter_context(qiao.Server("serve"))]
        cls.token = cls.nodes[0].integration_token()
        if os.environ.get("QIAO_DATABASE"):
            folder = tempfile.mkdtemp(prefix="qiao-test-")
            cls.stack.callback(shutil.rmtree, folder, ignore_errors=True)
            qiao.make_node(cls.nodes[0].data, folder)
            cls.nodes.append(cls.stack.enter_context(qiao.Server("serve", data=folder)))
        cls.one = Caller(cls.nodes[0], cls.token)

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()

    def together(self, count, call):
        """`call(caller, number)` by so many clients in the same moment, spread over the nodes. Their answers."""
        callers = [Caller(self.nodes[number % len(self.nodes)], self.token) for number in range(count)]
        gate, answers = threading.Barrier(count), [None] * count

        def run(number):
            gate.wait()
            answers[number] = call(callers[number], number)
        threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for caller in callers:
            caller.connection.close()
        self.assertNotIn(None, answers, "a call did not end")
        return answers

    def statuses(self, answers):
        return dict(collections.Counter(status for status, _, _ in answers))

    def test_one_of_many_conditional_creates_makes_the_resource(self):
        answers = self.together(64, lambda caller, _: caller.call("POST", "/Patient", patient("C1"), {"If-None-Exist": f"identifier={MRN}|C1"}))
        self.assertEqual(self.statuses(answers), {201: 1, 200: 63})
        self.assertEqual(len({body["id"] for _, _, body in answers}), 1)
        self.assertEqual(self.one.total(f"Patient?identifier={MRN}|C1"), 1)

    def test_the_same_inside_transactions(self):
        name = "urn:uuid:5a1f8f3e-2b4b-4f9e-9a66-0d9a3f5d8a09"
        work = bundle(entry("POST", "Patient", patient("T1"), name, ifNoneExist=f"identifier={MRN}|T1"),
                      entry("POST", "Observation", {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "subject": {"reference": name}}))
        answers = self.together(64, lambda caller, _: caller.call("POST", "", work))
        self.assertEqual(self.statuses(answers), {200: 64})
        made = collections.Counter(tuple(one["response"]["status"][:3] for one in body["entry"]) for _, _, body in answers)
        self.assertEqual(made, {("201", "201"): 1, ("200", "201"): 63})
        self.assertEqual(self.one.total(f"Patient?identifier={MRN}|T1"), 1)
        self.assertEqual(self.one.total(f"Observation?subject:Patient.identifier={MRN}|T1"), 64)

    def test_of_many_updates_of_one_version_one_wins(self):
        self.one.ok("PUT", "/Patient/race-etag", patient("E1", id="race-etag"))
        answers = self.together(32, lambda caller, number: caller.call("PUT", "/Patient/race-etag", patient("E1", id="race-etag", name=[{"text": f"n{number}"}]), {"If-Match": 'W/"1"'}))
        self.assertEqual(self.statuses(answers), {200: 1, 412: 31})
        winner = next(body for status, _, body in answers if status == 200)
        self.assertEqual(self.one.ok("GET", "/Patient/race-etag"), winner)

    def test_a_stale_version_in_a_transaction_undoes_its_other_entries(self):
        self.one.ok("PUT", "/Patient/race-tx", patient("X1", id="race-tx"))
        answers = self.together(32, lambda caller, number: caller.call("POST", "", bundle(
            entry("POST", "Basic", {"resourceType": "Basic", "code": {"text": "beside"}, "identifier": [{"system": "urn:race", "value": "tx"}]}),
            entry("PUT", "Patient/race-tx", patient("X1", id="race-tx", name=[{"text": f"n{number}"}]), ifMatch='W/"1"'))))
        self.assertEqual(self.statuses(answers), {200: 1, 412: 31})
        self.assertEqual(self.one.total("Basic?identifier=urn:race|tx"), 1)

    def test_two_writers_count_to_a_thousand(self):
        url, place = "urn:test:count", "/Basic/race-count"
        counter = lambda value: {"resourceType": "Basic", "id": "race-count", "code": {"text": "count"}, "extension": [{"url": url, "valueInteger": value}]}
        self.one.ok("PUT", place, counter(0))

        def count(caller, _):
            done, lost = 0, 0
            while done < 500:
                now = caller.ok("GET", place)
                version = now["meta"]["versionId"]
                status, _, body = caller.call("PUT", place, counter(now["extension"][0]["valueInteger"] + 1), {"If-Match": f'W/"{version}"'})
                assert status in (200, 412), (status, body)
                done += status == 200
                lost += status == 412
            return lost
        self.together(2, count)
        last = self.one.ok("GET", place)
        self.assertEqual((last["extension"][0]["valueInteger"], last["meta"]["versionId"]), (1000, "1001"))

    def test_updates_of_one_id_make_unbroken_versions(self):
        answers = self.together(48, lambda caller, number: caller.call("PUT", "/Patient/race-new", patient("U1", id="race-new", name=[{"text": f"n{number}"}])))
        self.assertEqual(self.statuses(answers), {201: 1, 200: 47})
        self.assertEqual(sorted(int(headers["etag"][3:-1]) for _, headers, _ in answers), list(range(1, 49)))
        history = self.one.ok("GET", "/Patient/race-new/_history?_count=100")
        self.assertEqual([one["resource"]["meta"]["versionId"] for one in history["entry"]], [str(number) for number in range(48, 0, -1)])
        self.assertEqual({one["resource"]["name"][0]["text"] for one in history["entry"]}, {f"n{number}" for number in range(48)})

    def test_conditional_updates_meet_one_resource(self):
        answers = self.together(32, lambda caller, number: caller.call("PUT", f"/Patient?identifier={MRN}|CU", patient("CU", name=[{"text": f"n{number}"}])))
        self.assertEqual(self.statuses(answers), {201: 1, 200: 31})
        self.assertEqual(sorted(int(headers["etag"][3:-1]) for _, headers, _ in answers), list(range(1, 33)))
        self.assertEqual(self.one.total(f"Patient?identifier={MRN}|CU"), 1)

    def test_conditional_updates_against_conditional_deletes(self):
        def call(caller, number):
            if number % 2:
                return caller.call("DELETE", f"/Patient?identifier={MRN}|CD")
            return caller.call("PUT", f"/Patient?identifier={MRN}|CD", patient("CD", name=[{"text": f"n{number}"}]))
        answers = self.together(32, call)
        self.assertLessEqual(set(self.statuses(answers)), {200, 201, 204})
        self.assertLessEqual(self.one.total(f"Patient?identifier={MRN}|CD"), 1)
        self.one.ok("DELETE", f"/Patient?identifier={MRN}|CD")
        self.assertEqual(self.one.total(f"Patient?identifier={MRN}|CD"), 0)

    def test_no_patch_is_lost(self):
        self.one.ok("PUT", "/Patient/race-patch", patient("P1", id="race-patch", name=[{"text": "first"}]))
        patch = lambda number: [{"op": "add", "path": "/name/-", "value": {"text": f"n{number}"}}]

        def send(caller, number):
            return caller.call("PATCH", "/Patient/race-patch", patch(number), {"Content-Type": "application/json-patch+json"})
        answers = self.together(32, send)
        self.assertEqual(self.statuses(answers), {200: 32})
        self.assertEqual({one["text"] for one in self.one.ok("GET", "/Patient/race-patch")["name"]}, {"first", *(f"n{number}" for number in range(32))})

    def test_of_many_patches_with_one_test_one_wins(self):
        self.one.ok("PUT", "/Patient/race-test", patient("Q1", id="race-test", active=True))
        answers = self.together(32, lambda caller, _: caller.call("PATCH", "/Patient/race-test", [{"op": "test", "path": "/active", "value": True}, {"op": "replace", "path": "/active", "value": False}],
                                                                  {"Content-Type": "application/json-patch+json"}))
        self.assertEqual(self.statuses(answers), {200: 1, 422: 31})

    def test_a_request_sent_many_times_is_done_once(self):
        answers = self.together(32, lambda caller, _: caller.call("POST", "/Patient", patient("R1"), {"X-Request-Id": "race-1"}))
        self.assertEqual(self.statuses(answers), {201: 32})
        self.assertEqual(len({headers["location"].split("/fhir/")[1] for _, headers, _ in answers}), 1)
        self.assertEqual(self.one.total(f"Patient?identifier={MRN}|R1"), 1)


if __name__ == "__main__":
    unittest.main()
