"""A short run of one fuzz target: run.py PROGRAM [SECONDS]. Starts from real and from hostile input; a crash is printed and fails.

For a night: build with `cmake --preset fuzz && cmake --build build/fuzz --target fuzz`, then call this with more seconds.
"""
import base64
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "support"), str(TESTS / "faults")]
import bad_dicom_test
import bad_input_test
import dicom
import qiao

MOST_BYTES = 65536  # of one input; the limits above it have tests of their own
MEMORY_MIB = 1024


def as_bytes(value):
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")


def shared(folder, pattern):
    return [path.read_bytes() for path in sorted((qiao.SHARED / "testdata" / folder).glob(pattern)) if path.stat().st_size <= MOST_BYTES][:200]


def record_json():
    return [as_bytes(body) for _, body, _ in bad_input_test.BODIES] + shared("fhir/examples", "**/*.json")


def record_patch():
    """Operations of both kinds, each once."""
    operations = [{"op": "add", "path": "/name/-", "value": {"text": "x"}}, {"op": "remove", "path": "/birthDate"}, {"op": "replace", "path": "/name/0/given/1", "value": "Z"},
                  {"op": "move", "from": "/name/0", "path": "/name/1"}, {"op": "copy", "from": "", "path": "/contact/0/x~1y"}, {"op": "test", "path": "/active", "value": True}]

    def part(name, **value):
        return {"name": name, **value}

    def operation(kind, path, *more):
        return {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [part("type", valueCode=kind), part("path", valueString=path), *more]}]}

    parameters = [operation("add", "Patient", part("name", valueString="gender"), part("value", valueCode="female")), operation("delete", "Patient.name.where(use.empty()).first()"),
                  operation("replace", "Patient.birthDate", part("value", valueDate="1974-12-25")), operation("insert", "Patient.name", part("index", valueInteger=0), part("value", valueHumanName={"family": "Li"})),
                  operation("move", "Patient.name", part("source", valueInteger=1), part("destination", valueInteger=0))]
    return [json.dumps(one).encode() for one in [operations, *([one] for one in operations), *parameters]]


def record_search():
    words = ["_sort=-date,_lastUpdated&_count=50&_include=Observation:subject:Patient&_revinclude:iterate=Provenance:target", "birthdate=ge1974-12&name:contains=chen\\,yu&_total=accurate", "_type=Patient,Observation&_summary=count",
             "subject:Patient.name=a%20b&_has:Observation:patient:code=x|y", "2026-11-21T08:30:00.123+08:00", "ap5.40e-3|http://unitsofmeasure.org|mg", "sa2026-02-30", "%ff%&=&&==", "_count=-1&_sort=,,&_elements=a"]
    return [as_bytes(word) for word in words]


def record_path():
    """Official cases where they are, one of each kind of word, and what would run long."""
    cases = qiao.SHARED / "testdata" / "fhir" / "fhirpath" / "cases.r4.ndjson"
    official = [json.loads(line)["expression"] for line in cases.read_text().splitlines()] if cases.exists() else []
    own = ["entry.resource.ofType(Observation).value > 7 'mmol/L'", "entry.resource.name.given.select($this & $index).join(',')", "@2026-11-21T08:30 + 3 months ~ @T08:30:00.5", "'a\\u0041'.replaceMatches('(a)', '$1')",
           "descendants().where($this is string).distinct().count()", "(1|2|3).aggregate($total + $this, 0)", "'aaaa'.repeat($this + $this)", "((((((((((1))))))))))", "entry.resource.repeat(contained | subject.resolve()).id", "-1.5 'Cel' = 29.3 '[degF]'"]
    return [as_bytes(text) for text in own + official]


