/** Records that are probably of one person, side by side: linked, or put away as two people. Both can be taken back. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'react-router';
import { invalidate, useQuery } from '../../api/cache';
import { decideDuplicate, readDuplicates, type DuplicatePair, type PairState } from '../../api/duplicates';
import { nameOf, type Patient } from '../../api/fhir';
import { useText } from '../../app/i18n';
import { mayRegisterPatients } from '../../app/roles';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { Act } from '../../ui/act_dialog';
import { Answered, EmptyCard, ErrorCard } from '../../ui/cards';
import { useSexText } from '../../ui/case_bits';
import { Choice } from '../../ui/choice';
import { formatDate, formatDateTime, nameIn } from '../../ui/format';
import './duplicates.css';

const kStates: PairState[] = ['open', 'linked', 'different'];

export default function DuplicatesPage() {
  const t = useText();
  const session = useSession();
  useTitle(t('app.nav.duplicates'));
  const allowed = mayRegisterPatients(session);
  const [state, setState] = useState<PairState>('open');
  const query = useQuery(allowed ? `duplicates:${state}` : undefined, (signal) => readDuplicates(state, signal));
  if (!allowed) return <div className="q-page"><EmptyCard title={t('error.access.not_yours')} /></div>;
  return (
    <div className="q-page">
      <h1>{t('app.nav.duplicates')}</h1>
      <p className="q-dim">{t('patients.duplicates.explain')}</p>
      <Choice label={t('patients.duplicates.list')} hideLabel value={state} onChange={setState} options={kStates.map((one) => ({ value: one, label: t(`patients.duplicates.${one}`) }))} />
      <Answered query={query}>
        {(pairs) =>
          pairs.length === 0 ? (
            <EmptyCard title={t(`patients.duplicates.none.${state}`)}>{state === 'open' && t('patients.duplicates.none_help')}</EmptyCard>
          ) : (
            <ul className="dup-list q-list q-stack">
              {pairs.map((pair) => (
                <li key={pair.id} className="q-card q-stack-tight" data-pair={pair.id}>
                  <Pair pair={pair} />
                </li>
              ))}
            </ul>
          )
        }
      </Answered>
    </div>
  );
}

function Pair({ pair }: { pair: DuplicatePair }) {
  const t = useText();
  const [linking, setLinking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const done = () => invalidate('duplicates:', 'patient:', 'patients:');
  const decide = (verdict: 'different' | 'undo') => {
    setBusy(true);
    setError(undefined);
    decideDuplicate(pair.id, verdict)
      .then(done, setError)
      .finally(() => setBusy(false));
  };
  return (
    <>
      <div className="q-between">
        <span className="q-chip q-chip-warning">{t('patients.duplicates.score', { percent: Math.min(99, Math.floor(pair.score * 100)) })}</span>
        <span className="q-small q-dim">
          {pair.decided ? t('patients.duplicates.decided', { name: nameIn(pair.decidedBy), when: formatDateTime(pair.decided) }) : t('patients.duplicates.found', { when: formatDateTime(pair.found) })}
        </span>
      </div>
      <Compared pair={pair} />
      {error !== undefined && <ErrorCard error={error} />}
      <div className="q-actions">
        {pair.state === 'open' ? (
          <>
            <Button size="compact-md" disabled={busy} onClick={() => setLinking(true)}>
              {t('patients.duplicates.same')}
            </Button>
            <Button size="compact-md" variant="default" loading={busy} onClick={() => decide('different')}>
              {t('patients.duplicates.two')}
            </Button>
          </>
        ) : (
          <Button size="compact-md" variant="default" loading={busy} onClick={() => decide('undo')}>
            {t('patients.duplicates.undo')}
          </Button>
        )}
      </div>
      {linking && (
        <Act title={t('patients.duplicates.same')} submit={t('patients.duplicates.link')} run={() => decideDuplicate(pair.id, 'same')} onClose={() => setLinking(false)} onDone={() => (setLinking(false), done())}>
          <p>{t('patients.duplicates.link_help', { a: nameOf(pair.patients[0].name), b: nameOf(pair.patients[1].name) })}</p>
        </Act>
      )}
    </>
  );
}

const kChips = { exact: 'q-chip q-chip-ok', near: 'q-chip q-chip-warning', disagree: 'q-chip q-chip-critical', missing: 'q-chip' } as const;

function Compared({ pair }: { pair: DuplicatePair }) {
  const t = useText();
  const sexText = useSexText();
  const value = (patient: Patient, field: string): string => {
    if (field === 'name') return nameOf(patient.name);
    if (field === 'number') return (patient.identifier ?? []).map((one) => one.value).filter(Boolean).join(', ');
    if (field === 'birthDate') return formatDate(patient.birthDate);
    if (field === 'gender') return sexText(patient.gender);
    if (field === 'phone') return (patient.telecom ?? []).filter((one) => one.system === 'phone').map((one) => one.value).filter(Boolean).join(', ');
    return patient.address?.[0]?.text ?? '';
  };
  return (
    <table className="dup-table">
      <thead>
        <tr>
          <td />
          {pair.patients.map((patient, index) => (
            <th key={patient.id} scope="col">
              <Link to={`/app/patients/${patient.id}`}>{t('patients.duplicates.record', { number: index + 1 })}</Link>
              {patient.managingOrganization?.display && <span className="q-small q-dim"> {patient.managingOrganization.display}</span>}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {pair.fields
          .filter((one) => pair.patients.some((patient) => value(patient, one.field)))
          .map((one) => (
            <tr key={one.field}>
              <th scope="row">
                <span className="q-row">
                  {t(`patients.duplicates.field.${one.field}`)}
                  <span className={kChips[one.agreement]}>{t(`patients.duplicates.agreement.${one.agreement}`)}</span>
                </span>
              </th>
              {pair.patients.map((patient) => (
                <td key={patient.id} className="q-num">
                  {value(patient, one.field) || '—'}
                </td>
              ))}
            </tr>
          ))}
      </tbody>
    </table>
  );
}
