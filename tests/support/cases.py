"""People of the demo network who move cases over HTTP, for tests in Python. Standard library only."""
import base64
import datetime
import json
import uuid

import qiao

DOCTOR, COORDINATOR, EXPERT = "lin.haiyan", "su.wenting", "zhou.mingyuan"
FHIR = {"Content-Type": "application/fhir+json"}
# What stands for a drawn signature: one pixel.
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")


def part(name, value):
    """A field of a move as a part of Parameters, by the rule of docs/case-api.md."""
    if isinstance(value, dict):
        return [{"name": name, "part": parts(value)}]
    if isinstance(value, list):
        return [one for item in value for one in part(name, item)]
    kind = "valueBoolean" if isinstance(value, bool) else "valueInteger" if isinstance(value, int) else "valueDecimal" if isinstance(value, float) else "valueString"
    return [{"name": name, kind: value}]


def parts(fields):
    return [one for name, value in fields.items() for one in part(name, value)]


def parameters(fields, **named):
    return json.dumps({"resourceType": "Parameters", "parameter": [*parts({name: value for name, value in named.items() if value}), {"name": "input", "part": parts(fields)}]})


def code_of(body):
    return json.loads(body)["issue"][0]["details"]["coding"][0]["code"]


def request_form(receiver="Organization/demo-hub"):
    taken = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"purpose": "diagnosis", "specialty": "neurosurgery", "rank": "any", "urgency": "urgent", "receiver": receiver, "summary": "跌倒后头痛，呕吐两次。", "question": "需要转院吗？",
            "vitals": {"status": "given", "taken": taken, "values": [{"code": "heart_rate", "value": 96}, {"code": "temperature", "value": 36.7}]},
            "allergies": {"status": "none"}, "drugs": {"status": "none"}, "pregnancy": {"status": "not_asked"}, "attachments": {"status": "none"},
            "consent": {"by": "patient", "name": "试验甲", "told": True}}


def opinion(act_by="today"):
    return {"findings": "神志清楚。", "do_now": "平卧，每 15 分钟看瞳孔", "when_to_send": "今日乘船", "danger_signs": "呕吐，一侧瞳孔大", "call": "神经外科值班", "act_by": act_by}


class Person:
    """Signed in by the demo's role switcher, with a cookie as in a browser."""

    def __init__(self, server, login):
        self.server, self.login = server, login
        status, headers, body = server.call("POST", "/access/demo-session", json.dumps({"login": login}), {"Content-Type": "application/json"})
        assert status == 200, (status, body[:300])
        self.keep_cookie(headers)

    def keep_cookie(self, headers):
        self.cookie = headers["set-cookie"].split(";")[0]

    def call(self, method, path, body=None, headers=None, timeout=20):
        return self.server.call(method, path, body, {"Cookie": self.cookie, **(headers or {})}, timeout=timeout)

    def get(self, path, headers=None):
        return self.call("GET", path, headers=headers)

    def json(self, path):
        status, _, body = self.get(path)
        assert status == 200, (self.login, path, status, body[:300])
        return json.loads(body)

    def post_json(self, path, body):
        return self.call("POST", path, json.dumps(body), {"Content-Type": "application/json"})

    def step_up(self, password=""):
        status, _, body = self.post_json("/access/step-up", {"password": password})
        assert status == 200, (status, body[:300])

    def register(self, number):
        """A new patient of the person's institution, without papers."""
        resource = {"resourceType": "Patient", "name": [{"text": f"试验{number}"}], "gender": "female" if number % 2 else "male", "birthDate": f"19{60 + number % 40}-03-{1 + number % 28:02}"}
        status, _, body = self.call("POST", "/fhir/Patient/$register?confirmed=true&noIdReason=not_at_hand", json.dumps(resource), FHIR)
        assert status in (200, 201), (status, body[:400])
        return "Patient/" + json.loads(body)["id"]

    def create(self, patient, create_id=None):
        """(status, case id)"""
        status, headers, body = self.call("POST", "/fhir/Task/$create", parameters({}, machine="consult", create_id=create_id or str(uuid.uuid4()), patient=patient), FHIR)
        assert status in (200, 201), (status, body[:400])
        return status, headers["location"].rsplit("/", 1)[1]

    def version(self, case):
        return self.json(f"/flow/cases/{case}")["version"]

    def attach(self, case, kind):
        """(number of the attachment, its upload)"""
        status, _, body = self.post_json(f"/flow/cases/{case}/uploads", {"upload_id": str(uuid.uuid4()), "kind": kind, "size_bytes": len(PNG), "content_type": "image/png"})
        assert status == 201, (status, body[:300])
        upload = json.loads(body)["upload"]
        status, _, body = self.call("PATCH", f"/flow/cases/{case}/uploads/{upload}", PNG, {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"})
        assert status == 200, (status, body[:300])
        return json.loads(body)["attachment"]["n"], upload

    def consented(self, case, action, fields):
        """The fields of a move; a consent in them that brings no evidence is signed."""
        consent = (fields or {}).get("consent")
        if not consent or action == "refuse_consent" or {"method", "signature"} & consent.keys():
            return fields or {}
        return {**fields, "consent": {**consent, "signature": self.attach(case, "consent_signature")[0]}}

    def try_move(self, case, action, fields=None, reason=None, version=None, move_id=None):
        """(status, headers, body)"""
        body = parameters(self.consented(case, action, fields), action=action, move_id=move_id or str(uuid.uuid4()), reason=reason)
        return self.call("POST", f"/fhir/Task/{case}/$move", body, {**FHIR, "If-Match": f'W/"{version or self.version(case)}"'})

    def move(self, case, action, fields=None, reason=None):
        status, _, body = self.try_move(case, action, fields, reason)
        if status == 403 and code_of(body) == "access.step_up_needed":
            self.step_up()
            status, _, body = self.try_move(case, action, fields, reason)
        assert status == 200, (self.login, action, status, body[:600])


def practitioner(login):
    return "Practitioner/demo-" + login.replace(".", "-")


def schedule(expert=EXPERT):
    return {"experts": [practitioner(expert)], "lead": practitioner(expert), "mode": "written"}


class Network:
    """The three of the ordinary case, and the stages of its way."""

    def __init__(self, server):
        self.server = server
        self.doctor, self.coordinator, self.expert = (Person(server, login) for login in (DOCTOR, COORDINATOR, EXPERT))
        self.count = 0

    def submitted(self, patient=None):
        self.count += 1
        case = self.doctor.create(patient or self.doctor.register(self.count))[1]
        self.doctor.move(case, "submit", request_form())
        return case

    def scheduled(self, patient=None):
        case = self.submitted(patient)
        self.coordinator.move(case, "schedule", schedule())
        return case

    def writing(self, patient=None):
        case = self.scheduled(patient)
        self.expert.move(case, "accept")
        return case

    def signed(self, act_by="today", patient=None):
        case = self.writing(patient)
        self.expert.move(case, "sign", opinion(act_by))
        return case

    def filed(self, act_by="today", patient=None):
        case = self.signed(act_by, patient)
        self.doctor.move(case, "file")
        return case
