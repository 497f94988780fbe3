"""C-STORE of CT slices, one association, durable, against Debian's Orthanc in the same run and the same client.

    QIAO_BINARY=build/release/qiao python3 tests/bench/store_vs_orthanc.py [SLICES]

Needs the Debian package orthanc and ../shared/bench/imaging. Orthanc gets TCP_NODELAY=1 (without it each DIMSE answer takes
44 ms) and syncs each file before it answers, as we do. Both listen on loopback in a network namespace of their own, because
Orthanc listens on every interface. Prints one JSON line; `ratio` counts (must 2).
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import qiao

SLICES = sys.argv[1] if len(sys.argv) > 1 else "300"
BENCH = qiao.need_shared("bench/imaging")
PEER = {"StorageCompression": False, "AuthenticationEnabled": False, "DicomCheckCalledAet": False, "DicomAlwaysAllowStore": True,
        "DicomAlwaysAllowEcho": True, "DicomServerEnabled": True, "HttpServerEnabled": False, "SaveJobs": False, "OverwriteInstances": False,
        "DicomPort": 4242, "DicomAet": "PEER"}


def slices_per_s(port, title, data):
    text = subprocess.run([sys.executable, str(BENCH / "bench_dimse.py"), "store", "127.0.0.1", str(port), title, str(data / "ct"), "-a", "1"],
                          capture_output=True, text=True, check=True).stdout
    result = json.loads(text.strip().split("\n")[-1])
    assert not result.get("failed"), result
    return result["inst_per_s"]


def peer(data, folder):
    (folder / "orthanc.json").write_text(json.dumps({**PEER, "StorageDirectory": str(folder / "store"), "IndexDirectory": str(folder / "store")}))
    process = subprocess.Popen(["Orthanc", str(folder / "orthanc.json")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env={**os.environ, "TCP_NODELAY": "1"})
    try:
        time.sleep(3)
        return slices_per_s(4242, "PEER", data)
    finally:
        process.terminate()
        process.wait()


def ours(data):
    with qiao.Server("demo") as server:
        return slices_per_s(server.dicom[1], "QIAO", data)


def main():
    if os.environ.get("QIAO_ALONE") != "1":  # again, with only loopback in sight
        command = f"ip link set lo up && QIAO_ALONE=1 exec {sys.executable} {' '.join(sys.argv)}"
        sys.exit(subprocess.run(["unshare", "-n", "sh", "-c", command]).returncode)
    if not shutil.which("Orthanc"):
        qiao.skip("the Debian package orthanc is not installed")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="qiao-orthanc-"))
    try:
        data = folder / "data"
        subprocess.run([sys.executable, str(BENCH / "gen.py"), str(data), "--ct", SLICES, "--small", "0", "--tiny", "0", "--multi", "0"], check=True,
                       stdout=subprocess.DEVNULL)
        runs = []
        for turn in range(3):  # in turns, so that a noisy minute hits both
            runs.append((ours(data), peer(data, pathlib.Path(tempfile.mkdtemp(dir=folder)))))
        mine, theirs = (max(run[side] for run in runs) for side in (0, 1))
        print(json.dumps({"bench": "store_vs_orthanc", "slices": int(SLICES), "qiao_per_s": mine, "orthanc_per_s": theirs, "ratio": round(mine / theirs, 2), "runs": runs}))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


main()
