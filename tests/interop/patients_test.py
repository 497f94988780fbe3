"""Patients see their own record and nothing else (T48): a phone bound face to face, signing in again by identity number and code, what
is shown and what is not, requests and their answers; everything of patient A is 404 for patient B, and a patient's token opens no
route of the staff."""
import datetime
import hashlib
import io
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases
import qiao

JSON = {"Content-Type": "application/json"}
PIN = "274951"


def national_id(birth, sequence):
    """A number of a region that nobody has, with its right check character (GB 11643)."""
    first = f"990000{birth}{sequence:03}"
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    return first + "10X98765432"[sum(weight * int(digit) for weight, digit in zip(weights, first)) % 11]


class Patient:
    """A phone: no account of the staff, a cookie of its own."""

    def __init__(self, server):
        self.server, self.cookie = server, ""

    def call(self, method, path, body=None, headers=None):
        given = {"Cookie": self.cookie} if self.cookie else {}
        status, answered, data = self.server.call(method, path, None if body is None else json.dumps(body), {**given, **(JSON if body is not None else {}), **(headers or {})})
        if "set-cookie" in answered and answered["set-cookie"].startswith("qiao-patient="):
            self.cookie = answered["set-cookie"].split(";")[0]
        return status, answered, data

    def json(self, path):
        status, _, body = self.call("GET", path)
        assert status == 200, (path, status, body[:300])
        return json.loads(body)

    def post(self, path, body):
        status, _, answer = self.call("POST", path, body)
        return status, json.loads(answer or b"{}")

    def bind(self, code, pin=PIN):
        return self.post("/patient/binding", {"code": code, "pin": pin})

    def sign_in(self, number):
        status, answer = self.post("/patient/session/code", {"id_number": number, "language": "zh"})
        assert status == 200, answer
        return self.post("/patient/session", {"id_number": number, "code": answer["simulated_code"]})


def code_of(body):
    return body["issue"][0]["details"]["coding"][0]["code"]


