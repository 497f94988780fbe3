"""kill -9 while the index of an operator's search parameter is made, beside writers: after each restart it goes on, refuses until it is
complete, and then finds exactly what is there. Both engines."""
import json
import pathlib
import random
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import qiao

FHIR = {"Content-Type": "application/fhir+json"}
COUNT, COLOURS = 6000, ["red", "green", "blue"]


def flag(number, colour):
    return {"resourceType": "Flag", "id": f"f{number}", "status": "active", "code": {"text": "x"}, "subject": {"reference": "Group/g"}, "extension": [{"url": "urn:c", "valueCode": colour}]}


def definition(round_number):
    return {"resourceType": "SearchParameter", "id": "c", "url": "http://example.org/c", "name": "c", "description": "d", "status": "active", "code": "colour", "type": "token", "base": ["Flag"],
            "expression": f"Flag.extension.where(url='urn:c' or url='urn:{round_number}').value"}


class Killed(unittest.TestCase):
    def setUp(self):
        self.server = qiao.Server("serve").start()
        self.tokens = {role: self.server.client_token(role) for role in ("integration", "operator")}

    def tearDown(self):
        self.server.stop()

    def send(self, method, path, body=None, role="integration"):
        status, _, answer = self.server.call(method, path, None if body is None else json.dumps(body), FHIR if body is not None else {}, token=self.tokens[role], timeout=60)
        return status, json.loads(answer) if answer else None

    def count(self, colour):
        """Nothing while the index is made."""
        status, answer = self.send("GET", f"/fhir/Flag?colour={colour}&_summary=count")
        if status == 200:
            return answer["total"]
        self.assertEqual((status, answer["issue"][0]["details"]["coding"][0]["code"]), (400, "record.parameter_not_ready"), answer)
        self.assertRegex(answer["issue"][0]["diagnostics"], r"\d+ % of the resources")
        return None

    def test_restarts(self):
        chance = random.Random(11)
        colours = {}
        for first in range(0, COUNT, 1000):
            entries = []
            for number in range(first, first + 1000):
                colours[number] = chance.choice(COLOURS)
                entries.append({"resource": flag(number, colours[number]), "request": {"method": "PUT", "url": f"Flag/f{number}"}})
            self.assertEqual(self.send("POST", "/fhir", {"resourceType": "Bundle", "type": "transaction", "entry": entries})[0], 200)
        seen_unready = 0
        for round_number in range(6):
            self.assertIn(self.send("PUT", "/fhir/SearchParameter/c", definition(round_number), "operator")[0], (200, 201))
            unsure, stop = {}, threading.Event()

            def write():
                while not stop.is_set():
                    number, colour = chance.randrange(COUNT), chance.choice(COLOURS)
                    unsure[number] = colour  # whether it is there shows after the restart
                    try:
                        if self.send("PUT", f"/fhir/Flag/f{number}", flag(number, colour))[0] != 200:
                            return
                    except OSError:
                        return
                    colours[number] = colour
                    del unsure[number]

            writer = threading.Thread(target=write)
            writer.start()
            time.sleep(chance.uniform(0, 0.12))
            seen_unready += self.count("red") is None
            self.server.kill()
            stop.set()
            writer.join()
            self.server.start()
            for number in unsure:
                status, answer = self.send("GET", f"/fhir/Flag/f{number}")
                self.assertEqual(status, 200)
                colours[number] = answer["extension"][0]["valueCode"]
            # A write before the index came to it, and one behind it.
            for number, colour in ((0, "red"), (COUNT - 1, "blue")):
                self.assertEqual(self.send("PUT", f"/fhir/Flag/f{number}", flag(number, colour))[0], 200)
                colours[number] = colour
            qiao.wait_for(lambda: self.count("red") is not None, 60, "the index")
            found = {colour: self.count(colour) for colour in COLOURS}
            self.assertEqual(found, {colour: list(colours.values()).count(colour) for colour in COLOURS}, round_number)
        self.assertGreater(seen_unready, 0, "no kill came while the index was made")
        self.assertEqual(self.send("DELETE", "/fhir/SearchParameter/c", role="operator")[0], 204)
        self.server.kill()
        self.server.start()
        status, answer = self.send("GET", "/fhir/Flag?colour=red")
        self.assertEqual((status, answer["issue"][0]["details"]["coding"][0]["code"]), (400, "record.unknown_parameter"))


if __name__ == "__main__":
    unittest.main()
