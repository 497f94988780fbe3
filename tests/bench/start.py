"""Start on an existing data folder: time to the first `ready`, and memory before any load (must: 0.5 s, 80 MB).

    QIAO_BINARY=build/release/qiao python3 tests/bench/start.py
"""
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import qiao

with qiao.Server("demo") as server:
    server.stop()
    times = []
    for _ in range(5):
        begun = time.monotonic()
        server.start()
        assert server.call("GET", "/health/ready")[0] == 200
        times.append(time.monotonic() - begun)
        resident = server.resident_mib()
        server.stop()
    print(json.dumps({"bench": "start", "ready_s_median": round(sorted(times)[2], 3), "ready_s_max": round(max(times), 3), "resident_mib": round(resident, 1)}))
