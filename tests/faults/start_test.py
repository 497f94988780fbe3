"""Starting and stopping: what is unsafe is refused, a data folder belongs to one process, SIGTERM drains (T20, T31)."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import qiao


class StartTest(unittest.TestCase):
    def refused(self, *arguments):
        done = subprocess.run([qiao.binary(), *arguments], capture_output=True, text=True, timeout=20)
        self.assertNotEqual(done.returncode, 0, arguments)
        return done.stderr

    def test_an_open_address_without_tls_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertIn("tls", self.refused("serve", "--data", folder, "--http", "0.0.0.0:0", "--dicom", "127.0.0.1:0").lower())

    def test_demo_stays_on_loopback(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertIn("loopback", self.refused("demo", "--data", folder, "--http", "0.0.0.0:0", "--dicom", "127.0.0.1:0"))

    def test_a_second_server_on_the_same_folder_is_refused(self):
        with qiao.Server("serve") as server:
            self.assertIn("data folder", self.refused("serve", "--data", server.data, "--http", "127.0.0.1:0", "--dicom", "127.0.0.1:0"))

    def test_health_metrics_and_help(self):
        with qiao.Server("serve") as server:
            self.assertEqual(server.call("GET", "/health/live")[0], 200)
            self.assertEqual(server.call("GET", "/health/ready")[0], 200)
            self.assertEqual(server.call("GET", "/fhir/metadata")[0], 200)
            self.assertEqual(server.call("GET", "/fhir/Patient")[0], 401)
            status, _, text = server.call("GET", "/metrics")
            self.assertEqual(status, 200)
            self.assertIn(b"qiao_writer_commit_seconds_bucket", text)
            self.assertEqual(server.call("GET", "/metrics", headers={"X-Forwarded-For": "10.0.0.1"})[0] // 100, 4)
            self.assertEqual(server.stop(), 0)
        for command in ("serve", "demo", "token", "client", "check", "verify-audit"):
            self.assertIn("--data", subprocess.run([qiao.binary(), command, "--help-all"], capture_output=True, text=True).stdout)
        self.assertRegex(subprocess.run([qiao.binary(), "--version"], capture_output=True, text=True).stdout, r"\d+\.\d+\.\d+")

    def test_tokens_are_made_while_the_server_runs_and_while_it_does_not(self):
        with qiao.Server("demo") as server:
            running = server.user_token("lin.haiyan")
            self.assertEqual(server.call("GET", "/access/session", token=running)[0], 200)
            server.stop()
            stopped = server.user_token("lin.haiyan")
            server.start()
            self.assertEqual(server.call("GET", "/access/session", token=stopped)[0], 200)
            self.assertEqual(server.call("GET", "/access/session", token="x" * 43)[0], 401)


if __name__ == "__main__":
    unittest.main()
