"""Starting and stopping: what is unsafe is refused, a data folder belongs to one process, SIGTERM drains, certificates are
read again when they change (T20, T31, T59)."""
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import qiao


def make_certificate(folder, name):
    """A self-signed certificate for `name`, renewed as operators do it: new files are moved over the old ones."""
    new = pathlib.Path(folder, "new")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-keyout", f"{new}-key.pem", "-out", f"{new}-cert.pem"], check=True, capture_output=True)
    for kind in ("key", "cert"):
        pathlib.Path(f"{new}-{kind}.pem").rename(pathlib.Path(folder, f"{kind}.pem"))


class TlsPeer:
    """One TLS connection that stays open."""

    def __init__(self, address):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.stream = context.wrap_socket(socket.create_connection(address, timeout=15))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()

    def name(self):
        text = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-subject"], input=self.stream.getpeercert(binary_form=True), capture_output=True).stdout
        return text.decode().rsplit("=", 1)[1].strip()

    def get(self, path):
        self.stream.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        return self.stream.recv(65536).split(b"\r\n")[0]


def name_now(server):
    with TlsPeer(server.http) as peer:
        return peer.name()


class StartTest(unittest.TestCase):
    def refused(self, *arguments):
        done = subprocess.run([qiao.binary(), *arguments], capture_output=True, text=True, timeout=20)
        self.assertNotEqual(done.returncode, 0, arguments)
        return done.stderr

    def test_an_open_address_without_tls_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertIn("tls", self.refused("serve", "--data", folder, "--http", "0.0.0.0:0", "--dicom", "127.0.0.1:0").lower())

    def test_a_certificate_and_its_key_go_together(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertIn("tls-key", self.refused("serve", "--data", folder, "--http", "127.0.0.1:0", "--dicom", "127.0.0.1:0", "--tls-cert", "a.pem"))

    def test_the_configuration_file_is_read_and_what_it_does_not_know_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder, "qiao.toml")
            start = ["serve", "--data", f"{folder}/data", "--dicom", "127.0.0.1:0", "--config", str(config)]
            for text, wanted in (('colour = "red"\n', "unknown key colour (line 1)"), ('http = "127.0.0.1:0"\n[more]\nhttp = 1\n', "unknown key more (line 2)"),
                                 ("workers = -1\n", "workers"), ('workers = "many"\n', "workers"), ("http = 8080\n", "http"), ('http = "nowhere"\n', "nowhere"),
                                 ("http =\n", "qiao.toml:1"), ('http = "0.0.0.0:0"\n', "tls")):
                with self.subTest(text):
                    config.write_text(text)
                    self.assertIn(wanted, self.refused(*start))
            self.assertIn("config", self.refused(*start[:-1], f"{folder}/none.toml").lower())
            config.write_text('zone = "Asia/Shanghai"\nio_threads = 2\nworkers = 3\n')
            with qiao.Server("serve", options=["--config", str(config)]) as server:
                self.assertEqual(server.call("GET", "/health/ready")[0], 200)

    def test_certificates_reload_without_a_restart(self):
        with tempfile.TemporaryDirectory() as folder:
            make_certificate(folder, "first")
            with qiao.Server("serve", options=["--tls-cert", f"{folder}/cert.pem", "--tls-key", f"{folder}/key.pem"]) as server:
                with TlsPeer(server.http) as old:
                    self.assertEqual(old.name(), "first")
                    self.assertIn(b" 200 ", old.get("/health/live"))
                    make_certificate(folder, "second")
                    qiao.wait_for(lambda: name_now(server) == "second", 30, "the new certificate")
                    self.assertIn(b" 200 ", old.get("/health/live"), "who is connected stays connected")
                pathlib.Path(folder, "cert.pem").write_text("not a certificate")
                qiao.wait_for(lambda: "http.certificate_unusable" in server.tail(), 30, "a line in the log")
                self.assertEqual(name_now(server), "second", "what cannot be used changes nothing")
                make_certificate(folder, "third")
                qiao.wait_for(lambda: name_now(server) == "third", 30, "the certificate after the broken one")
                self.assertEqual(server.stop(), 0)

    def test_tls_opens_other_addresses(self):
        with tempfile.TemporaryDirectory() as folder:
            make_certificate(folder, "open")
            start = [qiao.binary(), "serve", "--data", f"{folder}/data", "--http", "0.0.0.0:0", "--dicom", "127.0.0.1:0", "--tls-cert", f"{folder}/cert.pem", "--tls-key", f"{folder}/key.pem"]
            with subprocess.Popen(start, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
                try:
                    self.assertIn(b"listening http=0.0.0.0:", process.stdout.readline())
                finally:
                    process.terminate()

    def test_demo_stays_on_loopback(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertIn("loopback", self.refused("demo", "--data", folder, "--http", "0.0.0.0:0", "--dicom", "127.0.0.1:0"))

    def test_a_second_server_on_the_same_folder_is_refused(self):
        with qiao.Server("serve") as server:
            self.assertIn("data folder", self.refused("serve", "--data", server.data, "--http", "127.0.0.1:0", "--dicom", "127.0.0.1:0"))

    def test_health_metrics_and_help(self):
        with qiao.Server("serve") as server:
            self.assertEqual(server.call("GET", "/health/live")[0], 200)
            self.assertEqual(server.call("GET", "/health/ready")[0], 200)
            self.assertEqual(server.call("GET", "/fhir/metadata")[0], 200)
            self.assertEqual(server.call("GET", "/fhir/Patient")[0], 401)
            status, _, text = server.call("GET", "/metrics")
            self.assertEqual(status, 200)
            self.assertIn(b"qiao_writer_commit_seconds_bucket", text)
            self.assertEqual(server.call("GET", "/metrics", headers={"X-Forwarded-For": "10.0.0.1"})[0] // 100, 4)
            self.assertEqual(server.stop(), 0)
        for command in ("serve", "demo", "token", "client", "ae", "check", "verify-audit", "backup", "verify-backup", "restore"):
            self.assertIn("--data", subprocess.run([qiao.binary(), command, "--help-all"], capture_output=True, text=True).stdout)
        self.assertRegex(subprocess.run([qiao.binary(), "--version"], capture_output=True, text=True).stdout, r"\d+\.\d+\.\d+")

    def test_tokens_are_made_while_the_server_runs_and_while_it_does_not(self):
        with qiao.Server("demo") as server:
            running = server.user_token("lin.haiyan")
            self.assertEqual(server.call("GET", "/access/session", token=running)[0], 200)
            server.stop()
            stopped = server.user_token("lin.haiyan")
            server.start()
            self.assertEqual(server.call("GET", "/access/session", token=stopped)[0], 200)
            self.assertEqual(server.call("GET", "/access/session", token="x" * 43)[0], 401)


if __name__ == "__main__":
    unittest.main()
