"""Images through a gateway against `storescu` straight to the centre, in one run: how fast the scanner gets its success, and when all is at
the centre. All of it on this machine.

    QIAO_BINARY=build/release/qiao python3 tests/bench/gateway.py [images, 300]
"""
import pathlib
import shutil
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import first_run
import gateways
import qiao

IMAGES = int(sys.argv[1]) if len(sys.argv) > 1 else 300
ROUNDS = 3


def timed_store(port, folder):
    begun = time.monotonic()
    assert gateways.store(port, folder).wait(600) == 0
    return begun, time.monotonic() - begun


def main():
    if not shutil.which("storescu"):
        qiao.skip("storescu (Debian package dcmtk) is not here")
    with first_run.Centre("serve") as centre:
        centre.json("POST", "/imaging/devices", {"title": "CT1", "address": "127.0.0.1", "organisation": centre.clinic}, expected=201)
        gateway = gateways.Gateway(centre, centre.base).start(enrol=True)
        try:
            qiao.wait_for(lambda: gateway.status()["online"], 30, "the gateway is online")
            for number in range(ROUNDS):
                folders = [tempfile.mkdtemp(prefix="bench-gateway-") for _ in range(2)]
                for way, folder in enumerate(folders):
                    gateways.make_objects(folder, f"2.25.61.{number}.{way}", IMAGES, rows=512)
                _, straight = timed_store(centre.dicom[1], folders[0])
                begun, scanner = timed_store(gateway.port, folders[1])
                qiao.wait_for(lambda: gateway.queued() == 0, 600, "all is handed over")
                whole = time.monotonic() - begun
                print(f"straight {IMAGES / straight:.0f}/s; to the gateway {IMAGES / scanner:.0f}/s ({straight / scanner:.2f}); at the centre {IMAGES / whole:.0f}/s ({straight / whole:.2f})", flush=True)
                for folder in folders:
                    shutil.rmtree(folder)
        finally:
            gateway.close()


main()
