"""An image crosses 256 kbit/s, 300 ms and 5 % loss and goes on where it was (T26): after the line broke and the centre was killed, and after
the gateway was killed. What the centre had is not sent again: the bytes on the line are counted. The line is emulated packet by packet between two
network namespaces (root); without root a slow and late proxy stands in, without the loss."""
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import first_run
import gateways
import qiao

ROWS = 600  # 720 kB: three pieces
PIECE = 256 * 1024


class Wan:
    """The emulator with its namespace; `here` is this side's address."""

    def __init__(self, script):
        self.name, net = f"qiao{os.getpid()}", f"10.77.{random.randint(1, 250)}"
        self.here, self.control = net + ".1", tempfile.mktemp(prefix="qiao-wan-")
        pathlib.Path(self.control).write_text("up")
        self.process = subprocess.Popen([sys.executable, str(script), "--ns", self.name, "--delay-ms", "150", "--loss", "5", "--kbit", "256", "--net", net, "--control", self.control], stdout=subprocess.PIPE)
        if self.process.stdout.readline().strip() != b"up":
            qiao.skip("the line's emulator does not start here")
        self.prefix = ["ip", "netns", "exec", self.name]

    def say(self, text):
        pathlib.Path(self.control).write_text(text)

    def close(self):
        self.process.terminate()
        self.process.wait(20)
        os.unlink(self.control)


def main():
    if not shutil.which("storescu"):
        qiao.skip("storescu (Debian package dcmtk) is not here")
    script = qiao.SHARED / "bench/reliability/wanlink.py"
    emulated = os.geteuid() == 0 and script.exists() and os.path.exists("/dev/net/tun") and shutil.which("ip")
    folder = tempfile.mkdtemp(prefix="t26-")
    with first_run.Centre("serve") as centre:
        wan = Wan(script) if emulated else None
        try:
            if wan:
                certificate, context = gateways.tls_pair(folder, wan.here)
                line = gateways.Line(centre.http, address=wan.here, tls=context)
                gateway = gateways.Gateway(centre, f"https://{wan.here}:{line.port}", options=["--ca", certificate], prefix=wan.prefix)
            else:
                line = gateways.Line(centre.http, kbit=256, delay_ms=300)
                gateway = gateways.Gateway(centre, f"http://127.0.0.1:{line.port}")
            gateway.start(enrol=True)
            objects = gateways.make_objects(folder, "2.25.60", 1, rows=ROWS)
            size = os.path.getsize(next(iter(objects)))
            began = time.monotonic()
            sent = None

            def stored():
                nonlocal sent
                sent = gateways.store(gateway.port, folder, prefix=gateway.prefix).wait(60)
                return sent == 0

            qiao.wait_for(stored, 60, "the scanner is let in and does not wait for the line")
            parts = lambda: [path.stat().st_size for path in pathlib.Path(centre.data, "gateway").rglob("*") if path.is_file()]
            qiao.wait_for(lambda: any(parts()), 180, "the first piece is durable at the centre")
            line.cut()
            if wan:
                wan.say("cut")
            centre.kill()
            centre.start()
            line.target = centre.http
            assert gateway.queued() == 1
            kept = parts()[0]
            assert kept >= PIECE and kept % PIECE == 0, kept
            before = line.bytes_up
            line.mend()
            if wan:
                wan.say("up")
            qiao.wait_for(lambda: not parts() or parts()[0] > kept, 180, "the centre has a piece more")
            gateway.kill()
            more, after_cut = parts()[0], line.bytes_up - before
            assert after_cut < more - kept + PIECE, ("sent again after the cut", after_cut, more, kept)
            before = line.bytes_up
            gateway.start()
            qiao.wait_for(lambda: gateway.queued() == 0, 240, "the rest arrives")
            gateways.require_at_centre(centre, centre.integration_token(), objects.values())
            after_kill = line.bytes_up - before
            assert after_kill < size - more + PIECE, ("sent again after the kill", after_kill, size, more)
            print(f"{size} bytes in {time.monotonic() - began:.0f} s over {'256 kbit/s, 300 ms, 5 % loss' if wan else 'a slow proxy'}; {kept} were there when line and centre "
                  f"broke, {after_cut} were sent until {more} were, {after_kill} after the gateway was killed")
            gateway.kill()
            gateway.close()
            line.close()
        finally:
            if wan:
                wan.close()
            shutil.rmtree(folder)


main()
