"""Who sees what of a labelled record, after a withdrawn consent and through broken glass, on every path that reads: the paths are those of
two_institutions_test.py (which takes them from the running program), the search parameters those of the running CapabilityStatement.
Whoever has no right gets the answer for what does not exist."""
import json
import re
import unittest

import two_institutions_test as two
from events import Events
import cases
import qiao

VALUES = {"string": two.NAME, "date": "1971-03-02", "number": "1", "quantity": "60", "uri": "urn:x", "token": "x", "composite": "x$1", "special": "x"}


class Matrix(unittest.TestCase):
    """One clinic's patient whose case went to the hub; each test takes something away and asks everybody for everything."""

    setUpClass = classmethod(lambda cls: cls.prepare())

    @classmethod
    def prepare(cls):
        cls.server = qiao.Server("demo").start()
        cls.network = cases.Network(cls.server)
        cls.material = two.Material(cls.network)
        cls.material.signed()
        cls.references = cls.material.resources()
        cls.table = two.routes(cls.material, cls.references)
        cls.colleague = cases.Person(cls.server, "xu.anping")  # a nurse of the same clinic
        cls.patient = cls.material.patient.split("/")[1]

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    send, secrets, twin, words, nothing_for = (two.TwoInstitutions.__dict__[name] for name in ("send", "secrets", "twin", "words", "nothing_for"))

    def reading(self):
        """Only what reads, and what tells no numbers of the own institution."""
        return {pattern: [one for one in requests if one[0] == "GET" or "_search" in one[1] or one[1] == "/fhir"] for pattern, requests in self.table.items()
                if isinstance(requests, list) and pattern not in ("/flow/worklists", "/flow/worklists/{name}", "/flow/figures", "/flow/statement", "/flow/board", "/flow/notifications")}

    def searches(self):
        """Every search parameter of the running program, by what the patient's resources have in common, as list and as count, with a
        page of one, the resource's own includes and the source's version."""
        statement = self.network.doctor.json("/fhir/metadata")
        for resource in statement["rest"][0]["resource"]:
            kind = resource["type"]
            if kind not in two.TYPES:
                continue
            queries = ["_count=1000", "_summary=count", "_count=1", "_sort=-_lastUpdated&_count=500"]
            for parameter in resource.get("searchParam", []):
                name, form = parameter["name"], parameter["type"]
                if form == "reference":
                    queries += [f"{name}={reference}" for reference in self.references[:12]] + [f"{name}:missing=false&_count=500"]
                elif name == "_id":
                    queries.append("_id=" + ",".join(one.split("/")[1] for one in self.references))
                elif name == "_lastUpdated":
                    queries.append("_lastUpdated=gt2020-01-01&_count=500")
                elif not name.startswith("_") or name in ("_security", "_tag", "_source", "_profile"):
                    queries += [f"{name}={two.urllib.parse.quote(VALUES.get(form, 'x'))}", f"{name}:missing=false&_count=500"]
            queries += [f"_include={kind}:*&_count=500", f"_revinclude=Provenance:target&_count=500", f"_has:Observation:subject:status=final" if kind == "Patient" else "_count=500&_elements=id"]
            for query in queries:
                yield f"/fhir/{kind}?{query}"

    def nothing_in_searches(self, person):
        secrets = self.secrets(self.references)
        found, asked = [], 0
        for path in self.searches():
            status, _, body = person.call("GET", path, None, {"Accept": "*/*"})
            asked += 1
            self.assertIn(status, (200, 400), (person.login, path, body[:300]))
            echoed = two.urllib.parse.unquote(path).encode() + path.encode()
            # What was asked stands in the answer's own link.
            said = b"" if status != 200 else json.dumps({**json.loads(body), "link": []}, ensure_ascii=False).encode()
            if any(one in said and one not in echoed for one in secrets):
                found.append((person.login, path, body[:200]))
        self.assertEqual(found, [])
        return asked

    def closed_to(self, person, of_the_house=False):
        """Of the house: a study that nobody has been matched with lies open there, whoever it will be of."""
        table = self.reading()
        if of_the_house:
            table = {pattern: [one for one in requests if two.LOOSE not in one[1] and not re.match(r"/(flow/unmatched|dicomweb/(studies|series|instances)\?(limit|Patient))", one[1])] for pattern, requests in table.items()}
        self.nothing_for(person, table, self.references)
        self.assertGreater(self.nothing_in_searches(person), 100)
        status, _, _ = person.call("POST", "/fhir/Observation", json.dumps({"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "subject": {"reference": self.material.patient}}),
                                   {**two.FHIR, "If-None-Exist": f"subject={self.material.patient}"})
        self.assertIn(status, (403, 404))

    def opened_to(self, person):
        self.assertEqual(person.get(f"/fhir/{self.material.patient}")[0], 200, person.login)
        self.assertEqual(person.get(f"/dicomweb/studies/{two.STUDY}/metadata")[0], 200, person.login)
        self.assertEqual(person.get(f"/flow/cases/{self.material.case}")[0], 200, person.login)

    def label(self, labels):
        status, _, body = self.network.doctor.call("PUT", f"/access/patients/{self.patient}/labels", json.dumps({"labels": labels, "reason": "test of the matrix"}), two.JSON)
        self.assertEqual(status, 204, body[:300])

    def pixels_close(self, person, path):
        qiao.wait_for(lambda: person.get(path)[0] == 404, 5, f"{person.login} still gets pixels")

    def test_1_a_label_closes_the_record_to_colleague_desk_and_expert(self):
        for person in (self.colleague, self.network.expert):
            self.opened_to(person)
        with self.assertRaises(AssertionError, msg="the test sees what is shown"):
            self.nothing_in_searches(self.colleague)
        frames = f"/dicomweb/studies/{two.STUDY}/series/{two.STUDY}.1/instances/{two.STUDY}.1.1/frames/1"
        self.assertEqual(self.network.expert.get(frames)[0], 200)
        sockets = [Events(person) for person in (self.colleague, self.network.expert)]
        for socket in sockets:
            socket.watch(cases=[self.material.case])
        self.label(["EMP"])
        self.pixels_close(self.network.expert, frames)
        for socket in sockets:
            socket.all_within(0.2)
        self.material.message(self.network.doctor)
        for socket, person in zip(sockets, (self.colleague, self.network.expert)):
            self.assertEqual([one for one in socket.all_within(1) if one["type"] == "case"], [], person.login)
            socket.close()
        for person in (self.colleague, self.network.expert, self.network.coordinator):
            with self.subTest(person.login):
                self.closed_to(person, person is self.colleague)
        self.opened_to(self.network.doctor)
        self.label([])
        for person in (self.colleague, self.network.expert):
            self.opened_to(person)

    def test_2_a_label_of_the_case_closes_it_to_the_colleague_alone(self):
        status, _, body = self.network.doctor.post_json(f"/flow/cases/{self.material.case}/labels", {"labels": ["PSY"], "reason": "test of the matrix"})
        self.assertEqual(status, 204, body[:300])
        self.opened_to(self.network.doctor)
        self.assertEqual(self.network.expert.get(f"/flow/cases/{self.material.case}")[0], 200)
        self.assertEqual(self.colleague.get(f"/fhir/{self.material.patient}")[0], 200)
        hidden = [one for one in self.references if one != self.material.patient and not one.startswith("Task/")]
        seen = [one for one in hidden if self.colleague.get(f"/fhir/{one}")[0] == 200]
        loose = {f"ImagingStudy/{entry['resource']['id']}" for entry in self.network.doctor.json(f"/fhir/ImagingStudy?identifier=urn:dicom:uid|urn:oid:{two.LOOSE}").get("entry", [])}
        self.assertEqual([one for one in seen if one not in loose], [])
        self.assertEqual(self.colleague.get(f"/flow/cases/{self.material.case}")[0], 404)
        self.network.doctor.post_json(f"/flow/cases/{self.material.case}/labels", {"labels": [], "reason": "test of the matrix"})
        self.opened_to(self.colleague)

    def test_3_broken_glass_opens_one_record_and_closes_it_within_seconds(self):
        stranger = cases.Person(self.server, "he.qiushi")
        self.closed_to(stranger)
        self.label(["EMP"])
        stranger.post_json("/access/step-up", {"password": ""})
        status, _, body = stranger.post_json("/access/break-glass", {"patient": self.material.patient, "reasonCode": "emergency", "reason": "test of the matrix"})
        self.assertEqual(status, 201, body[:300])
        self.opened_to(stranger)
        frames = f"/dicomweb/studies/{two.STUDY}/series/{two.STUDY}.1/instances/{two.STUDY}.1.1/frames/1"
        self.assertEqual(stranger.get(frames)[0], 200)
        socket = Events(stranger)
        socket.watch(cases=[self.material.case])
        self.assertEqual(stranger.post_json(f"/access/break-glass/{json.loads(body)['open'][0]['id']}/end", {})[0], 204)
        self.pixels_close(stranger, frames)
        socket.all_within(0.2)
        self.material.message(self.network.doctor)
        self.assertEqual([one for one in socket.all_within(1) if one["type"] == "case"], [])
        socket.close()
        self.closed_to(stranger)
        self.label([])

    def test_4_a_withdrawn_consent_closes_every_case_to_that_institution_and_no_other(self):
        expert, coordinator, doctor = self.network.expert, self.network.coordinator, self.network.doctor
        self.opened_to(expert)
        frames = f"/dicomweb/studies/{two.STUDY}/series/{two.STUDY}.1/instances/{two.STUDY}.1.1/frames/1"
        self.assertEqual(expert.get(frames)[0], 200)
        another = self.network.submitted(self.material.patient)  # withdrawn is the consent of another case than the one that is asked for
        doctor.move(another, "withdraw_consent", {"by": "patient"})
        self.pixels_close(expert, frames)
        for person in (expert, coordinator):
            with self.subTest(person.login):
                self.closed_to(person)
        self.opened_to(doctor)
        self.opened_to(self.colleague)
        denials = doctor.json(f"/access/patients/{self.patient}/rights")["denials"]
        self.assertEqual([(one["organisation"]["resource"], one["reason"]) for one in denials], [("Organization/demo-hub", "withdrawn")])
        expert.step_up()
        status, _, body = expert.post_json("/access/break-glass", {"patient": self.material.patient, "reasonCode": "emergency", "reason": "test of the matrix"})
        self.assertEqual(status, 201, body[:300])
        glass = json.loads(body)["open"][0]
        self.assertTrue(glass["beatDenial"], "the review shows that a denial was beaten")
        self.opened_to(expert)
        self.assertEqual(expert.post_json(f"/access/break-glass/{glass['id']}/end", {})[0], 204)
        self.pixels_close(expert, frames)
        self.closed_to(expert)
        self.network.submitted(self.material.patient)
        self.opened_to(expert)
        self.assertEqual(doctor.json(f"/access/patients/{self.patient}/rights")["denials"], [])


if __name__ == "__main__":
    unittest.main()
