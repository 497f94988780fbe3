"""Two servers of the whole program on one PostgreSQL: what one does the other knows within seconds (sessions, their sockets, people, rights, cases on open pages), background work
is done once and goes on when its node is killed, every read is audited once in one chain, and what only one node may do, the others refuse."""
import contextlib
import copy
import datetime
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases
import postgres
import qiao
from events import Events
from fhir import Caller
from providers import HttpProvider

if not os.environ.get("QIAO_DATABASE"):
    qiao.skip("needs PostgreSQL: tests/support/with_postgres")

SOON = 5  # seconds: what docs/operations.md promises between nodes


def at(person, server):
    """The same session at another node."""
    other = copy.copy(person)
    other.server = server
    return other


class Nodes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.robot = HttpProvider()
        cls.config = tempfile.mkdtemp(prefix="qiao-test-")
        cls.stack.callback(shutil.rmtree, cls.config, ignore_errors=True)
        secret = os.path.join(cls.config, "robot")
        pathlib.Path(secret).write_text("robot-key")
        os.chmod(secret, 0o600)
        pathlib.Path(cls.config, "qiao.toml").write_text(f'[notify.webhook]\nurl = "http://127.0.0.1:{cls.robot.port}/robot/send"\nformat = "text"\nsecret_file = "{secret}"\n')
        options = ["--config", os.path.join(cls.config, "qiao.toml")]
        cls.one = cls.stack.enter_context(qiao.Server("demo", options=options))
        folder = tempfile.mkdtemp(prefix="qiao-test-")
        cls.stack.callback(shutil.rmtree, folder, ignore_errors=True)
        qiao.make_node(cls.one.data, folder)
        cls.two = cls.stack.enter_context(qiao.Server("demo", data=folder, options=options))
        cls.minutes = 0

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()

    def story(self):
        """A network whose coordinator works at the second node."""
        network = cases.Network(self.one)
        network.coordinator = at(network.coordinator, self.two)
        return network

    def later(self, minutes):
        """Both clocks, as those of synchronised machines: the other's is moved when the lease of the one that works reaches behind it. Else both would work for some
        seconds, as they may where clocks are a day apart."""
        leader, = self.leaders()
        for server in (leader, self.two if leader is self.one else self.one):
            if server.process.poll() is None:
                status, _, body = cases.Person(server, cases.DOCTOR).post_json("/access/demo-clock", {"minutes": minutes})
                assert status == 200, body
                moved_us = int(datetime.datetime.fromisoformat(json.loads(body)["now"].replace("Z", "+00:00")).timestamp() * 1e6)
                qiao.wait_for(lambda until=moved_us: self.lease_until_us() > until, 30, "the lease is of the clock that was moved")

    def lease_until_us(self):
        folder = re.search(r"host=([^&]+)", os.environ["QIAO_DATABASE"])[1]
        told = subprocess.run(["psql", "-h", folder, "-U", "qiao", "-d", "postgres", "-Atc", "SELECT until_us FROM record.jobs_lease WHERE name = 'work'"],
                              capture_output=True, text=True, check=True)
        return int(told.stdout)

    def leaders(self):
        """The nodes that do the background work."""
        return [server for server in (self.one, self.two) if server.process.poll() is None and cases.Person(server, "hu.jianguo").json("/operations/state")["leads"]]

    def session(self, person):
        return json.loads(person.get("/access/session")[2])

    def test_1_a_case_goes_through_both(self):
        network = self.story()
        case = network.signed()
        for server in (self.one, self.two):
            view = at(network.doctor, server).json(f"/flow/cases/{case}")
            self.assertEqual(view["state"], "opinion_signed")
            for one in view["items"]["attachments"]:
                self.assertEqual(at(network.doctor, server).get(f"/flow/cases/{case}/attachments/{one['n']}")[0], 200)
        self.assertEqual(at(network.doctor, self.one).json(f"/flow/cases/{case}")["version"], at(network.doctor, self.two).json(f"/flow/cases/{case}")["version"])

    def test_2_an_open_page_hears_of_a_move_at_the_other_node(self):
        network = self.story()
        case = network.scheduled()
        page = Events(at(network.doctor, self.two))
        page.watch(cases=[case], lists=["requested"])
        page.all_within(0.5)
        network.expert.move(case, "accept")  # at the first node
        heard = page.all_within(SOON)
        self.assertIn(case, [one.get("id") or one.get("case") for one in heard if one["type"] == "case"], heard)
        page.close()

    def test_3_a_session_ended_at_one_node_ends_at_the_other_with_its_socket(self):
        person = cases.Person(self.one, cases.DOCTOR)
        there = at(person, self.two)
        self.assertEqual(there.get("/flow/worklists")[0], 200)
        page = Events(there)
        self.assertEqual(person.call("DELETE", "/access/session")[0], 204)
        qiao.wait_for(lambda: there.get("/flow/worklists")[0] == 401, SOON, "the session ends at the other node")
        with self.assertRaises(ConnectionError):
            page.all_within(SOON)

    def test_4_a_step_up_at_one_node_holds_at_the_other(self):
        person = cases.Person(self.one, cases.EXPERT)
        there = at(person, self.two)
        self.assertEqual(there.get("/flow/worklists")[0], 200)
        person.step_up()
        qiao.wait_for(lambda: self.session(there).get("stepUpUntil") == self.session(person)["stepUpUntil"], SOON, "a step-up holds at the other node")

    def test_5_people_and_roles_are_known_at_the_other_node(self):
        admin = cases.Person(self.one, "song.yanan")
        there = at(admin, self.two)
        admin.step_up()
        status, _, body = admin.post_json("/access/organisations", {"kind": "clinic", "name": "双节点卫生室", "nameEn": "Two nodes clinic", "parent": ""})
        self.assertEqual(status, 201, body)
        qiao.wait_for(lambda: "Two nodes clinic" in there.get("/access/organisations")[2].decode(), SOON, "an institution of the other node")

    def test_9_background_work_is_done_once_and_goes_on_when_its_node_is_killed(self):
        # The last one: the clock that it moves is each server's own, and a server that is started again has the true time.
        qiao.wait_for(self.leaders, 30, "one works")
        self.assertEqual(len(self.leaders()), 1)
        network = self.story()
        before = len(self.robot.messages)
        open_cases = [network.submitted() for _ in range(3)]
        self.later(60 * 24)
        doctor = cases.Person(self.one, cases.DOCTOR)  # the sessions of the day before are over

        def escalations(case):
            return [one for one in doctor.json(f"/fhir/Communication?_count=200&patient={doctor.json('/fhir/Task/' + case)['for']['reference']}").get("entry", [])
                    if one["resource"].get("category", [{}])[0].get("text") == "escalation" and f"Task/{case}" in json.dumps(one["resource"].get("about"))]
        for case in open_cases:
            qiao.wait_for(lambda which=case: escalations(which), 30, "a deadline that passed is told")
        time.sleep(3)
        for case in open_cases:
            texts = [one["resource"]["payload"][0]["contentString"] for one in escalations(case)]
            self.assertEqual(sorted(texts), sorted(set(texts)), "one escalation of each level")
        qiao.wait_for(lambda: len(self.robot.messages) > before, 60, "notices leave")
        time.sleep(3)
        keys = [one["key"] for one in self.robot.calls]
        self.assertEqual(len(keys), len(set(keys)), "nothing was sent twice")
        # The one that works is killed: the other takes over by itself.
        leader, = self.leaders()
        other = self.two if leader is self.one else self.one
        leader.kill()
        qiao.wait_for(lambda: self.leaders() == [other], 60, "the other node works")
        leader.start()

    def test_7_reads_at_both_are_audited_once_in_one_chain(self):
        token = self.one.integration_token()
        one, two = Caller(self.one, token), Caller(self.two, token)
        made = one.ok("POST", "/Basic", {"resourceType": "Basic", "code": {"text": "audited"}})["id"]
        counts = [0, 0]

        def read(which, caller):
            for _ in range(60):
                caller.ok("GET", f"/Basic/{made}")
                counts[which] += 1
        threads = [threading.Thread(target=read, args=pair) for pair in enumerate((one, two))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(counts, [60, 60])
        for server in (self.two, self.one):  # what waits in their journals is brought in at the next start
            server.kill()
            server.start()
        folder = re.search("host=([^&]+)", os.environ["QIAO_DATABASE"])[1]

        def rows():  # nobody else reads one
            asked = "SELECT count(*) FROM record.access_audit WHERE action = 'read' AND type = 'Basic'"
            return int(subprocess.run([f"{postgres.BIN}/psql", "-h", folder, "-U", "qiao", "-d", "postgres", "-tAc", asked], check=True, capture_output=True, text=True).stdout)
        qiao.wait_for(lambda: rows() >= 120, 30, "the rows of all reads")
        time.sleep(2)
        self.assertEqual(rows(), 120)
        done = subprocess.run([qiao.binary(), "verify-audit", "--data", self.one.data], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_8_images_are_at_one_node_and_the_files_are_those_of_the_database(self):
        token = self.two.integration_token()
        status, _, body = self.two.call("GET", "/dicomweb/studies", token=token, headers={"Accept": "application/dicom+json"})
        self.assertEqual((status, cases.code_of(body)), (503, "imaging.other_node"))
        self.assertIn(self.one.call("GET", "/dicomweb/studies", token=token, headers={"Accept": "application/dicom+json"})[0], (200, 204))
        stranger = tempfile.mkdtemp(prefix="qiao-test-")
        done = subprocess.run([qiao.binary(), "serve", "--data", stranger, "--http", "127.0.0.1:0", "--dicom", "127.0.0.1:0"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("app.folder_not_shared", done.stderr)
        shutil.rmtree(stranger)


if __name__ == "__main__":
    unittest.main()
