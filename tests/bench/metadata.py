"""`/dicomweb/…/series/{uid}/metadata` of a 200-slice series against nginx serving the same bytes as a file, both with `wrk -t1 -c8`.

    QIAO_BINARY=build/release/qiao python3 tests/bench/metadata.py [SECONDS]

The slices are written by this script. Prints one JSON line; `ratio` is the figure that counts.
"""
import gzip
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import dicom
import qiao

SECONDS = int(sys.argv[1]) if len(sys.argv) > 1 else 6
SLICES = 200
STUDY = dicom.ROOT + ".88"
SERIES = STUDY + ".1"
NGINX = """worker_processes 2; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{ access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 1000000000; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
server {{ listen 127.0.0.1:{port}; root {folder}; default_type application/dicom+json; }} }}"""


def slice_of(number):
    """As many elements as a scanner writes, most of them equal in all slices."""
    extra = b"".join(dicom.element(0x0018, 0x1000 + i, "LO", f"a value of the scanner, number {i}") for i in range(60))
    extra += b"".join(dicom.element(0x0018, 0x9300 + i, "DS", f"{number * 1.25 + i:.3f}") for i in range(20))
    sop = f"{SERIES}.{number}"
    return dicom.part10(dicom.dataset(sop, SERIES, STUDY, patient_id="BENCH-1", number=number, extra=extra), sop)


def wrk(url, *headers):
    arguments = ["wrk", "-t1", "-c8", f"-d{SECONDS}s", "--latency", url]
    for header in headers:
        arguments += ["-H", header]
    text = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in text, text
    return {"per_s": float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), "p50": re.search(r"50%\s+(\S+)", text)[1]}


def main():
    folder = tempfile.mkdtemp(prefix="qiao-nginx-")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with qiao.Server("demo") as server:
        token = server.integration_token()
        for first in range(1, SLICES + 1, 50):
            body, kind = dicom.multipart([slice_of(number) for number in range(first, first + 50)])
            status, _, answer = server.call("POST", "/dicomweb/studies", body, {"Content-Type": kind}, token=token, timeout=60)
            assert status == 200, answer
        time.sleep(7)  # 5 s of quiet make a series stable
        path = f"/dicomweb/studies/{STUDY}/series/{SERIES}/metadata"
        packed = server.call("GET", path, headers={"Accept-Encoding": "gzip"}, token=token)[2]
        assert len(json.loads(gzip.decompress(packed))) == SLICES
        pathlib.Path(folder, "metadata.gz").write_bytes(packed)
        pathlib.Path(folder, "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
        os.chmod(folder, 0o755)
        peer = subprocess.Popen(["nginx", "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log"])
        try:
            time.sleep(0.5)
            runs = []
            for _ in range(3):  # in turns, so that a noisy minute hits both
                runs.append((wrk(server.base + path, f"Authorization: Bearer {token}", "Accept-Encoding: gzip"), wrk(f"http://127.0.0.1:{port}/metadata.gz")))
        finally:
            peer.terminate()
            peer.wait()
            shutil.rmtree(folder, ignore_errors=True)
        ours = max(run[0]["per_s"] for run in runs)
        theirs = max(run[1]["per_s"] for run in runs)
        print(json.dumps({"bench": "metadata", "slices": SLICES, "bytes": len(packed), "text_bytes": len(gzip.decompress(packed)), "qiao_per_s": ours,
                          "nginx_per_s": theirs, "ratio": round(ours / theirs, 4), "qiao_p50": runs[-1][0]["p50"]}))


main()
