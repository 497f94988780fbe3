/** The fields of a move, drawn from their names as the server gives them; an unknown name becomes a line of text. */
import { Button, Checkbox, Textarea, TextInput } from '@mantine/core';
import { lazy, useEffect, useState } from 'react';
import { useQuery } from '../../api/cache';
import { readExperts, type CaseView, type CodedItem, type Field, type Move } from '../../api/flow';
import { textOr, useText } from '../../app/i18n';
import { Answered, ErrorCard } from '../../ui/cards';
import { Choice } from '../../ui/choice';
import { nameIn } from '../../ui/format';
import { Icon } from '../../ui/icons';
import { useMissingItems } from './packs';

/** Pads, sheets and thumbprints are fetched when a move asks for a consent. */
const loadConsentFields = () => import('../consult/consent_moves');
const ConsentMoveFields = lazy(loadConsentFields);
const kConsentFields = new Set(['consent', 'by', 'scope', 'outcome', 'receiver']);
const isConsentField = (name: string): boolean => kConsentFields.has(name);
/** Before its button is pressed, so that the dialog opens whole. */
export function expectFields(moves: readonly Move[]): void {
  if (moves.some((move) => move.needs.some(isConsentField))) void loadConsentFields().catch(() => undefined);
}

export type Values = Record<string, Field | undefined>;
export interface FieldSpec {
  name: string;
  required: boolean;
}

/** Fields that a move takes beside what it needs. */
const kOptional: Record<string, string[]> = { file: ['document_reference'], resubmit: ['summary', 'question'], upgrade: ['receiver'] };
const kLong = new Set(['reason', 'text', 'read_back_text', 'summary', 'question', 'opinion', 'advice']);
const kChoices: Record<string, string[]> = {
  reason_code: ['out_of_scope', 'needs_face_to_face', 'duplicate', 'not_enough_material', 'other'],
  followed: ['yes', 'partly', 'no'],
  not_followed: ['patient_refused', 'not_available', 'condition_changed', 'came_late', 'other_opinion', 'other'],
  act_by: ['now', 'today', 'routine'],
  rating: ['1', '2', '3', '4', '5'],
  stance: ['agree', 'dissent'],
  absent: ['requester', 'expert', 'both'],
};
/** Of an expert's part: asked and neither declined nor handed back. */
const kAsked = new Set(['offered', 'accepted', 'signed']);
const kOwnFields = new Set(['experts', 'optional', 'lead', 'mode', 'time']);
const kWhyTone: Record<string, string> = { specialty: 'q-chip-ok', on_duty: 'q-chip-info', licence_ended: 'q-chip-critical', busy: 'q-chip-warning', rank_below: 'q-chip-warning' };
/** Asked beside the fields (when it happened), or said by pressing the button. */
const kNotAsked = new Set(['occurred', 'confirmed', 'patient', 'side']);

/** @param values  what is filled in so far: advice that was not followed in full needs to say why */
export function fieldsOf(move: Move, values: Values): FieldSpec[] {
  const asked = move.needs.filter((name) => !kNotAsked.has(name));
  const why = values['followed'] === 'no' || values['followed'] === 'partly';
  const needed = asked.flatMap((name) => (name === 'followed' && why ? [name, 'not_followed'] : [name])).map((name) => ({ name, required: true }));
  const extra = (kOptional[move.action] ?? []).filter((name) => !move.needs.includes(name)).map((name) => ({ name, required: false }));
  if (move.action === 'reject' && !move.needs.includes('reason')) extra.push({ name: 'reason', required: false });
  return [...needed, ...extra];
}

interface Props {
  case: CaseView;
  move: Move;
  fields: readonly FieldSpec[];
  values: Values;
  onChange: (change: Values) => void;
  tried: boolean;
}

