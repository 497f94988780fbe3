"""Nothing acknowledged is lost: kill -9 under load, five rounds, with the checker of ../shared/bench (T1)."""
import pathlib
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import qiao

checker = qiao.need_shared("bench/reliability/durability.py")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main():
    ports = (free_port(), free_port())
    with qiao.Server("serve", ports=ports) as server:
        token = server.integration_token()
        server.stop()
        start = " ".join(server.arguments())
        for mode in ("put", "post"):
            done = subprocess.run([sys.executable, str(checker), "--start", start, "--base", f"http://127.0.0.1:{ports[0]}/fhir", "--rounds", "5",
                                   "--round-secs", "2", "--mode", mode, "--header", f"Authorization: Bearer {token}"], timeout=240)
            if done.returncode != 0:
                return done.returncode
    return 0


sys.exit(main())
