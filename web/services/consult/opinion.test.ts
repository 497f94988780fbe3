import { describe, expect, it } from 'vitest';
import type { Opinion } from '../../api/flow';
import { fromBody, fromSigned, kEmptyOpinion, missingIn, toFields, type OpinionState } from './opinion';

const whole: OpinionState = { findings: 'no bleeding', do_now: 'rest', when_to_send: 'if worse', danger_signs: 'vomiting', call: 'the hub', act_by: 'today', items_seen: ['study/1.2.3'], key_images: [4] };

describe('opinion', () => {
  it('wants each box in words', () => {
    expect(missingIn(whole, 1)).toEqual([]);
    expect(missingIn({ ...whole, danger_signs: '  ', items_seen: [] }, 0)).toEqual(['danger_signs']);
    expect(missingIn(kEmptyOpinion, 2)).toEqual(['findings', 'do_now', 'when_to_send', 'danger_signs', 'call', 'act_by', 'items_seen']);
  });
  it('comes back from its own draft and survives a strange one', () => {
    expect(fromBody(toFields(whole))).toEqual(whole);
    expect(fromBody({ act_by: 'soon', findings: 3, key_images: ['x', 2] })).toEqual({ ...kEmptyOpinion, key_images: [2] });
    expect(fromBody(null)).toEqual(kEmptyOpinion);
  });
  it('starts an amendment from what was signed', () => {
    const signed = { ...toFields(whole), items_seen: [{ item: 'study/1.2.3', quality: 'lossless' }], key_images: ['/flow/cases/c/attachments/4'] } as unknown as Opinion;
    expect(fromSigned(signed)).toEqual(whole);
  });
});
