/** Ctrl+K: patients first (name, pinyin, ID, telephone, birth date), then what can be done. */
import { TextInput } from '@mantine/core';
import { useEffect, useState, type KeyboardEvent } from 'react';
import { useNavigate } from 'react-router';
import { ApiError } from '../api/http';
import { nameOf, patientQuery, searchResources, type Patient } from '../api/fhir';
import { Busy, ErrorCard } from '../ui/cards';
import { useSexText } from '../ui/case_bits';
import { Dialog } from '../ui/dialog';
import { formatAge, formatDate } from '../ui/format';
import { useText } from './i18n';
import { mayAskForConsultation, mayRegisterPatients } from './roles';
import { useSession } from './session';

const kPauseMs = 250;

interface Choice {
  key: string;
  label: string;
  detail?: string;
  to: string;
}

export default function FindDialog({ onClose }: { onClose: () => void }) {
  const t = useText();
  return (
    <Dialog onClose={onClose} title={t('app.find.open')}>
      <Finder onClose={onClose} />
    </Dialog>
  );
}

function Finder({ onClose }: { onClose: () => void }) {
  const t = useText();
  const sexText = useSexText();
  const session = useSession();
  const navigate = useNavigate();
  const [typed, setTyped] = useState('');
  const [patients, setPatients] = useState<Patient[]>([]);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [at, setAt] = useState(0);
  const query = patientQuery(typed);
  useEffect(() => {
    setError(undefined);
    const form = patientQuery(typed);
    if (!form) {
      setPatients([]);
      setBusy(false);
      return undefined;
    }
    const abort = new AbortController();
    setBusy(true);
    const timer = setTimeout(() => {
      searchResources<Patient>('Patient', { ...form, _count: '10' }, abort.signal).then(
        (found) => {
          setPatients(found);
          setAt(0);
          setBusy(false);
        },
        (cause: unknown) => {
          if (abort.signal.aborted) return;
          setBusy(false);
          setError(cause instanceof ApiError ? cause : new ApiError(0, 'client.unexpected', String(cause)));
        },
      );
    }, kPauseMs);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [typed]);
  const choices: Choice[] = [
    ...patients.map((patient) => ({
      key: patient.id ?? '',
      label: nameOf(patient.name),
      detail: [sexText(patient.gender), formatAge(patient.birthDate), formatDate(patient.birthDate)].filter(Boolean).join(' · '),
      to: `/app/patients/${patient.id}`,
    })),
    ...(mayRegisterPatients(session) ? [{ key: 'new', label: t('app.find.register'), to: '/app/patients/new' }] : []),
    ...(mayAskForConsultation(session) ? [{ key: 'consult', label: t('app.new_consultation'), to: '/app/consult/new' }] : []),
  ];
  const go = (choice: Choice | undefined) => {
    if (!choice) return;
    onClose();
    void navigate(choice.to);
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') setAt((before) => Math.min(before + 1, choices.length - 1));
    else if (event.key === 'ArrowUp') setAt((before) => Math.max(before - 1, 0));
    else if (event.key === 'Enter') {
      // While patients are still looked for, Enter must not open what happens to stand first.
      if (!busy && (patients.length > 0 || !query || at > 0)) go(choices[at]);
    }
    else return;
    event.preventDefault();
  };
  return (
    <div className="q-stack">
      <TextInput
        autoFocus
        value={typed}
        maxLength={80}
        onChange={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={keys}
        label={t('app.find.label')}
        description={t('app.find.help')}
        role="combobox"
        aria-expanded
        aria-controls="find-list"
        aria-activedescendant={choices[at] ? `find-${choices[at].key}` : undefined}
      />
      {busy && <Busy />}
      {error !== undefined && <ErrorCard error={error} />}
      {query && !busy && error === undefined && patients.length === 0 && <p className="q-dim">{t('app.find.none')}</p>}
      <ul className="q-list" id="find-list" role="listbox" aria-label={t('app.find.open')}>
        {choices.map((choice, index) => (
          <li key={choice.key} id={`find-${choice.key}`} role="option" aria-selected={index === at} className="f-choice" onPointerMove={() => setAt(index)} onClick={() => go(choice)}>
            <span className="q-strong">{choice.label}</span> <span className="q-dim q-small">{choice.detail}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
