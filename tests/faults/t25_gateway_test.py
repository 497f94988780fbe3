"""A gateway loses and doubles nothing: kill -9 of the gateway and of the centre under load, and a line that is cut (T3, T25). Every object that
a scanner got success for is read back from the centre byte by byte. `t25_gateway_test.py ROUNDS CUT_SECONDS` for the long form."""
import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import dicom
import first_run
import gateways
import qiao

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 3
CUT_S = float(sys.argv[2]) if len(sys.argv) > 2 else 3
SMALL, LARGE = 150, 3  # objects a round: 8 KiB, and 2 MiB which go in pieces
RNG = random.Random(11)


def send(gateway, number, harm):
    """Sends a round's objects and does `harm` meanwhile. @return what was acknowledged"""
    folder = tempfile.mkdtemp(prefix="t25-")
    made = gateways.make_objects(folder, f"{dicom.ROOT}.{number}", SMALL)
    made |= gateways.make_objects(folder, f"{dicom.ROOT}.{number}.7", LARGE, rows=1024, prefix="0000-")
    try:
        with open(os.path.join(folder, "log"), "w+") as log:
            sender = gateways.store(gateway.port, folder, log=log)
            enough = RNG.randint(3, SMALL // 2)
            qiao.wait_for(lambda: pathlib.Path(log.name).read_text().count("(Success)") >= enough, 60, "the scanner sends")
            harm()
            sender.wait(120)
            log.seek(0)
            good = dicom.acknowledged(log.read(), made)
        return [made[path] for path in good]
    finally:
        shutil.rmtree(folder)


def main():
    if not shutil.which("storescu"):
        qiao.skip("storescu (Debian package dcmtk) is not here")
    with first_run.Centre("serve") as centre:
        line = gateways.Line(centre.http)
        gateway = gateways.Gateway(centre, f"http://127.0.0.1:{line.port}")
        gateway.start(enrol=True)
        known = []

        def kill_gateway():
            gateway.kill()
            gateway.start()

        def kill_centre():
            centre.kill()
            centre.start()
            line.target = centre.http

        def cut():
            line.cut()
            time.sleep(CUT_S)

        def several_cuts():
            for _ in range(4):
                line.cut()
                time.sleep(0.2)
                line.mend()
                time.sleep(RNG.uniform(0.1, 0.6))

        for number in range(ROUNDS):
            for name, harm in (("gateway killed", kill_gateway), ("centre killed", kill_centre), ("line cut", cut), ("line cut again and again", several_cuts)):
                good = send(gateway, f"{number + 1}{len(known)}", harm)
                print(f"round {number + 1}, {name}: {len(good)} acknowledged, {gateway.queued()} wait")
                if name == "gateway killed":
                    assert len(good) < SMALL + LARGE, "it was killed under load"
                if name == "line cut":
                    assert len(good) == SMALL + LARGE, "a scanner waits for no line"
                    assert gateway.queued() > 0, "the cut line carried something"
                    line.mend()
                known += good
        assert len(known) > ROUNDS * 2 * (SMALL + LARGE), len(known)

        qiao.wait_for(lambda: gateway.queued() == 0, 180, "the queue empties")
        assert gateway.refused() == 0
        gateways.require_at_centre(centre, centre.integration_token(), known)
        with sqlite3.connect(f"file:{centre.data}/imaging.db?mode=ro", uri=True) as database:
            count = lambda sql: database.execute(sql).fetchone()[0]
            stored, conflicts = count("SELECT count(*) FROM imaging_instance"), count("SELECT count(*) FROM imaging_conflict")
            owners = database.execute("SELECT DISTINCT org_id FROM imaging_study").fetchall()
        assert stored >= len({sop for _, _, sop, _ in known}) and conflicts == 0, (stored, len(known), conflicts)
        assert stored <= ROUNDS * 4 * (SMALL + LARGE)
        assert len(owners) == 1, "all belongs to the gateway's institution"
        left = [path for path in pathlib.Path(centre.data, "gateway").rglob("*") if path.is_file()]
        assert not left, left
        print(f"{len(known)} acknowledged objects are at the centre byte for byte, {stored} in all, none doubled")

        assert gateway.stop() == 0
        state = centre.json("GET", f"/imaging/gateways/{gateway.id}")["state"]
        assert state == "stopped", state
        subprocess.run([qiao.binary(), "verify-audit", "--data", centre.data], check=True, capture_output=True)
        gateway.close()
        line.close()


main()
