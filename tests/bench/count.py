"""An exact count by code and month over ten million index rows, over HTTP (`Observation?code=…&date=ge…&date=lt…&_summary=count`).

    QIAO_BINARY=build/release/qiao python3 tests/bench/count.py [ROWS]

The rows go straight into the index of a stopped server, of twelve codes over three years: a count by a program reads nothing else. Prints one JSON
line; the peer is SQLite itself counting the same range of the same file, one thread, nothing else.
"""
import json
import os
import pathlib
import random
import sqlite3
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import qiao

ROWS = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
CODES = 12
START_s = 1_672_531_200  # 2023-01-01
DAYS = 1080
ROUNDS = 60


def observation(system, code):
    return {"resourceType": "Observation", "status": "final", "code": {"coding": [{"system": system, "code": code}]}, "effectiveDateTime": "2023-01-01T00:00:00Z"}


def create(server, token, system, code):
    status, headers, body = server.call("POST", "/fhir/Observation", observation(system, code), token=token)
    assert status == 201, body
    return headers["location"].split("/Observation/")[1].split("/")[0]


def rows_of_code(database):
    """(type, param, hash, acl) under which code `a` of system `one` is found: what neither another code nor another system has."""
    rids = [row[0] for row in database.execute("SELECT rid FROM res WHERE d IS NOT NULL AND state = 0 ORDER BY rid DESC LIMIT 3")][::-1]
    rows = [set(database.execute("SELECT type, param, h, acl FROM tok WHERE rid = ?", (rid,))) for rid in rids]
    alone = {row[:3] for row in rows[0]} - {row[:3] for row in rows[1]} - {row[:3] for row in rows[2]}
    assert len(alone) == 1, alone
    return next(row for row in rows[0] if row[:3] in alone)


def fill(path):
    database = sqlite3.connect(path)
    database.execute("PRAGMA synchronous=OFF")
    database.execute("PRAGMA cache_size=-800000")
    kind, param, wanted, acl = rows_of_code(database)
    first = database.execute("SELECT max(rid) FROM res").fetchone()[0] + 1_000_000
    source = random.Random(1)
    hashes = sorted([wanted] + [source.randrange(-(1 << 62), 1 << 62) for _ in range(CODES - 1)])
    each = ROWS // CODES
    for place, h in enumerate(hashes):  # in the order of the key: the tree grows at its end
        dates = sorted(source.randrange(DAYS * 86_400) for _ in range(each))
        database.executemany("INSERT INTO tok(type, param, h, d, rid, acl) VALUES(?, ?, ?, ?, ?, ?)",
                             ((kind, param, h, (START_s + date) * 1000, first + place * each + n, acl) for n, date in enumerate(dates)))
        database.commit()
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return kind, param, wanted


def month(number):
    return START_s + number * 30 * 86_400, START_s + (number + 1) * 30 * 86_400


def text(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def main():
    with qiao.Server("serve", environment={"QIAO_DATABASE": ""}) as server:
        token = server.integration_token()
        for system, code in [("urn:bench:one", "a"), ("urn:bench:one", "b"), ("urn:bench:two", "a")]:
            create(server, token, system, code)
        server.stop()
        record = os.path.join(server.data, "record.db")
        key = fill(record)
        server.start()
        plain = sqlite3.connect(record)
        plain.execute("PRAGMA mmap_size=4000000000")
        http_ms, plain_ms, counted = [], [], 0
        for number in range(ROUNDS):
            since, until = month(number * 7 % (DAYS // 30))
            path = f"/fhir/Observation?code=urn:bench:one%7Ca&date=ge{text(since)}&date=lt{text(until)}&_summary=count"
            started = time.perf_counter()
            status, _, body = server.call("GET", path, token=token)
            http_ms.append((time.perf_counter() - started) * 1e3)
            started = time.perf_counter()
            same = plain.execute("SELECT count(*) FROM tok WHERE type = ? AND param = ? AND h = ? AND d >= ? AND d < ?", (*key, since * 1000, until * 1000)).fetchone()[0]
            plain_ms.append((time.perf_counter() - started) * 1e3)
            total = json.loads(body)["total"]
            assert status == 200 and total - same in (0, 1), (total, same, body)
            counted = total
        print(json.dumps({"bench": "count", "rows": ROWS, "counted": counted, "http_ms": round(statistics.median(http_ms), 2), "http_p99_ms": round(sorted(http_ms)[-1], 2),
                          "sqlite_ms": round(statistics.median(plain_ms), 2), "ratio": round(statistics.median(plain_ms) / statistics.median(http_ms), 2)}))


main()
