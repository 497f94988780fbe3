#!/usr/bin/python3
"""Writes one small CT study as Part 10 files: usage: make_study.py OUT_DIR NAME ID BIRTH SEX [SLICES]

A made-up disc with a brighter core, 256 x 256 in 16 bits; no real person and no real scan.
"""
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
import dicom  # noqa: E402

SIZE = 256


def slice_pixels(number):
    def value(x, y):
        distance2 = (x - SIZE / 2) ** 2 + (y - SIZE / 2) ** 2
        return -1000 if distance2 > 100**2 else 60 + number if distance2 < (20 + number) ** 2 else 35

    return b"".join(struct.pack(f"<{SIZE}h", *(value(x, y) for x in range(SIZE))) for y in range(SIZE))


def main():
    out, name, patient_id, birth, sex = sys.argv[1:6]
    os.makedirs(out, exist_ok=True)
    study = f"{dicom.ROOT}.77.{int.from_bytes(os.urandom(6), 'big')}"
    for number in range(1, int(sys.argv[6] if len(sys.argv) > 6 else 24) + 1):
        sop = f"{study}.1.{number}"
        data = dicom.dataset(sop, f"{study}.1", study, patient_id=patient_id, name=name, birth=birth, sex=sex, rows=SIZE, columns=SIZE, pixels=slice_pixels(number), number=number)
        with open(os.path.join(out, f"{number:03}.dcm"), "wb") as file:
            file.write(dicom.part10(data, sop))
    print(study)


main()
