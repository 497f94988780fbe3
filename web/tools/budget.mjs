#!/usr/bin/env node
/**
 * The transfer budgets of the built application, from the build's own manifest and the gzip files beside the
 * chunks. Exit 1 over budget, or when the image viewer is reachable without a dynamic import.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const dist = process.argv[2] ?? fileURLToPath(new URL('../dist', import.meta.url));
const kKb = 1000;
const budgets = { firstVisit: 200 * kKb, css: 40 * kKb, servicePage: 40 * kKb, entry: 120 * kKb, viewer: 1100 * kKb };
const manifest = JSON.parse(readFileSync(join(dist, '.vite/manifest.json'), 'utf8'));

function transferred(file) {
  try {
    return statSync(join(dist, `${file}.gz`)).size;
  } catch {
    return statSync(join(dist, file)).size;
  }
}

/** Every file that the browser fetches for a chunk without a further dynamic import. */
function closure(key, seen = new Set()) {
  const chunk = manifest[key];
  if (!chunk || seen.has(key)) return seen;
  seen.add(key);
  for (const one of chunk.imports ?? []) closure(one, seen);
  return seen;
}

function filesOf(keys) {
  const files = new Set();
  for (const key of keys) {
    files.add(manifest[key].file);
    for (const sheet of manifest[key].css ?? []) files.add(sheet);
  }
  return files;
}

const sum = (files) => [...files].reduce((total, file) => total + transferred(file), 0);
const findings = [];
function report(name, bytes, limit) {
  const line = `${name.padEnd(52)} ${(bytes / kKb).toFixed(1).padStart(8)} KB of ${(limit / kKb).toFixed(0)}`;
  if (bytes > limit) findings.push(line);
  console.log(bytes > limit ? `${line}   OVER` : line);
}

const entry = 'index.html';
const shell = filesOf(closure(entry));
const texts = ['app/locales/zh-CN.json', 'app/locales/en.json'].map((key) => sum(filesOf(closure(key))));
const html = statSync(join(dist, 'index.html')).size;
report('first visit (html, scripts, styles, texts)', sum(shell) + Math.max(...texts) + html, budgets.firstVisit);
report('styles of the first visit', sum([...shell].filter((file) => file.endsWith('.css'))), budgets.css);

/** The entries for weak devices stand alone: everything that they fetch counts. */
for (const [page, folder] of [['p.html', 'entries/patient']]) {
  const files = [...filesOf(closure(page))];
  const own = ['zh-CN', 'en'].map((language) => sum(filesOf(closure(`${folder}/locales/${language}.json`))));
  report(`${page} (html, scripts, styles, texts)`, sum(files) + Math.max(...own) + statSync(join(dist, page)).size, budgets.entry);
}

for (const key of Object.keys(manifest).filter((one) => manifest[one].isDynamicEntry)) {
  const own = [...filesOf(closure(key))].filter((file) => !shell.has(file));
  if (/^viewers\/imaging\//.test(key) || /@cornerstonejs|viewers\/imaging/.test(key)) continue;
  if (/\.tsx?$/.test(key)) report(key, sum(own), budgets.servicePage);
}

/** The viewer with its engine: what opening an image costs before any codec. */
const viewer = Object.keys(manifest).filter((key) => /^viewers\/imaging\/index\.tsx$|^viewers\/imaging\/engine\.ts$|^viewers\/imaging\/stack_view\.ts$/.test(key));
if (viewer.length > 0) {
  const keys = new Set(viewer.flatMap((key) => [...closure(key)]));
  report('image viewer', sum([...filesOf(keys)].filter((file) => !shell.has(file))), budgets.viewer);
}
for (const key of closure(entry)) if (/cornerstone|viewers\/imaging/.test(`${key}${manifest[key].src ?? ''}`)) findings.push(`the first visit reaches ${key}`);

if (findings.length > 0) {
  console.error(`\nover budget:\n${findings.join('\n')}`);
  process.exit(1);
}
