"""`/dicomweb/…/series/{uid}/metadata` of a 200-slice series against nginx serving the same bytes as a file, both with `wrk -t1 -c8`.

    QIAO_BINARY=build/release/qiao python3 tests/bench/metadata.py [SECONDS]

The slices are written by this script. Prints one JSON line; `ratio` is the figure that counts.
"""
import gzip
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import against_nginx
import dicom
import qiao

SECONDS = int(sys.argv[1]) if len(sys.argv) > 1 else 6
SLICES = 200
STUDY = dicom.ROOT + ".88"
SERIES = STUDY + ".1"


def slice_of(number):
    """As many elements as a scanner writes, most of them equal in all slices."""
    extra = b"".join(dicom.element(0x0018, 0x1000 + i, "LO", f"a value of the scanner, number {i}") for i in range(60))
    extra += b"".join(dicom.element(0x0018, 0x9300 + i, "DS", f"{number * 1.25 + i:.3f}") for i in range(20))
    sop = f"{SERIES}.{number}"
    return dicom.part10(dicom.dataset(sop, SERIES, STUDY, patient_id="BENCH-1", number=number, extra=extra), sop)


def main():
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
        headers = [f"Authorization: Bearer {token}", "Accept-Encoding: gzip"]
        figures = against_nginx.compare(server.base + path, headers, packed, "application/dicom+json", SECONDS)
        print(json.dumps({"bench": "metadata", "slices": SLICES, "bytes": len(packed), "text_bytes": len(gzip.decompress(packed)), **figures}))


main()
