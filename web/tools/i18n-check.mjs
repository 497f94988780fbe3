#!/usr/bin/env node
/**
 * Texts as a test: both languages hold the same keys with the same parameters, every key that the code names
 * exists, every key that exists is named by the code, and no sentence stands in JSX. Exit 1 on any finding.
 * `--missing` prints only the keys that the code names and no file has.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAst } from 'rolldown/parseAst';

const root = fileURLToPath(new URL('..', import.meta.url));
const sourceFolders = ['app', 'api', 'ui', 'services', 'entries'];
const languages = ['zh-CN', 'en'];
const roots = ['app', 'role', 'notice', 'error', 'patients', 'consult', 'cases', 'people', 'contact', 'notify', 'devices', 'gateways', 'security', 'certificates', 'operations', 'sensitive', 'help', 'mine', 'audit', 'fhir'];
/** Keys whose names come from the server: states, moves, needs, codes. Their families are used as a whole. */
const fromServer = [/^consult\.(title|state\..+|move\..+|move_help\..+)$/, /^(error|notice|role)\..+$/, /^mine\.(state|event|error|code|modality|role|act|category|why)\..+$/, /^audit\.looks\.(act|category|why)\..+$/, /^app\.(list|list_help|list_empty_help)\..+$/, /^fhir\.(type|element)\..+$/];
/** Parts of the interface that are the same in every language. */
const sameEverywhere = new Set(['SM2', 'SHA-256', 'Ctrl K', 'kg', 'English', '中文']);
/** Texts that are meant to hold both scripts: the product's name, and the switch that speaks to the other reader. */
const bothScripts = new Set(['app.name', 'app.switch_language']);
const spokenAttributes = new Set(['title', 'alt', 'placeholder', 'aria-label', 'label', 'description']);

function filesIn(folder, extension, found = []) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) filesIn(path, extension, found);
    else if (extension.test(entry.name)) found.push(path);
  }
  return found;
}

const plain = (key) => key.replace(/_(zero|one|two|few|many|other)$/, '');
const parametersOf = (text) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1]).sort().join(',');
const problems = [];
const missing = new Set();

const texts = new Map(languages.map((language) => [language, new Map()]));
for (const folder of sourceFolders) {
  for (const path of filesIn(join(root, folder), /^(zh-CN|en)\.json$/)) {
    const language = path.endsWith('zh-CN.json') ? 'zh-CN' : 'en';
    const entries = Object.entries(JSON.parse(readFileSync(path, 'utf8')));
    for (const [key, text] of entries) {
      const known = texts.get(language);
      if (known.has(key)) problems.push(`${relative(root, path)}: ${key} stands twice`);
      if (typeof text !== 'string' || text.trim() === '') problems.push(`${relative(root, path)}: ${key} is empty`);
      known.set(key, String(text));
    }
  }
}

const keysOf = (language) => new Set([...texts.get(language).keys()].map(plain));
const [chinese, english] = languages.map(keysOf);
for (const key of chinese) if (!english.has(key)) problems.push(`en: ${key} is missing`);
for (const key of english) if (!chinese.has(key)) problems.push(`zh-CN: ${key} is missing`);
for (const [key, text] of texts.get('en')) {
  const other = texts.get('zh-CN').get(key) ?? texts.get('zh-CN').get(plain(key));
  const mine = parametersOf(text).split(',').filter((name) => name !== 'count');
  const theirs = (other === undefined ? '' : parametersOf(other)).split(',').filter((name) => name !== 'count');
  if (other !== undefined && mine.join() !== theirs.join()) problems.push(`${key}: parameters differ: zh-CN "${theirs}", en "${mine}"`);
  if (/[\u3400-\u9fff]/.test(text) && !bothScripts.has(key)) problems.push(`en: ${key} holds Chinese characters`);
}

const isKey = (text) => roots.some((one) => text.startsWith(`${one}.`)) && /^[a-z]+(\.[\w-]+)+$/i.test(text);
const used = new Set();
const families = [];

function walk(node, visit) {
  if (!node || typeof node !== 'object') return;
  if (Array.isArray(node)) {
    for (const one of node) walk(one, visit);
    return;
  }
  if (typeof node.type === 'string') visit(node);
  for (const value of Object.values(node)) if (value && typeof value === 'object') walk(value, visit);
}

const allKeys = new Set([...chinese, ...english]);
for (const folder of sourceFolders) {
  for (const path of filesIn(join(root, folder), /(?<!\.test)\.tsx?$/)) {
    const name = relative(root, path);
    const code = readFileSync(path, 'utf8');
    const optional = new Set();
    walk(parseAst(code, { lang: path.endsWith('x') ? 'tsx' : 'ts' }), (node) => {
      if (node.type === 'CallExpression' && node.callee?.name === 'textOr' && node.arguments[0]?.type === 'Literal') optional.add(node.arguments[0].value);
      if (node.type === 'Literal' && typeof node.value === 'string' && isKey(node.value)) {
        used.add(node.value);
        if (!allKeys.has(node.value) && !optional.has(node.value)) {
          missing.add(node.value);
          problems.push(`${name}: no text for ${node.value}`);
        }
      }
      if (node.type === 'TemplateLiteral') {
        const head = node.quasis[0].value.raw;
        if (!roots.some((one) => head.startsWith(`${one}.`)) || /[\s/]/.test(head)) return;
        const pattern = new RegExp(`^${node.quasis.map((part) => part.value.raw.replaceAll('.', '\\.')).join('.+')}$`);
        families.push(pattern);
        if (![...allKeys].some((key) => pattern.test(key))) {
          missing.add(String(pattern));
          problems.push(`${name}: no text for the family ${pattern}`);
        }
      }
      if (node.type === 'JSXText' && /\p{L}{2,}/u.test(node.value) && !sameEverywhere.has(node.value.trim())) problems.push(`${name}: a sentence in JSX: ${node.value.trim()}`);
      if (node.type === 'JSXAttribute' && node.value?.type === 'Literal' && spokenAttributes.has(node.name?.name ?? `${node.name?.namespace?.name}-${node.name?.name?.name}`) && /\p{L}{2,}/u.test(node.value.value)) {
        problems.push(`${name}: a sentence in an attribute: ${node.value.value}`);
      }
    });
  }
}
for (const key of allKeys) {
  if (!used.has(key) && !families.some((family) => family.test(key)) && !fromServer.some((family) => family.test(key))) problems.push(`${key}: no code names it`);
}

if (process.argv.includes('--missing')) {
  console.log([...missing].sort().join('\n'));
} else {
  for (const problem of problems) console.error(problem);
  console.log(`texts: ${allKeys.size} keys, ${problems.length} problems`);
}
process.exit(problems.length > 0 ? 1 : 0);
