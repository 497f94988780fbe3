#!/usr/bin/python3
"""Writes the DICOM study that the viewer's browser test opens, and what the test must find in it.

usage: make_series.py OUT_DIR
Needs Debian's python3-pydicom, python3-numpy, dcmtk and invesalius-examples. The CT is the head volume of
invesalius-examples (its rows turned so that row 0 is the front); the other series are cut from it:
  1 CT        108 slices, 0.957 mm square pixels, slope 1, intercept -1024, 12 bits stored
  2 tall      4 slices with every second row left out: spacing 1.914 x 0.957 mm
  3 plain     2 secondary captures, 8 bits, no spacing and no orientation
  4 packed    one slice in RLE, JPEG lossless, JPEG-LS and JPEG lossy (marked lossy 01)
  5 color     1 RGB picture
  6 report    a structured report, no image
  7 broken    3 slices; the second is cut short, the third is not served
  8 numbers   slice 50 as signed pixels with intercept 0, then with slope 0.25
  9 film      the slice as MONOCHROME1 radiograph: spacing at the detector only, no window, dirty high bits
 10 codec     pydicom's MR_small native and in JPEG 2000, the same pixels
 11 loop      3 frames of an ultrasound with a calibrated region
 12 palette   8-bit indexes with three colour tables
 13 absent    one slice that is not served
 14 odd       a 3 x 3 colour picture: an odd number of bytes and a padding byte
OUT_DIR/study.json lists series and instances (DICOM JSON header, frame file, syntax); OUT_DIR/volume.i16 holds
the Hounsfield values themselves (z, y, x), from which the test computes what the screen must say.
"""
import json
import os
import subprocess
import sys
import tarfile

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import generate_pixel_data_frame

VOLUME = "/usr/share/doc/invesalius-examples/examples/Cranium.inv3"
ROOT = "1.2.826.0.1.3680043.10.1500"
STUDY = f"{ROOT}.1"
SPACING = 0.95703125
CT_CLASS, SC_CLASS, SR_CLASS = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.88.11"
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"


def volume():
    with tarfile.open(VOLUME) as archive:
        member = next(m for m in archive.getmembers() if m.name.endswith("/matrix.dat"))
        raw = archive.extractfile(member).read()
    return np.frombuffer(raw, "<i2").reshape(108, 256, 256)[:, ::-1, :]


def header(sop_class, series, number, modality, description):
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID = sop_class
    ds.SOPInstanceUID = f"{STUDY}.{series}.{number}"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = STUDY, f"{STUDY}.{series}"
    ds.PatientName = "Chen^Hai=陈^海"
    ds.PatientID, ds.PatientSex, ds.PatientBirthDate = "DEMO-0042", "M", "19580312"
    ds.StudyDate, ds.StudyTime, ds.StudyID, ds.AccessionNumber = "20261120", "213015", "1", "A1042"
    ds.StudyDescription, ds.SeriesDescription = "头颅CT平扫 Head CT", description
    ds.Modality, ds.SeriesNumber, ds.InstanceNumber = modality, series, number
    ds.InstitutionName = "Demo County Hospital"
    return ds


def ct(hu, series, number, z, description, row_mm=SPACING):
    ds = header(CT_CLASS, series, number, "CT", description)
    ds.AcquisitionDate, ds.AcquisitionTime = "20261120", "213204"
    ds.KVP, ds.Exposure, ds.SliceThickness = "120", "250", "1.5"
    ds.ImageOrientationPatient, ds.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [-122.02, -122.02, z]
    ds.SliceLocation, ds.FrameOfReferenceUID = f"{z:.2f}", f"{STUDY}.9"
    ds.PixelSpacing = [f"{row_mm:.8f}", f"{SPACING:.8f}"]
    ds.WindowCenter, ds.WindowWidth = "40", "80"
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "-1024", "1", "HU"
    ds.BodyPartExamined = "HEAD"
    pixels(ds, np.clip(hu.astype(np.int32) + 1024, 0, 4095).astype("<u2"), 16, 12)
    return ds


