"""A month passes on the real program, by the demo's clock: clocks escalate, a pause stops them up to its cap, cases lapse, feedback is asked."""
import datetime
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases
import qiao
from events import Events

HOUR, DAY = 60, 24 * 60
PATIENCE_S = 20  # the server looks at its clocks once a second


class Deadlines(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = qiao.Server("demo").start()
        cls.network = cases.Network(cls.server)
        cls.minutes = 0
        # The clock of the first look runs in working hours: from a Saturday on it stays behind the 48 hours that are watched here.
        now = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8)))
        saturday = now.replace(hour=0, minute=30) + datetime.timedelta(days=(5 - now.weekday()) % 7 or 7)
        cls.pass_until(int((saturday - now).total_seconds()) // 60)
        cls.minutes = 0

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    @classmethod
    def pass_until(cls, minutes):
        """The clock is moved on; people who were idle for longer than a session lasts sign in again."""
        status, _, body = cases.Person(cls.server, cases.DOCTOR).post_json("/access/demo-clock", {"minutes": minutes - cls.minutes})
        assert status == 200, body
        if minutes - cls.minutes >= 15:
            cls.network = cases.Network(cls.server)
        cls.minutes = minutes

    def clock(self, case, name):
        return next((clock for clock in self.network.doctor.json(f"/flow/cases/{case}")["clocks"] if clock["name"] == name), None)

    def state(self, case):
        return self.network.doctor.json(f"/flow/cases/{case}")["state"]

    def wait_level(self, case, name, level):
        qiao.wait_for(lambda: self.clock(case, name)["level"] == level, PATIENCE_S, f"{name} reaches {level} %: {self.clock(case, name)}")

    def late(self, case):
        return any(row["case"] == case for row in self.network.coordinator.json("/flow/worklists/late?count=100")["rows"])

    def told(self, socket, level):
        notices = [message for message in socket.all_within(1) if message["type"] == "notice" and message["code"] == "flow.clock"]
        return [one for one in notices if one["case"] == self.now and one["params"] == {"clock": "read_back", "level": level}] != []

    def test_a_month(self):
        network = self.network
        self.now, today, routine = network.signed("now"), network.signed("today"), network.signed("routine")
        asked, returned, resumed, filed = network.submitted(), network.submitted(), network.submitted(), network.filed("routine")
        for case in (returned, resumed):
            network.coordinator.move(case, "give_back", {"missing_items": [{"code": "ecg", "text": "12 导"}]}, "incomplete")
        self.read_back_within_ten_minutes(today, routine)
        self.arrangement(asked, returned, resumed)
        self.weeks(returned, filed)

    def read_back_within_ten_minutes(self, today, routine):
        self.assertIsNone(self.clock(routine, "read_back"))
        doctor, lead, manager = self.network.doctor, cases.Person(self.server, "ren.guohua"), cases.Person(self.server, "peng.ruixue")
        tabs = [Events(person) for person in (doctor, lead, manager)]
        for minutes, level, hears in ((5, 50, (True, False, False)), (8, 80, (True, True, False)), (10, 100, (True, True, True))):
            self.pass_until(minutes)
            self.wait_level(self.now, "read_back", level)
            self.assertEqual(tuple(self.told(tab, level) for tab in tabs), hears, f"who is told at {level} %")
        for tab in tabs:
            tab.close()
        self.assertEqual(self.clock(today, "read_back")["level"], 0)
        self.network.doctor.move(self.now, "read_back", {"text": "平卧"})
        self.assertEqual(self.clock(self.now, "read_back")["verdict"], "late")
        self.pass_until(61)
        self.wait_level(today, "read_back", 50)
        self.pass_until(2 * HOUR)
        self.wait_level(today, "read_back", 100)

    def arrangement(self, asked, returned, resumed):
        for hours, level in ((24, 50), (39, 80)):
            self.assertEqual(self.late(asked), False)
            self.pass_until(hours * HOUR)
            self.wait_level(asked, "arrange", level)
        self.assertTrue(self.late(asked))
        self.pass_until(48 * HOUR)
        self.wait_level(asked, "arrange", 100)
        self.assertTrue(self.late(asked))
        paused = self.clock(returned, "arrange")
        self.assertEqual((paused["paused"], paused["due"], paused["level"], paused["share"]), ("material_missing", None, 0, 0))
        self.network.doctor.move(resumed, "resubmit", {"items": [{"code": "ecg", "text": "已补"}]})
        self.assertIsNone(self.clock(resumed, "arrange")["paused"])
        self.assertEqual(self.clock(resumed, "arrange")["share"], 0)
        self.pass_until(71 * HOUR)
        self.assertEqual(self.clock(returned, "arrange")["paused"], "material_missing")
        self.pass_until(72 * HOUR + 1)
        qiao.wait_for(lambda: self.clock(returned, "arrange")["paused"] is None, PATIENCE_S, "the pause ends at its cap")
        self.assertEqual(self.state(returned), "returned")
        self.pass_until((72 + 24) * HOUR + 1)
        self.wait_level(returned, "arrange", 50)
        self.wait_level(resumed, "arrange", 100)

    def weeks(self, returned, filed):
        self.pass_until(7 * DAY - HOUR)
        self.assertEqual(self.state(filed), "filed")
        self.pass_until(7 * DAY + 1)
        qiao.wait_for(lambda: self.state(filed) == "feedback_due", PATIENCE_S, "feedback is asked for on day 7")
        self.pass_until(14 * DAY - HOUR)
        self.assertEqual(self.state(returned), "returned")
        self.pass_until(14 * DAY + 1)
        qiao.wait_for(lambda: self.state(returned) == "cancelled", PATIENCE_S, "what nobody completes lapses after 14 days")
        self.assertTrue(all(clock["stopped"] for clock in self.network.doctor.json(f"/flow/cases/{returned}")["clocks"]))
        self.pass_until(30 * DAY - HOUR)
        self.assertEqual(self.state(filed), "feedback_due")
        self.pass_until(30 * DAY + 2)
        qiao.wait_for(lambda: self.state(filed) == "closed", PATIENCE_S, "what nobody answers closes on day 30")
        self.assertTrue(all(clock["stopped"] for clock in self.network.doctor.json(f"/flow/cases/{filed}")["clocks"]))
        self.assertIn("whole", self.server.command_output("verify-audit"))


if __name__ == "__main__":
    unittest.main()
