"""Writes small DICOM objects byte by byte, right ones and hostile ones, so that tests depend on no other writer. Standard library only."""
import re
import struct

EXPLICIT_LE = "1.2.840.10008.1.2.1"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
CT = "1.2.840.10008.5.1.4.1.1.2"
LONG_VRS = {"OB", "OW", "OF", "SQ", "UN", "UT"}
ROOT = "2.25.300700900"


def element(group, number, vr, value):
    if isinstance(value, str):
        value = value.encode("utf-8")
    if len(value) % 2:
        value += b"\0" if vr in ("UI", "OB", "UN") else b" "
    head = struct.pack("<HH", group, number) + vr.encode()
    if vr in LONG_VRS:
        return head + b"\0\0" + struct.pack("<I", len(value)) + value
    return head + struct.pack("<H", len(value)) + value


def us(value):
    return struct.pack("<H", value)


def dataset(sop, series, study, patient_id="P1", name="WANG^XIAOMING", birth="19900101", sex="M", rows=16, columns=16, pixels=None, number=1, extra=b"", charset="ISO_IR 192",
            accession="", modality="CT", sop_class=CT):
    pixels = pixels if pixels is not None else bytes((i * 7 + number) % 256 for i in range(rows * columns * 2))
    return b"".join([
        element(0x0008, 0x0005, "CS", charset), element(0x0008, 0x0016, "UI", sop_class), element(0x0008, 0x0018, "UI", sop),
        element(0x0008, 0x0020, "DA", "20260102"), element(0x0008, 0x0030, "TM", "101500"), element(0x0008, 0x0050, "SH", accession), element(0x0008, 0x0060, "CS", modality),
        element(0x0008, 0x1030, "LO", "head"), element(0x0010, 0x0010, "PN", name), element(0x0010, 0x0020, "LO", patient_id), element(0x0010, 0x0030, "DA", birth),
        element(0x0010, 0x0040, "CS", sex), extra, element(0x0020, 0x000D, "UI", study), element(0x0020, 0x000E, "UI", series), element(0x0020, 0x0013, "IS", str(number)),
        element(0x0028, 0x0002, "US", us(1)), element(0x0028, 0x0004, "CS", "MONOCHROME2"), element(0x0028, 0x0010, "US", us(rows)), element(0x0028, 0x0011, "US", us(columns)),
        element(0x0028, 0x0100, "US", us(16)), element(0x0028, 0x0101, "US", us(16)), element(0x0028, 0x0102, "US", us(15)), element(0x0028, 0x0103, "US", us(1)),
        element(0x0028, 0x1052, "DS", "0"), element(0x0028, 0x1053, "DS", "1"), element(0x7FE0, 0x0010, "OW", pixels)])


def part10(data, sop, sop_class=CT, syntax=EXPLICIT_LE):
    meta = b"".join([element(0x0002, 0x0001, "OB", b"\0\1"), element(0x0002, 0x0002, "UI", sop_class), element(0x0002, 0x0003, "UI", sop),
                     element(0x0002, 0x0010, "UI", syntax), element(0x0002, 0x0012, "UI", ROOT + ".1")])
    return b"\0" * 128 + b"DICM" + element(0x0002, 0x0000, "UL", struct.pack("<I", len(meta))) + meta + data


def split_part10(stream):
    """(meta, data set) of a Part 10 stream with explicit LE meta."""
    assert stream[128:132] == b"DICM", "no Part 10 stream"
    length = struct.unpack("<I", stream[140:144])[0]
    return stream[132:144 + length], stream[144 + length:]


def nested_sequences(depth):
    """An undefined-length sequence in an item in a sequence …, `depth` times."""
    opening = struct.pack("<HH", 0x0008, 0x1140) + b"SQ\0\0" + b"\xff" * 4 + struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    closing = struct.pack("<HHI", 0xFFFE, 0xE00D, 0) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    return opening * depth + closing * depth


def multipart(parts, boundary="qiao-test-boundary"):
    """A multipart/related body of application/dicom and its content type."""
    body = b"".join(b"--" + boundary.encode() + b"\r\nContent-Type: application/dicom\r\n\r\n" + part + b"\r\n" for part in parts)
    return body + b"--" + boundary.encode() + b"--\r\n", f'multipart/related; type="application/dicom"; boundary={boundary}'


def acknowledged(output, made):
    """storescu -v says which file it sends and what the answer was."""
    current, good = None, []
    for line in output.splitlines():
        sending = re.search(r"Sending file: (\S+)", line)
        if sending:
            current = sending[1]
        if "Received Store Response (Success)" in line and current in made:
            good.append(current)
    return good
