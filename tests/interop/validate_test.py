"""`qiao validate`: resources line by line in, one OperationOutcome a line out, in order."""
import json
import os
import subprocess
import unittest

BINARY = os.environ["QIAO_BINARY"]


class Validate(unittest.TestCase):
    def test_each_line_gets_its_verdict_in_order(self):
        lines = [
            '{"resourceType":"Patient","gender":"male"}',
            "",
            '{"resourceType":"Patient","birthDate":"2024-02-30"}',
            '{"resourceType":"Patient","gender":"male","gender":"female"}',
            "no json",
            '{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.50}}',
        ]
        done = subprocess.run([BINARY, "validate"], input="\n".join(lines).encode(), capture_output=True, check=True)
        outcomes = [json.loads(line) for line in done.stdout.decode().splitlines()]
        self.assertEqual([one["resourceType"] for one in outcomes], ["OperationOutcome"] * 5)
        self.assertEqual([one["issue"][0]["severity"] for one in outcomes], ["information", "error", "error", "error", "information"])
        self.assertEqual(outcomes[1]["issue"][0]["expression"], ["Patient.birthDate"])


if __name__ == "__main__":
    unittest.main()