def pixels(ds, array, allocated, stored, samples=1, interpretation="MONOCHROME2"):
    ds.SamplesPerPixel, ds.PhotometricInterpretation = samples, interpretation
    if samples > 1:
        ds.PlanarConfiguration = 0
    ds.Rows, ds.Columns = array.shape[:2]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = allocated, stored, stored - 1, 0
    ds.PixelData = array.tobytes()


def save(ds, path, implicit=False):
    ds.file_meta.TransferSyntaxUID = IMPLICIT if implicit else EXPLICIT
    ds.is_little_endian, ds.is_implicit_VR = True, implicit
    ds.save_as(path, write_like_original=False)


def gray8(hu):
    return np.clip((hu.astype(np.float64) + 160) / 400 * 255, 0, 255).astype("u1")


def write_all(out, hu):
    def write(ds, name, implicit=False):
        path = os.path.join(out, name + ".dcm")
        save(ds, path, implicit)
        return path

    for index in range(len(hu)):
        write(ct(hu[index], 1, index + 1, index * 1.5, "头颅 1.5 mm"), f"1-{index + 1}", implicit=index % 2 == 1)
    for index, at in enumerate((30, 40, 50, 60)):
        write(ct(hu[at][::2], 2, index + 1, at * 1.5, "tall pixels", SPACING * 2), f"2-{index + 1}")
    for index, at in enumerate((40, 60)):
        ds = header(SC_CLASS, 3, index + 1, "OT", "no spacing")
        ds.ConversionType = "WSD"
        pixels(ds, gray8(hu[at]), 8, 8)
        write(ds, f"3-{index + 1}")
    packed = [("dcmcrle", []), ("dcmcjpeg", ["+e1"]), ("dcmcjpls", []), ("dcmcjpeg", ["+ee", "+q", "90"])]
    for index, (tool, options) in enumerate(packed):
        raw = write(ct(hu[50], 4, index + 1, 75.0, "compressed"), f"4-{index + 1}-raw")
        # +un: keep the UID, so that the file stays the instance that the test names.
        keep = [] if tool == "dcmcrle" else ["+un"]
        subprocess.run([tool, *options, *keep, raw, os.path.join(out, f"4-{index + 1}.dcm")], check=True)
        os.remove(raw)
    ds = header(SC_CLASS, 5, 1, "XC", "colour")
    ds.ConversionType = "WSD"
    plane = gray8(hu[50])
    pixels(ds, np.stack([plane, np.roll(plane, 20, 0), 255 - plane], axis=-1), 8, 8, 3, "RGB")
    write(ds, "5-1")
    report = header(SR_CLASS, 6, 1, "SR", "report")
    write(report, "6-1")
    for number in (1, 2, 3):
        write(ct(hu[49 + number], 7, number, number * 1.5, "broken"), f"7-{number}")
    write_numbers(write, hu)
    write_loop(write, hu)
    write_codec(write, out)
    write_palette(write, hu)


def write_numbers(write, hu):
    signed = ct(hu[50], 8, 1, 75.0, "numbers")
    signed.PixelRepresentation, signed.BitsStored, signed.HighBit = 1, 16, 15
    signed.RescaleIntercept = "0"
    signed.PixelData = hu[50].astype("<i2").tobytes()
    write(signed, "8-1")
    fraction = ct(hu[50], 8, 2, 76.5, "numbers")
    fraction.BitsStored, fraction.HighBit, fraction.RescaleSlope = 16, 15, "0.25"
    quarters = (hu[50].astype(np.int32) + 1024) * 4 + np.arange(256) % 4
    fraction.PixelData = quarters.astype("<u2").tobytes()
    write(fraction, "8-2")
    film = header("1.2.840.10008.5.1.4.1.1.1.1", 9, 1, "DX", "film")
    film.ImagerPixelSpacing, film.PatientOrientation, film.ImageLaterality = ["0.2", "0.2"], ["L", "F"], "L"
    gray = gray8(hu[50]).astype("<u2") * 16
    pixels(film, gray | 0xA000, 16, 12, interpretation="MONOCHROME1")
    write(film, "9-1")