export function MoveFields(props: Props) {
  const { fields, values, onChange, tried } = props;
  const t = useText();
  const hasExperts = fields.some((field) => kOwnFields.has(field.name));
  return (
    <>
      {hasExperts && <ExpertFields {...props} />}
      {fields.some((field) => isConsentField(field.name)) && <ConsentMoveFields {...props} />}
      {fields
        .filter((field) => !kOwnFields.has(field.name) && !isConsentField(field.name))
        .map((field) => {
          const label = textOr(`consult.need.${field.name}`, field.name) + (field.required ? '' : ` ${t('app.optional')}`);
          const value = values[field.name];
          const error = tried && field.required && (value === undefined || value === '') ? t('app.needed') : undefined;
          if (field.name === 'missing_items') return <MissingItems key={field.name} label={label} case={props.case} onChange={(items) => onChange({ missing_items: items })} />;
          if (field.name === 'items') return <AnswerItems key={field.name} label={label} case={props.case} onChange={(items) => onChange({ items })} />;
          if (field.name === 'not_obtainable') return <NotObtainable key={field.name} label={label} case={props.case} onChange={(codes) => onChange({ not_obtainable: codes })} />;
          const choices = field.name === 'specialty' ? (props.case.missing_specialties ?? []) : kChoices[field.name];
          if (choices) {
            return (
              <Choice
                key={field.name}
                label={label}
                required={field.required}
                value={value === undefined ? '' : String(value)}
                options={choices.map((one) => ({ value: one, label: textOr(field.name === 'specialty' ? `consult.specialty.${one}` : `consult.option.${field.name}.${one}`, one) }))}
                onChange={(one) => onChange({ [field.name]: field.name === 'rating' ? Number(one) : one })}
                error={error}
              />
            );
          }
          const common = { label, required: field.required, value: typeof value === 'string' ? value : '', error };
          return kLong.has(field.name) ? (
            <Textarea key={field.name} {...common} rows={4} maxLength={field.name === 'reason' ? 2000 : 60_000} onChange={(event) => onChange({ [field.name]: event.currentTarget.value })} />
          ) : (
            <TextInput key={field.name} {...common} maxLength={500} onChange={(event) => onChange({ [field.name]: event.currentTarget.value })} />
          );
        })}
    </>
  );
}

/** What was last asked for and not answered yet. */
export function lastMissingItems(view: CaseView): CodedItem[] {
  if (view.missing_items && view.missing_items.length > 0) return view.missing_items;
  const entry = [...(view.timeline ?? [])].reverse().find((one) => Array.isArray(one.details?.['missing_items']));
  return (entry?.details['missing_items'] as CodedItem[] | undefined) ?? [];
}

/** Codes that the clinic already said it cannot obtain: not asked for twice. */
export function notObtainable(view: CaseView): Set<string> {
  if (view.not_obtainable) return new Set(view.not_obtainable);
  return new Set((view.timeline ?? []).flatMap((one) => (Array.isArray(one.details?.['not_obtainable']) ? (one.details['not_obtainable'] as string[]) : [])));
}

const missingText = (code: string) => textOr(`consult.missing.${code}`, code);

/** A listed item in the reader's language, with what was added to it; any other by its own words. */
export function missingItemText(item: CodedItem): string {
  const listed = textOr(`consult.missing.${item.code}`, '');
  if (listed === '') return item.text || item.code;
  return item.text ? `${listed} · ${item.text}` : listed;
}

