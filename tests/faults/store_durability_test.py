"""C-STORE and STOW-RS answer success only for what survives kill -9: five rounds, every acknowledged object read back byte by byte (T2)."""
import http.client
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
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


def stow(server, token, number, known):
    """Uploads objects three a body until the server is gone; `known` gets what was acknowledged."""
    study, series = f"{dicom.ROOT}.9{number}", f"{dicom.ROOT}.9{number}.1"
    index = 0
    try:
        while True:
            objects = {f"{series}.{index + offset}": None for offset in (1, 2, 3)}
            index += 3
            for sop in objects:
                objects[sop] = dicom.dataset(sop, series, study, number=index, rows=64, columns=64)
            body, content_type = dicom.multipart([dicom.part10(data, sop) for sop, data in objects.items()])
            status, _, answer = server.call("POST", "/dicomweb/studies", body, {"Content-Type": content_type, "Accept": "application/dicom+json"}, token=token)
            assert status == 200, (status, answer[:300])
            stored = [item["00081155"]["Value"][0] for item in json.loads(answer)["00081199"]["Value"]]
            assert sorted(stored) == sorted(objects), (stored, sorted(objects))
            known += [(study, series, sop, data) for sop, data in objects.items()]
    except (OSError, http.client.HTTPException):
        pass


def main():
    if not shutil.which("storescu"):
        qiao.skip("storescu (Debian package dcmtk) is not here")
    rng = random.Random(7)
    known, stowed = [], 0
    with qiao.Server("demo") as server:
        token = server.integration_token()
        for number in range(1, ROUNDS + 1):
            folder = tempfile.mkdtemp(prefix="qiao-store-")
            made = make_objects(folder, number)
            with open(os.path.join(folder, "log"), "w+") as log:
                sender = subprocess.Popen(["storescu", "-v", "-aec", "QIAO", "-aet", "CTSCANNER", "-R", server.dicom[0], str(server.dicom[1]), "+sd", folder, "+sp", "*.dcm"],
                                          stdout=log, stderr=subprocess.STDOUT, env={**os.environ, "TCP_NODELAY": "1"})
                uploaded = []
                uploads = [threading.Thread(target=stow, args=(server, token, f"{number}{way}", uploaded)) for way in (1, 2)]
                for upload in uploads:
                    upload.start()
                time.sleep(rng.uniform(0.1, 0.8))
                server.kill()
                sender.wait(60)
                for upload in uploads:
                    upload.join()
                log.seek(0)
                good = dicom.acknowledged(log.read(), made)
            print(f"round {number}: {len(good)} by C-STORE and {len(uploaded)} by STOW-RS acknowledged before the kill")
            known += [made[path] for path in good] + uploaded
            stowed += len(uploaded)
            server.start()
            shutil.rmtree(folder)
            for study, series, sop, data in known:
                path = f"/dicomweb/studies/{study}/series/{series}/instances/{sop}"
                status, _, body = server.call("GET", path, headers={"Accept": "application/dicom; transfer-syntax=*"}, token=token)
                assert status == 200, (status, path, body[:300])
                start = body.index(b"DICM") - 128
                assert dicom.split_part10(body[start:])[1].startswith(data), f"{sop} differs"
        assert stowed and len(known) > stowed, "one of the two ways acknowledged nothing in any round"


main()