def write_loop(write, hu):
    loop = header("1.2.840.10008.5.1.4.1.1.3.1", 11, 1, "US", "loop")
    region = Dataset()
    region.RegionLocationMinX0, region.RegionLocationMinY0, region.RegionLocationMaxX1, region.RegionLocationMaxY1 = 0, 0, 255, 200
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.PhysicalDeltaX, region.PhysicalDeltaY, region.RegionDataType, region.RegionSpatialFormat = 0.05, 0.05, 1, 1
    loop.SequenceOfUltrasoundRegions = [region]
    pixels(loop, gray8(hu[40]), 8, 8)
    loop.NumberOfFrames = "3"
    loop.PixelData = b"".join(gray8(hu[at]).tobytes() for at in (40, 50, 60))
    write(loop, "11-1")


def write_palette(write, hu):
    ds = header(SC_CLASS, 12, 1, "OT", "palette")
    ds.ConversionType = "WSD"
    pixels(ds, gray8(hu[50]), 8, 8, interpretation="PALETTE COLOR")
    ramp = np.arange(256)
    for name, table in (("Red", ramp), ("Green", 255 - ramp), ("Blue", ramp // 2)):
        setattr(ds, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(ds, f"{name}PaletteColorLookupTableData", (table * 257).astype("<u2").tobytes())
    write(ds, "12-1")
    write(ct(hu[50], 13, 1, 75.0, "absent"), "13-1")
    odd = header(SC_CLASS, 14, 1, "OT", "odd")
    odd.ConversionType = "WSD"
    pixels(odd, np.array([[[255, 0, 0]] * 3, [[0, 255, 0]] * 3, [[0, 0, 255]] * 3], "u1"), 8, 8, 3, "RGB")
    odd.PixelData += b"\0"
    write(odd, "14-1")


def write_codec(write, out):
    import pydicom.data

    for number, source in ((1, "MR_small.dcm"), (2, "MR_small_jp2klossless.dcm")):
        ds = pydicom.dcmread(pydicom.data.get_testdata_file(source))
        plain = header(ds.SOPClassUID, 10, number, "MR", "codec")
        for element in plain:
            ds[element.tag] = element
        ds.PatientName = "Chen^Hai"
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        ds.save_as(os.path.join(out, f"10-{number}.dcm"), write_like_original=False)


def instance_row(out, name):
    ds = pydicom.dcmread(os.path.join(out, name))
    syntax = str(ds.file_meta.TransferSyntaxUID)
    frame = None
    if "PixelData" in ds:
        data = ds.PixelData
        if ds.file_meta.TransferSyntaxUID.is_compressed:
            data = next(generate_pixel_data_frame(ds.PixelData, 1))
        if name == "7-2.dcm":
            data = data[: len(data) // 2]
        frame = name.replace(".dcm", ".frame")
        with open(os.path.join(out, frame), "wb") as file:
            file.write(data)
        del ds.PixelData
    if name in ("7-3.dcm", "13-1.dcm"):
        frame = None
    return {"sop": ds.SOPInstanceUID, "series": ds.SeriesInstanceUID, "number": int(ds.InstanceNumber), "syntax": syntax, "frame": frame, "file": name,
            "header": ds.to_json_dict()}


def main():
    out = sys.argv[1]
    os.makedirs(out, exist_ok=True)
    hu = np.maximum(volume(), -1024)
    write_all(out, hu)
    names = sorted(name for name in os.listdir(out) if name.endswith(".dcm"))
    rows = sorted((instance_row(out, name) for name in names), key=lambda row: (row["series"], row["number"]))
    with open(os.path.join(out, "study.json"), "w", encoding="utf-8") as file:
        json.dump({"study": STUDY, "instances": rows}, file, ensure_ascii=False)
    hu.astype("<i2").tofile(os.path.join(out, "volume.i16"))


if __name__ == "__main__":
    main()
