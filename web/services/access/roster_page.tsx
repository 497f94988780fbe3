/** Who answers emergencies: a week of the institution, kept by its duty lead and its centre manager. */
import { Button, NativeSelect } from '@mantine/core';
import { useMemo, useState } from 'react';
import { useSearchParams } from 'react-router';
import { useQuery } from '../../api/cache';
import { addDuties, readDuties, readMembers, removeDuty, type Duty, type Member } from '../../api/people';
import { textOr, useText } from '../../app/i18n';
import { mayKeepRoster } from '../../app/roles';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { Answered, EmptyCard, ErrorCard } from '../../ui/cards';
import { formatDate, formatDays, formatDateTime, formatTime, nameIn } from '../../ui/format';
import { Icon } from '../../ui/icons';
import { useSpecialties } from '../cases/packs';
import { Act } from '../../ui/act_dialog';

const kDayMs = 86_400_000;
const kWeekMs = 7 * kDayMs;

function weekOf(typed: string | null): Date {
  const day = typed && /^\d{4}-\d{2}-\d{2}$/.test(typed) ? new Date(`${typed}T00:00`) : new Date();
  day.setHours(0, 0, 0, 0);
  day.setDate(day.getDate() - ((day.getDay() + 6) % 7));
  return day;
}
const dayText = (day: Date) => `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, '0')}-${String(day.getDate()).padStart(2, '0')}`;
const later = (day: Date, ms: number) => new Date(day.getTime() + ms);

export default function RosterPage() {
  const t = useText();
  const session = useSession();
  useTitle(t('app.nav.roster'));
  const [params, setParams] = useSearchParams();
  const monday = useMemo(() => weekOf(params.get('week')), [params]);
  const until = later(monday, kWeekMs);
  const own = session.memberships.find((one) => ['duty_lead', 'centre_manager', 'coordinator', 'expert'].includes(one.role));
  const organisation = own?.organisation?.resource ?? '';
  const keeps = mayKeepRoster(session);
  const duties = useQuery(organisation ? `roster:${organisation}:${dayText(monday)}` : undefined, (signal) => readDuties(organisation, monday, until, signal));
  const members = useQuery(keeps ? 'people' : undefined, readMembers);
  const [adding, setAdding] = useState(false);
  const [failed, setFailed] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const act = (work: Promise<unknown>) => {
    setBusy(true);
    setFailed(undefined);
    work.then(duties.reload, setFailed).finally(() => setBusy(false));
  };
  const copyLastWeek = async () => {
    const before = await readDuties(organisation, later(monday, -kWeekMs), monday);
    const copied = before.map(({ practitioner, specialty, place, starts, ends }) => ({ practitioner, specialty, place, starts: later(new Date(starts), kWeekMs).toISOString(), ends: later(new Date(ends), kWeekMs).toISOString() })).filter((one) => Date.parse(one.ends) > Date.now());
    const known = new Set((duties.data ?? []).map((one) => `${one.practitioner} ${one.specialty} ${Date.parse(one.starts)}`));
    const fresh = copied.filter((one) => !known.has(`${one.practitioner} ${one.specialty} ${Date.parse(one.starts)}`));
    if (fresh.length > 0) await addDuties(organisation, fresh);
  };
  if (organisation === '') return <div className="q-page"><EmptyCard title={t('error.access.not_yours')} /></div>;
  const week = (step: number) => setParams({ week: dayText(later(monday, step * kWeekMs + kDayMs / 2)) });
  return (
    <div className="q-page">
      <div className="q-between">
        <h1>{t('app.nav.roster')}</h1>
        <div className="r-week">
          <Button variant="default" onClick={() => week(-1)} aria-label={t('people.roster.before')} title={t('people.roster.before')}>
            ←
          </Button>
          <span className="q-strong q-num">
            {formatDays(monday, later(until, -kDayMs))}
          </span>
          <Button variant="default" onClick={() => week(1)} aria-label={t('people.roster.after')} title={t('people.roster.after')}>
            →
          </Button>
        </div>
      </div>
      <p className="q-dim">{t('people.roster.explain')}</p>
      {keeps && (
        <div className="q-actions">
          <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setAdding(true)}>
            {t('people.roster.add')}
          </Button>
          <Button variant="default" loading={busy} onClick={() => act(copyLastWeek())}>
            {t('people.roster.copy')}
          </Button>
        </div>
      )}
      {failed !== undefined && <ErrorCard error={failed} />}
      <Answered query={duties}>
        {(list) => (list.length === 0 ? <EmptyCard title={t('people.roster.none')}>{t('people.roster.none_help')}</EmptyCard> : <Week monday={monday} duties={list} {...(keeps ? { onRemove: (duty: Duty) => act(removeDuty(organisation, duty.id)) } : {})} />)}
      </Answered>
      {adding && <AddDuty organisation={organisation} monday={monday} members={(members.data ?? []).filter((one) => one.role === 'expert' && one.organisation?.resource === organisation)} onClose={() => setAdding(false)} onDone={() => (setAdding(false), duties.reload())} />}
    </div>
  );
}

