"""Two institutions, every read path: what is one institution's patient is nowhere for a person of another, nor for the experts and the
desk once the case is closed. The paths come from the running program: a new route without a line here fails the test."""
import datetime
import json
import pathlib
import re
import sys
import unittest
import urllib.parse
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases
import dicom
import qiao
from events import Events

NAME = "独一无二的名字"
STUDY, LOOSE = dicom.ROOT + ".770", dicom.ROOT + ".771"
# Nobody here has anything to do with the patient: other clinic, other hospital, the hub's own expert who was not asked, administrators.
STRANGERS = ["shi.chunmei", "deng.wei", "luo.fan", "tang.lihua", "xie.tiansheng", "shan.xiuying", "wei.shulan", "hu.jianguo", "song.yanan", "dong.lixin", "yu.shaoqin"]
PRIVACY_OFFICER = "yu.shaoqin"
TYPES = ["Patient", "Task", "ServiceRequest", "QuestionnaireResponse", "Observation", "Consent", "MedicationStatement", "AllergyIntolerance", "ImagingStudy", "Composition", "DiagnosticReport",
         "Provenance", "Media", "DocumentReference", "Communication"]
JSON, FHIR = {"Content-Type": "application/json"}, {"Content-Type": "application/fhir+json"}
JSON_PATCH = {"Content-Type": "application/json-patch+json"}
NO_PATIENT = "nothing of a patient is behind it"


def ask(method, path, body=None, headers=None):
    return method, path, body, headers


def gets(*paths):
    return [ask("GET", path) for path in paths]


def store(person, uid, patient):
    stream = dicom.part10(dicom.dataset(uid + ".1.1", uid + ".1", uid, name=NAME, patient_id=patient), uid + ".1.1")
    body, content_type = dicom.multipart([stream])
    status, _, answer = person.call("POST", "/dicomweb/studies", body, {"Content-Type": content_type, "Accept": "application/dicom+json"})
    assert status == 200, (status, answer[:300])


def export(person, path):
    """Orders an export and waits for its end; its path."""
    status, headers, body = person.call("GET", path, None, {"Prefer": "respond-async"})
    assert status == 202, (status, body[:300])
    job = urllib.parse.urlparse(headers["content-location"]).path
    qiao.wait_for(lambda: person.get(job)[0] == 200, 60, "the export ends")
    return job


def exported(person, job):
    """The bytes of all files of an export."""
    manifest = json.loads(person.get(job)[2])
    files = [one["url"] for kind in ("output", "deleted", "error") for one in manifest[kind]]
    answers = [person.get(urllib.parse.urlparse(url).path) for url in files]
    assert all(status == 200 for status, _, _ in answers), [(status, body[:200]) for status, _, body in answers if status != 200]
    return b"".join(body for _, _, body in answers)


