/** The opinion as it is written, and the fields that `sign` and `amend` take. */
import type { Field, Opinion } from '../../api/flow';

export interface SeenImages {
  images: number;
  total: number;
  lossless: boolean;
}

export interface OpinionState {
  findings: string;
  do_now: string;
  when_to_send: string;
  danger_signs: string;
  call: string;
  act_by: '' | 'now' | 'today' | 'routine';
  items_seen: string[];
  key_images: number[];
}

export const kEmptyOpinion: OpinionState = { findings: '', do_now: '', when_to_send: '', danger_signs: '', call: '', act_by: '', items_seen: [], key_images: [] };
export const kOpinionTexts = ['findings', 'do_now', 'when_to_send', 'danger_signs', 'call'] as const;

/** @param items  how many photos and studies there are to look at */
export function missingIn(state: OpinionState, items: number): string[] {
  const missing: string[] = kOpinionTexts.filter((name) => state[name].trim() === '');
  if (state.act_by === '') missing.push('act_by');
  if (items > 0 && state.items_seen.length === 0) missing.push('items_seen');
  return missing;
}

export function toFields(state: OpinionState): Record<string, Field> {
  return {
    findings: state.findings.trim(),
    do_now: state.do_now.trim(),
    when_to_send: state.when_to_send.trim(),
    danger_signs: state.danger_signs.trim(),
    call: state.call.trim(),
    ...(state.act_by === '' ? {} : { act_by: state.act_by }),
    items_seen: state.items_seen,
    key_images: state.key_images,
  };
}

export function fromBody(body: unknown): OpinionState {
  const kept = (body ?? {}) as Partial<OpinionState>;
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return {
    findings: text(kept.findings),
    do_now: text(kept.do_now),
    when_to_send: text(kept.when_to_send),
    danger_signs: text(kept.danger_signs),
    call: text(kept.call),
    act_by: kept.act_by === 'now' || kept.act_by === 'today' || kept.act_by === 'routine' ? kept.act_by : '',
    items_seen: Array.isArray(kept.items_seen) ? kept.items_seen.map(String) : [],
    key_images: Array.isArray(kept.key_images) ? kept.key_images.map(Number).filter(Number.isInteger) : [],
  };
}

/** The signed text as the start of an amendment. */
export function fromSigned(opinion: Opinion): OpinionState {
  return fromBody({
    ...opinion,
    items_seen: opinion.items_seen.map((one) => one.item),
    key_images: opinion.key_images.map((url) => Number(/\/attachments\/(\d+)/.exec(url)?.[1])),
  });
}