/** A line a day: the specialties and who is rung first. */
function Week({ monday, duties, onRemove }: { monday: Date; duties: readonly Duty[]; onRemove?: (duty: Duty) => void }) {
  const t = useText();
  const days = Array.from({ length: 7 }, (_, index) => later(monday, index * kDayMs));
  return (
    <ul className="q-list q-stack">
      {days.map((day) => {
        const list = duties.filter((one) => Date.parse(one.starts) < day.getTime() + kDayMs && Date.parse(one.ends) > day.getTime());
        const now = Date.now() >= day.getTime() && Date.now() < day.getTime() + kDayMs;
        return (
          <li key={day.getTime()} className="q-card q-stack-tight">
            <h2>
              {formatDate(day)} {now && <span className="q-chip q-chip-info">{t('people.roster.today')}</span>}
            </h2>
            {list.length === 0 && <p className={day.getTime() + kDayMs > Date.now() ? 'q-warning' : 'q-dim'}>{t('people.roster.nobody')}</p>}
            {list.length > 0 && (
              <table className="q-table r-table">
                <tbody>
                  {[...list]
                    .sort((a, b) => a.specialty.localeCompare(b.specialty) || a.starts.localeCompare(b.starts) || a.place - b.place)
                    .map((duty) => (
                      <tr key={duty.id}>
                        <td>{duty.specialty ? textOr(`consult.specialty.${duty.specialty}`, duty.specialty) : t('people.roster.any')}</td>
                        <td className="q-num">{duty.place}</td>
                        <td className="q-strong">{nameIn(duty)}</td>
                        <td className="q-num" title={`${formatDateTime(duty.starts)} – ${formatDateTime(duty.ends)}`}>
                          {formatTime(duty.starts)} – {formatTime(duty.ends)}
                        </td>
                        {onRemove && (
                          <td>
                            <Button size="compact-sm" variant="subtle" onClick={() => onRemove(duty)} aria-label={t('people.roster.remove_named', { name: nameIn(duty) })}>
                              {t('people.roster.remove')}
                            </Button>
                          </td>
                        )}
                      </tr>
                    ))}
                </tbody>
              </table>
            )}
          </li>
        );
      })}
    </ul>
  );
}

function AddDuty({ organisation, monday, members, onClose, onDone }: { organisation: string; monday: Date; members: readonly Member[]; onClose: () => void; onDone: () => void }) {
  const t = useText();
  const specialties = useSpecialties();
  const first = monday.getTime() > Date.now() ? monday : new Date();
  const [form, setForm] = useState({ practitioner: '', specialty: '', place: '1', day: dayText(first), from: '08:00', until: '20:00', days: '1' });
  const set = (change: Partial<typeof form>) => setForm((before) => ({ ...before, ...change }));
  const run = () => {
    const duties = Array.from({ length: Number(form.days) }, (_, index) => {
      const starts = new Date(`${form.day}T${form.from}`);
      starts.setDate(starts.getDate() + index);
      const ends = new Date(`${form.day}T${form.until}`);
      ends.setDate(ends.getDate() + index + (form.until <= form.from ? 1 : 0));
      return { practitioner: form.practitioner, specialty: form.specialty, place: Number(form.place), starts: starts.toISOString(), ends: ends.toISOString() };
    });
    return addDuties(organisation, duties);
  };
  return (
    <Act title={t('people.roster.add')} submit={t('people.roster.add')} run={run} onClose={onClose} onDone={onDone}>
      <NativeSelect
        label={t('people.person')}
        required
        value={form.practitioner}
        onChange={(event) => {
          const practitioner = event.currentTarget.value;
          set({ practitioner, specialty: members.find((one) => one.practitioner === practitioner)?.specialty ?? form.specialty });
        }}
        data={[{ value: '', label: t('people.choose') }, ...members.map((one) => ({ value: one.practitioner, label: `${nameIn(one)} · ${textOr(`consult.specialty.${one.specialty ?? ''}`, one.specialty ?? '')}` }))]}
      />
      <div className="q-grid-2">
        <NativeSelect label={t('people.specialty')} value={form.specialty} onChange={(event) => set({ specialty: event.currentTarget.value })} data={[{ value: '', label: t('people.roster.any') }, ...specialties.codes.map((one) => ({ value: one.code, label: specialties.nameOf(one) }))]} />
        <NativeSelect label={t('people.roster.place')} value={form.place} onChange={(event) => set({ place: event.currentTarget.value })} data={['1', '2', '3', '4']} />
      </div>
      <div className="q-grid-2">
        <label className="q-stack-tight">
          <span>{t('people.roster.day')}</span>
          <input className="c-select" type="date" required value={form.day} onChange={(event) => set({ day: event.currentTarget.value })} />
        </label>
        <NativeSelect label={t('people.roster.days')} value={form.days} onChange={(event) => set({ days: event.currentTarget.value })} data={['1', '2', '3', '4', '5', '6', '7']} />
        <label className="q-stack-tight">
          <span>{t('people.roster.from')}</span>
          <input className="c-select" type="time" required value={form.from} onChange={(event) => set({ from: event.currentTarget.value })} />
        </label>
        <label className="q-stack-tight">
          <span>{t('people.roster.until')}</span>
          <input className="c-select" type="time" required value={form.until} onChange={(event) => set({ until: event.currentTarget.value })} />
        </label>
      </div>
    </Act>
  );
}