class Patients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = qiao.Server("demo").start()
        cls.network = cases.Network(cls.server)
        cls.doctor = cls.network.doctor
        cls.officer = cases.Person(cls.server, "yu.shaoqin")
        cls.a, cls.number_a = cls.register("试甲", "female", "1971-03-02", 124)
        cls.b, cls.number_b = cls.register("试乙", "male", "1968-05-06", 125)
        cls.case = cls.network.filed(patient=cls.a)
        cls.draft = cls.doctor.create(cls.a)[1]
        cls.case_b = cls.network.submitted(patient=cls.b)
        cls.phone_a, cls.phone_b = Patient(cls.server), Patient(cls.server)
        for phone, patient in ((cls.phone_a, cls.a), (cls.phone_b, cls.b)):
            status, answer = phone.bind(cls.offer(patient)[1]["code"])
            assert status == 200, answer

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    @classmethod
    def register(cls, name, sex, born, sequence):
        number = national_id(born.replace("-", ""), sequence + (0 if (sequence % 2 == 1) == (sex == "male") else 1))
        resource = {"resourceType": "Patient", "name": [{"text": name}], "gender": sex, "birthDate": born, "identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": number}]}
        status, _, body = cls.doctor.call("POST", "/fhir/Patient/$register?confirmed=true", json.dumps(resource), cases.FHIR)
        assert status in (200, 201), body[:300]
        return "Patient/" + json.loads(body)["id"], number

    @classmethod
    def offer(cls, patient, staff=None, **fields):
        body = {"relation": "self", "phone": "000-5559931", "identityChecked": True, **fields}
        status, _, answer = (staff or cls.doctor).post_json(f"/access/patients/{patient.split('/')[1]}/phones", body)
        return status, json.loads(answer or b"{}")

    def own(self, rest, patient=None):
        return f"/patient/{(patient or self.a).split('/')[1]}/{rest}"

    def test_1_binding_is_face_to_face_and_by_the_own_clinic(self):
        self.assertEqual(self.offer(self.a, identityChecked=False)[1]["issue"][0]["details"]["coding"][0]["code"], "patient.identity_not_checked")
        for stranger in ("shi.chunmei", "deng.wei", "peng.ruixue", "yu.shaoqin", cases.EXPERT):
            status, answer = self.offer(self.a, cases.Person(self.server, stranger))
            self.assertEqual((status, code_of(answer)), (404, "record.not_found"), stranger)
        phone = Patient(self.server)
        self.assertEqual(code_of(phone.bind("12345678")[1]), "patient.wrong_code")
        code = self.offer(self.a)[1]["code"]
        for weak in ("111111", "123456", "654321", "12345", "abcdef", ""):
            self.assertEqual(code_of(phone.bind(code, weak)[1]), "patient.weak_pin", weak)
        status, answer = phone.bind(code)
        self.assertEqual((status, answer["account"]["phone"]), (200, "000****9931"))
        self.assertEqual(code_of(Patient(self.server).bind(code)[1]), "patient.wrong_code", "a code works once")
        self.assertEqual(self.phone_a.call("GET", self.own("cases"))[0], 401, "the phone that was bound before is out")
        type(self).phone_a = phone

    def test_2_signing_in_again_tells_nobody_who_has_an_account(self):
        stranger = Patient(self.server)
        known = stranger.post("/patient/session/code", {"id_number": self.number_b, "language": "zh"})
        unknown = stranger.post("/patient/session/code", {"id_number": national_id("19800101", 301), "language": "zh"})
        self.assertEqual([(status, sorted(answer)) for status, answer in (known, unknown)], [(200, ["minutes", "simulated_code"])] * 2)
        wrong = stranger.post("/patient/session", {"id_number": self.number_b, "code": "000000" if known[1]["simulated_code"] != "000000" else "000001"})
        nobody = stranger.post("/patient/session", {"id_number": national_id("19800101", 301), "code": unknown[1]["simulated_code"]})
        self.assertEqual(wrong, nobody)
        self.assertEqual((wrong[0], code_of(wrong[1])), (401, "patient.wrong_sign_in"))
        status, answer = stranger.sign_in(self.number_b)
        self.assertEqual((status, [one["name"] for one in answer["account"]["people"]]), (200, ["试乙"]))
        self.assertEqual(stranger.call("DELETE", "/patient/session")[0], 204)
        self.assertEqual(stranger.call("GET", self.own("cases", self.b))[0], 401)
        answers = [stranger.post("/patient/session", {"id_number": self.number_b, "code": "000000"})[0] for _ in range(8)]
        self.assertIn(429, answers, "guessing is slowed")

    def test_3_what_is_shown_and_what_is_not(self):
        listed = self.phone_a.json(self.own("cases"))["cases"]
        self.assertEqual([one["case"] for one in listed], [self.case], "the draft is nobody's business yet")
        case = self.phone_a.json(self.own(f"cases/{self.case}"))
        self.assertEqual(case["opinion"]["do_now"], cases.opinion()["do_now"])
        self.assertEqual(case["opinion"]["state"], "valid")
        self.assertEqual(case["question"], cases.request_form()["question"])
        self.assertIn("sign", [one["action"] for one in case["timeline"]])
        for inside in ("Practitioner/", "reason", "messages", "draft"):
            self.assertNotIn(f'"{inside}', json.dumps(case))
        status, headers, pdf = self.phone_a.call("GET", self.own(f"cases/{self.case}/opinion.pdf"))
        self.assertEqual((status, headers["content-type"], pdf[:5]), (200, "application/pdf", b"%PDF-"))
        consents = self.phone_a.json(self.own("consents"))["consents"]
        self.assertEqual([(one["holds"], one["case"]) for one in consents], [(True, self.case)])
        record = self.phone_a.json(self.own("record"))
        self.assertEqual(sorted(one["value"] for one in record["observations"]), ["36.7 °C", "96 /min"])
        unsigned = self.phone_b.json(self.own(f"cases/{self.case_b}", self.b))
        self.assertIsNone(unsigned["opinion"])
        self.assertEqual(self.phone_b.call("GET", self.own(f"cases/{self.case_b}/opinion.pdf", self.b))[0], 404)

    def test_4_nothing_of_A_for_B(self):
        patterns = [one for one in re.findall(r'qiao_http_requests_total\{route="(/patient/[^"]*)"', self.server.call("GET", "/metrics")[2].decode()) if "{patient}" in one]
        self.assertGreaterEqual(len(patterns), 6)
        for pattern in sorted(set(patterns)):
            for who in (self.a, self.b):  # under A's name, and A's case under B's own
                path = pattern.replace("{patient}", who.split("/")[1]).replace("{case}", self.case)
                if who == self.b and "{case}" not in pattern:
                    continue
                for method in ("GET", "POST"):
                    status, _, body = self.phone_b.call(method, path, {"pin": PIN} if method == "POST" else None)
                    self.assertIn(status, (404, 405), (method, path, body[:200]))
                    self.assertNotIn("试甲".encode(), body)
        self.assertEqual(Patient(self.server).call("GET", self.own("cases"))[0], 401)

    def test_5_a_patient_opens_no_route_of_the_staff(self):
        token = self.phone_a.cookie.split("=")[1]
        with_token = [{"Cookie": self.phone_a.cookie}, {"Cookie": f"qiao={token}"}, {"Authorization": f"Bearer {token}"}]
        for path in ("/fhir/" + self.a, "/fhir/Observation?patient=" + self.a, f"/flow/cases/{self.case}", "/flow/worklists", "/dicomweb/studies", "/access/directory", "/access/me/security", "/access/patient-requests",
                     f"/access/patients/{self.a.split('/')[1]}/phones"):
            for headers in with_token:
                self.assertEqual(self.server.call("GET", path, headers=headers)[0], 401, (path, headers))
        # And a member of the staff none of the patient's.
        self.assertEqual(self.doctor.get(self.own("cases"))[0], 401)

    def test_6_a_request_its_time_and_its_answer(self):
        status, asked = self.phone_a.post(self.own("requests"), {"kind": "correction", "item": "Observation/x", "text": "心率写错了"})
        self.assertEqual((status, asked["state"]), (201, "open"))
        due = datetime.datetime.fromisoformat(asked["due"].replace("Z", "+00:00")) - datetime.datetime.fromisoformat(asked["created"].replace("Z", "+00:00"))
        self.assertEqual(due.days, 15, "the pack's")
        self.assertEqual(code_of(self.phone_a.post(self.own("requests"), {"kind": "wish", "item": "", "text": "x"})[1]), "patient.bad_request_kind")
        self.assertEqual(code_of(self.phone_a.post(self.own("requests"), {"kind": "names", "item": "", "text": "  "})[1]), "patient.bad_request_text")
        self.assertEqual(self.phone_b.call("GET", self.own("requests"))[0], 404)
        for login in (cases.DOCTOR, cases.COORDINATOR, "dong.lixin"):
            self.assertEqual(cases.Person(self.server, login).get("/access/patient-requests")[0], 403, login)
        listed = self.officer.json("/access/patient-requests")["requests"]
        mine = next(one for one in listed if one["number"] == asked["number"])
        self.assertEqual((mine["patient"]["name"], mine["text"], mine["late"]), ("试甲", "心率写错了", False))
        self.assertEqual(self.officer.post_json(f"/access/patient-requests/{mine['id']}/take", {})[0], 204)
        self.assertEqual(self.officer.post_json(f"/access/patient-requests/{mine['id']}/answer", {"outcome": "done", "answer": "已在旁边更正"})[0], 204)
        self.assertEqual(self.officer.post_json(f"/access/patient-requests/{mine['id']}/answer", {"outcome": "done", "answer": "x"})[0], 409)
        answered = self.phone_a.json(self.own("requests"))["requests"][0]
        self.assertEqual((answered["state"], answered["outcome"], answered["answer"]), ("answered", "done", "已在旁边更正"))

    def test_7_who_acts_for_a_child_does_so_until_the_birthday(self):
        born = (datetime.date.today() - datetime.timedelta(days=365 * 8)).isoformat()
        child, _ = self.register("试小童", "male", born, 127)
        self.assertEqual(code_of(self.offer(child)[1]), "patient.too_young")
        mother = national_id("19900102", 122)
        status, offered = self.offer(child, relation="guardian", name="试母", idNumber=mother)
        self.assertEqual((status, offered["ends"][:10]), (201, f"{int(born[:4]) + 14}{born[4:]}"))
        phone = Patient(self.server)
        status, answer = phone.bind(offered["code"])
        self.assertEqual((status, answer["account"]["name"], answer["account"]["people"][0]["relation"]), (200, "试母", "guardian"))
        self.assertEqual(phone.json(self.own("cases", child))["cases"], [])
        self.assertEqual(code_of(self.offer(self.a, relation="proxy", name="试母", idNumber=mother, reason="")[1]), "patient.reason_missing")
        account = self.doctor.json(f"/access/patients/{child.split('/')[1]}/phones")["phones"][0]
        self.assertEqual(self.doctor.post_json(f"/access/patients/{child.split('/')[1]}/phones/{account['id']}/end", {})[0], 204)
        self.assertEqual(phone.call("GET", self.own("cases", child))[0], 401, "at once")

    def test_8_who_looked_without_names_until_the_officer_gives_them(self):
        first = self.phone_a.json(self.own("looks"))
        lines = [(one["organisation"]["resource"], one["role"], one["why"]) for one in first["looks"] if one["role"] not in ("patient", "")]
        self.assertIn(("Organization/demo-hub", "expert", "case"), lines)
        self.assertIn("doctor", [role for _, role, _ in lines])
        self.assertFalse(first["names"] or any("person" in one for one in first["looks"]))
        self.assertEqual(self.phone_b.call("GET", self.own("looks"))[0], 404)
        asked = self.phone_a.post(self.own("requests"), {"kind": "names", "item": "looks", "text": "想知道姓名"})[1]
        self.assertEqual(self.officer.post_json(f"/access/patient-requests/{asked['id']}/answer", {"outcome": "done", "answer": "已在页面上列出"})[0], 204)
        named = self.phone_a.json(self.own("looks"))
        self.assertTrue(named["names"] and any("person" in one for one in named["looks"]))

    def pages_text(self, pdf):
        with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
            file.write(pdf)
            file.flush()
            return subprocess.run(["pdftotext", "-layout", file.name, "-"], capture_output=True, text=True, check=True).stdout

    def test_9_the_papers_carry_a_seal_that_openssl_verifies(self):
        for status, headers, pdf in (self.phone_a.call("GET", self.own("page.pdf")), self.doctor.get(f"/flow/patients/{self.a.split('/')[1]}/page.pdf")):
            self.assertEqual((status, headers["content-type"]), (200, "application/pdf"))
            text = self.pages_text(pdf)
            for words in ("Where your records went", "试甲", "望海市中心医院", "expert", "15 years"):
                self.assertIn(words, text)
            # A line may break behind a hyphen of the link.
            reference = re.search(r"/verify/([\w-]{43})", re.sub(r"-\n\s*", "-", text))[1]
            status, _, page = self.server.call("GET", f"/verify/{reference}")
            self.assertEqual(status, 200, page[:300])
            self.assertIn("有效".encode(), page)
            self.assertNotIn("试甲".encode(), page)
        for stranger in ("shi.chunmei", cases.EXPERT, "yu.shaoqin"):
            self.assertEqual(cases.Person(self.server, stranger).get(f"/flow/patients/{self.a.split('/')[1]}/page.pdf")[0], 404, stranger)
        status, answer = self.phone_a.post(self.own("export"), {"pin": "000111"})
        self.assertEqual((status, code_of(answer)), (403, "patient.wrong_pin"))
        status, headers, body = self.phone_a.call("POST", self.own("export"), {"pin": PIN})
        self.assertEqual((status, headers["content-type"]), (200, "application/zip"))
        with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(io.BytesIO(body)) as zipped:
            zipped.extractall(folder)
            at = pathlib.Path(folder)
            manifest = json.loads((at / "manifest.bin").read_text())
            self.assertEqual(sorted(one["name"] for one in manifest["attachments"])[-1], "record.json")
            for one in manifest["attachments"]:
                self.assertEqual(hashlib.sha256((at / one["name"]).read_bytes()).hexdigest(), one["sha256"], one["name"])
            key = subprocess.run(["openssl", "x509", "-in", at / "cert.pem", "-pubkey", "-noout"], capture_output=True, check=True).stdout
            (at / "key.pem").write_bytes(key)
            verified = subprocess.run(["openssl", "dgst", "-sha256", "-verify", at / "key.pem", "-signature", at / "signature.der", at / "manifest.bin"], capture_output=True, text=True)
            self.assertEqual(verified.stdout.strip(), "Verified OK")
            bundle = json.loads((at / "record.json").read_text())
            kinds = {one["resource"]["resourceType"] for one in bundle["entry"]}
            self.assertTrue({"Patient", "Observation", "Consent", "Composition"} <= kinds, kinds)
            text = (at / "record.json").read_text()
            self.assertNotIn(self.draft, text)
            self.assertNotIn("试乙", text)

    def test_a_the_patient_withdraws_and_the_other_side_sees_nothing(self):
        case = self.network.writing(patient=self.a)
        self.assertEqual(self.network.expert.get(f"/flow/cases/{case}")[0], 200)
        path = self.own(f"cases/{case}/withdraw")
        self.assertEqual(self.phone_b.post(path, {"pin": PIN, "scope": "consultation", "confirmed": True})[0], 404)
        self.assertEqual(code_of(self.phone_a.post(path, {"pin": "000111", "scope": "consultation", "confirmed": True})[1]), "patient.wrong_pin")
        status, answer = self.phone_a.post(path, {"pin": PIN, "scope": "consultation", "confirmed": True})
        self.assertEqual(status, 200, answer)
        self.assertEqual({one["holds"] for one in answer["consents"] if one["case"] == case}, {False})
        self.assertEqual(self.network.expert.get(f"/flow/cases/{case}")[0], 404)
        self.assertEqual(code_of(self.phone_a.post(path, {"pin": PIN, "scope": "consultation", "confirmed": True})[1]), "flow.not_open")
        self.assertTrue(self.phone_a.json(self.own(f"cases/{case}"))["ended"])

    def test_b_what_a_relative_consented_to_is_kept_back_and_nothing_false_is_said(self):
        case = self.doctor.create(self.b)[1]
        form = {**cases.request_form(), "consent": {"by": "relative", "name": "试亲", "relation": "sister", "told": True, "reason": "患者昏迷，无法告知"}}
        form["vitals"] = {**form["vitals"], "values": [{"code": "heart_rate", "value": 171}]}
        self.doctor.move(case, "submit", form)
        self.assertEqual([one["case"] for one in self.phone_b.json(self.own("cases", self.b))["cases"]], [self.case_b])
        self.assertEqual(self.phone_b.call("GET", self.own(f"cases/{case}", self.b))[0], 404)
        whole = [self.phone_b.call(method, self.own(rest, self.b), body)[2] for method, rest, body in (("GET", "cases", None), ("GET", "record", None), ("GET", "consents", None), ("GET", "looks", None))]
        status, _, body = self.phone_b.call("POST", self.own("export", self.b), {"pin": PIN})
        self.assertEqual(status, 200)
        with zipfile.ZipFile(io.BytesIO(body)) as zipped:
            whole.append(zipped.read("record.json"))
        for text in whole:
            for secret in (case, "试亲"):
                self.assertNotIn(secret.encode(), text)
            # The value by itself: the same digits stand by chance in ids and times.
            self.assertNotRegex(text, rb"(?<![0-9a-f.-])171(?![0-9a-fZ])")


if __name__ == "__main__":
    unittest.main()
