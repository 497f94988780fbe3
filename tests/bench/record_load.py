"""The FHIR record under load: the release binary on a fresh folder (and a fresh PostgreSQL), the load driver of ../shared/bench/fhir beside it
on the same cores, and in the same run what the engines do with rows alone (record_bare).

    python3 tests/bench/record_load.py [--engine sqlite|postgres|both] [--patients 1000] [--secs 5] [--phases import,create,…] [--no-bare]

Needs build/release/qiao (QIAO_BINARY), build/bench/tests/bench/record_bare (QIAO_BARE), Node and wrk. Prints a table: rate, share of the
plain loop (8 index rows, one transaction each, on SQLite), CPU of the server (and of PostgreSQL) a request, commits a request, errors.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
os.environ.setdefault("QIAO_BINARY", str(ROOT / "build/release/qiao"))
import qiao

BARE = os.environ.get("QIAO_BARE", str(ROOT / "build/bench/tests/bench/record_bare"))
READS = "read,search_patient_code,search_identifier,search_name,search_token_date,search_chain,search_include,search_count"
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_s(pid, with_children_of=None):
    """Seconds of CPU of a process; of a PostgreSQL with its backends."""
    total = 0.0
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        mine = int(stat.parent.name) == pid
        child = with_children_of is not None and int(fields[1]) == with_children_of
        if mine or child:
            total += (int(fields[11]) + int(fields[12])) / TICKS
    return total


def postmaster():
    folder = re.search(r"host=([^&]+)", os.environ["QIAO_DATABASE"])[1]
    return int(pathlib.Path(folder, "data/postmaster.pid").read_text().split()[0])


class Run:
    def __init__(self, engine, arguments):
        self.engine, self.arguments = engine, arguments
        self.rows = []

    def counters(self):
        text = self.server.call("GET", "/metrics")[2].decode()

        def sum_of(name):
            return sum(float(one) for one in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.M))
        requests = sum(float(n) for n in re.findall(r'^qiao_http_requests_total{route="/fhir[^"]*",status="[^"]*"} (\S+)$', text, re.M))
        out = {"requests": requests, "groups": sum_of("qiao_writer_groups_total"), "units": sum_of("qiao_writer_units_total"),
               "cpu": cpu_s(self.server.process.pid), "engine_cpu": 0.0, "load": os.getloadavg()[0]}
        if self.engine == "postgres":
            out["engine_cpu"] = cpu_s(self.postmaster, self.postmaster)
        return out

    def phase(self, name):
        args = self.arguments
        before = self.counters()
        command = ["node", str(qiao.need_shared("bench/fhir/load.mjs")), "--base", self.server.base + "/fhir", "--token", self.token, "--patients", str(args.patients),
                   "--c", str(args.clients), "--secs", str(args.secs), "--warm", "1", "--phases", name, "--state", self.state, "--seed", "1"]
        if name.startswith(("read", "search")):
            command += ["--wrk", "1"]
        output = subprocess.run(command, capture_output=True, text=True, check=False)
        after = self.counters()
        found = [json.loads(line) for line in output.stdout.splitlines() if '"per_s"' in line or '"unusable"' in line]
        if not found:
            if name != "setup":
                print(name, output.stdout, output.stderr, file=sys.stderr)
            return
        row = found[0]
        requests = max(1.0, after["requests"] - before["requests"])
        units = row.get("resources_per_s", 0) / row["per_s"] if row.get("resources_per_s") and row["per_s"] else 1
        per = requests * units
        groups, unit_count = after["groups"] - before["groups"], after["units"] - before["units"]
        self.rows.append({"phase": name, "per_s": row.get("resources_per_s", row.get("per_s", 0)), "p50_ms": row.get("p50_ms"), "p99_ms": row.get("p99_ms"),
                          "err": row.get("err", "?"), "cpu_us": (after["cpu"] - before["cpu"]) / per * 1e6,
                          "engine_us": (after["engine_cpu"] - before["engine_cpu"]) / per * 1e6, "width": unit_count / groups if groups else 0,
                          "load": after["load"], "why": row.get("first_error") or row.get("why") or ""})
        self.show(self.rows[-1])

    def show(self, row):
        share = f"{row['per_s'] / self.plain:6.2f}" if self.plain else "     -"
        engine = f"{row['engine_us']:8.0f}" if self.engine == "postgres" else "       -"
        print(f"{self.engine:9}{row['phase']:22}{row['per_s']:9.0f}{share}  {row['cpu_us']:8.0f}{engine}  {row['width']:5.1f}"
              f"  {row['p50_ms'] or 0:8.2f}{row['p99_ms'] or 0:9.2f}  {row['err']!s:>5}  {row['load']:5.1f}  {row['why'][:90]}", flush=True)

    def plain_loop(self):
        """Of now, not of some quiet hour: the machine is shared."""
        if self.arguments.no_bare:
            return 0.0
        output = subprocess.run([BARE, "-", self.folder], capture_output=True, text=True, check=True).stdout
        plain = json.loads(output.splitlines()[0])
        print(f"{self.engine:9}plain loop on SQLite: {plain['per_s']}/s, commit p50 {plain['commit_p50_ms']} ms, load {os.getloadavg()[0]:.1f}", flush=True)
        return float(plain["per_s"])

    def go(self):
        args = self.arguments
        options = {} if self.engine == "postgres" else {"QIAO_DATABASE": ""}
        with tempfile.TemporaryDirectory(prefix="qiao-load-") as self.folder, qiao.Server("serve", environment=options) as self.server:
            if self.engine == "postgres":
                self.postmaster = postmaster()
            self.state = os.path.join(self.folder, "state.json")
            self.token = self.server.integration_token()
            self.plain = self.plain_loop()
            if args.profile:
                print("server pid", self.server.process.pid, flush=True)
            for name in ["setup", *args.phases.split(",")]:
                self.phase(name)
                if name == "import":
                    resources = max(1, json.loads(self.server.call("GET", "/fhir/Observation?_summary=count", token=self.token)[2])["total"])
                    print(f"{self.engine:9}after import: {resources} Observations, resident {self.server.resident_mib():.0f} MiB")
            plain = self.plain_loop()
            if plain:
                self.plain = (self.plain + plain) / 2
            print(f"{self.engine:9}resident {self.server.resident_mib():.0f} MiB")
            if not args.no_bare:
                self.server.stop()
                self.same_rows()

    def same_rows(self):
        if self.engine != "sqlite":
            return
        record = os.path.join(self.server.data, "record.db")
        targets = [[]] if "QIAO_TEST_POSTGRES" not in os.environ else [[], [os.environ["QIAO_TEST_POSTGRES"]]]
        for target in targets:
            for line in subprocess.run([BARE, record, self.folder, *target], capture_output=True, text=True, check=True).stdout.splitlines():
                if "plain" not in line:
                    print("bare     ", line)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", default="both", choices=["sqlite", "postgres", "both"])
    parser.add_argument("--patients", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--secs", type=float, default=5)
    parser.add_argument("--phases", default="import,create,update,txn," + READS)
    parser.add_argument("--no-bare", action="store_true")
    parser.add_argument("--profile", action="store_true", help="prints the server's pid")
    args = parser.parse_args()
    if args.engine != "sqlite" and "QIAO_TEST_POSTGRES" not in os.environ:
        wrapper = str(ROOT / "tests/support/with_postgres")
        sys.exit(subprocess.run([wrapper, sys.executable, *sys.argv], check=False).returncode)
    print(f"{'engine':9}{'phase':22}{'/s':>9}{'share':>6}  {'cpu µs':>8}{'db µs':>8}  {'width':>5}  {'p50 ms':>8}{'p99 ms':>9}  {'err':>5}  {'load':>5}")
    for engine in ["sqlite", "postgres"] if args.engine == "both" else [args.engine]:
        Run(engine, args).go()


main()