function MissingItems({ label, case: view, onChange }: { label: string; case: CaseView; onChange: (items: Field[]) => void }) {
  const t = useText();
  const [texts, setTexts] = useState<Record<string, string>>({});
  const pack = useMissingItems();
  const refused = notObtainable(view);
  const put = (next: Record<string, string>) => {
    setTexts(next);
    onChange(Object.entries(next).map(([code, text]) => ({ code, ...(text.trim() ? { text: text.trim() } : {}) })));
  };
  return (
    <fieldset className="c-choice">
      <legend className="c-legend">
        {label} <span className="q-critical">*</span>
      </legend>
      {pack.error !== undefined && <ErrorCard error={pack.error} onRetry={pack.reload} />}
      {pack.codes.map(({ code }) => (
        <div key={code} className="q-stack-tight">
          <Checkbox
            label={missingText(code)}
            description={refused.has(code) ? t('consult.missing_refused') : undefined}
            disabled={refused.has(code)}
            checked={code in texts}
            onChange={(event) => {
              const { [code]: _old, ...rest } = texts;
              put(event.currentTarget.checked ? { ...texts, [code]: '' } : rest);
            }}
          />
          {code in texts && <TextInput aria-label={t('consult.missing_detail', { item: missingText(code) })} placeholder={t('consult.missing_detail', { item: missingText(code) })} maxLength={500} value={texts[code]} onChange={(event) => put({ ...texts, [code]: event.currentTarget.value })} />}
        </div>
      ))}
    </fieldset>
  );
}

function AnswerItems({ label, case: view, onChange }: { label: string; case: CaseView; onChange: (items: Field[]) => void }) {
  const t = useText();
  const asked = lastMissingItems(view);
  const [texts, setTexts] = useState<Record<string, string>>({});
  return (
    <fieldset className="c-choice">
      <legend className="c-legend">{label}</legend>
      <p className="q-small q-dim">{t('consult.answer_items_help')}</p>
      {asked.map((item) => (
        <Textarea
          key={item.code}
          label={missingItemText(item)}
          rows={2}
          maxLength={4000}
          value={texts[item.code] ?? ''}
          onChange={(event) => {
            const next = { ...texts, [item.code]: event.currentTarget.value };
            setTexts(next);
            onChange(Object.entries(next).flatMap(([code, text]) => (text.trim() ? [{ code, text: text.trim() }] : [])));
          }}
        />
      ))}
    </fieldset>
  );
}

function NotObtainable({ label, case: view, onChange }: { label: string; case: CaseView; onChange: (codes: Field[]) => void }) {
  const asked = lastMissingItems(view);
  const [picked, setPicked] = useState<string[]>([]);
  return (
    <Checkbox.Group
      label={label}
      value={picked}
      onChange={(codes) => {
        setPicked(codes);
        onChange(codes);
      }}
    >
      <div className="q-stack-tight">
        {asked.map((item) => (
          <Checkbox key={item.code} value={item.code} label={missingItemText(item)} />
        ))}
      </div>
    </Checkbox.Group>
  );
}

