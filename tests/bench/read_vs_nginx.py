"""An authenticated GET /fhir/Patient/{id} against nginx serving a static file of the same size, both with `wrk -t1 -c8`.

    QIAO_BINARY=build/release/qiao python3 tests/bench/read_vs_nginx.py [SECONDS]

Prints one JSON line; `ratio` is the figure that counts (must 0.25, aim 0.45): the machine is shared with the load client.
"""
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
import qiao

SECONDS = int(sys.argv[1]) if len(sys.argv) > 1 else 6
PATIENT = {"resourceType": "Patient", "identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": "990000199001010015"}],
           "name": [{"use": "official", "text": "王小明", "family": "王", "given": ["小明"]}], "gender": "male", "birthDate": "1990-01-01",
           "telecom": [{"system": "phone", "value": "00013000977"}], "address": [{"text": "x" * 200}]}

NGINX = """worker_processes 2; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{ access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 1000000000; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
server {{ listen 127.0.0.1:{port}; root {folder}; default_type application/fhir+json; }} }}"""


def wrk(url, header=None):
    arguments = ["wrk", "-t1", "-c8", f"-d{SECONDS}s", "--latency", url] + (["-H", header] if header else [])
    text = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in text, text
    return {"per_s": float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), "p99": re.search(r"^\s+99%\s+(\S+)", text, re.M)[1]}


def main():
    folder = tempfile.mkdtemp(prefix="qiao-nginx-")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with qiao.Server("serve") as server:
        token = server.integration_token()
        status, headers, _ = server.call("POST", "/fhir/Patient", PATIENT, token=token)
        assert status == 201
        path = "/fhir/" + headers["location"].split("/fhir/")[1].split("/_history")[0]
        body = server.call("GET", path, token=token)[2]
        pathlib.Path(folder, "patient.json").write_bytes(body)
        pathlib.Path(folder, "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
        os.chmod(folder, 0o755)
        peer = subprocess.Popen(["nginx", "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log"])
        try:
            time.sleep(0.5)
            runs = []
            for _ in range(3):  # in turns, so that a noisy minute hits both
                runs.append((wrk(server.base + path, f"Authorization: Bearer {token}"), wrk(f"http://127.0.0.1:{port}/patient.json")))
        finally:
            peer.terminate()
            peer.wait()
            shutil.rmtree(folder, ignore_errors=True)
        ours = max(run[0]["per_s"] for run in runs)
        theirs = max(run[1]["per_s"] for run in runs)
        print(json.dumps({"bench": "read_vs_nginx", "bytes": len(body), "qiao_per_s": ours, "nginx_per_s": theirs, "ratio": round(ours / theirs, 3),
                          "qiao_p99": runs[-1][0]["p99"], "resident_mib": round(server.resident_mib(), 1)}))


main()
