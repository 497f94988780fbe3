"""A full disk: writes are refused with 503 storage.full, reads go on, and it recovers without a restart (T5). Needs root for a small tmpfs."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import qiao


def main():
    if os.geteuid() != 0:
        qiao.skip("mounting a small tmpfs needs root")
    folder = tempfile.mkdtemp(prefix="qiao-full-")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", folder], capture_output=True).returncode != 0:
        qiao.skip("no tmpfs can be mounted here")
    try:
        check(folder)
    finally:
        subprocess.run(["umount", "-l", folder], check=False)
        os.rmdir(folder)


def check(folder):
    with qiao.Server("serve", data=folder) as server:
        token = server.integration_token()
        filler = os.path.join(folder, "filler")
        kept = []

        def create(note):
            body = {"resourceType": "Basic", "code": {"text": note + "x" * 2000}}
            status, headers, answer = server.call("POST", "/fhir/Basic", body, token=token)
            if status == 201:
                kept.append(headers["location"].split("/_history")[0].split("/fhir/")[1])
            return status, answer

        assert create("first")[0] == 201
        with open(filler, "wb", buffering=0) as file:  # what a buffer kept would be tried again by close()
            try:
                while True:
                    file.write(os.urandom(65536))
            except OSError:
                pass
        refused = None
        for number in range(2000):
            status, answer = create(f"full {number}")
            if status != 201:
                refused = (status, json.loads(answer)["issue"][0]["details"]["coding"][0]["code"])
                break
        assert refused == (503, "storage.full"), refused
        assert server.call("GET", f"/fhir/{kept[0]}", token=token)[0] == 200, "reads go on"
        os.unlink(filler)
        qiao.wait_for(lambda: create("again")[0] == 201, 10, "writes after space came back")
        for reference in kept:
            assert server.call("GET", f"/fhir/{reference}", token=token)[0] == 200, reference


main()
