"""The peer of the reading benches: nginx with 2 workers and no access log serves the same bytes as a file; `wrk -t1 -c8` on both."""
import contextlib
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time

CONFIGURATION = """worker_processes 2; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{ access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 1000000000; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
server {{ listen 127.0.0.1:{port}; root {folder}; default_type {content_type}; }} }}"""


@contextlib.contextmanager
def nginx(body, content_type):
    """Yields the address of a file with `body`."""
    folder = tempfile.mkdtemp(prefix="qiao-nginx-")
    os.chmod(folder, 0o755)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    pathlib.Path(folder, "body").write_bytes(body)
    pathlib.Path(folder, "nginx.conf").write_text(CONFIGURATION.format(folder=folder, port=port, content_type=content_type))
    peer = subprocess.Popen(["nginx", "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log"])
    try:
        time.sleep(0.5)
        yield f"http://127.0.0.1:{port}/body"
    finally:
        peer.terminate()
        peer.wait()
        shutil.rmtree(folder, ignore_errors=True)


def wrk(url, seconds, headers=()):
    arguments = ["wrk", "-t1", "-c8", f"-d{seconds}s", "--latency", url]
    for header in headers:
        arguments += ["-H", header]
    text = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in text, text
    share = lambda percent: re.search(rf"^\s+{percent}%\s+(\S+)", text, re.M)[1]
    return {"per_s": float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), "p50": share(50), "p99": share(99)}


def compare(url, headers, body, content_type, seconds):
    """The best of three runs of each, in turns, so that a noisy minute hits both; the latencies are ours of the last run."""
    with nginx(body, content_type) as peer:
        runs = [(wrk(url, seconds, headers), wrk(peer, seconds)) for _ in range(3)]
    ours = max(run[0]["per_s"] for run in runs)
    theirs = max(run[1]["per_s"] for run in runs)
    return {"qiao_per_s": ours, "nginx_per_s": theirs, "ratio": round(ours / theirs, 4), "qiao_p50": runs[-1][0]["p50"], "qiao_p99": runs[-1][0]["p99"]}
