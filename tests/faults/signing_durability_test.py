"""kill -9 in the middle of signing: five rounds of people who make, sign and move cases. After each restart every acknowledged move is
there with a signature that `openssl` accepts, no case is half-moved, the audit chain is whole, and a repeated attempt changes nothing."""
import base64
import hashlib
import http.client
import json
import os
import pathlib
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases
import qiao

ROUNDS, WRITERS = 5, 4
PASSWORD = "海鸥-sieben-tides-91"
# action, who, fields; the ordinary way of a case
WAY = [("submit", "doctor", cases.request_form()), ("schedule", "coordinator", cases.schedule()), ("accept", "expert", {}), ("sign", "expert", cases.opinion()),
       ("amend", "expert", cases.opinion("now")), ("read_back", "doctor", {"text": "平卧"}), ("file", "doctor", {}),
       ("answer", "doctor", {"followed": "yes", "final_diagnosis": "脑震荡", "rating": 5})]
SIGNED = {"submit", "sign", "amend", "file"}
# As consult_table.hpp says: what each move starts and stops.
CLOCKS = {"create": "", "submit": "+check +arrange +done", "schedule": "-check", "accept": "", "start_writing": "-arrange +opinion", "sign": "-opinion -done +file +read_back",
          "amend": "+read_back", "read_back": "-read_back", "file": "-file +feedback", "answer": "-all"}


class Digits(str):
    """A number as it was written."""


def canonical(value):
    """docs/signatures.md, step 4."""
    if isinstance(value, dict):
        return "{" + ",".join(canonical(name) + ":" + canonical(value[name]) for name in sorted(value, key=str.encode)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Digits):
        return value
    short = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return '"' + "".join(short.get(c) or (f"\\u{ord(c):04x}" if c < " " else c) for c in value) + '"'


def digest(resource):
    resource.pop("id")
    for name in ("versionId", "lastUpdated"):
        resource["meta"].pop(name)
    if not resource["meta"]:
        resource.pop("meta")
    return hashlib.sha256(canonical(resource).encode()).hexdigest()


