// FHIRPath evaluations a second against the npm package `fhirpath` on the same expressions and resource, both parsed once:
// node tests/bench/fhirpath.mjs build/bench/tests/bench/record_fhirpath RESOURCE.json FOLDER-WITH-node_modules
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [program, file, folder] = process.argv.slice(2);
const require = createRequire(`${folder}/`);
const fhirpath = require("fhirpath");
const model = require("fhirpath/fhir-context/r4");
const resource = JSON.parse(readFileSync(file, "utf8"));
const expressions = [
  "Patient.name.given",
  "name.where(use = 'official').given.first()",
  "telecom.where(system = 'phone' and use.exists()).value",
  "birthDate < today() and deceased.exists()",
  "descendants().count()",
];
const ours = execFileSync(program, [file], { input: `${expressions.join("\n")}\n`, encoding: "utf8" }).trim().split("\n");
expressions.forEach((expression, number) => {
  const compiled = fhirpath.compile(expression, model);
  const start = performance.now();
  let runs = 0;
  let items = 0;
  while (performance.now() - start < 500) for (let i = 0; i < 20; i++, runs++) items += compiled(resource).length;
  const theirs = Math.floor((runs * 1000) / (performance.now() - start));
  const [rate, count] = ours[number].split(" ").map(Number);
  if (count !== items / runs) console.log(`different results: ${count} and ${items / runs} items`);
  console.log(JSON.stringify({ expression, qiao_per_s: rate, npm_fhirpath_per_s: theirs, ratio: +(rate / theirs).toFixed(1) }));
});
