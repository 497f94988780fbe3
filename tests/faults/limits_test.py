"""Limits before and around a session, on the real program: strangers, bodies of strangers, compressed bodies (T24, T54, T55)."""
import gzip
import json
import pathlib
import random
import socket
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import qiao

FHIR = {"Content-Type": "application/fhir+json"}
STRANGERS = 256  # connections of one address before a first valid session (base/limits.hpp)
RATIO = 20


def patients(count):
    chance = random.Random(7)
    entries = [{"request": {"method": "POST", "url": "Patient"}, "resource": {"resourceType": "Patient", "name": [{"text": f"{chance.getrandbits(80):x}"}]}}
               for _ in range(count)]
    return json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}).encode()


class Limits(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = qiao.Server("serve").start()
        cls.token = cls.server.integration_token()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def setUp(self):
        self.connections = []

    def tearDown(self):
        for connection in self.connections:
            connection.close()

    def connect(self):
        return socket.create_connection(self.server.http, timeout=15)

    def member(self):
        """A connection that has brought a valid session."""
        connection = self.connect()
        self.connections.append(connection)
        self.assertIn(b" 200 ", self.ask(connection, self.token_head()))
        return connection

    def token_head(self):
        return f"Authorization: Bearer {self.token}\r\n"

    @staticmethod
    def ask(connection, headers=""):
        connection.sendall(f"GET /access/session HTTP/1.1\r\nHost: a\r\n{headers}\r\n".encode())
        return connection.recv(65536).split(b"\r\n")[0]

    def test_strangers_of_an_address_leave_members_alone(self):
        members = [self.member() for _ in range(20)]
        strangers = [self.connect() for _ in range(STRANGERS)]
        self.connections += strangers
        for stranger in strangers:
            stranger.sendall(b"GET /health/live HTTP/1.1\r\n")
        with self.connect() as refused:
            self.assertIn(b" 429 ", refused.recv(65536).split(b"\r\n")[0])
        for member in members:
            self.assertIn(b" 200 ", self.ask(member, self.token_head()))
        for stranger in strangers[:200]:
            stranger.close()
        qiao.wait_for(lambda: self.server.call("GET", "/health/live")[0] == 200, 15, "room for others")
        more = [self.member() for _ in range(STRANGERS + 50)]  # a whole hospital behind one address
        self.assertIn(b" 200 ", self.ask(more[-1], self.token_head()))

    def test_the_body_of_a_stranger_is_not_read(self):
        calm = self.server.resident_mib()
        for _ in range(8):
            connection = self.connect()
            self.connections.append(connection)
            connection.sendall(b"POST /fhir HTTP/1.1\r\nHost: a\r\nContent-Type: application/fhir+json\r\nContent-Length: 67108864\r\n\r\n")
            self.assertIn(b" 401 ", connection.recv(65536).split(b"\r\n")[0])
        self.assertLess(self.server.resident_mib(), calm + 20)

    def test_expect_gets_the_final_status(self):
        head = "POST /fhir/Patient HTTP/1.1\r\nHost: a\r\nContent-Type: application/fhir+json\r\nExpect: 100-continue\r\nContent-Length: 30\r\n"
        with self.connect() as stranger:
            stranger.sendall(f"{head}\r\n".encode())
            self.assertIn(b" 401 ", stranger.recv(65536).split(b"\r\n")[0])
        with self.connect() as member:
            member.sendall(f"{head}{self.token_head()}\r\n".encode())
            self.assertIn(b" 100 ", member.recv(65536).split(b"\r\n")[0])
            member.sendall(b'{"resourceType":"Patient"}    ')
            self.assertIn(b" 201 ", member.recv(65536).split(b"\r\n")[0])

    def test_compressed_bodies(self):
        def send(path, body, coding="gzip"):
            status, _, answer = self.server.call("POST", path, body, {**FHIR, "Content-Encoding": coding}, token=self.token)
            return status, json.loads(answer).get("issue", [{}])[0].get("details", {}).get("coding", [{}])[0].get("code") if answer else None
        bundle = patients(500)
        packed = gzip.compress(bundle)
        self.assertLess(len(bundle), RATIO * len(packed))
        self.assertEqual(send("/fhir", packed)[0], 200)
        self.assertEqual(send("/fhir/Patient", gzip.compress(b'{"resourceType":"Patient"}'))[0], 201)
        self.assertEqual(send("/fhir", packed[:-20]), (400, "http.bad_gzip"))
        self.assertEqual(send("/fhir", packed + b"garbage"), (400, "http.bad_gzip"))
        self.assertEqual(send("/fhir", bundle), (400, "http.bad_gzip"))
        self.assertEqual(send("/fhir", packed, "br"), (415, "http.content_encoding"))
        self.assertEqual(send("/access/step-up", gzip.compress(b"{}")), (415, "http.content_encoding"))
        self.assertEqual(send("/dicomweb/studies", gzip.compress(b"{}")), (415, "http.content_encoding"))
        calm = self.server.resident_mib()
        bomb = gzip.compress(b" " * (1 << 30), 9)  # a mebibyte that unpacks to a gibibyte
        for _ in range(4):
            self.assertEqual(send("/fhir", bomb), (413, "http.gzip_too_large"))
        self.assertLess(self.server.resident_mib(), calm + 100)


if __name__ == "__main__":
    unittest.main()
