"""A backup made under load holds everything acknowledged before it began; restored elsewhere it serves the same resources, photos and images.
A backup that was killed is none (T16)."""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import backups
import dicom
import qiao

READY_S = 5  # T14


class Writers:
    """Create and update patients and store images until told to stop; remember what was acknowledged, and when."""

    def __init__(self, server, token, count=3):
        self.server, self.token = server, token
        self.stopping = threading.Event()
        self.acknowledged = []  # (moment, type, id, version)
        self.images = []        # (moment, path)
        self.errors = []
        self.threads = [threading.Thread(target=self.guarded, args=(self.write, n)) for n in range(count)] + [threading.Thread(target=self.guarded, args=(self.store, 0))]
        for thread in self.threads:
            thread.start()

    def guarded(self, work, number):
        try:
            work(number)
        except Exception as error:  # noqa: BLE001 the test shows it
            self.errors.append(error)

    def write(self, number):
        turn = 0
        while not self.stopping.is_set():
            turn += 1
            patient = {"resourceType": "Patient", "name": [{"text": f"写者{number}-{turn}"}], "birthDate": "1980-01-02"}
            status, headers, body = self.server.call("POST", "/fhir/Patient", patient, token=self.token)
            assert status == 201, (status, body[:300])
            made = json.loads(body)
            self.acknowledged.append((time.monotonic(), "Patient", made["id"], "1"))
            if turn % 3 == 0:
                made["birthDate"] = "1980-01-03"
                status, _, body = self.server.call("PUT", f"/fhir/Patient/{made['id']}", made, {"If-Match": 'W/"1"'}, token=self.token)
                assert status == 200, (status, body[:300])
                self.acknowledged.append((time.monotonic(), "Patient", made["id"], "2"))

    def store(self, _):
        study, series = f"{dicom.ROOT}.16", f"{dicom.ROOT}.16.1"
        turn = 0
        while not self.stopping.is_set():
            turn += 1
            sop = f"{series}.{turn}"
            body, kind = dicom.multipart([dicom.part10(dicom.dataset(sop, series, study, number=turn, rows=128, columns=128), sop)])
            status, _, answer = self.server.call("POST", "/dicomweb/studies", body, {"Content-Type": kind, "Accept": "application/dicom+json"}, token=self.token)
            assert status == 200, (status, answer[:300])
            self.images.append((time.monotonic(), f"/dicomweb/studies/{study}/series/{series}/instances/{sop}"))

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        assert not self.errors, self.errors


@contextlib.contextmanager
def started(data):
    """A server on a restored folder that was ready in time in one of three starts."""
    times = []
    while not times or (times[-1] >= READY_S and len(times) < 3):
        begin = time.monotonic()
        with qiao.Server("serve", data=data) as server:
            assert server.call("GET", "/health/ready")[0] == 200
            times.append(time.monotonic() - begin)
            if times[-1] < READY_S:
                print(f"ready {times[-1]:.2f} s after the start", flush=True)
                yield server
    assert times[-1] < READY_S, f"ready only after {times} s"


