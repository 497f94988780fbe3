"""Providers that record what reaches them: an HTTP gateway or robot, and a mail server with STARTTLS. They send nothing to anybody.
Standard library only (and `openssl` for a certificate)."""
import base64
import email
import email.policy
import http.server
import json
import socket
import ssl
import subprocess
import threading
import urllib.parse


def make_certificate(folder):
    """(certificate, key) for 127.0.0.1 in PEM files."""
    certificate, key = f"{folder}/provider.crt", f"{folder}/provider.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=test provider",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


class HttpProvider:
    """`answer` is the status of each answer; "drop" takes the message and closes without one. `messages` has each key once, in
    order of arrival, as a provider that honours Idempotency-Key would have sent them; `calls` has every request."""

    def __init__(self, answer=200, body=b'{"errcode": 0}', headers=(), certificate=None):
        self.answer, self.body, self.headers = answer, body, headers
        self.calls, self.messages, self.lock = [], [], threading.Lock()
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                provider.take(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        kind = handler.headers.get("Content-Type", "")
        fields = dict(urllib.parse.parse_qsl(body.decode())) if "form" in kind else json.loads(body)
        call = {"path": handler.path, "headers": {k.lower(): v for k, v in handler.headers.items()}, "body": body, "fields": fields,
                "key": handler.headers.get("Idempotency-Key")}
        with self.lock:
            self.calls.append(call)
            taken = self.answer == "drop" or 200 <= self.answer < 300
            if taken and call["key"] not in [one["key"] for one in self.messages]:
                self.messages.append(call)
        if self.answer == "drop":
            handler.connection.shutdown(socket.SHUT_RDWR)
            handler.close_connection = True
            return
        handler.send_response(self.answer)
        for name, value in self.headers:
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(self.body)))
        handler.end_headers()
        handler.wfile.write(self.body)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class MailProvider:
    """A small SMTP server (RFC 5321) with STARTTLS and AUTH PLAIN. `messages`: {"from", "to", "tls", "user", "mail"}.
    `refuse` is a code for RCPT, "454 …" or "550 …"."""

    def __init__(self, certificate=None):
        self.messages, self.refuse = [], None
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*certificate)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        try:
            self.session(connection)
        except (OSError, ValueError):
            pass
        finally:
            connection.close()

    def session(self, connection):
        state = {"tls": False, "user": None}
        stream = connection.makefile("rwb", buffering=0)

        def say(text):
            stream.write(text.encode() + b"\r\n")

        say("220 recording only")
        while True:
            line = stream.readline()
            if not line:
                return
            words = line.decode().strip()
            verb = words.split(" ")[0].upper()
            if verb == "EHLO":
                say("250-test")
                if self.context and not state["tls"]:
                    say("250-STARTTLS")
                else:
                    say("250-AUTH PLAIN")
                say("250 8BITMIME")
            elif verb == "STARTTLS":
                say("220 go")
                connection = self.context.wrap_socket(connection, server_side=True)
                stream = connection.makefile("rwb", buffering=0)
                state["tls"] = True
            elif verb == "AUTH":
                parts = words.split(" ")
                if len(parts) < 3:
                    say("334 ")
                    answer = stream.readline().decode().strip()
                else:
                    answer = parts[2]
                state["user"] = base64.b64decode(answer).split(b"\0")[1:]
                say("235 fine")
            elif verb == "MAIL":
                state["from"] = words.split("<")[1].split(">")[0]
                say("250 fine")
            elif verb == "RCPT":
                state["to"] = words.split("<")[1].split(">")[0]
                say(self.refuse or "250 fine")
            elif verb == "DATA":
                say("354 go on")
                data = b""
                while not data.endswith(b"\r\n.\r\n"):
                    data += stream.readline()
                mail = email.message_from_bytes(data[:-3], policy=email.policy.default)
                self.messages.append({**state, "mail": mail, "text": mail.get_content(), "raw": data})
                say("250 kept")
            elif verb == "QUIT":
                say("221 bye")
                return
            else:
                say("250 fine")

    def close(self):
        self.listener.close()