class Material:
    """A case of the island with everything that can hang on one."""

    def __init__(self, network):
        self.network, doctor = network, network.doctor
        status, _, body = doctor.call("POST", "/fhir/Patient/$register?confirmed=true&noIdReason=not_at_hand",
                                      json.dumps({"resourceType": "Patient", "name": [{"text": NAME}], "gender": "female", "birthDate": "1971-03-02", "telecom": [{"system": "phone", "value": "000-5559931"}]}), FHIR)
        assert status in (200, 201), body[:300]
        self.patient = "Patient/" + json.loads(body)["id"]
        self.case = doctor.create(self.patient)[1]
        self.attach(doctor, "consent_signature")
        self.upload = self.attach(doctor, "photo")
        self.write_draft(doctor, "request", {"summary": NAME})
        doctor.move(self.case, "submit", {**cases.request_form(), "attachments": {"status": "given"}})
        store(doctor, STUDY, "X1")
        store(doctor, LOOSE, "X2")
        identity = doctor.json(f"/flow/cases/{self.case}/identity?study_uid={STUDY}")
        doctor.move(self.case, "attach_study", {"study_uid": STUDY, "confirmed": True, "differences": identity["differences"]})
        network.coordinator.move(self.case, "schedule", cases.schedule())

    def attach(self, person, kind):
        return person.attach(self.case, kind)[1]

    def write_draft(self, person, name, body):
        status, _, answer = person.call("PUT", f"/flow/cases/{self.case}/drafts/{name}", json.dumps({"version": 0, "body": body}), JSON)
        assert status == 200, (status, answer[:300])

    def message(self, person):
        status, _, body = person.post_json(f"/flow/cases/{self.case}/messages", {"message_id": str(uuid.uuid4()), "text": NAME})
        assert status == 201, (status, body[:300])

    def signed(self):
        self.network.expert.move(self.case, "accept")
        self.message(self.network.expert)
        self.network.expert.move(self.case, "sign", {**cases.opinion(), "items_seen": [f"study/{STUDY}", "attachment/2"]})

    def bulk(self):
        """Path of an export that the doctor ordered, at its end."""
        if not hasattr(self, "job"):
            self.job = export(self.network.doctor, "/fhir/Patient/$export").split("/")[2]
        return f"/bulk/{self.job}"

    def filed(self):
        self.network.doctor.move(self.case, "file")

    def closed(self):
        self.network.doctor.move(self.case, "answer", {"followed": "yes", "final_diagnosis": NAME, "rating": 5})

    def resources(self):
        """References of everything in the record that is about the patient, as its own doctor finds it."""
        found = [self.patient]
        for kind in TYPES[1:]:
            key = "patient" if kind not in ("Task", "Provenance") else None
            query = f"{key}={self.patient}" if key else "_count=200"
            bundle = self.network.doctor.json(f"/fhir/{kind}?{query}")
            texts = [(entry["resource"]["id"], json.dumps(entry["resource"])) for entry in bundle.get("entry", [])]
            if kind == "Task":
                texts = [(name, text) for name, text in texts if self.patient in text]
            if kind == "Provenance":
                texts = [(name, text) for name, text in texts if any(one in text for one in found)]
            assert texts, f"the doctor finds no {kind}"
            found += [f"{kind}/{name}" for name, _ in texts]
        return found


