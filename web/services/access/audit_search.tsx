/** The question to the audit: time first, the rest when needed. */
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import type { AuditQuestion } from '../../api/audit';
import { useQuery } from '../../api/cache';
import { readMembers, readOrganisations } from '../../api/people';
import { useText } from '../../app/i18n';
import { nameIn } from '../../ui/format';

const kHourMs = 3_600_000;
export const kSpans = { day: 24 * kHourMs, week: 7 * 24 * kHourMs, month: 31 * 24 * kHourMs } as const;
type Span = keyof typeof kSpans | 'all' | 'dates';
export const kDefaultSpan: Span = 'week';
const kActions = ['read', 'search', 'history', 'create', 'update', 'delete', 'export', 'print', 'login', 'logout', 'step-up', 'password', 'second-factor', 'reset', 'session-ended', 'verify', 'explain', 'backup', 'client'] as const;
const kBeginning = '2000-01-01T00:00:00Z';
const kOutcomes = ['success', 'denied', 'failed'] as const;
const kEmpty = { person: '', patient: '', organisation: '', action: '', outcome: '', case: '', source: '' };

export function questionOf(span: Span, rest: Omit<AuditQuestion, 'from' | 'until'> = kEmpty, days = { from: '', until: '' }): AuditQuestion {
  const now = Date.now();
  const from = span === 'all' ? kBeginning : span === 'dates' ? dayStart(days.from, 0) : new Date(now - kSpans[span]).toISOString();
  return { ...rest, from, until: span === 'dates' ? dayStart(days.until, 1) : '' };
}

function dayStart(day: string, plus: number): string {
  if (day === '') return '';
  const date = new Date(`${day}T00:00:00`);
  date.setDate(date.getDate() + plus);
  return date.toISOString();
}

export function AuditSearch({ onSearch }: { onSearch: (question: AuditQuestion) => void }) {
  const t = useText();
  const organisations = useQuery('organisations', readOrganisations);
  const members = useQuery('members', readMembers);
  const [span, setSpan] = useState<Span>(kDefaultSpan);
  const [days, setDays] = useState({ from: '', until: '' });
  const [rest, setRest] = useState(kEmpty);
  const set = (name: keyof typeof kEmpty) => (event: { currentTarget: { value: string } }) => setRest({ ...rest, [name]: event.currentTarget.value });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSearch(questionOf(span, rest, days));
  };
  const any = { value: '', label: t('audit.any') };
  const people = [...new Map((members.data ?? []).map((one) => [one.practitioner, one])).values()];
  return (
    <form className="q-card q-stack" onSubmit={submit} role="search" aria-label={t('audit.search')}>
      <div className="acc-search">
        <NativeSelect label={t('audit.time')} value={span} onChange={(event) => setSpan(event.currentTarget.value as Span)} data={(['day', 'week', 'month', 'dates', 'all'] as const).map((one) => ({ value: one, label: t(`audit.time.${one}`) }))} />
        {span === 'dates' && (
          <>
            <TextInput type="date" label={t('audit.from')} value={days.from} required onChange={(event) => setDays({ ...days, from: event.currentTarget.value })} />
            <TextInput type="date" label={t('audit.until')} value={days.until} onChange={(event) => setDays({ ...days, until: event.currentTarget.value })} />
          </>
        )}
        <TextInput label={t('audit.person')} placeholder={t('audit.person_hint')} list="audit-people" maxLength={64} value={rest.person} onChange={set('person')} />
        <datalist id="audit-people">
          {people.map((one) => (
            <option key={one.practitioner} value={one.practitioner}>
              {nameIn(one)} · {nameIn(one.organisation)}
            </option>
          ))}
        </datalist>
        <TextInput label={t('audit.patient')} placeholder={t('audit.patient_hint')} maxLength={64} value={rest.patient} onChange={set('patient')} />
        <NativeSelect label={t('audit.action')} value={rest.action} onChange={set('action')} data={[any, ...kActions.map((one) => ({ value: one, label: t(`audit.action.${one}`) }))]} />
        <NativeSelect label={t('audit.outcome')} value={rest.outcome} onChange={set('outcome')} data={[any, ...kOutcomes.map((one) => ({ value: one, label: t(`audit.outcome.${one}`) }))]} />
        <NativeSelect label={t('audit.organisation')} value={rest.organisation} onChange={set('organisation')} data={[any, ...(organisations.data ?? []).map((one) => ({ value: one.resource, label: nameIn(one) }))]} />
        <TextInput label={t('audit.case')} placeholder="C-20260101-…" maxLength={64} value={rest.case} onChange={set('case')} />
        <TextInput label={t('audit.source')} placeholder="10.0.0.7" maxLength={64} value={rest.source} onChange={set('source')} />
      </div>
      <div className="q-actions">
        <Button type="submit">{t('audit.search')}</Button>
        <Button
          variant="subtle"
          onClick={() => {
            setRest(kEmpty);
            setSpan(kDefaultSpan);
            onSearch(questionOf(kDefaultSpan));
          }}
        >
          {t('audit.clear')}
        </Button>
      </div>
    </form>
  );
}
