"""Backup against `cp` and a sync of the same folder (aim: at least half as fast), the 99th percentile of writers during it (aim: at most
twice as long), the second night, and reading it back.

    QIAO_BINARY=build/release/qiao python3 tests/bench/backup.py [MB of images, 600]
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import backups
import dicom
import qiao

MEGABYTES = int(sys.argv[1]) if len(sys.argv) > 1 else 600
ROUNDS = 3


def fill(server, token):
    study, series = f"{dicom.ROOT}.18", f"{dicom.ROOT}.18.1"
    for number in range(1, MEGABYTES * 2 + 1):
        sop = f"{series}.{number}"
        data = dicom.dataset(sop, series, study, number=number, rows=512, columns=512, pixels=os.urandom(512 * 512 * 2))
        body, kind = dicom.multipart([dicom.part10(data, sop)])
        status, _, _ = server.call("POST", "/dicomweb/studies", body, {"Content-Type": kind, "Accept": "application/dicom+json"}, token=token, timeout=60)
        assert status == 200, status
    for number in range(3000):
        status, _, _ = server.call("POST", "/fhir/Patient", {"resourceType": "Patient", "name": [{"text": f"bench {number}"}]}, token=token)
        assert status == 201, status


def timed(work):
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def copy(source, target):
    subprocess.run(["cp", "-r", source, target], check=True)
    subprocess.run(["sync", "-f", target], check=True)


def percentile_99_ms(server, token, seconds, until=None):
    times, stop = [], threading.Event()

    def write():
        while not stop.is_set():
            times.append(timed(lambda: server.call("POST", "/fhir/Patient", {"resourceType": "Patient", "birthDate": "1980-01-02"}, token=token)))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    if until:
        until()
    else:
        time.sleep(seconds)
    stop.set()
    for thread in threads:
        thread.join()
    times.sort()
    return 1000 * times[int(len(times) * 0.99)], len(times)


def main():
    with qiao.Server("demo") as server:
        token = server.integration_token()
        key = backups.new_key(server.data)
        fill(server, token)
        size = sum(path.stat().st_size for path in pathlib.Path(server.data).rglob("*") if path.is_file()) / 1e6
        peer, ours = [], []
        for _ in range(ROUNDS):
            place = backups.folder("bench")
            peer.append(timed(lambda: copy(server.data, os.path.join(place, "cp"))))
            ours.append(timed(lambda: backups.run("backup", "--data", server.data, "--to", os.path.join(place, "backup"))))
            again = timed(lambda: backups.run("backup", "--data", server.data, "--to", os.path.join(place, "backup")))
            back = timed(lambda: backups.run("restore", "--from", os.path.join(place, "backup"), "--key", key, "--data", os.path.join(place, "restored")))
            shutil.rmtree(place)
        alone, count = percentile_99_ms(server, token, 10)

        def nights():
            end = time.monotonic() + 10
            while time.monotonic() < end:
                place = backups.folder("bench")
                backups.run("backup", "--data", server.data, "--to", place)
                shutil.rmtree(place)

        during, _ = percentile_99_ms(server, token, 10, nights)
        middle = ROUNDS // 2
        print(json.dumps({"bench": "backup", "folder_mb": round(size), "cp_sync_s": [round(one, 2) for one in sorted(peer)], "backup_s": [round(one, 2) for one in sorted(ours)],
                          "ratio": round(sorted(peer)[middle] / sorted(ours)[middle], 2), "second_s": round(again, 2), "restore_s": round(back, 2),
                          "writer_p99_ms_alone": round(alone, 1), "writer_p99_ms_during": round(during, 1), "p99_ratio": round(during / alone, 2), "writes_alone": count}))


main()
