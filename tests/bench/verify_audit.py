"""How fast `qiao verify-audit` checks a chain, against `sha256sum` of the same bytes. Makes a chain of a million rows of searches and
reads by the program's own rules (docs/access.md), then runs both three times.  QIAO_BINARY=build/release/qiao python3 tests/bench/verify_audit.py"""
import hashlib
import pathlib
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import qiao

ROWS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
NUMBERS = {0, 1, 2, 3, 9, 11, 12}


def canonical(fields):
    out = []
    for place, value in enumerate(fields):
        if place in NUMBERS:
            out.append(struct.pack("<q", value))
        else:
            text = value.encode()
            out.append(struct.pack("<I", len(text)) + text)
    return b"".join(out)


def fill(path, flat):
    database = sqlite3.connect(path)
    seq, prev = database.execute("SELECT seq, hash FROM access_audit ORDER BY seq DESC LIMIT 1").fetchone() or (0, b"")
    start, rows, written = 1_700_000_000_000_000, [], 0
    with open(flat, "wb") as stream:
        for number in range(ROWS):
            seq += 1
            at = start + number * 1000
            fields = (at, at, number % 300 + 1, number % 40 + 1, "doctor", f"{number % 5000:016x}", "read" if number % 3 else "search", "success", "TREAT", number % 100_000 + 1,
                      "Observation", number + 1, 1, "", "10.20.30.40", "")
            body = canonical(fields)
            whole = b"qiao-audit-1\n1\n" + str(seq).encode() + b"\n" + body + prev
            digest = hashlib.sha256(whole).digest()
            stream.write(whole)
            written += len(whole)
            rows.append((seq, *fields, prev, digest))
            prev = digest
            if len(rows) == 20_000:
                database.executemany("INSERT INTO access_audit VALUES(1, ?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", rows)
                rows = []
    database.executemany("INSERT INTO access_audit VALUES(1, ?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", rows)
    database.execute("INSERT OR IGNORE INTO access_audit_patient SELECT patient, recorded_us, seq FROM access_audit WHERE patient <> 0")
    database.commit()
    database.close()
    return written


def seconds(command):
    begun = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout[-500:], done.stderr[-500:])
    return time.monotonic() - begun, done.stdout


def main():
    with qiao.Server("serve") as server, tempfile.NamedTemporaryFile() as flat:
        server.stop()
        size = fill(server.data + "/record.db", flat.name)
        for _ in range(3):
            peer, _ = seconds(["sha256sum", flat.name])
            own, said = seconds([qiao.binary(), "verify-audit", "--data", server.data])
            print(f"{said.strip()}: {own:.2f} s, {ROWS / own:,.0f} rows/s; sha256sum of the same {size / 1e6:.0f} MB: {peer:.2f} s; ratio {peer / own:.2f}")


main()
