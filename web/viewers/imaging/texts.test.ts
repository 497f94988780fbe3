import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { kKeyRows } from './keys';
import { kWindowPresets } from './presets';

const folder = new URL('.', import.meta.url);
const textsOf = (language: string) => JSON.parse(readFileSync(new URL(`locales/${language}.json`, folder), 'utf8')) as Record<string, string>;
const [zh, en] = [textsOf('zh-CN'), textsOf('en')];
const code = readdirSync(folder).filter((name) => /(?<!\.test)\.tsx?$/.test(name)).map((name) => readFileSync(new URL(name, folder), 'utf8')).join('\n');
const parameters = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1]).sort();

describe('texts', () => {
  it('has the same keys and parameters in both languages', () => {
    expect(Object.keys(zh)).toEqual(Object.keys(en));
    for (const [key, text] of Object.entries(en)) expect([key, parameters(zh[key] ?? '')]).toEqual([key, parameters(text)]);
    for (const [key, text] of Object.entries(en)) expect(text, key).not.toMatch(/[㐀-鿿]/);
  });

  it('has a text for every key that the code names, and no other', () => {
    const named = new Set([...code.matchAll(/'(imaging\.[a-z_.A-Z]+)'/g)].map((match) => match[1] as string));
    named.delete('imaging.viewer_code'); // codes of errors, shown as they are
    named.delete('imaging.unreadable_answer');
    for (const row of kKeyRows) named.add(row.help);
    for (const preset of kWindowPresets) named.add(`imaging.preset.${preset.id}`);
    const families = [...code.matchAll(/`(imaging\.[a-z_]+\.)\$\{/g)].map((match) => match[1] as string);
    expect([...named].filter((key) => en[key] === undefined)).toEqual([]);
    expect(Object.keys(en).filter((key) => !named.has(key) && !families.some((family) => key.startsWith(family)))).toEqual([]);
  });
});
