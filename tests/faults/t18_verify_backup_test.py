"""Backups are sealed, the restore drill is a command, a wrong key fails, a flipped byte is named; a restore begins a new epoch (T18, part of T19)."""
import datetime
import json
import os
import pathlib
import shutil
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import backups
import qiao

CHECKS = ["files", "databases", "audit", "resources", "attachments", "images", "cases"]


class VerifyBackupTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = qiao.Server("demo").start()
        cls.key = backups.new_key(cls.server.data)
        cls.to = backups.folder("backup")
        backups.run("backup", "--data", cls.server.data, "--to", cls.to)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def copy(self):
        target = os.path.join(backups.folder("copy"), "backup")
        shutil.copytree(self.to, target)
        return target

    def verify(self, folder, key=None, *more):
        return backups.run("verify-backup", "--from", folder, "--key", key or self.key, *more, check=False)

    def test_a_whole_backup_is_found_whole_and_the_report_is_signed_and_dated(self):
        folder = self.copy()
        scratch = backups.folder("scratch")
        done = self.verify(folder, None, "--scratch", scratch)
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads(done.stdout)
        self.assertTrue(report["whole"])
        self.assertEqual([check["check"] for check in report["checks"]], CHECKS)
        for check in report["checks"]:
            self.assertTrue(check["whole"], check)
            self.assertGreater(check["count"], 0, check)
        age = datetime.datetime.now(datetime.timezone.utc) - datetime.datetime.fromisoformat(report["verified"].replace("Z", "+00:00"))
        self.assertLess(abs(age.total_seconds()), 3600)
        self.assertEqual(os.listdir(scratch), [], "patients' data stays in the scratch folder")
        kept = list(pathlib.Path(folder).glob("reports/*.json"))
        self.assertEqual(json.loads(kept[0].read_text()), report)
        self.assertEqual(len(kept[0].with_suffix(".sig").read_text().strip()), 2 * (64 + 32))

    def test_nothing_of_a_patient_is_readable_in_the_folder(self):
        token = self.server.integration_token()
        _, _, body = self.server.call("GET", "/fhir/Patient?_count=50", token=token)
        markers = [entry["resource"]["name"][0]["text"].encode() for entry in json.loads(body)["entry"] if entry["resource"].get("name", [{}])[0].get("text")]
        self.assertTrue(markers)
        markers += [(pathlib.Path(self.server.data) / "master.key").read_bytes(), b"SQLite format 3"]
        for path in pathlib.Path(self.to).rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                for marker in markers:
                    self.assertNotIn(marker, content, path)
        digests = {path.name for path in (pathlib.Path(self.server.data) / "blobs").rglob("*") if path.is_file()}
        self.assertFalse(digests & {path.name for path in pathlib.Path(self.to).rglob("*")}, "objects are named by their plain digest")

    def test_a_wrong_key_fails_and_says_so(self):
        with qiao.Server("serve") as other:
            key = backups.new_key(other.data)
        done = self.verify(self.to, key)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, "backup.bad_signature|backup.wrong_key")
        # The right centre's signature, another private half.
        words = pathlib.Path(self.key).read_text().split("\n")[2].split(" ")
        mixed = os.path.join(backups.folder("key"), "key")
        pathlib.Path(mixed).write_text(" ".join([words[0], "11" * 32, words[2]]))
        done = self.verify(self.to, mixed)
        self.assertEqual(done.returncode, 1)
        self.assertIn("backup.wrong_key", done.stderr)
        self.assertIn("backup.wrong_key", backups.run("verify-backup", "--from", self.to, check=False).stderr)
        pathlib.Path(mixed).write_text("no key")
        self.assertIn("backup.bad_key", self.verify(self.to, mixed).stderr)

    def test_a_flipped_byte_and_a_cut_file_are_named_and_the_rest_can_be_restored(self):
        folder = self.copy()
        objects = sorted(pathlib.Path(folder).glob("objects/*/*/*"), key=lambda path: path.stat().st_size)
        flipped, cut = objects[len(objects) // 2], objects[len(objects) // 2 + 1]
        content = bytearray(flipped.read_bytes())
        content[len(content) // 2] ^= 1
        flipped.write_bytes(content)
        cut.write_bytes(cut.read_bytes()[:-20])
        done = self.verify(folder)
        self.assertEqual(done.returncode, 1)
        report = json.loads(done.stdout)
        self.assertFalse(report["whole"])
        named = next(check for check in report["checks"] if check["check"] == "files")["defects"]
        self.assertEqual(len(named), 2, named)
        for path in (flipped, cut):
            self.assertTrue(any(path.name in line for line in named), named)
        target = os.path.join(backups.folder("restored"), "data")
        refused = backups.run("restore", "--from", folder, "--key", self.key, "--data", target, check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("backup.damaged", refused.stderr)
        self.assertFalse(os.path.exists(target))
        self.assertIn("NOT restored", backups.run("restore", "--from", folder, "--key", self.key, "--data", target, "--accept-damage").stdout)

    def test_a_forged_manifest_is_refused(self):
        folder = self.copy()
        manifest = next(pathlib.Path(folder).glob("backups/*/manifest.json"))
        manifest.write_text(manifest.read_text().replace('"epoch":0', '"epoch":7'))
        self.assertIn("backup.bad_signature", self.verify(folder).stderr)

    def test_a_restore_begins_a_new_epoch(self):
        old = self.server.user_token("lin.haiyan")
        to = backups.folder("backup")
        backups.run("backup", "--data", self.server.data, "--to", to)
        target = os.path.join(backups.folder("restored"), "data")
        self.assertIn("Epoch 1 begins", backups.run("restore", "--from", to, "--key", self.key, "--data", target).stdout)
        self.assertIn("backup.not_empty", backups.run("restore", "--from", to, "--key", self.key, "--data", target, check=False).stderr)
        self.assertIn(": whole", backups.run("verify-audit", "--data", target).stdout)
        with qiao.Server("serve", data=target) as restored:
            self.assertEqual(restored.call("GET", "/access/session", token=old)[0], 401, "a session of the lost future lives")
            token = restored.integration_token()
            status, _, body = restored.call("POST", "/fhir/Patient", {"resourceType": "Patient", "birthDate": "1999-01-01"}, token=token)
            self.assertEqual(status, 201, body[:300])
        self.assertIn(": whole", backups.run("verify-audit", "--data", target).stdout)
        # The next backup of the restored centre is of the new epoch and needs the same key.
        backups.run("backup", "--data", target, "--to", to)
        newest = json.loads((pathlib.Path(to) / "backups" / backups.complete(to)[-1] / "manifest.json").read_text())
        self.assertEqual(newest["epoch"], 1)
        self.assertEqual(self.verify(to).returncode, 0)

    def test_without_a_recovery_key_it_is_refused_or_unsealed_and_said(self):
        with qiao.Server("serve") as server:
            to = backups.folder("backup")
            refused = backups.run("backup", "--data", server.data, "--to", to, check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("backup.no_key", refused.stderr)
            self.assertEqual(backups.complete(to), [])
            done = backups.run("backup", "--data", server.data, "--to", to, "--unsealed")
            self.assertIn("NOT sealed", done.stderr)
            master = (pathlib.Path(server.data) / "master.key").read_bytes()
            for path in pathlib.Path(to).rglob("*"):
                self.assertFalse(path.is_file() and master in path.read_bytes(), "the master key lies open")
            keys = backups.folder("keys")
            for name in ("master.key", "audit-head.key"):
                shutil.copy(os.path.join(server.data, name), keys)
            self.assertEqual(backups.run("verify-backup", "--from", to, check=False).returncode, 1)
            self.assertEqual(backups.run("verify-backup", "--from", to, "--keys", keys).returncode, 0)
            server.stop()
            self.assertIn("not sealed", backups.run("check", "--data", server.data, check=False).stdout)
            key = backups.new_key(server.data)
            self.assertIn("backup.key_exists", backups.run("backup-key", "new", "--data", server.data, check=False).stderr)
            self.assertNotEqual(pathlib.Path(key).read_text(), pathlib.Path(backups.new_key(server.data, "--replace")).read_text())


class NightlyTest(unittest.TestCase):
    def test_the_nightly_backup_runs_keeps_some_and_the_administrator_sees_it(self):
        to = backups.folder("backup")
        config = os.path.join(backups.folder("config"), "qiao.toml")
        pathlib.Path(config).write_text(f'backup_to = "{to}"\nbackup_at = "00:00"\nbackup_keep = 2\n')
        with qiao.Server("demo", options=["--config", config]) as server:
            admin, doctor = server.user_token("hu.jianguo"), server.user_token("lin.haiyan")
            self.assertEqual(server.call("GET", "/operations/backups", token=doctor)[0], 403)
            self.assertEqual(server.call("GET", "/operations/backups")[0], 401)
            read = lambda: json.loads(server.call("GET", "/operations/backups", token=admin)[2])  # noqa: E731
            qiao.wait_for(lambda: read()["error"] == "backup.no_key", 90, "a missed night is caught up, and fails without a key")
            key = backups.new_key(server.data)
            for count in (1, 2, 2):
                before = (read()["last"] or {}).get("id")
                self.assertEqual(server.call("POST", "/operations/backups", {}, token=admin)[0], 202)
                qiao.wait_for(lambda: not read()["running"] and (read()["last"] or {}).get("id") != before, 90, "a backup")
                self.assertEqual(len(read()["backups"]), count)
            self.assertEqual(read()["error"], "")
            self.assertNotIn("verified", read())
            self.assertIn("qiao_backup_last_verified_seconds inf", server.call("GET", "/metrics")[2].decode().lower().replace("+inf", "inf"))
            self.assertEqual(backups.run("verify-backup", "--from", to, "--key", key).returncode, 0)
            qiao.wait_for(lambda: "verified" in read(), 60, "the drill is known to the server")
            metrics = server.call("GET", "/metrics")[2].decode()
            age = float(next(line for line in metrics.splitlines() if line.startswith("qiao_backup_last_verified_seconds")).split()[1])
            self.assertTrue(0 <= age < 3600, age)
            # An empty folder where backups were is a disk that is not there.
            shutil.rmtree(os.path.join(to, "backups"))
            self.assertEqual(server.call("POST", "/operations/backups", {}, token=admin)[0], 202)
            qiao.wait_for(lambda: read()["error"] == "backup.folder_empty", 60, "the missing disk is noticed")


if __name__ == "__main__":
    unittest.main()
