"""`qiao check` names what a careful administrator wants to know, with and without a running server, and says by its status whether to act."""
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import first_run  # noqa: E402
import qiao  # noqa: E402


class CheckTest(unittest.TestCase):
    def setUp(self):
        self.centre = first_run.Centre("serve").start()

    def tearDown(self):
        self.centre.__exit__()

    def check(self, *options):
        done = subprocess.run([qiao.binary(), "check", "--data", self.centre.data, *options], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def wrong(self, words, *options):
        status, said = self.check(*options)
        lines = [line for line in said.split("\n") if line.startswith("WRONG")]
        self.assertTrue(any(words in line for line in lines), said)
        self.assertEqual(status, 1, said)
        return said

    def change(self, sql, *values):
        self.centre.stop()
        with sqlite3.connect(os.path.join(self.centre.data, "record.db")) as database:
            database.execute(sql, values)

    def test_clean_with_and_without_a_server(self):
        self.centre.integration_token()
        self.centre.json("POST", "/imaging/devices", {"title": "CT1", "address": "10.0.0.7", "organisation": self.centre.hub}, expected=201)
        status, said = self.check()
        self.assertEqual(status, 0, said)
        for words in ("a server runs", "record.db is whole", "imaging.db is whole", "GiB free", "volume", "master.key belongs to its user alone", "keep a copy of master.key",
                      "country pack CN", 'client "test"', "reads and writes the whole record", "last used 0 min ago",
                      "warning  device CT1 from 10.0.0.7 of 中心医院: plain DICOM", "warning  admin is security_admin and system_admin", "nobody is audit_admin", "no signed head yet"):
            self.assertIn(words, said)
        self.assertNotIn("demo network", said)
        self.centre.stop()
        status, said = self.check()
        self.assertEqual(status, 0, said)
        self.assertIn("no server runs", said)
        self.assertIn("rows; its last signed head is of 0 min ago", said)
        os.unlink(os.path.join(self.centre.data, "audit-heads.log"))
        self.change("DROP TRIGGER access_audit_no_update")
        self.change("UPDATE access_audit SET recorded_us = 1")
        self.wrong("audit-heads.log is missing")

    def test_permissions(self):
        os.chmod(self.centre.data, 0o755)
        self.wrong("open to other users (mode 755)")
        os.chmod(self.centre.data, 0o700)
        os.chmod(os.path.join(self.centre.data, "master.key"), 0o440)
        self.wrong("master.key is open to other users")

    def test_damage_is_found_and_the_rest_is_still_looked_at(self):
        self.centre.stop()
        file = os.path.join(self.centre.data, "imaging.db")
        with open(file, "r+b") as database:
            database.seek(8192)
            database.write(b"\xa5" * (os.path.getsize(file) - 8192))
        self.assertIn("record.db is whole", self.wrong("imaging.db"))

    def test_certificate(self):
        with tempfile.TemporaryDirectory() as folder:
            def made(days):
                subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=test", "-days", str(days),
                                "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"], check=True, capture_output=True)
                os.chmod(f"{folder}/key.pem", 0o400)
                return ("--tls-cert", f"{folder}/cert.pem", "--tls-key", f"{folder}/key.pem")
            self.wrong("the TLS certificate ends on", *made(10))
            os.unlink(f"{folder}/key.pem")
            options = made(365)
            status, said = self.check(*options)
            self.assertEqual(status, 0, said)
            self.assertIn("the TLS certificate is good until", said)
            self.assertIn("public_url is not set", self.check(*options, "--http", "0.0.0.0:443")[1])
            os.chmod(f"{folder}/key.pem", 0o644)
            self.wrong("key.pem is open to other users", *options)
            (pathlib.Path(folder) / "cert.pem").write_text("no certificate")
            self.wrong("the TLS certificate cannot be read", *options)

    def test_a_forgotten_client(self):
        self.centre.integration_token()
        self.change("UPDATE access_client SET created_us = 1, used_us = 1000000")
        self.change("DELETE FROM access_session")
        self.wrong("qiao client revoke --id client-")

    def test_a_device_of_nobody(self):
        self.centre.json("POST", "/imaging/devices", {"title": "CT1", "address": "10.0.0.7", "organisation": self.centre.clinic}, expected=201)
        self.change("UPDATE access_organisation SET active = 0 WHERE resource = ?", self.centre.clinic)
        self.wrong("belongs to no active institution")

    def test_one_person_who_audits_themselves(self):
        self.change("INSERT INTO access_membership(person, organisation, role, specialty, rank_code, resource, starts_us, ends_us, granted_by) "
                    "SELECT id, 1, 'audit_admin', '', '', 'PractitionerRole/x', 0, 9223372036854775807, 0 FROM access_person WHERE login = 'admin'")
        self.wrong("admin is audit_admin and security_admin and system_admin")

    def test_an_audit_that_stands_still(self):
        heads = pathlib.Path(self.centre.data) / "audit-heads.log"
        self.centre.stop()
        last = heads.read_text().strip().split("\n")[-1].split(" ")
        last[4] = "2020-01-01T00:00:00.000Z"
        heads.write_text(" ".join(last) + "\n")
        self.assertEqual(self.check()[0], 0)
        self.centre.start()
        self.wrong("although the server runs")

    def test_the_public_address(self):
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder) / "qiao.toml"
            for url, fine in (("https://tele.example.org", True), ("https://tele.example.org:8443/", True), ("http://127.0.0.1:8080", True), ("http://[::1]:8080", True),
                              ("http://tele.example.org", False), ("tele.example.org", False), ("https://", False), ("https://a@b", False),
                              ("https://tele.example.org/path", False), ("https://tele.example.org:", False), ("https://tele.example.org?x", False), ("javascript:x", False)):
                config.write_text(f'public_url = "{url}"\n')
                status, said = self.check("--config", str(config))
                self.assertEqual(status, 0 if fine else 1, (url, said))
                self.assertEqual("app.bad_config" in said, not fine, (url, said))

    def test_no_folder(self):
        self.assertEqual(subprocess.run([qiao.binary(), "check", "--data", self.centre.data + "/none"], capture_output=True).returncode, 1)

    def test_the_demo_network_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            data = folder + "/demo"
            subprocess.run([qiao.binary(), "demo", "--data", data, "--prepare-only"], check=True, capture_output=True, timeout=120)
            done = subprocess.run([qiao.binary(), "check", "--data", data], capture_output=True, text=True, timeout=60)
            self.assertIn("this is the demo network", done.stdout)
            self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    unittest.main()
