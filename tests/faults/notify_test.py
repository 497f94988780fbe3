"""Notices that leave the screen, with the real program and providers that record: every channel, a provider that is down, one whose
answer is lost, a server killed with messages in the queue, reports of delivery; nothing of the patient leaves, no secret and no number
stands in a log, and a wrong configuration stops the start with line and column."""
import base64
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import types
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import gateways
import providers
import qiao

MARKS = ["标记患者", "MARKSUMMARY", "MARKQUESTION", "0123456MARK", "1971-05-06"]
VOICE_SECRET, SMS_SECRET, ROBOT_SECRET, MAIL_SECRET, REPORT_SECRET = (f"secret-{name}-{uuid.uuid4().hex}" for name in ("voice", "sms", "robot", "mail", "report"))


def part(name, value):
    if isinstance(value, list):
        return [one for item in value for one in part(name, item)]
    if isinstance(value, dict):
        return [{"name": name, "part": [one for key, inner in value.items() for one in part(key, inner)]}]
    kind = "valueBoolean" if isinstance(value, bool) else "valueInteger" if isinstance(value, int) else "valueString"
    return [{"name": name, kind: value}]


def parameters(**named):
    return {"resourceType": "Parameters", "parameter": [one for name, value in named.items() for one in part(name, value)]}


class Centre:
    """A demo centre whose channels lead to recording providers."""

    def __init__(self, **channels):
        self.folder = tempfile.mkdtemp(prefix="qiao-notify-")
        for name, value in (("voice", VOICE_SECRET), ("sms", SMS_SECRET), ("robot", ROBOT_SECRET), ("mail", MAIL_SECRET), ("report", REPORT_SECRET)):
            path = os.path.join(self.folder, name)
            with open(path, "w") as text:
                text.write(value + "\n")
            os.chmod(path, 0o600)
        self.config = os.path.join(self.folder, "qiao.toml")
        with open(self.config, "w") as text:
            text.write("".join(channels[name] for name in channels).replace("DIR", self.folder))
        self.server = qiao.Server("demo", options=["--config", self.config])

    def __enter__(self):
        self.server.__enter__()
        self.tokens = {}
        return self

    def __exit__(self, *_):
        self.server.__exit__()
        shutil.rmtree(self.folder, ignore_errors=True)

    def token(self, login):
        if login not in self.tokens:
            self.tokens[login] = self.server.user_token(login)
        return self.tokens[login]

    def call(self, login, method, path, body=None, headers=None, expect=2):
        status, answer_headers, text = self.server.call(method, path, body, headers, token=self.token(login) if login else None)
        assert status // 100 == expect, (method, path, status, text.decode()[:600])
        return json.loads(text) if text else None, answer_headers

    def keep_contact(self, login, phone="", mail="", language="zh"):
        self.call(login, "PUT", "/access/contact", {"phone": phone, "email": mail, "language": language})

    def emergency(self):
        patient = {"resourceType": "Patient", "name": [{"text": MARKS[0]}], "gender": "female", "birthDate": MARKS[4]}
        answer, _ = self.call("lin.haiyan", "POST", "/fhir/Patient/$register?noIdReason=not_at_hand&confirmed=true", patient)
        made = answer["id"] if answer.get("resourceType") == "Patient" else next(p["resource"]["id"] for p in answer["parameter"] if "resource" in p)
        created, _ = self.call("lin.haiyan", "POST", "/fhir/Task/$create", parameters(machine="consult", create_id=str(uuid.uuid4()), patient=f"Patient/{made}",
                                                                                  input={"receiver": "Organization/demo-hub"}))
        case = next(p["resource"]["id"] for p in created["parameter"] if p["name"] == "task")
        self.call("lin.haiyan", "POST", "/access/step-up", {"password": ""})
        form = {"purpose": "diagnosis", "specialty": "neurosurgery", "rank": "any", "urgency": "emergency", "receiver": "Organization/demo-hub", "summary": MARKS[1],
                "question": MARKS[2], "callback": MARKS[3], "vitals": {"status": "none"}, "allergies": {"status": "none"}, "drugs": {"status": "none"},
                "pregnancy": {"status": "not_asked"}, "weight": {"status": "not_asked"}, "attachments": {"status": "none"}}
        self.call("lin.haiyan", "POST", f"/fhir/Task/{case}/$move", parameters(action="call_emergency", move_id=str(uuid.uuid4()), input=form), {"If-Match": 'W/"1"'})
        return case

    def view(self, case, login="lin.haiyan"):
        return self.call(login, "GET", f"/flow/cases/{case}")[0]

    def steps(self, case, person):
        shown = self.view(case)["notices"]
        return [" ".join(filter(None, (one["what"], one["channel"], one["reason"]))) for one in shown if one["person"]["reference"].endswith(person.replace(".", "-"))]

    def pass_time(self, minutes):
        self.call("lin.haiyan", "POST", "/access/demo-clock", {"minutes": minutes})

    def log(self):
        self.server.log.flush()
        with open(self.server.log.name) as text:
            return text.read()