def openssl(*words):
    done = subprocess.run(["openssl", *words], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, (words, done.stdout, done.stderr)


def der_of(raw):
    """r and s of a JWS as the DER that openssl reads."""
    def integer(half):
        value = half.lstrip(b"\0") or b"\0"
        value = b"\0" + value if value[0] & 0x80 else value
        return b"\x02" + bytes([len(value)]) + value
    body = integer(raw[:32]) + integer(raw[32:])
    return b"\x30" + bytes([len(body)]) + body


def unpadded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def pem(der):
    return f"-----BEGIN CERTIFICATE-----\n{der}\n-----END CERTIFICATE-----\n"


class Signatures:
    """Verifies outside Qiao, each signature once."""

    def __init__(self, folder):
        self.folder, self.good = folder, {}

    def keep(self, name, data):
        path = os.path.join(self.folder, name)
        pathlib.Path(path).write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    def check(self, reader, provenance, case, meaning):
        if provenance in self.good:
            return
        found = reader.json("/fhir/" + provenance)
        head, payload, signature = base64.b64decode(found["signature"][0]["data"]).decode().split(".")
        chain = json.loads(unpadded(head))["x5c"]
        certificate, authority = self.keep("cert.pem", pem(chain[0])), self.keep("authority.pem", pem(chain[-1]))
        openssl("x509", "-in", certificate, "-pubkey", "-noout", "-out", os.path.join(self.folder, "key.pem"))
        openssl("dgst", "-sha256", "-verify", os.path.join(self.folder, "key.pem"), "-signature", self.keep("signature.der", der_of(unpadded(signature))), self.keep("signed", f"{head}.{payload}"))
        openssl("verify", "-CAfile", authority, certificate)
        manifest = json.loads(unpadded(payload))
        assert (manifest["case"], manifest["meaning"]) == (case, meaning), manifest
        items = [f"{item['type']}/{item['id']}/_history/{item['version']}" for item in manifest["items"]]
        assert items == [target["reference"] for target in found["target"]], (items, found["target"])
        for item, path in zip(manifest["items"], items):
            status, _, body = reader.get("/fhir/" + path)
            assert status == 200, (path, status)
            assert digest(json.loads(body, parse_float=Digits, parse_int=Digits)) == item["sha256"], path
        self.good[provenance] = len(items)

    def check_export(self, doctor, case, versions):
        """The files of each version of the opinion, as docs/signatures.md tells a stranger to check them."""
        for version in versions:
            files = {name: doctor.get(f"/flow/cases/{case}/opinion/{name}?version={version}") for name in ("manifest.bin", "signature.der", "cert.pem")}
            assert all(answer[0] == 200 for answer in files.values()), (case, version, files)
            path = {name: self.keep(name, answer[2]) for name, answer in files.items()}
            openssl("x509", "-in", path["cert.pem"], "-pubkey", "-noout", "-out", os.path.join(self.folder, "key.pem"))
            openssl("dgst", "-sha256", "-verify", os.path.join(self.folder, "key.pem"), "-signature", path["signature.der"], path["manifest.bin"])


class Journey:
    """One case on its way; an attempt that got no answer is made again, the same."""

    def __init__(self, people, patient):
        self.people, self.patient, self.create_id, self.case, self.version = people, patient, str(uuid.uuid4()), None, 1
        self.done, self.pending = [], None

    def step(self):
        """@return whether there is more to do"""
        if self.case is None:
            _, self.case = self.people["doctor"].create(self.patient, self.create_id)
            return True
        if self.pending is None:
            action, who, fields = WAY[len(self.done)]
            fields = self.people[who].consented(self.case, action, fields)
            self.pending = {"action": action, "who": who, "fields": fields, "version": self.version, "move_id": str(uuid.uuid4()), "reason": "CT" if action == "amend" else None}
        self.done.append(self.send(self.pending))
        self.version = self.done[-1]["after"]
        self.pending = None
        return len(self.done) < len(WAY)

    def send(self, attempt):
        status, headers, body = self.people[attempt["who"]].try_move(self.case, attempt["action"], attempt["fields"], attempt["reason"], attempt["version"], attempt["move_id"])
        assert status == 200, (attempt["action"], status, body[:600])
        return {**attempt, "after": int(headers["etag"].strip('W/"')), "repeated": headers.get("x-qiao-repeated") == "1"}


def write(people, patients, journeys, errors, stop):
    """Until the server is gone."""
    rng = random.Random(len(journeys))
    journey = None
    try:
        while not stop.is_set():
            if journey is None:
                journey = Journey(people, rng.choice(patients))
                journeys.append(journey)
            if not journey.step():
                journey = None
    except (OSError, http.client.HTTPException):
        pass
    except Exception as error:  # an answer that must not be
        errors.append(error)


def sign_in(server, login):
    """With a password, so that signing asks for it."""
    person = cases.Person(server, login)
    person.step_up()
    assert person.post_json("/access/password", {"password": PASSWORD})[0] == 204
    status, headers, _ = person.post_json("/access/session", {"login": login, "password": PASSWORD})
    assert status == 200
    person.keep_cookie(headers)
    assert person.post_json("/access/step-up", {"password": "wrong"})[0] == 403
    person.step_up(PASSWORD)
    return person


def running_after(actions):
    running = set()
    for action in actions:
        for word in CLOCKS[action].split():
            running = set() if word == "-all" else running - {word[1:]} if word[0] == "-" else running | {word[1:]}
    return running


def check_case(database, reader, journey, signatures):
    """State, moves, Task, clocks and signatures of one case say the same."""
    case = journey.case
    state, version, request = database.execute("SELECT state, version, request FROM flow_case WHERE case_id = ?", (case,)).fetchone()
    rows = database.execute("SELECT move_id, action, to_state, task_version, provenance_id FROM flow_move WHERE case_id = ? AND machine = 'consult' ORDER BY seq", (case,)).fetchall()
    known = {move_id: (action, provenance) for move_id, action, _, _, provenance in rows}
    for attempt in journey.done:
        assert known[attempt["move_id"]][0] == attempt["action"], f"{attempt['action']} of {case} was acknowledged and is lost"
    assert len(known) == len(rows) and rows[-1][2:4] == (state, version), (case, state, version, rows)
    task = reader.json(f"/fhir/Task/{case}")
    assert (task["meta"]["versionId"], task["businessStatus"]["coding"][0]["code"]) == (str(version), state), (case, task)
    assert reader.get("/fhir/" + request)[0] == 200
    running = {name for name, in database.execute("SELECT name FROM flow_clock WHERE case_id = ? AND stopped_us IS NULL", (case,))}
    assert running == running_after([action for _, action, *_ in rows]), (case, state, running)
    for _, action, _, _, provenance in rows:
        assert (action in SIGNED) == bool(provenance), (case, action, provenance)
        if provenance:
            meaning = {"submit": "request", "sign": "opinion", "amend": "amendment", "file": "receipt"}[action]
            signatures.check(reader, provenance, case, meaning)
    parts = database.execute("SELECT case_id, state, version FROM flow_case WHERE lead_case = ?", (case,)).fetchall()
    assert len(parts) == (1 if any(action == "schedule" for _, action, *_ in rows) else 0), (case, parts)
    for part, part_state, part_version in parts:
        task = reader.json(f"/fhir/Task/{part}")
        assert (task["meta"]["versionId"], task["businessStatus"]["coding"][0]["code"]) == (str(part_version), part_state), (case, task)
    return len(rows)


def check(server, people, journeys, signatures):
    """All cases, also those whose last attempt nobody heard of; then each last attempt again."""
    database = sqlite3.connect(f"file:{server.data}/record.db?mode=ro", uri=True)
    count = lambda: [database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("flow_move", "access_signature", "flow_case")]
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    doctor = people["doctor"]
    known = [journey for journey in journeys if journey.case]
    moves = sum(check_case(database, doctor, journey, signatures) for journey in known)
    orphans = database.execute("SELECT count(*) FROM access_signature WHERE reference NOT IN (SELECT reference FROM access_signature JOIN access_signed_item ON id = signature)").fetchone()[0]
    assert orphans == 0, f"{orphans} signatures of nothing"
    before = count()
    for journey in known:
        assert doctor.create(journey.patient, journey.create_id) == (200, journey.case)
        for attempt in journey.done[-2:]:
            again = journey.send(attempt)
            assert again["repeated"], (journey.case, attempt["action"])
        if journey.done:
            assert again["after"] >= journey.done[-1]["after"]
    assert count() == before, "a repeated attempt left something"
    assert "whole" in server.command_output("verify-audit")
    return moves


def finish(journeys):
    """What the kill cut off is taken up by the same attempt: it was done, or it is done now."""
    for journey in journeys:
        while journey.step():
            pass


def main():
    rng = random.Random(11)
    journeys, errors = [], []
    with tempfile.TemporaryDirectory(prefix="qiao-sign-") as folder, qiao.Server("demo") as server:
        people = {"doctor": sign_in(server, cases.DOCTOR), "expert": sign_in(server, cases.EXPERT), "coordinator": cases.Person(server, cases.COORDINATOR)}
        patients = [people["doctor"].register(number) for number in range(8)]
        signatures = Signatures(folder)
        for number in range(1, ROUNDS + 1):
            stop = threading.Event()
            begun = len(journeys)
            threads = [threading.Thread(target=write, args=(people, patients, journeys, errors, stop)) for _ in range(WRITERS)]
            for thread in threads:
                thread.start()
            time.sleep(rng.uniform(0.3, 1.0))
            server.kill()
            stop.set()
            for thread in threads:
                thread.join()
            assert not errors, errors
            server.start()
            cut = [journey for journey in journeys[begun:] if len(journey.done) < len(WAY)]
            moves = check(server, people, journeys[begun:], signatures)
            finish(cut)
            print(f"round {number}: {len(journeys) - begun} cases begun, {len(cut)} cut off in the middle; {moves} moves are whole")
        moves = check(server, people, journeys, signatures)
        print(f"all: {moves} moves, {len(signatures.good)} signatures verified")
        for journey in journeys[-5:]:
            signatures.check_export(people["doctor"], journey.case, (1, 2))
        assert len(signatures.good) > 4 * ROUNDS, "hardly anything was signed"


if __name__ == "__main__":
    main()
