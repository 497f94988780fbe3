"""A tab's WebSocket on /events, enough of RFC 6455 for tests. Standard library only."""
import base64
import json
import os
import socket
import struct
import time


class Events:
    """`Events(person)` is connected and past hello; watch() replaces what is watched."""

    def __init__(self, person):
        host, port = person.server.http
        self.socket = socket.create_connection((host, port), timeout=10)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET /events HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
                             f"Sec-WebSocket-Protocol: qiao.events.1\r\nOrigin: http://{host}:{port}\r\nCookie: {person.cookie}\r\n\r\n").encode())
        self.bytes = b""
        while b"\r\n\r\n" not in self.bytes:
            self.receive()
        head, self.bytes = self.bytes.split(b"\r\n\r\n", 1)
        assert b" 101 " in head.split(b"\r\n")[0], head
        self.send({"type": "hello"})
        assert self.next(10)["type"] == "ready"

    def receive(self):
        piece = self.socket.recv(65536)
        if not piece:
            raise ConnectionError("the server closed the socket")
        self.bytes += piece

    def send(self, message):
        self.frame(1, json.dumps(message).encode())

    def frame(self, code, data):
        mask = os.urandom(4)
        size = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + struct.pack(">H", len(data))
        self.socket.sendall(bytes([0x80 | code]) + size + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(data)))

    def watch(self, lists=(), cases=()):
        self.send({"type": "watch", "lists": list(lists), "cases": list(cases)})

    def next(self, seconds):
        """The next message, or None when none came in time."""
        end = time.monotonic() + seconds
        while True:
            if len(self.bytes) >= 2:
                code, size, at = self.bytes[0] & 15, self.bytes[1] & 127, 2
                if size == 126 and len(self.bytes) >= 4:
                    size, at = struct.unpack(">H", self.bytes[2:4])[0], 4
                if size != 126 and len(self.bytes) >= at + size:
                    data, self.bytes = self.bytes[at:at + size], self.bytes[at + size:]
                    if code == 1:
                        return json.loads(data)
                    if code == 8:
                        raise ConnectionError("the server ended the socket")
                    if code == 9:
                        self.frame(10, data)
                    continue
            left = end - time.monotonic()
            if left <= 0:
                return None
            self.socket.settimeout(left)
            try:
                self.receive()
            except TimeoutError:
                return None

    def all_within(self, seconds):
        messages, end = [], time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            message = self.next(left)
            if message:
                messages.append(message)
        return messages

    def close(self):
        self.socket.close()
