"""T9: the machine's clock jumps 400 days on and 400 days back while cases are on their way, each time with a kill -9 in the middle.
Deadlines fire once, sessions end, versions keep their order, the audit stays whole, what was signed stays valid."""
import glob
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases
import qiao

LIBRARIES = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
PATIENCE_S = 60


class ClockJump(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not LIBRARIES:
            qiao.skip("faketime is not installed")
        cls.server = qiao.Server("demo").start()
        cls.network = cases.Network(cls.server)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def jump(self, offset):
        """The process dies without a word and comes back with another wall clock; the monotonic one is the machine's own."""
        self.server.kill()
        self.server.process.stdout.close()
        self.server.environment.pop("LD_PRELOAD", None)
        if offset:
            self.server.environment.update(LD_PRELOAD=LIBRARIES[0], FAKETIME=offset, DONT_FAKE_MONOTONIC="1")
        self.server.start()
        old = self.network
        self.network = cases.Network(self.server)
        return old

    def levels(self, case):
        return {clock["name"]: clock["level"] for clock in self.network.doctor.json(f"/flow/cases/{case}")["clocks"]}

    def state(self, case):
        return self.network.doctor.json(f"/flow/cases/{case}")["state"]

    def stamps(self, case):
        """(version, lastUpdated) of the Task, oldest first."""
        bundle = self.network.doctor.json(f"/fhir/Task/{case}/_history?_count=100")
        return sorted((int(entry["resource"]["meta"]["versionId"]), entry["resource"]["meta"]["lastUpdated"]) for entry in bundle["entry"])

    def assert_in_order(self, case):
        stamps = self.stamps(case)
        self.assertEqual([one for _, one in stamps], sorted(one for _, one in stamps), "versions and times have one order")
        self.assertEqual([version for version, _ in stamps], list(range(1, len(stamps) + 1)))

    def test_there_and_back(self):
        asked, returned, signed = self.network.submitted(), self.network.submitted(), self.network.signed("routine")
        self.network.coordinator.move(returned, "give_back", {"missing_items": [{"code": "ecg", "text": "12 导"}]}, "incomplete")
        self.network.doctor.move(signed, "file")

        before = self.jump("+400d")
        self.assertEqual(before.doctor.get("/access/session")[0], 401, "a session of last year")
        qiao.wait_for(lambda: self.levels(asked).get("arrange") == 100, PATIENCE_S, "what fell due meanwhile fires once, at its highest level")
        qiao.wait_for(lambda: self.state(returned) == "cancelled", PATIENCE_S, "what nobody completed has lapsed")
        qiao.wait_for(lambda: self.state(signed) == "feedback_due", PATIENCE_S, "feedback was asked for")
        fired = self.levels(asked)
        self.network.coordinator.move(asked, "give_back", {"missing_items": [{"code": "ecg", "text": "12 导"}]}, "still incomplete")
        self.assert_in_order(asked)

        before = self.jump("")  # back by 400 days: everything that stands in the record is of next year
        self.assertEqual(before.doctor.get("/access/session")[0], 401, "a session that begins next year")
        self.assertEqual(self.levels(asked)["arrange"], fired["arrange"], "nothing fires again")
        self.network.doctor.move(asked, "resubmit", {"items": [{"code": "ecg", "text": "已补"}]})
        self.assertEqual(self.state(asked), "material_check")
        self.assert_in_order(asked)

        self.network.coordinator.move(asked, "schedule", cases.schedule())
        self.network.expert.move(asked, "accept")
        self.network.expert.move(asked, "sign", cases.opinion())
        self.assert_in_order(asked)
        for case in (asked, signed):
            self.assertEqual(self.network.doctor.json(f"/flow/cases/{case}")["opinion"]["state"], "valid")
        self.assertIn("whole", self.server.command_output("verify-audit"))
        timeline = self.network.doctor.json(f"/flow/cases/{asked}")["timeline"]
        self.assertEqual([entry["seq"] for entry in timeline], sorted(entry["seq"] for entry in timeline), json.dumps(timeline)[:500])


if __name__ == "__main__":
    unittest.main()
