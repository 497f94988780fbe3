"""A row for every create, read, update, delete, query, sign-in and refused sign-in, also when the process is killed between them (T49):
what was answered is in the chain, what never began is not, and the chain is whole afterwards."""
import json
import pathlib
import sqlite3
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import qiao

JSON = {"Content-Type": "application/json"}
KINDS = ("create", "read", "update", "search", "history", "delete", "login", "refused")
WORKERS, ROUNDS, SECONDS = 3, 3, 1.5


class Worker(threading.Thread):
    """Does one operation after another and counts what was begun and what was answered."""

    def __init__(self, server, token, number):
        super().__init__()
        self.server, self.token, self.number = server, token, number
        self.begun, self.answered = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0)
        self.ended, self.wrong = threading.Event(), []

    def one(self, kind, expected, method, path, body=None, headers=None, token=None):
        self.begun[kind] += 1
        status, head, answer = self.server.call(method, path, body, headers, token=token)
        if status != expected:
            self.wrong.append((kind, status, answer[:200]))
        self.answered[kind] += 1
        return head, answer

    def turn(self, turn):
        patient = {"resourceType": "Patient", "name": [{"text": f"试验{self.number}-{turn}"}]}
        made = json.loads(self.one("create", 201, "POST", "/fhir/Patient", patient, token=self.token)[1])
        path = f"/fhir/Patient/{made['id']}"
        self.one("read", 200, "GET", path, token=self.token)
        self.one("update", 200, "PUT", path, {**patient, "id": made["id"], "active": True}, token=self.token)
        self.one("history", 200, "GET", path + "/_history", token=self.token)
        self.one("search", 200, "GET", f"/fhir/Patient?_id={made['id']}", token=self.token)
        self.one("delete", 204, "DELETE", path, token=self.token)
        self.one("login", 200, "POST", "/access/demo-session", json.dumps({"login": "lin.haiyan"}), JSON)
        self.one("refused", 401, "POST", "/access/session", json.dumps({"login": f"nobody-{self.number}-{turn}", "password": "x"}), JSON)

    def run(self):
        turn = 0
        try:
            while not self.ended.is_set():
                self.turn(turn)
                turn += 1
        except (OSError, ValueError, json.JSONDecodeError):  # the process was killed
            pass
        except Exception as error:  # noqa: BLE001 - http.client has many names for a line that broke
            if type(error).__module__ != "http.client":
                raise


def audited(server, client):
    """How many rows of each kind the chain holds for these programs and sign-ins."""
    with sqlite3.connect(f"file:{server.data}/record.db?mode=ro", uri=True) as database:
        rows = database.execute("SELECT action, outcome, COUNT(*) FROM access_audit WHERE (role = 'integration' AND type = 'Patient') OR action = 'login' GROUP BY 1, 2").fetchall()
    counts = dict.fromkeys(KINDS, 0)
    for action, outcome, count in rows:
        counts["refused" if action == "login" and outcome == "denied" else action] += count
    return counts


class Audited(unittest.TestCase):
    def test_count_of_rows_is_count_of_operations(self):
        with qiao.Server("demo") as server:
            token = server.integration_token()
            begun, answered = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0)
            server.stop()
            before = audited(server, token)
            for _ in range(ROUNDS):
                server.start()
                workers = [Worker(server, token, number) for number in range(WORKERS)]
                for one in workers:
                    one.start()
                time.sleep(SECONDS)
                server.kill()
                for one in workers:
                    one.ended.set()
                    one.join()
                    self.assertEqual(one.wrong, [])
                    for kind in KINDS:
                        begun[kind] += one.begun[kind]
                        answered[kind] += one.answered[kind]
            server.start()
            quiet = Worker(server, token, 99)
            for turn in range(10):
                quiet.turn(turn)
            self.assertEqual(quiet.wrong, [])
            server.stop()
            after = audited(server, token)
            for kind in KINDS:
                rows = after[kind] - before[kind] - 10
                self.assertGreater(answered[kind], 0, kind)
                self.assertGreaterEqual(rows, answered[kind], f"{kind}: an answer without its row")
                self.assertLessEqual(rows, begun[kind], f"{kind}: a row without an operation")
                self.assertLessEqual(begun[kind] - answered[kind], WORKERS * ROUNDS, kind)
            self.assertIn("whole", server.command_output("verify-audit"))


if __name__ == "__main__":
    unittest.main()