class BackupTest(unittest.TestCase):
    def test_a_backup_under_load_restores_to_the_same_resources_photos_and_images(self):
        to, place = backups.folder("backup"), backups.folder("restored")
        with qiao.Server("demo") as server:
            token = server.integration_token()
            key = backups.new_key(server.data)
            writers = Writers(server, token)
            time.sleep(2)
            began = time.monotonic()
            backups.run("backup", "--data", server.data, "--to", to)
            ended = time.monotonic()
            writers.stop()
            before = [row for row in writers.acknowledged if row[0] < began]
            images_before = [row for row in writers.images if row[0] < began]
            during = [row for row in writers.acknowledged if began <= row[0] <= ended]
            print(f"backup {ended - began:.2f} s, {len(before)} versions and {len(images_before)} images acknowledged before, {len(during)} versions during", flush=True)
            self.assertGreater(len(before), 20)
            self.assertGreater(len(images_before), 5)

            first = os.path.join(place, "first")
            backups.run("restore", "--from", to, "--key", key, "--data", first)
            with started(first) as restored:
                with_restored = restored.integration_token()
                for _, kind, identity, version in before:
                    path = f"/fhir/{kind}/{identity}/_history/{version}"
                    mine, theirs = server.call("GET", path, token=token), restored.call("GET", path, token=with_restored)
                    self.assertEqual(theirs[0], 200, path)
                    self.assertEqual(mine[2], theirs[2], path)
                for _, path in images_before:
                    self.assertEqual(restored.call("GET", path, token=with_restored, headers={"Accept": "application/dicom; transfer-syntax=*"})[0], 200, path)

            # Nobody writes now: the second, incremental one must be equal in everything.
            done = backups.run("backup", "--data", server.data, "--to", to)
            print(done.stdout.strip(), flush=True)
            second = os.path.join(place, "second")
            backups.run("restore", "--from", to, "--key", key, "--data", second)
            with started(second) as restored:
                with_restored = restored.integration_token()
                resources = backups.resource_digests(server, token)
                self.assertEqual(resources, backups.resource_digests(restored, with_restored))
                cases = backups.case_views(server, token)
                self.assertEqual(cases, backups.case_views(restored, with_restored))
                photos = sum(len(photos) for _, photos in cases.values())
                self.assertGreater(photos, 0, "no case with a photo")
                images = backups.image_digests(server, token)
                self.assertEqual(images, backups.image_digests(restored, with_restored))
                self.assertTrue(any(dicom.ROOT not in path for path in images), "no CT of the demo")
                print(f"equal: {len(resources)} resources, {len(cases)} cases with {photos} photos, {len(images)} images", flush=True)
            self.assertEqual(len(backups.complete(to)), 2)

    def test_a_killed_backup_is_none_and_the_next_one_is_whole(self):
        with qiao.Server("demo") as server:
            key = backups.new_key(server.data)
            token = server.integration_token()
            # Enough new bytes that the kill meets it at work.
            study, series = f"{dicom.ROOT}.17", f"{dicom.ROOT}.17.1"
            for number in range(1, 13):
                sop = f"{series}.{number}"
                pixels = os.urandom(2048 * 2048 * 2)
                body, kind = dicom.multipart([dicom.part10(dicom.dataset(sop, series, study, number=number, rows=2048, columns=2048, pixels=pixels), sop)])
                self.assertEqual(server.call("POST", "/dicomweb/studies", body, {"Content-Type": kind, "Accept": "application/dicom+json"}, token=token, timeout=120)[0], 200)
            met = 0
            to = backups.folder("backup")
            for _ in range(6):
                command = subprocess.Popen([qiao.binary(), "backup", "--data", server.data, "--to", to], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                qiao.wait_for(lambda: list(pathlib.Path(to).glob("objects/*/*.new")) or command.poll() is not None, 60, "an object being written")
                server.kill()
                self.assertNotEqual(command.wait(60), 0)
                if not backups.complete(to):
                    met += 1
                    done = backups.run("verify-backup", "--from", to, "--key", key, check=False)
                    self.assertEqual(done.returncode, 1)
                    self.assertIn("backup.none", done.stderr)
                server.start()
                if met:
                    break
                shutil.rmtree(to)
                os.mkdir(to)
            self.assertTrue(met, "no kill met a backup at work")
            backups.run("backup", "--data", server.data, "--to", to)
            self.assertEqual(len(backups.complete(to)), 1)
            self.assertFalse(list(pathlib.Path(to).glob("objects/*/*.new")), "left-overs stay")
            self.assertFalse(list(pathlib.Path(server.data).glob("backup-copy-*")), "a copy of the database stays")
            backups.run("verify-backup", "--from", to, "--key", key)

    def test_without_a_server_it_works_alone(self):
        with qiao.Server("demo") as server:
            key = backups.new_key(server.data)
            server.stop()
            to = backups.folder("backup")
            self.assertIn("is complete", backups.run("backup", "--data", server.data, "--to", to).stdout)
            backups.run("verify-backup", "--from", to, "--key", key)
            refused = backups.run("backup", "--data", server.data, "--to", os.path.join(server.data, "inside"), check=False)
            self.assertIn("backup.bad_folder", refused.stderr)


if __name__ == "__main__":
    unittest.main()