def voice(provider, extra=""):
    return (f'[notify.voice]\nurl = "http://127.0.0.1:{provider.port}/calls"\nauth = "bearer"\nsecret_file = "DIR/voice"\nreceipt_secret_file = "DIR/report"\n{extra}'
            'body = { to = "{number}", say = { text = "{text}", language = "{language}" }, report_to = "{callback}", key = "{key}" }\n')


def sms(provider):
    return (f'[notify.sms]\nurl = "http://127.0.0.1:{provider.port}/sms"\nformat = "form"\nauth = "hmac"\nsecret_file = "DIR/sms"\n'
            'body = { phone = "{number}", content = "{text}" }\n')


def robot(provider, form="text"):
    return f'[notify.webhook]\nurl = "http://127.0.0.1:{provider.port}/robot/send"\nformat = "{form}"\nsecret_file = "DIR/robot"\n'


def mail(provider, certificate):
    return (f'[notify.email]\nurl = "smtp://127.0.0.1:{provider.port}"\nfrom = "qiao@hospital.example"\nuser = "qiao"\nsecret_file = "DIR/mail"\n'
            f'ca_file = "{certificate}"\n')


class NotifyTest(unittest.TestCase):
    def assert_nothing_personal(self, texts):
        for text in texts:
            for mark in MARKS:
                self.assertNotIn(mark, text)

    def assert_log_is_clean(self, centre):
        log = centre.log()
        for secret in (VOICE_SECRET, SMS_SECRET, ROBOT_SECRET, MAIL_SECRET, REPORT_SECRET, "13800001111", "13800002222", "hospital.example", "/notify/receipt/", *MARKS):
            self.assertNotIn(secret, log)

    def test_an_emergency_goes_through_every_channel(self):
        calls, texts, group = providers.HttpProvider(), providers.HttpProvider(), providers.HttpProvider()
        with tempfile.TemporaryDirectory() as folder:
            certificate = providers.make_certificate(folder)
            post = providers.MailProvider(certificate)
            with Centre(voice=voice(calls), sms=sms(texts), webhook=robot(group), email=mail(post, certificate[0])) as centre:
                centre.keep_contact("zhou.mingyuan", "+8613800001111", "zhou@hospital.example")
                case = centre.emergency()
                number = centre.view(case)["number"]
                mine = lambda provider: [one for one in provider.messages if number in json.dumps(one["fields"], ensure_ascii=False)]
                qiao.wait_for(lambda: mine(calls), 20, "the call")
                call = mine(calls)[0]
                self.assertEqual(call["headers"]["authorization"], f"Bearer {VOICE_SECRET}")
                self.assertEqual(call["fields"]["to"], "+8613800001111")
                self.assertIn("鸥岛卫生室", call["fields"]["say"]["text"])
                self.assertEqual(call["fields"]["say"]["language"], "zh")
                self.assertEqual(call["fields"]["key"], call["key"])
                self.assertNotIn("http", call["fields"]["say"]["text"], "nobody can hear an address")
                self.assertEqual(mine(texts), [], "one channel after the other")
                centre.pass_time(3)
                qiao.wait_for(lambda: mine(texts), 20, "the SMS")
                text = mine(texts)[0]
                stamp = text["headers"]["x-qiao-timestamp"]
                expected = hmac.new(SMS_SECRET.encode(), stamp.encode() + b"." + text["body"], hashlib.sha256).hexdigest()
                self.assertEqual(text["headers"]["x-qiao-signature"], expected)
                self.assertIn(f"{centre.server.base}/app/consult/{case}", text["fields"]["content"])
                centre.pass_time(3)
                to_zhou = lambda: [one for one in mine(group) if one["fields"]["text"].get("mentioned_mobile_list") == ["13800001111"]]
                qiao.wait_for(to_zhou, 20, "the robot")
                self.assertEqual(to_zhou()[0]["path"], f"/robot/send?key={ROBOT_SECRET}")
                self.assertEqual(to_zhou()[0]["fields"]["msgtype"], "text")
                centre.pass_time(3)
                qiao.wait_for(lambda: [one for one in post.messages if number in one["text"]], 20, "the e-mail")
                letter = next(one for one in post.messages if number in one["text"])
                self.assertTrue(letter["tls"])
                self.assertEqual([one.decode() for one in letter["user"]], ["qiao", MAIL_SECRET])
                self.assertEqual((letter["from"], letter["to"]), ("qiao@hospital.example", "zhou@hospital.example"))
                self.assertIn(number, letter["mail"]["Subject"])
                qiao.wait_for(lambda: "accepted email" in centre.steps(case, "zhou.mingyuan"), 20, "the timeline")
                told = [step for step in centre.steps(case, "zhou.mingyuan") if step != "unread"]
                self.assertEqual(told[:4], ["accepted voice", "accepted sms", "accepted webhook", "accepted email"])
                everything = [json.dumps(one["fields"], ensure_ascii=False) for provider in (calls, texts, group) for one in provider.calls]
                self.assert_nothing_personal(everything + [one["text"] + str(one["mail"]["Subject"]) for one in post.messages])
                self.assert_log_is_clean(centre)
            for provider in (calls, texts, group, post):
                provider.close()

    def test_a_provider_that_is_down_and_a_server_that_is_killed_lose_nothing(self):
        texts = providers.HttpProvider(answer=503)
        centre = Centre(sms=sms(texts))
        with centre:
            centre.keep_contact("zhou.mingyuan", "+8613800001111")
            cases = [centre.emergency() for _ in range(3)]
            numbers = [centre.view(case)["number"] for case in cases]
            qiao.wait_for(lambda: len(texts.calls) >= 2, 30, "tries")
            centre.server.kill()
            centre.server.start()
            centre.tokens = {}
            texts.answer = "drop"  # takes the message, and its answer is lost
            qiao.wait_for(lambda: texts.messages, 60, "a message whose answer is lost")
            time.sleep(2.5)  # more tries of the same message
            texts.answer = 200
            arrived = lambda: [number for one in texts.messages for number in numbers if number in one["fields"]["content"]]
            qiao.wait_for(lambda: len(arrived()) == 3, 60, "all three")
            self.assertEqual(arrived(), numbers, "in order, each once")
            keys = {one["key"] for one in texts.calls}
            self.assertEqual(len(keys), 3, "one key a message, over the kill too")
            self.assertGreater(len(texts.calls), 4)
            qiao.wait_for(lambda: all("accepted sms" in centre.steps(case, "zhou.mingyuan") for case in cases), 20, "the timelines")
            self.assertIn("delayed sms http_503", centre.steps(cases[0], "zhou.mingyuan"))
            self.assert_log_is_clean(centre)
        texts.close()

    def test_reports_and_the_operators_page(self):
        calls = providers.HttpProvider()
        with Centre(voice=voice(calls)) as centre:
            centre.keep_contact("zhou.mingyuan", "+8613800001111")
            case = centre.emergency()
            qiao.wait_for(lambda: calls.messages, 20, "the call")
            path = calls.messages[0]["fields"]["report_to"][len(centre.server.base):]
            qiao.wait_for(lambda: "accepted voice" in centre.steps(case, "zhou.mingyuan"), 20, "the timeline")

            def report(status, secret, at=None):
                body = json.dumps({"status": status})
                stamp = str(int(at or time.time()))
                signature = hmac.new(secret.encode(), f"{stamp}.{body}".encode(), hashlib.sha256).hexdigest()
                return centre.server.call("POST", path, body, {"Content-Type": "application/json", "X-Qiao-Timestamp": stamp, "X-Qiao-Signature": signature})[0]

            self.assertEqual(report("delivered", "wrong"), 403)
            self.assertEqual(report("delivered", REPORT_SECRET, at=time.time() - 3600), 403)
            self.assertEqual(report("delivered", REPORT_SECRET), 204)
            self.assertEqual(centre.steps(case, "zhou.mingyuan")[:2], ["accepted voice", "delivered voice"])
            admin = next(one["login"] for one in json.loads(centre.server.call("GET", "/access/demo-users")[2]) if one["role"] == "system_admin")
            centre.call("lin.haiyan", "GET", "/flow/notifications", expect=4)
            centre.keep_contact(admin, "+8613800002222")
            centre.call(admin, "POST", "/flow/notifications/test", {"channel": "voice"})
            qiao.wait_for(lambda: any(one["fields"]["to"] == "+8613800002222" for one in calls.messages), 20, "the test call")
            qiao.wait_for(lambda: centre.call(admin, "GET", "/flow/notifications")[0]["tests"], 20, "its result")
            self.assertEqual(centre.call(admin, "GET", "/flow/notifications")[0]["tests"][0]["what"], "accepted")
            calls.answer, calls.headers = 302, [("Location", f"http://127.0.0.1:{calls.port}/elsewhere")]
            before = len(calls.calls)
            centre.call(admin, "POST", "/flow/notifications/test", {"channel": "voice"})
            qiao.wait_for(lambda: centre.call(admin, "GET", "/flow/notifications")[0]["tests"][0]["what"] == "failed", 20, "the failure")
            self.assertEqual(centre.call(admin, "GET", "/flow/notifications")[0]["tests"][0]["reason"], "http_302")
            self.assertFalse([one for one in calls.calls[before:] if one["path"] == "/elsewhere"], "a redirect is not followed")
            self.assert_log_is_clean(centre)
        calls.close()

    def test_a_page_that_is_open_rings_first(self):
        calls = providers.HttpProvider()
        with Centre(voice=voice(calls)) as centre:
            centre.keep_contact("zhou.mingyuan", "+8613800001111")
            page = open_page(centre, "zhou.mingyuan")
            self.addCleanup(page.close)
            case = centre.emergency()
            time.sleep(4)  # far longer than the call of somebody without a page takes
            self.assertEqual(calls.messages, [])
            page.close()
            qiao.wait_for(lambda: [one for one in calls.messages if one["fields"]["to"] == "+8613800001111"], 30, "the call after the page was closed")
            qiao.wait_for(lambda: "accepted voice" in centre.steps(case, "zhou.mingyuan"), 20, "the timeline")
        calls.close()

    def test_alerts_of_no_case_leave_too(self):
        texts = providers.HttpProvider()
        with Centre(sms=sms(texts)) as centre:
            said = lambda phone: [one["fields"]["content"] for one in texts.messages if one["fields"]["phone"] == phone]
            centre.keep_contact("yu.shaoqin", "+8613800003331")
            centre.keep_contact("hu.jianguo", "+8613800003332", language="en")
            # Emergency access: the privacy officer hears of it, and nothing of the patient.
            patient = {"resourceType": "Patient", "name": [{"text": MARKS[0]}], "gender": "female", "birthDate": MARKS[4]}
            answer, _ = centre.call("lin.haiyan", "POST", "/fhir/Patient/$register?noIdReason=not_at_hand&confirmed=true", patient)
            made = answer["id"] if answer.get("resourceType") == "Patient" else next(p["resource"]["id"] for p in answer["parameter"] if "resource" in p)
            centre.call("zhou.mingyuan", "POST", "/access/step-up", {"password": ""})
            centre.call("zhou.mingyuan", "POST", "/access/break-glass", {"patient": f"Patient/{made}", "reasonCode": "emergency", "reason": MARKS[1]})
            qiao.wait_for(lambda: said("+8613800003331"), 30, "the message to the privacy officer")
            self.assertIn("紧急访问", said("+8613800003331")[0])
            self.assertIn("/app/access/glass-reviews", said("+8613800003331")[0])
            # An administrator's role that waits for a second person.
            directory = centre.call("song.yanan", "GET", "/access/directory?role=technician")[0]["people"][0]
            centre.call("song.yanan", "POST", "/access/step-up", {"password": ""})
            centre.call("song.yanan", "POST", "/access/memberships", {"practitioner": directory["practitioner"], "organisation": directory["organisation"]["resource"], "role": "system_admin"})
            qiao.wait_for(lambda: said("+8613800003332"), 30, "the message to the one who may confirm")
            self.assertIn("/app/access/role-requests", said("+8613800003332")[0])
            # A gateway that falls silent: told once.
            hub = types.SimpleNamespace(json=lambda method, path, body, expected: centre.call("hu.jianguo", method, path, body)[0])
            gateway = gateways.Gateway(hub, centre.server.base, devices=(), organisation="Organization/demo-hub")
            gateway.start(enrol=True)
            gateway.kill()
            centre.pass_time(20)
            silent = lambda: [one for one in said("+8613800003332") if "gateway has not reported" in one]
            qiao.wait_for(silent, 90, "the message about the gateway")
            self.assertIn("/app/imaging/gateways", silent()[0])
            time.sleep(25)  # longer than the watch takes to come by again
            self.assertEqual(len(silent()), 1)
            gateway.close()
            everything = str(texts.messages)
            self.assertEqual([mark for mark in MARKS if mark in everything], [])
            self.assert_log_is_clean(centre)
        texts.close()

    def test_a_signing_certificate_that_ends_is_told(self):
        texts = providers.HttpProvider()
        with Centre(sms=sms(texts)) as centre, tempfile.TemporaryDirectory() as folder:
            said = lambda: [one["fields"]["content"] for one in texts.messages if one["fields"]["phone"] == "+8613800003341"]
            openssl = lambda *words: subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True, text=True).stdout
            openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=County", "-days", "90",
                    "-addext", "keyUsage=critical,keyCertSign,cRLSign")
            pathlib.Path(folder, "usage").write_text("keyUsage=critical,digitalSignature\n")
            step_up = lambda login: centre.call(login, "POST", "/access/step-up", {"password": ""})
            security = lambda path, body: (step_up("song.yanan"), centre.call("song.yanan", "POST", f"/access/certificates{path}", body)[0])[1]
            centre.keep_contact("song.yanan", "+8613800003341", language="en")
            users = {one["login"]: one for one in json.loads(centre.server.call("GET", "/access/demo-users")[2])}
            experts = centre.call("song.yanan", "GET", "/access/directory?role=expert")[0]["people"]
            expert = next(one["practitioner"] for one in experts if one["name"] == users["zhou.mingyuan"]["name"])
            security("/authorities", {"name": "County", "licensed": False, "pem": pathlib.Path(folder, "ca.pem").read_text()})
            pathlib.Path(folder, "r.csr").write_text(security("/request", {"holder": expert})["pem"])
            openssl("x509", "-req", "-in", "r.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "9", "-extfile", "usage", "-out", "c.pem")
            security("/import", {"holder": expert, "pem": pathlib.Path(folder, "c.pem").read_text()})
            centre.pass_time(61)  # it is looked for once an hour
            qiao.wait_for(said, 60, "it ends within 30 days")
            self.assertIn("/app/access/certificates", said()[0])
            centre.pass_time(3 * 24 * 60)
            qiao.wait_for(lambda: len(said()) == 2, 60, "within 7 days")
            admin = next(one["login"] for one in users.values() if one["role"] == "system_admin")
            centre.tokens.clear()  # sessions end with the day
            shown = lambda: [one["state"] for one in centre.call(admin, "GET", "/operations/state")[0]["certificates"]]
            self.assertEqual(shown(), ["soon"])
            centre.pass_time(7 * 24 * 60)
            qiao.wait_for(lambda: len(said()) == 3, 60, "it has ended")
            centre.tokens.clear()
            self.assertEqual(shown(), ["expired"])
            checked = subprocess.run([qiao.binary(), "check", "--data", centre.server.data], capture_output=True, text=True, timeout=60).stdout
            self.assertNotIn("nothing is signed with it", checked, "by the machine's own clock it is in force")
            self.assertIn("the certificate of the signer zhou.mingyuan ends on", checked)
        texts.close()

    def test_certificates_are_checked(self):
        with tempfile.TemporaryDirectory() as folder:
            certificate = providers.make_certificate(folder)
            calls = providers.HttpProvider(certificate=certificate)
            secured = voice(calls).replace("http://", "https://")
            for ca_file, expected, reason in (("", "failed", "tls"), (f'ca_file = "{certificate[0]}"\n', "accepted", "")):
                with Centre(voice=secured.replace("body =", ca_file + "body =")) as centre:
                    admin = next(one["login"] for one in json.loads(centre.server.call("GET", "/access/demo-users")[2]) if one["role"] == "system_admin")
                    centre.keep_contact(admin, "+8613800002222")
                    centre.call(admin, "POST", "/flow/notifications/test", {"channel": "voice"})
                    qiao.wait_for(lambda: centre.call(admin, "GET", "/flow/notifications")[0]["tests"], 20, "a result")
                    last = centre.call(admin, "GET", "/flow/notifications")[0]["tests"][0]
                    self.assertEqual((last["what"], last["reason"]), (expected, reason))
            calls.close()

    def test_a_wrong_configuration_stops_the_start(self):
        with tempfile.TemporaryDirectory() as folder:
            for text, expected in (('[notify.sms]\nurl = "http://sms.example/"\nbody = { to = "{number}", text = "{text}" }\n', "qiao.toml:2:7: notify.sms: url: https is required"),
                                   ('[notify.sms]\nurl = "https://sms.example/"\nbody = { to = "{number}", text = "{patient} {text}" }\n', "qiao.toml:3:34: notify.sms: body: nobody fills {patient}"),
                                   ('[notify.pager]\nurl = "https://sms.example/"\n', "qiao.toml:1:1"),
                                   ('[notify.sms\n', "qiao.toml:1:")):
                config = os.path.join(folder, "qiao.toml")
                with open(config, "w") as stream:
                    stream.write(text)
                done = subprocess.run([qiao.binary(), "serve", "--data", folder + "/data", "--http", "127.0.0.1:0", "--dicom", "127.0.0.1:0", "--config", config],
                                      capture_output=True, text=True, timeout=20)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(expected, done.stderr)


def open_page(centre, login):
    """A tab of a person: the WebSocket of /events, kept open."""
    connection = http.client.HTTPConnection(*centre.server.http)
    connection.request("POST", "/access/demo-session", json.dumps({"login": login}), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    cookie = answer.getheader("Set-Cookie").split(";")[0]
    connection.close()
    page = socket.create_connection(centre.server.http)
    host = f"{centre.server.http[0]}:{centre.server.http[1]}"
    page.sendall((f"GET /events HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                  f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\nSec-WebSocket-Protocol: qiao.events.1\r\nCookie: {cookie}\r\n\r\n").encode())
    head = page.recv(4096)
    assert b"101" in head.split(b"\r\n")[0], head
    return page


if __name__ == "__main__":
    unittest.main()
