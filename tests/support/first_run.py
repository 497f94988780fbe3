"""A centre of one's own for tests: its first administrators, two institutions, a doctor. Standard library only."""
import json
import re

import qiao

PASSWORD = "correct horse battery"


class Centre(qiao.Server):
    """`qiao serve` on an empty folder after its first run. `hub` and `clinic` are "Organization/…"; `admin` keeps system and people."""

    def start(self, patience=120):
        super().start(patience)
        if not hasattr(self, "hub"):
            self.first_run()
        self.admin = self.user_token("admin")
        return self

    def first_run(self):
        token = re.search(r"first-run#(\S+)", self.process.stdout.readline().decode())[1]
        body = {"token": token, "login": "admin", "name": "管理员", "password": PASSWORD, "organisation": {"name": "中心医院", "nameEn": "Hub hospital", "kind": "hub"}}
        status, _, answer = self.call("POST", "/access/first-run", json.dumps(body))
        assert status == 200, (status, answer)
        self.admin = self.user_token("admin")
        self.hub = self.json("GET", "/access/organisations")["organisations"][0]["resource"]
        self.clinic = self.json("POST", "/access/organisations", {"kind": "clinic", "name": "鸥岛卫生室", "nameEn": "Gull clinic", "parent": ""}, expected=201)["organisations"][0]["resource"]
        self.person("doctor", self.clinic, "doctor")

    def person(self, login, organisation, role):
        made = self.json("POST", "/access/people", {"login": login, "name": login, "nameEn": login, "gender": "female", "password": PASSWORD}, expected=201)
        self.json("POST", "/access/memberships", {"practitioner": made["practitioner"], "organisation": organisation, "role": role}, expected=201)

    def json(self, method, path, body=None, token=None, expected=200):
        status, _, answer = self.call(method, path, body, {"Content-Type": "application/json"}, token or self.admin)
        assert status == expected, (method, path, status, answer)
        return json.loads(answer) if answer else None