def access_cbor():
    """An attestation with a P-256 key, one by the key itself, and what no authenticator writes."""
    key = bytes.fromhex("a5010203262001215820") + b"\1" * 32 + bytes.fromhex("225820") + b"\2" * 32
    data = hashlib.sha256(b"q").digest() + b"\x45" + bytes(4 + 16) + b"\0\x10" + b"\7" * 16 + key
    none = bytes.fromhex("a363666d74646e6f6e656761747453746d74a0686175746844617461") + b"\x58" + bytes([len(data)]) + data
    packed = bytes.fromhex("a363666d74667061636b65646761747453746d74a263616c67266373696758") + b"\x02\x30\0" + bytes.fromhex("686175746844617461") + b"\x58" + bytes([len(data)]) + data
    jwt = b"eyJhbGciOiJFUzI1NiIsImtpZCI6ImEifQ.eyJpc3MiOiJhIn0." + b"A" * 86
    return [none, packed, jwt, b"\x9f\xff", b"\xbb" + b"\xff" * 8, b"\x81" * 20, b"\xc0\x61x", b"\xfb" + bytes(8)]


def access_jwt():
    """Whole tokens with every algorithm that somebody tries, headers and claims that the harness signs (right ones first), keys and metadata."""
    b64 = lambda data: base64.urlsafe_b64encode(as_bytes(data)).rstrip(b"=")
    now = 1_800_000_000
    right = {"iss": "https://id", "sub": "s", "aud": "qiao", "exp": now + 120, "iat": now, "nonce": "n"}
    system = {"iss": "qiao", "sub": "qiao", "aud": ["https://id"], "exp": now + 120, "iat": now, "jti": "j"}
    changes = [{}, {"aud": ["qiao", "other"], "azp": "qiao"}, {"exp": now}, {"exp": 1e300}, {"iat": now + 61}, {"nbf": "x"}, {"nonce": None}, {"aud": []}, {"amr": ["pwd"] * 20, "acr": "x"}, {"sub": "a" * 256}, {"iss": ["https://id"]}]
    headers = [{"alg": name, "kid": "k"} for name in ("ES256", "RS256", "PS256", "HS256", "none", "EdDSA", "es256")] + [{"alg": "ES256"}, {"alg": "ES256", "crit": ["exp"]}, {"alg": ["ES256"]}, {"kid": 7}, {"alg": "ES256", "jwk": {"kty": "EC"}, "jku": "https://x"}]
    signed = [b"\1" + as_bytes(json.dumps(headers[0])) + b"\n" + as_bytes(json.dumps({**claims, **change})) for claims in (right, system) for change in changes]
    signed += [b"\1" + as_bytes(json.dumps(header)) + b"\n" + as_bytes(json.dumps(right)) for header in headers] + [b"\1" + as_bytes(json.dumps(headers[0])) + b"\n" + body for body in (b"[]", b"{", b"{" * 40, b'{"exp":1,"exp":2}', b"\xff")]
    whole = [b"\0" + b64(json.dumps(header)) + b"." + b64(json.dumps(right)) + b"." + tail for header in headers for tail in (b"", b"A" * 86, b64(bytes(64)))] + [b"\0" + text for text in (b"..", b"a.b", b"A.A.A", b"eyJhbGciOiJub25lIn0.e30.", b"=." * 50)]
    # The generator of P-256 is a point on it, whoever has its key.
    point = {"x": b64(bytes.fromhex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296")).decode(), "y": b64(bytes.fromhex("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")).decode()}
    keys = [{"kty": "EC", "crv": "P-256", "kid": "a", **point}, {"kty": "EC", "crv": "P-256", "kid": "b", "x": point["y"], "y": point["x"]}, {"kty": "RSA", "kid": "c", "e": "AQAB", "n": b64(b"\xc5" * 256).decode()}, {"kty": "RSA", "kid": "d", "alg": "PS256", "e": "AQAB", "n": b64(b"\xc5" * 512).decode()},
            {"kty": "RSA", "kid": "e", "e": "AQ", "n": "AQ"}, {"kty": "OKP", "crv": "Ed25519", "kid": "f", "x": b64(b"\x58" + b"\x66" * 31).decode()}, {"kty": "EC", "crv": "P-256", "kid": "g", "d": "AQ", **point}, {"kty": "oct", "k": "AA"}, 7]
    sets = [b"\2" + as_bytes(json.dumps({"keys": chosen})) for chosen in [keys, keys[:1] * 40, *([one] for one in keys)]]
    metadata = {"issuer": "https://id", "authorization_endpoint": "https://id/a", "token_endpoint": "https://id/t", "jwks_uri": "https://id/j", "end_session_endpoint": "https://id/e", "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_post"], "response_types_supported": ["code"]}
    sets += [b"\2" + as_bytes(json.dumps({**metadata, **change})) for change in ({}, {"token_endpoint": "javascript:1"}, {"end_session_endpoint": "http://x@y"}, {"issuer": "https://id/"}, {"response_types_supported": "code"})]
    return signed + whole + sets


def http_request():
    good = [b"GET /fhir/Patient?name=a HTTP/1.1\r\nHost: a\r\n\r\n", b"POST /fhir HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"POST /fhir HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nTrailer: z\r\n\r\n"]
    chunked = good[-1].partition(b"3;x=")[0]
    good += [chunked + b"3;x=" + b"y" * count + b"\r\nabc\r\n0\r\n\r\n" for count in (16_000, 16_375, 16_376, 16_377, 16_378, 16_384, 18_000)]
    good += [chunked + b"3\r\nabc\r\n0\r\nTrailer: " + b"z" * count + b"\r\n\r\n" for count in (16_000, 16_365, 16_369, 16_370, 16_371, 18_000)]
    return good + [data for _, data in bad_input_test.RAW]


def http_multipart():
    body, content_type = dicom.multipart([b"one", b"two\r\n--qiao", b""])
    form = b'multipart/form-data; boundary="f"\n--f\r\nContent-Disposition: form-data; name="a"; filename="b\\".dcm"\r\n\r\nx\r\n--f--\r\n'
    return [as_bytes(content_type) + b"\n" + body, form, b"multipart/mixed; boundary=a\n" + b"--a\r\n" * 50]


def imaging_pdu():
    good = dicom.dataset("1.2.3", "1.2", "1", rows=2, columns=2)
    store = b"\x04\0" + (len(good) + 6).to_bytes(4, "big") + (len(good) + 2).to_bytes(4, "big") + b"\x01\x02" + good
    return [step + data for step in (b"\x00", b"\xff") for data in [store, *(data for _, data in bad_dicom_test.RAW)]]


def imaging_walker():
    streams = [dicom.part10(dicom.dataset("1.2.3", "1.2", "1", rows=4, columns=4, charset=charset), "1.2.3") for charset in ("ISO_IR 192", "GB18030", "")]
    streams += [stream for _, stream in bad_dicom_test.hostile()] + shared("ecg/dicom", "**/*.dcm")
    sets = [dicom.split_part10(stream)[1] if stream[128:132] == b"DICM" and len(stream) > 144 else stream for stream in streams]
    return [flags + b"\x10" + data for flags in (b"\x00", b"\x16", b"\x0c") for data in sets] + [b"\x08\x10" + stream for stream in streams]


def main(program, seconds="10"):
    program = pathlib.Path(program)
    if not shutil.which("clang++-16"):
        qiao.skip("clang-16 is not here: nothing was fuzzed")
    with tempfile.TemporaryDirectory(prefix="qiao-fuzz-") as work:
        corpus = pathlib.Path(work, "corpus")
        corpus.mkdir()
        for number, seed in enumerate(globals()[program.name.removeprefix("fuzz_")]()):
            (corpus / f"{number:04}").write_bytes(seed[:MOST_BYTES])
        done = subprocess.run([program, f"-max_total_time={seconds}", f"-max_len={MOST_BYTES}", f"-rss_limit_mb={MEMORY_MIB}", "-timeout=10", "-print_final_stats=1", "-verbosity=0",
                               f"-artifact_prefix={work}/crash-", corpus], stderr=subprocess.PIPE, text=True, errors="replace", env={**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1", "ASAN_SYMBOLIZER_PATH": shutil.which("llvm-symbolizer") or ""})
        for crash in pathlib.Path(work).glob("crash-*"):
            print(f"{crash.name}, {crash.stat().st_size} bytes, base64:\n{base64.b64encode(crash.read_bytes()).decode()}")
    if done.returncode != 0:
        print(done.stderr[-6000:])
        return 1
    runs = int(re.search(r"number_of_executed_units: (\d+)", done.stderr)[1])
    print(f"{program.name}: {runs} inputs in {seconds} s, nothing found")
    assert runs > 100, "hardly anything was tried"
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
