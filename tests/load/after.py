"""What a data folder must say after people worked: `after.py FOLDER QIAO TABLE < {"moves": {action: n}, "cases_read": n}`.

Prints {"facts": text, "defects": [text]}. The server has ended. TABLE is the page with the generated table of moves.
"""
import json
import os
import re
import sqlite3
import subprocess
import sys

folder, qiao, page = sys.argv[1:]
told = json.load(sys.stdin)
defects = []


def moves_of_table(text):
    """{(from, action): to} of the first generated table; `any` and `every` stand as they are written."""
    block = re.search(r"<!-- generated: consult table -->(.*?)<!-- end -->", text, re.S)[1]
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in block.strip().splitlines()[2:]]
    return {(state, row[1]): row[2] for row in rows for state in row[0].split()}


def to_of(table, state, action):
    for key in (state, "any", "every"):
        if (key, action) in table:
            to = table[(key, action)]
            return state if to == "=" else to
    return None


table = moves_of_table(open(page).read())
database = sqlite3.connect(f"file:{os.path.join(folder, 'record.db')}?mode=ro", uri=True)
loaders = {row[0] for row in database.execute("SELECT id FROM access_person WHERE login LIKE 'load.%'")}

state, cases, done = {}, set(), {}
for case, machine, before, action, after, person in database.execute("SELECT case_id, machine, from_state, action, to_state, person FROM flow_move ORDER BY case_id, seq"):
    if machine != "consult":
        continue
    cases.add(case)
    if person in loaders:
        done[action] = done.get(action, 0) + 1
    if action == "create":
        state[case] = after
        continue
    if state.get(case) != before:
        defects.append(f"{case}: {action} left {before}, but the case was in {state.get(case)}")
    if to_of(table, before, action) != after:
        defects.append(f"{case}: {action} led from {before} to {after}; the table says {to_of(table, before, action)}")
    state[case] = after
for case, now in database.execute("SELECT case_id, state FROM flow_case WHERE machine = 'consult'"):
    if state.get(case) != now:
        defects.append(f"{case}: is in {now}, its moves end in {state.get(case)}")
for action, count in told["moves"].items():
    if done.get(action, 0) != count:
        defects.append(f"{action}: {count} were answered with success, {done.get(action, 0)} are in the record")

versions = set(database.execute("SELECT rid, ver FROM res UNION SELECT rid, ver FROM hist"))
audited = list(database.execute("SELECT rid, ver FROM access_audit WHERE action IN ('create', 'update', 'delete') AND outcome = 'success' AND ver > 0"))
if set(audited) != versions or len(audited) != len(versions):
    defects.append(f"audit: {len(versions)} versions of resources, {len(audited)} rows about changes, {len(versions ^ set(audited))} of them without their counterpart")
marks = ",".join(str(one) for one in loaders) or "0"
reads = database.execute(f"SELECT count(*) FROM access_audit WHERE action = 'read' AND type = 'Task' AND person IN ({marks})").fetchone()[0]
if reads != told["cases_read"]:
    defects.append(f"audit: {told['cases_read']} cases were read, {reads} rows say so")

verified = subprocess.run([qiao, "verify-audit", "--data", folder], capture_output=True, text=True)
if verified.returncode != 0:
    defects.append(f"verify-audit: {verified.stdout.strip()[-500:]} {verified.stderr.strip()[-300:]}")
rows = database.execute("SELECT count(*) FROM access_audit").fetchone()[0]
print(json.dumps({"facts": f"{len(cases)} cases in legal states, {sum(done.values())} moves, {len(versions)} versions of resources, {rows} audit rows, chain {'whole' if verified.returncode == 0 else 'BROKEN'}", "defects": defects}))