def routes(material, references):
    """pattern → requests that would show something, or the reason why there are none. `{…}` twins of unknown things are made from these."""
    case, patient = f"/flow/cases/{material.case}", material.patient.split("/")[1]
    study, series = f"/dicomweb/studies/{STUDY}", f"/dicomweb/studies/{STUDY}/series/{STUDY}.1"
    loose = f"/dicomweb/studies/{LOOSE}"
    instance, loose_instance = f"{series}/instances/{STUDY}.1.1", f"{loose}/series/{LOOSE}.1/instances/{LOOSE}.1.1"
    bulk = re.search(r'"BulkDataURI": ?"[^"]*?(/bulkdata/\d+/\d+)"', material.network.doctor.get(f"{instance}/metadata")[2].decode())[1]
    operation = cases.parameters({}, machine="consult", create_id=str(uuid.uuid4()), patient=material.patient)
    move = cases.parameters({"text": "x"}, action="read_back", move_id=str(uuid.uuid4()))
    name = urllib.parse.quote(NAME)
    day = datetime.timedelta(days=1)
    span = "&".join(f"{key}={(datetime.datetime.now(datetime.timezone.utc) + shift).strftime('%Y-%m-%dT%H:%M:%SZ')}" for key, shift in (("from", -day), ("until", day)))
    batch = {"resourceType": "Bundle", "type": "batch", "entry": [{"request": {"method": "GET", "url": one}} for one in references[:10]]}
    searches = [f"/fhir/{kind}?{query}" for kind in TYPES[1:] for query in (f"patient={material.patient}", f"_id={','.join(one.split('/')[1] for one in references)}", "_count=500", "_lastUpdated=gt2020&_summary=count")
                if not (kind in ("Task", "Provenance") and query.startswith("patient="))]
    searches += [f"/fhir/Patient?{query}" for query in (f"_id={patient}", f"name={name}", "birthdate=1971-03-02", "phone=000-5559931", "_count=500", f"name={name}&_summary=count", f"_has:Observation:patient:_id={references[-1].split('/')[1]}")]
    searches += [f"/fhir/Observation?{query}" for query in (f"patient.name={name}", f"subject:Patient.birthdate=1971-03-02", f"subject={material.patient}", "code:not=x&_count=500", "code:not-in=http://hl7.org/fhir/ValueSet/administrative-gender&_count=500", "status:in=http://hl7.org/fhir/ValueSet/observation-status&_count=500")]
    searches += [f"/fhir/Provenance?target={one}" for one in references] + [f"/fhir/Task?patient={material.patient}", f"/fhir/Task?focus:ServiceRequest.subject={material.patient}"]
    return {
        "/fhir": [ask("POST", "/fhir", json.dumps(batch), FHIR)] + gets("/fhir?_type=Patient,Observation,Task&_count=500", f"/fhir?_id={patient}", "/fhir?_type=Patient&_summary=count"),
        "/fhir/$export": gets("/fhir/$export", f"/fhir/$export?_typeFilter=Patient%3F_id%3D{patient}"),
        "/fhir/$import": [ask("POST", "/fhir/$import", json.dumps({"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "subject": {"reference": material.patient}}), {"Content-Type": "application/fhir+ndjson", "Prefer": "respond-async"})],
        "/bulk": gets("/bulk"),
        "/bulk/{job}": gets(material.bulk()) + [ask("DELETE", material.bulk())],
        "/bulk/{job}/files/{file}": gets(*(f"{material.bulk()}/files/{kind}.1.ndjson" for kind in ("Patient", "Observation"))),
        "/fhir/_search": [ask("POST", "/fhir/_search", f"_type=Patient&_id={patient}", {"Content-Type": "application/x-www-form-urlencoded"})],
        "/fhir/{type}": gets(*searches) + [ask("PATCH", f"/fhir/Patient?_id={patient}", '[{"op":"test","path":"/resourceType","value":"Patient"}]', JSON_PATCH)],
        "/fhir/_history": gets("/fhir/_history?_count=500", "/fhir/_history?_since=2000", "/fhir/_history?_at=2999"),
        "/fhir/{type}/_history": gets(*(f"/fhir/{kind}/_history?_count=500" for kind in TYPES), "/fhir/Patient/_history?_at=2999"),
        "/fhir/{type}/_search": [ask("POST", f"/fhir/{kind}/_search", f"_id={one}", {"Content-Type": "application/x-www-form-urlencoded"}) for kind, one in (one.split("/") for one in references)],
        "/fhir/{type}/{id}": gets(*(f"/fhir/{one}" for one in references), f"/fhir/Observation/$lastn?patient={material.patient}", "/fhir/Subscription/$backlog", "/fhir/Subscription/$status") + [ask("PUT", f"/fhir/{material.patient}", json.dumps({"resourceType": "Patient", "id": patient}), FHIR), ask("DELETE", f"/fhir/{material.patient}"),
                                                                               ask("PATCH", f"/fhir/{material.patient}", '[{"op":"test","path":"/resourceType","value":"Patient"}]', JSON_PATCH),
                                                                               ask("POST", "/fhir/Task/$create", operation, FHIR),
                                                                               ask("POST", "/fhir/Patient/$match", json.dumps({"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": {"resourceType": "Patient", "name": [{"text": NAME}], "gender": "female", "birthDate": "1971-03-02"}}]}), FHIR)],
        "/fhir/{type}/{id}/_history": gets(*(f"/fhir/{one}/_history" for one in references)),
        "/fhir/{type}/{id}/_history/{version}": gets(*(f"/fhir/{one}/_history/1" for one in references)),
        "/fhir/{type}/{id}/{operation}": gets(f"/fhir/Task/{material.case}/$moves", f"/fhir/{material.patient}/Observation", f"/fhir/{material.patient}/*", f"/fhir/{material.patient}/$everything", f"/fhir/{material.patient}/$everything?_type=Observation&_count=1", *(f"/fhir/{one}/{operation}" for one in references for operation in ("$meta", "$validate")), *(f"/fhir/{one}/$document" for one in references if one.startswith("Composition/"))) + [ask("POST", f"/fhir/{material.patient}/$meta-add", json.dumps({"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {"tag": [{"code": "x"}]}}]}), FHIR), ask("POST", f"/fhir/Task/{material.case}/$move", move, {**FHIR, "If-Match": 'W/"1"'})],
        "/flow/worklists": gets("/flow/worklists"),
        "/flow/worklists/{name}": gets(*(f"/flow/worklists/{one}?count=100" for one in ("drafts", "requested", "returned", "inbox", "office", "desk", "arranged", "late", "calls", "offers", "writing", "signed", "closed")), f"/flow/worklists/desk?q={name}"),
        "/flow/cases/{id}": gets(case),
        "/flow/cases/{id}/attachments/{n}": gets(f"{case}/attachments/1") + [ask("DELETE", f"{case}/attachments/1")],
        "/flow/cases/{id}/consent-text": gets(f"{case}/consent-text", f"{case}/consent-text?lang=en"),
        "/flow/cases/{id}/consent-sheet.pdf": gets(f"{case}/consent-sheet.pdf"),
        "/flow/cases/{id}/drafts/{name}": gets(f"{case}/drafts/request", f"{case}/drafts/opinion", f"{case}/drafts/request?version=1") + [ask("PUT", f"{case}/drafts/request", '{"version":0,"body":{}}', JSON)],
        "/flow/cases/{id}/experts": gets(f"{case}/experts"),
        "/flow/cases/{id}/identity": gets(f"{case}/identity?study_uid={STUDY}", f"{case}/identity?study_uid={LOOSE}"),
        "/flow/cases/{id}/messages": [ask("POST", f"{case}/messages", json.dumps({"message_id": str(uuid.uuid4()), "text": "x"}), JSON)],
        "/flow/cases/{id}/opinion.pdf": gets(f"{case}/opinion.pdf", f"{case}/opinion.pdf?version=1"),
        "/flow/cases/{id}/opinion/{file}": gets(*(f"{case}/opinion/{one}" for one in ("manifest.bin", "signature.der", "cert.pem", "chain.pem", "signature.jws"))),
        "/flow/cases/{id}/receipt.pdf": gets(f"{case}/receipt.pdf"),
        "/flow/cases/{id}/uploads": [ask("POST", f"{case}/uploads", json.dumps({"upload_id": str(uuid.uuid4()), "kind": "photo", "size_bytes": 10, "content_type": "image/png"}), JSON)],
        "/flow/cases/{id}/uploads/{upload}": gets(f"{case}/uploads/{material.upload}") + [ask("PATCH", f"{case}/uploads/{material.upload}", b"x", {"Upload-Offset": "0"})],
        "/flow/cases/{id}/seen": [ask("POST", f"{case}/seen", "{}", JSON)],
        "/flow/cases/{id}/printed": [ask("POST", f"{case}/printed", "{}", JSON)],
        "/flow/patients/{id}/death": [ask("POST", f"/flow/patients/{patient}/death", '{"occurred":"2026-01-01T00:00:00Z"}', JSON)],
        "/flow/patients/{id}/death/undo": [ask("POST", f"/flow/patients/{patient}/death/undo", '{"reason":"x"}', JSON)],
        "/flow/notifications": gets("/flow/notifications"),
        "/imaging/devices": gets("/imaging/devices"),
        "/flow/board": gets("/flow/board"),
        "/flow/figures": gets(*(f"/flow/figures?organisation=Organization/demo-{one}&{span}" for one in ("hub", "county", "island-gull"))),
        "/flow/statement": gets(*(f"/flow/statement?organisation=Organization/demo-{one}&{span}" for one in ("hub", "county", "island-gull"))),
        "/flow/cases/{id}/fee": [ask("POST", f"{case}/fee", '{"state":"paid"}', JSON)],
        "/flow/unmatched-studies": gets("/flow/unmatched-studies"),
        "/dicomweb/studies": gets("/dicomweb/studies?limit=100", f"/dicomweb/studies?StudyInstanceUID={STUDY}", f"/dicomweb/studies?StudyInstanceUID={LOOSE}", f"/dicomweb/studies?PatientName={name}", "/dicomweb/studies?PatientID=X1"),
        "/dicomweb/series": gets("/dicomweb/series?limit=100", f"/dicomweb/series?StudyInstanceUID={STUDY}", f"/dicomweb/series?SeriesInstanceUID={LOOSE}.1"),
        "/dicomweb/instances": gets("/dicomweb/instances?limit=100", f"/dicomweb/instances?SOPInstanceUID={STUDY}.1.1", f"/dicomweb/instances?SOPInstanceUID={LOOSE}.1.1"),
        "/dicomweb/studies/{study}": gets(study, loose),
        "/dicomweb/studies/{study}/metadata": gets(f"{study}/metadata", f"{loose}/metadata"),
        "/dicomweb/studies/{study}/thumbnail": gets(f"{study}/thumbnail", f"{loose}/thumbnail"),
        "/dicomweb/studies/{study}/series": gets(f"{study}/series", f"{loose}/series"),
        "/dicomweb/studies/{study}/instances": gets(f"{study}/instances", f"{loose}/instances"),
        "/dicomweb/studies/{study}/series/{series}": gets(series),
        "/dicomweb/studies/{study}/series/{series}/metadata": gets(f"{series}/metadata"),
        "/dicomweb/studies/{study}/series/{series}/thumbnail": gets(f"{series}/thumbnail"),
        "/dicomweb/studies/{study}/series/{series}/instances": gets(f"{series}/instances"),
        "/dicomweb/studies/{study}/series/{series}/instances/{instance}": gets(instance, loose_instance),
        "/dicomweb/studies/{study}/series/{series}/instances/{instance}/metadata": gets(f"{instance}/metadata", f"{loose_instance}/metadata"),
        "/dicomweb/studies/{study}/series/{series}/instances/{instance}/thumbnail": gets(f"{instance}/thumbnail"),
        "/dicomweb/studies/{study}/series/{series}/instances/{instance}/rendered": gets(f"{instance}/rendered", f"{loose_instance}/rendered"),
        "/dicomweb/studies/{study}/series/{series}/instances/{instance}/bulkdata/{offset}/{length}": gets(instance + bulk, loose_instance + bulk),
        "/dicomweb/studies/{study}/series/{series}/instances/{instance}/frames/{frames}": gets(f"{instance}/frames/1", f"{loose_instance}/frames/1"),
        "/dicomweb/studies/{study}/series/{series}/instances/{instance}/frames/{frames}/rendered": gets(f"{instance}/frames/1/rendered"),
        "/dicomweb/studies/{study}/series/{series}/instances/{instance}/frames/{frames}/thumbnail": gets(f"{instance}/frames/1/thumbnail"),
        "/access/duplicates": gets(*(f"/access/duplicates?state={one}" for one in ("open", "linked", "different"))),
        "/access/duplicates/{id}": [ask("POST", "/access/duplicates/1", json.dumps({"verdict": "same"}), JSON)],
        "/access/odd-looks": gets("/access/odd-looks"),
        "/access/odd-looks/{id}/explain": [ask("POST", "/access/odd-looks/1/explain", json.dumps({"text": "explained"}), JSON)],
        "/fhir/AuditEvent": "the audit administrator's; anybody else is refused before the question is read (audit_http_test)",
        "/fhir/AuditEvent/{id}": "the audit administrator's (audit_http_test)",
        "/access/audit/search": "the audit administrator's and, for what is theirs, the privacy officers' (audit_http_test)",
        "/access/audit/export": "the audit administrator's (audit_http_test)",
        "/access/looks": gets(f"/access/looks?patient={patient}"),
        "/access/patients/{id}/phones": gets(f"/access/patients/{patient}/phones") + [ask("POST", f"/access/patients/{patient}/phones", json.dumps({"relation": "self", "phone": "000-5559931", "identityChecked": True}), JSON)],
        "/access/patients/{id}/phones/{account}/end": [ask("POST", f"/access/patients/{patient}/phones/1/end", "{}", JSON)],
        "/access/patient-requests": gets("/access/patient-requests"),
        **{pattern: "for patients alone: a session of the staff opens none of it (patients_test)" for pattern in (
            "/patient/session", "/patient/session/code", "/patient/binding", "/patient/{patient}/cases", "/patient/{patient}/cases/{case}", "/patient/{patient}/cases/{case}/opinion.pdf", "/patient/{patient}/consents",
            "/patient/{patient}/record", "/patient/{patient}/requests", "/patient/{patient}/requests/{id}/withdraw", "/patient/{patient}/denials", "/patient/{patient}/denials/{organisation}/end", "/patient/{patient}/looks", "/patient/{patient}/page.pdf", "/patient/{patient}/export", "/patient/{patient}/cases/{case}/withdraw")},
        "/flow/cases/{id}/labels": [ask("POST", f"{case}/labels", '{"labels":["PSY"],"reason":"curiosity"}', JSON)],
        "/access/patients/{id}/rights": gets(f"/access/patients/{patient}/rights"),
        "/access/patients/{id}/labels": [ask("PUT", f"/access/patients/{patient}/labels", '{"labels":[],"reason":"curiosity"}', JSON)],
        "/access/break-glass/find": "tells whether there is a record with exactly this number, counted and audited (access_service_test: BreakGlassFind)",
        "/access/break-glass": [ask("GET", "/access/break-glass"), ask("POST", "/access/break-glass", json.dumps({"patient": material.patient, "reasonCode": "other", "reason": ""}), JSON)],
        "/access/break-glass/reviews": gets("/access/break-glass/reviews"),
        "/flow/patients/{id}/page.pdf": gets(f"/flow/patients/{patient}/page.pdf"),
        "/notify/receipt/{token}": "a channel's answer, by a random token",
        "/verify": "open to everybody: an empty form, and the verdict on files that the reader brings (signatures_test)",
        "/verify/{ref}": "open to everybody by a random reference; names no patient (documents_test)",
        "/imaging/gateway/objects/{digest}": "only for the token of a gateway; answers how much of its own object is here (gateway_test)",
        "/access/organisations/{id}/office-approval": NO_PATIENT,
        "/access/label-rights": NO_PATIENT,
        "/access/label-rights/{id}": NO_PATIENT,
        **{pattern: NO_PATIENT for pattern in (
            "/flow/clinic-card", "/flow/packs/{list}", "/flow/packs/deadlines", "/flow/reachable", "/imaging/devices/{id}", "/imaging/devices/{id}/echo", "/flow/notifications/test", "/operations/backups", "/operations/setup", "/operations/state", "/access/contact", "/access/contacts", "/access/people/{id}/contact", "/access/contracts/{id}/end", "/access/duties", "/access/duties/{id}", "/access/people/{id}/licence", "/fhir/metadata", "/oauth/token", "/access/contracts", "/access/demo-clock", "/access/demo-session", "/access/demo-users", "/access/directory", "/access/patient-requests/{id}/take", "/access/patient-requests/{id}/answer",
            "/access/certificates", "/access/certificates/request", "/access/certificates/import", "/access/certificates/built-in", "/access/certificates/seal", "/access/certificates/authorities", "/access/certificates/authorities/{id}/remove", "/access/certificates/authorities/{id}/revocation-list", "/access/certificates/keys/{id}/revoke",
            "/flow/clinic-card", "/flow/packs/{list}", "/flow/packs/deadlines", "/flow/reachable", "/imaging/devices/{id}", "/imaging/devices/{id}/echo", "/flow/notifications/test", "/operations/backups", "/operations/setup", "/access/contact", "/access/contacts", "/access/people/{id}/contact", "/access/contracts/{id}/end", "/access/duties", "/access/duties/{id}", "/access/people/{id}/licence", "/fhir/metadata", "/oauth/token", "/access/contracts", "/access/demo-clock", "/access/demo-session", "/access/demo-users", "/access/directory", "/access/patient-requests/{id}/take", "/access/patient-requests/{id}/answer",
            "/flow/clinic-card", "/flow/packs/{list}", "/flow/packs/deadlines", "/flow/reachable", "/imaging/devices/{id}", "/imaging/devices/{id}/echo", "/flow/notifications/test", "/operations/backups", "/operations/setup", "/access/audit/chain", "/access/audit/verify", "/access/contact", "/access/contacts", "/access/people/{id}/contact", "/access/contracts/{id}/end", "/access/duties", "/access/duties/{id}", "/access/people/{id}/licence", "/fhir/metadata", "/oauth/token", "/access/contracts", "/access/demo-clock", "/access/demo-session", "/access/demo-users", "/access/directory", "/access/patient-requests/{id}/take", "/access/patient-requests/{id}/answer",
            "/imaging/gateways", "/imaging/gateways/{id}", "/imaging/gateways/{id}/code", "/imaging/gateways/{id}/retry", "/imaging/gateway/enrol", "/imaging/gateway/report",
            "/access/first-run", "/access/memberships", "/access/organisations", "/access/password", "/access/people", "/access/people/{id}/end", "/access/session", "/access/step-up",
            "/access/session/second", "/access/device-session", "/access/device-session/challenge", "/access/device-codes", "/access/reset-password", "/access/resets", "/access/resets/{id}/confirm",
            "/access/resets/{id}/refuse", "/access/people/{id}/registered-number", "/access/people/{id}/sessions", "/access/people/{id}/sessions/end", "/access/me/question", "/access/me/security", "/access/me/totp",
            "/access/me/totp/confirm", "/access/me/recovery-codes", "/access/me/factors/{id}/remove", "/access/me/security-keys", "/access/me/devices", "/access/me/sessions", "/access/me/sessions/{id}/end",
            "/access/me/sessions/end-others", "/access/role-requests", "/access/role-requests/{id}/confirm", "/access/role-requests/{id}/refuse", "/access/oidc", "/access/oidc/jwks", "/access/oidc/begin", "/access/oidc/finish", "/access/me/oidc", "/access/me/oidc/begin", "/access/me/oidc/finish", "/access/me/oidc/remove", "/access/me/device-seal", "/access/break-glass/{id}/end", "/access/break-glass/{id}/review", "/access/me/discards",
            "/health/live", "/health/ready", "/metrics", "/csp-report", "/", "/app", "/app/{path*}", "/assets/{path*}", "none", "/sw.js", "/manifest.en.webmanifest", "/manifest.zh-CN.webmanifest",
            "/icon-192.png", "/icon-512.png", "/icon-apple-180.png", "/icon-maskable-512.png")}}


ACCEPT = {"Accept": "*/*"}
EMPTY = (200, 204)  # a list, with nothing of the patient in it
REFUSED = (400, 403, 404, 405, 406, 428)


class TwoInstitutions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = qiao.Server("demo").start()
        cls.network = cases.Network(cls.server)
        cls.material = Material(cls.network)
        cls.strangers = [cases.Person(cls.server, login) for login in STRANGERS]

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def send(self, person, request):
        method, path, body, headers = request
        return person.call(method, path, body, {**ACCEPT, **(headers or {})})

    def secrets(self, references):
        return [one.encode() for one in [NAME, urllib.parse.quote(NAME), self.material.patient, self.material.case, STUDY, LOOSE, "1971-03-02", "5559931", *(one.split("/")[1] for one in references)]]

    def twin(self, text, references):
        """The same request for things that do not exist."""
        if not isinstance(text, str):
            return text
        for known in {one.split("/")[1] for one in references} | {self.material.case, self.material.upload, self.material.job}:
            text = text.replace(known, str(uuid.uuid5(uuid.NAMESPACE_OID, known)))
        return text.replace(STUDY, dicom.ROOT + ".778").replace(LOOSE, dicom.ROOT + ".779")

    def nothing_for(self, person, table, references):
        """Neither an answer nor a hint: the same status and words as for what does not exist."""
        secrets = self.secrets(references)
        leaks = []
        for requests in table.values():
            for request in requests if isinstance(requests, list) else []:
                if person.login == PRIVACY_OFFICER and request[1].startswith(("/access/looks", "/access/odd-looks")):
                    continue  # of a foreign patient: what the own people did, which is theirs to answer for (looks_test)
                status, _, body = self.send(person, request)
                method, path, sent, headers = request
                other = self.send(person, (method, self.twin(path, references), self.twin(sent, references), headers))
                echoed = urllib.parse.unquote(path).encode() + urllib.parse.quote(path).encode() + path.encode() + (sent.encode() if isinstance(sent, str) else b"")
                shown = [one.decode() for one in secrets if one in body and one not in echoed]
                asked_one = not re.match(r"/(fhir/\w+(/_history|/\$(lastn|match|backlog|status))?|fhir|bulk|flow/worklists(/\w+)?|imaging/devices|access/(duplicates|patient-requests|break-glass(/reviews)?)|flow/(board|notifications|figures|statement|unmatched-studies)|dicomweb/(\S+/)?(studies|series|instances))(\?|$|/_search)", path)
                if shown or status not in (REFUSED if asked_one else EMPTY + REFUSED) or status != other[0] or (asked_one and self.words(body) != self.words(other[2])):
                    leaks.append((person.login, method, path[:150], status, other[0], shown, body[:200]))
        self.assertEqual(leaks, [])

    def words(self, body):
        return re.sub(rb"[0-9a-f-]{36}|[0-9.]{12,}", b"", body)

    def found_by_its_own(self, table):
        """The requests are right: who takes care of the patient gets an answer on every route."""
        for pattern, requests in table.items():
            if isinstance(requests, list):
                answers = [(request[1], *self.send(self.network.doctor, request)[::2]) for request in requests if request[0] == "GET" or "_search" in request[1]]
                if not answers or pattern in ("/fhir/$export", "/flow/cases/{id}/drafts/{name}", "/flow/cases/{id}/experts", "/flow/board", "/flow/figures", "/flow/notifications", "/imaging/devices", "/access/patient-requests", "/access/looks", "/access/odd-looks", "/access/break-glass/reviews"):
                    continue  # writing, or the business of others
                self.assertTrue(any(status == 200 for _, status, _ in answers), (pattern, answers))

    def test_1_every_route_has_its_line(self):
        listed = set(re.findall(r'qiao_http_requests_total\{route="([^"]*)"', self.server.call("GET", "/metrics")[2].decode()))
        pages = {"/" + path.relative_to(qiao.ROOT / "web/dist").as_posix() for path in (qiao.ROOT / "web/dist").rglob("*") if path.is_file()}
        pages |= {page.removesuffix(".html") for page in pages}
        table = routes(self.material, [self.material.patient])
        self.assertEqual(listed - pages - set(table), set(), "a new route: say in routes() how it keeps a foreign patient hidden")
        self.assertEqual(set(table) - listed, set(), "a line for a route that is gone")

    def test_2_strangers_while_the_case_is_written(self):
        self.material.signed()
        references = self.material.resources()
        table = routes(self.material, references)
        self.found_by_its_own({pattern: requests for pattern, requests in table.items() if "receipt" not in pattern})
        read_only = {pattern: [one for one in requests if one[0] == "GET"] for pattern, requests in table.items() if isinstance(requests, list)}
        with self.assertRaises(AssertionError, msg="the test sees what is shown"):
            self.nothing_for(self.network.doctor, read_only, references)
        for stranger in self.strangers:
            with self.subTest(stranger.login):
                self.nothing_for(stranger, table, references)

    def test_2_what_strangers_export_holds_nothing_of_the_patient(self):
        references = self.material.resources()
        self.assertTrue([one for one in self.secrets(references) if one in exported(self.network.doctor, export(self.network.doctor, "/fhir/$export"))], "the test sees what is shown")
        for stranger in self.strangers:
            for path in ("/fhir/$export", "/fhir/Patient/$export", "/fhir/$export?_type=Patient,Observation,Task", "/fhir/$export?_since=2000"):
                with self.subTest((stranger.login, path)):
                    job = export(stranger, path)
                    found = exported(stranger, job)
                    self.assertEqual([one for one in self.secrets(references) if one in found], [])
                    self.assertEqual(stranger.call("DELETE", job)[0], 202)

    def test_3_what_is_said_to_hold_nothing_of_a_patient(self):
        references = self.material.resources()
        for pattern, reason in routes(self.material, references).items():
            if reason == NO_PATIENT and "{" not in pattern and pattern != "none":
                for person in (self.network.doctor, self.strangers[0]):
                    body = person.get(pattern)[2]
                    self.assertEqual([one for one in self.secrets(references) if one in body], [], pattern)

    def test_3_a_stranger_s_socket_stays_silent(self):
        lists = ["desk", "arranged", "calls", "late", "inbox", "requested", "offers", "writing", "signed", "closed"]
        for stranger in self.strangers:
            own, foreign = Events(self.network.doctor), Events(stranger)
            own.watch(cases=[self.material.case])
            foreign.watch(lists, [self.material.case])
            foreign.all_within(0.2)  # the counts of one's own lists
            self.material.message(self.network.expert)
            qiao.wait_for(lambda: (own.next(1) or {}).get("id") == self.material.case, 10, "the doctor's own tab is told")
            told = [message for message in foreign.all_within(0.3) if message["type"] != "list" or self.material.case in json.dumps(message)]
            self.assertEqual(told, [], stranger.login)
            own.close()
            foreign.close()

    def test_4_experts_and_desk_after_closing(self):
        expert, coordinator = Events(self.network.expert), Events(self.network.coordinator)
        for socket in (expert, coordinator):
            socket.watch(cases=[self.material.case])
        self.material.filed()
        self.assertTrue(any(message.get("id") == self.material.case for message in expert.all_within(1)), "the expert is still in the case")
        references = self.material.resources()
        self.material.closed()
        expert.all_within(1), coordinator.all_within(1)
        manager = cases.Person(self.server, "peng.ruixue")
        table = routes(self.material, references)
        for person in (self.network.expert, self.network.coordinator, *self.strangers):
            expert.next(0.01), coordinator.next(0.01)  # the server's pings are answered
            with self.subTest(person.login):
                self.nothing_for(person, {pattern: requests for pattern, requests in table.items() if pattern not in ("/flow/worklists", "/flow/worklists/{name}", "/flow/figures", "/flow/statement")}, references)
        for request in table["/flow/figures"] + table["/flow/statement"]:  # numbers of the case stay with who answers for them, nothing of its patient
            self.assertNotIn(NAME.encode(), self.send(self.network.coordinator, request)[2])
        self.found_by_its_own(table)
        expert.all_within(0.1), coordinator.all_within(0.1)
        manager.move(self.material.case, "mark_error", reason="test of what is pushed")
        for socket in (expert, coordinator):
            self.assertEqual([message for message in socket.all_within(1) if message["type"] == "case"], [])


if __name__ == "__main__":
    unittest.main()