function ExpertFields({ case: view, values, onChange, tried, fields }: Props) {
  const t = useText();
  const [typed, setTyped] = useState('');
  const [asked, setAsked] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setAsked(typed.trim()), 300);
    return () => clearTimeout(timer);
  }, [typed]);
  const query = useQuery(`experts:${view.case}:${asked}`, (signal) => readExperts(view.case, asked, signal));
  const experts = (values['experts'] as string[] | undefined) ?? [];
  const optional = (values['optional'] as string[] | undefined) ?? [];
  const lead = values['lead'];
  const has = (name: string) => fields.some((field) => field.name === name);
  const mode = (values['mode'] as string | undefined) ?? 'written';
  useEffect(() => {
    if (has('mode') && values['mode'] === undefined) onChange({ mode: 'written' });
  });
  const [names, setNames] = useState<Record<string, string>>({});
  // Without a lead one is chosen; a case that has one keeps it.
  const choosesLead = has('lead') || !(view.participants ?? []).some((one) => one.role === 'lead_expert' && kAsked.has(one.status));
  const partOf = (reference: string) => [...(view.participants ?? [])].reverse().find((one) => one.person.reference === reference);
  const alreadyAsked = (reference: string) => kAsked.has(partOf(reference)?.status ?? '');
  const statusOf = (reference: string) => {
    const part = partOf(reference);
    return part ? textOr(`consult.part_status.${part.status}`, part.status) : '';
  };
  const toggle = (reference: string, name: string) => {
    setNames((before) => ({ ...before, [reference]: name }));
    const next = experts.includes(reference) ? experts.filter((one) => one !== reference) : [...experts, reference];
    onChange({ experts: next, ...(choosesLead ? { lead: next.includes(String(lead)) ? lead : next[0] } : {}) });
  };
  return (
    <div className="q-stack">
      {has('experts') && (
        <>
          <TextInput label={t('consult.experts.search')} value={typed} maxLength={60} onChange={(event) => setTyped(event.currentTarget.value)} leftSection={<Icon name="search" size={16} />} />
          {tried && experts.length === 0 && <p className="q-critical q-small">{t('app.needed')}</p>}
          <Answered query={query}>
            {(found) =>
              found.length === 0 ? (
                <p className="q-dim">{t('consult.experts.none')}</p>
              ) : (
                <ul className="q-list q-stack-tight x-list" aria-label={t('consult.need.experts')}>
                  {found.map((expert) => (
                    <li key={expert.reference} className="q-card">
                      <Checkbox
                        checked={experts.includes(expert.reference)}
                        disabled={alreadyAsked(expert.reference) || expert.able === false}
                        onChange={() => toggle(expert.reference, nameIn(expert))}
                        label={
                          <span className="q-row x-why">
                            {nameIn(expert)}
                            {(expert.why ?? []).map((one) => (
                              <span key={one} className={`q-chip ${kWhyTone[one] ?? ''}`}>
                                {textOr(`consult.experts.why.${one}`, one)}
                              </span>
                            ))}
                          </span>
                        }
                        description={[nameIn(expert.organisation), expert.specialties.map((one) => textOr(`consult.specialty.${one}`, one)).join(t('app.comma')), t('consult.experts.open_cases', { count: expert.open_cases }), statusOf(expert.reference)].filter(Boolean).join(' · ')}
                      />
                    </li>
                  ))}
                </ul>
              )
            }
          </Answered>
        </>
      )}
      {experts.length > 1 && (
        <fieldset className="c-choice">
          <legend className="c-legend">{t('consult.experts.optional')}</legend>
          <p className="q-small q-dim">{t('consult.experts.optional_help')}</p>
          {experts
            .filter((one) => one !== lead)
            .map((one) => (
              <Checkbox key={one} label={names[one] ?? one} checked={optional.includes(one)} onChange={(event) => onChange({ optional: event.currentTarget.checked ? [...optional, one] : optional.filter((other) => other !== one) })} />
            ))}
        </fieldset>
      )}
      {choosesLead && experts.length > 1 && <Choice label={t('consult.need.lead')} required value={String(lead ?? '')} options={experts.map((one) => ({ value: one, label: names[one] ?? one }))} onChange={(one) => onChange({ lead: one, optional: optional.filter((other) => other !== one) })} />}
      {has('mode') && <Choice label={t('consult.need.mode')} value={mode} options={['written', 'session'].map((one) => ({ value: one, label: t(`consult.mode.${one}`), detail: t(`consult.mode_help.${one}`) }))} onChange={(one) => onChange({ mode: one, ...(one === 'written' ? { time: undefined } : {}) })} />}
      {(mode === 'session' || (has('time') && !has('mode'))) && (
        <label className="q-stack-tight">
          <span>{t('consult.need.time')}</span>
          <input className="c-select" type="datetime-local" required onChange={(event) => onChange({ time: event.currentTarget.value ? new Date(event.currentTarget.value).toISOString() : undefined })} />
        </label>
      )}
      {experts.length > 0 && (
        <Button size="compact-sm" variant="subtle" className="x-clear" onClick={() => onChange({ experts: [], optional: [], lead: undefined })}>
          {t('consult.experts.clear')}
        </Button>
      )}
    </div>
  );
}
