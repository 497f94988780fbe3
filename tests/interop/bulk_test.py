"""Bulk data with the real program: an import and an export that are killed in the middle lose and repeat nothing, an export is the state of
one commit while writers go on, a job is cancelled, and `qiao import` and `qiao export` do the same with a running server and without."""
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import qiao

PATIENCE = 120
ASYNC = {"Prefer": "respond-async"}


def basic(number, text="x"):
    return {"resourceType": "Basic", "id": f"b{number}", "code": {"text": str(text)}}


def observation(number):
    """Without an id: written twice it would be two."""
    return {"resourceType": "Observation", "status": "final", "code": {"coding": [{"system": "urn:test", "code": "bulk"}]}, "valueInteger": number,
            "identifier": [{"system": "urn:test:number", "value": str(number)}]}


def ndjson(resources):
    return "".join(json.dumps(one) + "\n" for one in resources).encode()


class Bulk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="qiao-test-")  # one database, as PostgreSQL has it: what was before goes on

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def setUp(self):
        self.server = qiao.Server(data=self.folder.name).start()
        self.addCleanup(lambda: self.server.stop())
        self.token = self.server.integration_token()

    def call(self, method, path, body=None, headers=None):
        return self.server.call(method, path, body, headers, token=self.token, timeout=60)

    def order(self, path, body=None, media="application/fhir+ndjson"):
        status, headers, answer = self.call("POST" if body is not None else "GET", path, body, {**ASYNC, **({"Content-Type": media} if body is not None else {})})
        self.assertEqual(status, 202, answer[:300])
        return urllib.parse.urlparse(headers["content-location"]).path

    def end(self, job, patience=PATIENCE):
        limit = time.monotonic() + patience
        while True:
            status, headers, body = self.call("GET", job)
            if status != 202:
                self.assertEqual(status, 200, body[:300])
                return json.loads(body)
            self.assertIn("x-progress", headers)
            self.assertIn("retry-after", headers)
            self.assertLess(time.monotonic(), limit, headers)
            time.sleep(0.1)

    def row(self, job):
        return next(one for one in json.loads(self.call("GET", "/bulk")[2])["jobs"] if one["id"] == job.split("/")[2])

    def lines(self, manifest, member="output"):
        for one in manifest[member]:
            status, headers, body = self.call("GET", urllib.parse.urlparse(one["url"]).path)
            self.assertEqual((status, headers["content-type"]), (200, "application/fhir+ndjson"))
            yield from (json.loads(line) for line in body.splitlines())

    def count(self, query):
        return json.loads(self.call("GET", f"/fhir/{query}&_summary=count")[2])["total"]

    def kill_and_start(self):
        self.server.kill()
        self.server = qiao.Server(data=self.folder.name).start()

    def test_1_an_import_that_is_killed_goes_on_and_writes_nothing_twice(self):
        total = 12_000
        bad = set(range(500, total, 1500))
        body = b"".join(b'{"resourceType":"Observation","status":"no"}\n' if i in bad else ndjson([observation(i)]) for i in range(total))
        job = self.order("/fhir/$import", body)
        kills = 0
        for part in (0.1, 0.3, 0.5, 0.7):
            qiao.wait_for(lambda: self.row(job)["lines"] > total * part or self.row(job)["state"] != "running", PATIENCE, "the import goes on")
            if self.row(job)["state"] == "running":
                self.kill_and_start()
                kills += 1
        self.assertGreaterEqual(kills, 2, "it was too fast to be killed in the middle")
        manifest = self.end(job)
        came = manifest["extension"]["urn:qiao:import"]
        self.assertEqual((came["state"], came["lines"], came["written"], came["failed"]), ("complete", total, total - len(bad), len(bad)))
        self.assertEqual(self.count("Observation?code=urn:test|bulk"), total - len(bad))
        self.assertEqual([one["extension"][0]["valuePositiveInt"] - 1 for one in self.lines(manifest, "error")], sorted(bad))
        numbers = [one["valueInteger"] for one in self.lines(self.end(self.order("/fhir/$export?_type=Observation")))]
        self.assertEqual(sorted(numbers), [i for i in range(total) if i not in bad], "each number once")

    def test_2_an_export_that_is_killed_goes_on_and_is_one_state(self):
        total = 6_000
        self.end(self.order("/fhir/$import", ndjson(basic(i, 0) for i in range(total))))
        job = self.order("/fhir/$export?_type=Basic,Observation")
        stop = threading.Event()

        def write():
            turn = 0
            while not stop.is_set():
                turn += 1
                entries = [{"resource": basic(i, turn), "request": {"method": "PUT", "url": f"Basic/b{i}"}} for i in range(turn % 50, total, 500)]
                try:
                    self.call("POST", "/fhir", json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}), {"Content-Type": "application/fhir+json"})
                except OSError:
                    time.sleep(0.1)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            self.kill_and_start()
            for _ in range(3):
                time.sleep(0.15)
                if self.row(job)["state"] == "running":
                    self.kill_and_start()
            manifest = self.end(job)
        finally:
            stop.set()
            writer.join()
        found = [one for one in self.lines(manifest) if one["resourceType"] == "Basic"]
        self.assertEqual(len(found), total)
        self.assertEqual({one["id"] for one in found}, {f"b{i}" for i in range(total)})
        at = manifest["transactionTime"]
        self.assertTrue(all(one["meta"]["lastUpdated"] <= at for one in found))
        versions = [(one["id"], one["meta"]["versionId"]) for one in found][::97]
        for name, version in versions:
            history = json.loads(self.call("GET", f"/fhir/Basic/{name}/_history?_count=200")[2])["entry"]
            then = next(one["resource"] for one in history if one["resource"]["meta"]["lastUpdated"] <= at)
            self.assertEqual(then["meta"]["versionId"], version, name)
        delta = list(self.lines(self.end(self.order("/fhir/$export?_type=Basic&_since=" + urllib.parse.quote(at)))))
        newest = {one["id"]: one for one in found}
        newest.update({one["id"]: one for one in delta})
        for name in list(newest)[::211]:
            self.assertEqual(json.loads(self.call("GET", f"/fhir/Basic/{name}")[2]), newest[name], "the state and what came since are the state of now")

    def test_3_jobs_are_cancelled(self):
        job = self.order("/fhir/$import", ndjson(observation(i) for i in range(100_000, 120_000)))
        qiao.wait_for(lambda: self.row(job)["written"] > 0, PATIENCE, "it runs")
        self.assertEqual(self.call("DELETE", job)[0], 202)
        written = self.end(job)["extension"]["urn:qiao:import"]
        self.assertEqual(written["state"], "cancelled")
        self.assertLess(written["written"], 20_000)
        time.sleep(0.5)
        self.assertEqual(self.row(job)["written"], written["written"])
        self.assertEqual(self.call("DELETE", job)[0], 202)
        self.assertEqual(self.call("GET", job)[0], 404)
        export = self.order("/fhir/$export")
        self.assertEqual(self.call("DELETE", export)[0], 202)
        self.assertEqual(self.call("GET", export)[0], 404)
        folder = pathlib.Path(self.folder.name) / "bulk" / export.split("/")[2]
        qiao.wait_for(lambda: not folder.exists(), PATIENCE, "its files go")
        self.assertEqual(self.call("GET", "/bulk/nothing")[0], 404)

    def run_command(self, *arguments, cwd=None):
        return subprocess.run([qiao.binary(), *arguments, "--data", self.folder.name], capture_output=True, text=True, timeout=PATIENCE, cwd=cwd)

    def folders(self):
        return {one.name for one in (pathlib.Path(self.folder.name) / "bulk").iterdir() if one.is_dir()}

    def test_4_the_commands_with_a_server_and_without(self):
        with tempfile.TemporaryDirectory(prefix="qiao-test-") as place:
            good, bad, whole = (pathlib.Path(place) / name for name in ("good.ndjson", "bad.ndjson", "bundle.json"))
            good.write_bytes(ndjson({**basic(f"command{i}"), "code": {"text": "command"}} for i in range(50)))
            bad.write_bytes(ndjson([basic("fine")]) + b"not json\n" + ndjson([basic("fine2")]))
            whole.write_text(json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": [{"resource": basic("whole"), "request": {"method": "PUT", "url": "Basic/bwhole"}}]}, indent=2))
            for running in (True, False):
                with self.subTest(running=running):
                    if not running:
                        self.server.stop()
                    before = self.folders()
                    done = self.run_command("import", str(good), str(whole), cwd=place)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertIn("50 resources", done.stderr)
                    done = self.run_command("import", str(bad), cwd=place)
                    self.assertEqual(done.returncode, 1, done.stderr)
                    outcome = pathlib.Path(place) / "bad.ndjson.outcome.ndjson"
                    self.assertIn(outcome.name, done.stderr)
                    self.assertEqual(json.loads(outcome.read_text())["extension"][0]["valuePositiveInt"], 2)
                    to = pathlib.Path(place) / f"out-{running}"
                    done = self.run_command("export", "--to", str(to), "--type", "Basic,Organization")
                    self.assertEqual(done.returncode, 0, done.stderr)
                    names = {json.loads(line)["id"] for line in (to / "Basic.1.ndjson").read_text().splitlines()}
                    self.assertLessEqual({"bcommand0", "bcommand49", "bwhole", "bfine", "bfine2"}, names)
                    again = self.run_command("export", "--to", str(to), "--type", "Basic")
                    self.assertEqual(again.returncode, 1, "what is there is not overwritten")
                    self.assertNotEqual(self.run_command("export", "--to", str(to), "--type", "Nothing").returncode, 0)
                    qiao.wait_for(lambda: self.folders() <= before, 10, "nothing stays behind")

    def test_5_an_interrupted_command_cancels_its_job(self):
        with tempfile.TemporaryDirectory(prefix="qiao-test-") as place:
            much = pathlib.Path(place) / "much.ndjson"
            much.write_bytes(ndjson(observation(i) for i in range(200_000, 230_000)))
            before = self.count("Observation?code=urn:test|bulk")
            command = subprocess.Popen([qiao.binary(), "import", str(much), "--data", self.folder.name], stderr=subprocess.PIPE, cwd=place)
            qiao.wait_for(lambda: self.count("Observation?code=urn:test|bulk") > before, PATIENCE, "it runs")
            command.send_signal(signal.SIGINT)
            self.assertEqual(command.wait(PATIENCE), 130, command.stderr.read())
            command.stderr.close()
            written = self.count("Observation?code=urn:test|bulk")
            time.sleep(0.5)
            self.assertEqual(self.count("Observation?code=urn:test|bulk"), written)
            self.assertLess(written - before, 30_000)


if __name__ == "__main__":
    unittest.main()
