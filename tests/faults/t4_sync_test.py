"""A sync that fails stops what it was for, for good (T4): nothing is answered with success that may not be on the disk, also not when the disk works again by itself, until a
restart has looked. The failure is injected into the program's own calls (tests/support/fail_io.c), for the record, the audit journal and the images apart."""
import base64
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import dicom
import qiao
from fhir import Caller


def built(folder):
    compiler = shutil.which("cc")
    if not compiler:
        qiao.skip("no C compiler for the injected fault")
    library = os.path.join(folder, "fail_io.so")
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", library, str(pathlib.Path(__file__).resolve().parents[1] / "support/fail_io.c"), "-ldl"], check=True)
    return library


class Faulty:
    """A server whose calls below `under` (a path in its data folder, also the beginning of a name) can be made to fail."""

    def __init__(self, library, under):
        self.folder = tempfile.mkdtemp(prefix="qiao-fault-")
        self.order = os.path.join(self.folder, "order")
        data = os.path.join(self.folder, "data")
        self.server = qiao.Server("demo", data=data, environment={"LD_PRELOAD": library, "FAULT_FILE": self.order, "FAULT_UNDER": f"{data}/{under}"})

    def __enter__(self):
        self.server.start()
        self.token = self.server.integration_token()
        return self

    def __exit__(self, *_):
        self.server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def fail(self, what):
        pathlib.Path(self.order + ".new").write_text(what)
        os.rename(self.order + ".new", self.order)

    def mend(self):
        os.unlink(self.order)

    def call(self, *arguments, **more):
        return self.server.call(*arguments, token=self.token, **more)

    def create(self, note):
        status, headers, body = self.call("POST", "/fhir/Basic", {"resourceType": "Basic", "identifier": [{"system": "urn:t4", "value": note}], "code": {"text": "x"}})
        return status, headers.get("location", "").split("/_history")[0].partition("/fhir/")[2], body

    def ready(self):
        return self.server.call("GET", "/health/ready")[0]

    def restart(self):
        self.server.kill()
        self.server.start()

    def found(self, note):
        status, _, body = self.call("GET", f"/fhir/Basic?identifier=urn:t4|{note}&_summary=count")
        assert status == 200, (status, body)
        return json.loads(body)["total"]


def code_of(body):
    return json.loads(body)["issue"][0]["details"]["coding"][0]["code"]


def the_record(library):
    with Faulty(library, "record.db") as it:
        kept = [it.create(f"before-{number}")[1] for number in range(20)]
        assert all(kept)
        it.fail("fsync EIO")
        answers = []

        def write(number):
            caller = Caller(it.server, it.token)
            for n in range(5):
                status, _, body = caller.call("POST", "/Basic", {"resourceType": "Basic", "identifier": [{"system": "urn:t4", "value": f"during-{number}-{n}"}], "code": {"text": "x"}})
                answers.append((status, body["issue"][0]["details"]["coding"][0]["code"] if status != 201 else ""))
        threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(answers) == {(503, "storage.failed")} and len(answers) == 30, set(answers)
        assert it.ready() == 503
        it.mend()  # as a disk does that came back: what the kernel dropped meanwhile is gone
        for number in range(5):
            status, _, body = it.create(f"after-{number}")
            assert (status, code_of(body)) == (503, "storage.failed"), (status, body)
        assert it.ready() == 503
        assert it.call("GET", f"/fhir/{kept[0]}")[0] == 200, "reads go on"
        assert it.found("before-3") == 1
        it.restart()
        assert it.ready() == 200
        for reference in kept:
            assert it.call("GET", f"/fhir/{reference}")[0] == 200, reference
        for number in range(6):
            for n in range(5):
                assert it.found(f"during-{number}-{n}") in (0, 1)
        assert sum(it.found(f"after-{number}") for number in range(5)) == 0
        assert it.create("again")[0] == 201
        it.server.stop()
        audit = subprocess.run([qiao.binary(), "verify-audit", "--data", it.server.data], capture_output=True, text=True, timeout=60)
        assert audit.returncode == 0, audit.stdout + audit.stderr
    print("record: a failed sync is told to all, no write succeeds until a restart, reads go on")


def the_database_behind_the_log(library):
    """The log can be written, what it is moved to cannot: nothing more is moved, so the log that alone is whole stays, and a restart has all of it."""
    with Faulty(library, "record.db$") as it:
        it.fail("fsync EIO")
        kept = []
        noise = base64.b64encode(os.urandom(6_000_000)).decode()
        for number in range(60):
            status, reference, body = it.create(f"kept-{number}")
            if status == 201:
                kept.append(reference)
                status, _, body = it.call("POST", "/fhir/Binary", {"resourceType": "Binary", "contentType": "application/octet-stream", "data": noise})
            if status != 201:
                assert (status, code_of(body)) == (503, "storage.failed"), (status, body)
                break
        else:
            raise AssertionError("the log was never moved")
        it.mend()
        assert it.create("after")[0] == 503 and it.ready() == 503
        assert it.call("GET", f"/fhir/{kept[-1]}")[0] == 200, "reads go on"
        it.server.stop()
        it.server.start()
        assert it.ready() == 200 and it.found("after") == 0
        for reference in kept:
            assert it.call("GET", f"/fhir/{reference}")[0] == 200, reference
        assert it.create("again")[0] == 201
        it.server.stop()
        database = sqlite3.connect(os.path.join(it.server.data, "record.db"))
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        database.close()
    print(f"record: {len(kept)} creates outlive a database file that cannot be synced")


def the_audit_of_reads(library):
    with Faulty(library, "audit-journal") as it:
        status, kept, _ = it.create("seen")
        assert status == 201 and it.call("GET", f"/fhir/{kept}")[0] == 200
        it.fail("fsync EIO")
        qiao.wait_for(lambda: it.call("GET", f"/fhir/{kept}")[0] == 503, 10, "reads that cannot be audited are refused")
        status, _, body = it.call("GET", f"/fhir/{kept}")
        assert (status, code_of(body)) == (503, "storage.failed"), (status, body)
        it.mend()
        assert it.call("GET", f"/fhir/{kept}")[0] == 503
        it.restart()
        assert it.call("GET", f"/fhir/{kept}")[0] == 200
    print("audit of reads: without it nothing is read")


def the_images(library):
    with Faulty(library, "packs") as it:
        study = f"{dicom.ROOT}.4"

        def store(number):
            sop = f"{study}.1.{number}"
            body, kind = dicom.multipart([dicom.part10(dicom.dataset(sop, f"{study}.1", study, number=number), sop)])
            status, _, answer = it.call("POST", "/dicomweb/studies", body, headers={"Content-Type": kind, "Accept": "application/dicom+json"})
            return status, answer

        def there(number):
            return it.call("GET", f"/dicomweb/studies/{study}/series/{study}.1/instances/{study}.1.{number}", headers={"Accept": "application/dicom; transfer-syntax=*"})[0]
        assert store(1)[0] == 200
        it.fail("fsync EIO")
        for number in (2, 3):
            status, answer = store(number)
            assert status >= 400, (status, answer)
        it.mend()
        status, answer = store(4)
        assert status >= 500, (status, answer)
        it.restart()
        assert there(1) == 200
        assert store(5)[0] == 200 and there(5) == 200
    print("images: refused from the failed sync to a restart")


def main():
    folder = tempfile.mkdtemp(prefix="qiao-fault-")
    try:
        library = built(folder)
        the_record(library)
        the_database_behind_the_log(library)
        the_audit_of_reads(library)
        the_images(library)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


main()
