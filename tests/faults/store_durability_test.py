"""C-STORE answers success only for what survives kill -9: five rounds with storescu, every acknowledged object read back byte by byte (T2)."""
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import dicom
import qiao

ROUNDS, OBJECTS = 5, 400


def make_objects(folder, number):
    study, series = f"{dicom.ROOT}.{number}", f"{dicom.ROOT}.{number}.1"
    made = {}
    for index in range(OBJECTS):
        sop = f"{series}.{index + 1}"
        data = dicom.dataset(sop, series, study, number=index + 1, rows=64, columns=64)
        path = os.path.join(folder, f"{index:04}.dcm")
        pathlib.Path(path).write_bytes(dicom.part10(data, sop))
        made[path] = (study, series, sop, data)
    return made


def acknowledged(output, made):
    """storescu -v says which file it sends and what the answer was."""
    current, good = None, []
    for line in output.splitlines():
        sending = re.search(r"Sending file: (\S+)", line)
        if sending:
            current = sending[1]
        if "Received Store Response (Success)" in line and current in made:
            good.append(current)
    return good


def main():
    if not shutil.which("storescu"):
        qiao.skip("storescu (Debian package dcmtk) is not here")
    rng = random.Random(7)
    known = []
    with qiao.Server("demo") as server:
        token = server.integration_token()
        for number in range(1, ROUNDS + 1):
            folder = tempfile.mkdtemp(prefix="qiao-store-")
            made = make_objects(folder, number)
            with open(os.path.join(folder, "log"), "w+") as log:
                sender = subprocess.Popen(["storescu", "-v", "-aec", "QIAO", "-aet", "CTSCANNER", "-R", server.dicom[0], str(server.dicom[1]), "+sd", folder, "+sp", "*.dcm"],
                                          stdout=log, stderr=subprocess.STDOUT, env={**os.environ, "TCP_NODELAY": "1"})
                time.sleep(rng.uniform(0.1, 0.8))
                server.kill()
                sender.wait(60)
                log.seek(0)
                good = acknowledged(log.read(), made)
            print(f"round {number}: {len(good)} acknowledged before the kill")
            known += [made[path] for path in good]
            server.start()
            shutil.rmtree(folder)
            for study, series, sop, data in known:
                path = f"/dicomweb/studies/{study}/series/{series}/instances/{sop}"
                status, _, body = server.call("GET", path, headers={"Accept": "application/dicom; transfer-syntax=*"}, token=token)
                assert status == 200, (status, path, body[:300])
                start = body.index(b"DICM") - 128
                assert dicom.split_part10(body[start:])[1].startswith(data), f"{sop} differs"
        assert known, "nothing was acknowledged in any round"


main()
