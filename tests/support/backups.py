"""What the tests of backups share: a recovery key, commands, every version of every resource as digests, cases with their photos and images. Standard library only."""
import hashlib
import json
import os
import pathlib
import subprocess
import tempfile

import qiao

TYPES = ["Patient", "Practitioner", "Organization", "ServiceRequest", "Task", "Consent", "Observation", "DiagnosticReport", "Composition", "ImagingStudy", "Provenance", "DocumentReference"]


def run(*words, check=True, timeout=300):
    done = subprocess.run([qiao.binary(), *words], capture_output=True, text=True, timeout=timeout)
    if check and done.returncode != 0:
        raise AssertionError(f"{words}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}")
    return done


def folder(kind):
    return tempfile.mkdtemp(prefix=f"qiao-{kind}-")


def new_key(data, *more):
    """The file that the security side keeps."""
    text = run("backup-key", "new", "--data", data, *more).stdout
    path = os.path.join(folder("key"), "recovery-key.txt")
    pathlib.Path(path).write_text(text)
    return path


def complete(to):
    return sorted(path.parent.name for path in pathlib.Path(to).glob("backups/*/manifest.json"))


def resource_digests(server, token):
    """{(type, id, version): SHA-256 of the body} of everything current, page by page."""
    found = {}
    for kind in TYPES:
        path = f"/fhir/{kind}?_count=500"
        while path:
            status, _, body = server.call("GET", path, token=token)
            assert status == 200, (status, path, body[:300])
            bundle = json.loads(body)
            for entry in bundle.get("entry", []):
                resource = entry["resource"]
                text = json.dumps(resource, sort_keys=True, ensure_ascii=False)
                found[(kind, resource["id"], resource["meta"]["versionId"])] = hashlib.sha256(text.encode()).hexdigest()
            following = [link["url"] for link in bundle.get("link", []) if link["relation"] == "next"]
            path = "/fhir" + following[0].split("/fhir", 1)[1] if following else None
    return found


def case_views(server, token):
    """{case: (state, {attachment: SHA-256})} of every case."""
    status, _, body = server.call("GET", "/fhir/Task?_count=500", token=token)
    assert status == 200, status
    views = {}
    for entry in json.loads(body).get("entry", []):
        case = entry["resource"]["id"]
        status, _, text = server.call("GET", f"/flow/cases/{case}", token=token)
        if status == 404:
            continue  # a task that is no case
        assert status == 200, (status, text[:300])
        view = json.loads(text)
        photos = {}
        for one in view["items"]["attachments"]:
            status, _, content = server.call("GET", f"/flow/cases/{case}/attachments/{one['n']}", token=token)
            assert status == 200, (status, case, one)
            photos[one["n"]] = hashlib.sha256(content).hexdigest()
        views[case] = (view["state"], photos)
    return views


def image_digests(server, token, limit=40):
    """{instance path: SHA-256} of the first instances of every study."""
    status, _, body = server.call("GET", "/dicomweb/studies", token=token, headers={"Accept": "application/dicom+json"})
    if status == 204:
        return {}
    assert status == 200, status
    found = {}
    for study in json.loads(body):
        uid = study["0020000D"]["Value"][0]
        status, _, text = server.call("GET", f"/dicomweb/studies/{uid}/instances?limit={limit}", token=token, headers={"Accept": "application/dicom+json"})
        assert status == 200, (status, text[:300])
        for one in json.loads(text):
            path = f"/dicomweb/studies/{uid}/series/{one['0020000E']['Value'][0]}/instances/{one['00080018']['Value'][0]}"
            status, headers, content = server.call("GET", path, token=token, headers={"Accept": "application/dicom; transfer-syntax=*"})
            assert status == 200, (status, path)
            end = content.rindex(b"\r\n--") if headers["content-type"].startswith("multipart") else len(content)
            found[path] = hashlib.sha256(content[content.index(b"DICM"):end]).hexdigest()
    return found
