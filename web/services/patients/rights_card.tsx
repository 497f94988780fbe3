/** Why the reader sees this patient and until when, and what the record is labelled with. */
import { Button, Checkbox, Textarea } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'react-router';
import { invalidate, useQuery } from '../../api/cache';
import { readMembers } from '../../api/people';
import { kLabels, readRights, setLabels, type PatientRights, type Why } from '../../api/sensitive';
import { textOr, useText } from '../../app/i18n';
import { useSession } from '../../app/session';
import { Act } from '../../ui/act_dialog';
import { Answered } from '../../ui/cards';
import { formatDateTime, nameIn } from '../../ui/format';

export function RightsCard({ patient }: { patient: string }) {
  const t = useText();
  const rights = useQuery(`rights:${patient}`, (signal) => readRights(patient, signal));
  const [labelling, setLabelling] = useState(false);
  return (
    <section className="q-card q-stack">
      <h2>{t('patients.rights.title')}</h2>
      <Answered query={rights}>
        {(found) => (
          <>
            <ul className="q-list q-stack-tight">
              {found.why.map((one, index) => (
                <li key={index}>
                  <WhyLine why={one} />
                </li>
              ))}
            </ul>
            {(found.denials ?? []).map((one) => (
              <p key={one.organisation?.resource} className="q-note q-note-warning q-small">
                {t(`patients.rights.denied_${one.reason}`, { institution: nameIn(one.organisation), time: formatDateTime(one.since) })}
              </p>
            ))}
            <div className="q-between">
              <span className="q-row">
                {found.labels.length === 0 ? <span className="q-dim">{t('patients.labels.none')}</span> : found.labels.map((code) => <span key={code} className="q-chip q-chip-warning">{t(`sensitive.label.${code}`)}</span>)}
              </span>
              {found.mayLabel && (
                <Button size="compact-md" variant="default" onClick={() => setLabelling(true)}>
                  {t('patients.labels.change')}
                </Button>
              )}
            </div>
            {(found.changes ?? []).length > 0 && (
              <details>
                <summary>{t('patients.labels.history')}</summary>
                <ul className="q-list q-stack-tight">
                  {(found.changes ?? []).map((one) => (
                    <li key={one.at} className="q-small">
                      <span className="q-num">{formatDateTime(one.at)}</span> · {nameIn(one.by)} · {one.labels.length === 0 ? t('patients.labels.removed') : one.labels.map((code) => t(`sensitive.label.${code}`)).join(', ')}
                      {one.case && <> · <Link to={`/app/consult/${one.case}`}>{t('patients.labels.of_case')}</Link></>} · <span className="q-pre">{one.reason}</span>
                    </li>
                  ))}
                </ul>
              </details>
            )}
            {labelling && <LabelDialog patient={patient} rights={found} onClose={() => setLabelling(false)} />}
          </>
        )}
      </Answered>
    </section>
  );
}

function WhyLine({ why }: { why: Why }) {
  const t = useText();
  const what = why.kind === 'case' ? textOr(`consult.why.${why.reason ?? ''}`, why.reason ?? '') : t(`patients.rights.${why.kind}`);
  return (
    <>
      {why.case ? <Link to={`/app/consult/${why.case}`}>{what}</Link> : what}
      {why.organisation && ` · ${nameIn(why.organisation)}`}
      <span className="q-small q-dim q-num"> · {why.until ? t('patients.rights.until', { time: formatDateTime(why.until) }) : t('patients.rights.open_end')}</span>
    </>
  );
}

function LabelDialog({ patient, rights, onClose }: { patient: string; rights: PatientRights; onClose: () => void }) {
  const t = useText();
  const session = useSession();
  const members = useQuery('people', readMembers);
  const [labels, setChosen] = useState<string[]>(rights.labels);
  const [people, setPeople] = useState<string[]>(rights.treating ?? []);
  const [reason, setReason] = useState('');
  const own = session.memberships.map((one) => one.organisation.resource);
  const clinical = (members.data ?? []).filter((one) => ['doctor', 'nurse', 'technician'].includes(one.role) && own.includes(one.organisation?.resource ?? '') && one.practitioner !== session.person.practitioner);
  const colleagues = [...new Map(clinical.map((one) => [one.practitioner, one])).values()];
  const toggled = (list: string[], one: string, on: boolean) => (on ? [...list, one] : list.filter((other) => other !== one));
  return (
    <Act
      title={t('patients.labels.change')}
      submit={t('patients.labels.keep')}
      run={() => setLabels(patient, { labels, reason, people: people.filter((one) => one !== session.person.practitioner) })}
      onClose={onClose}
      onDone={() => {
        onClose();
        invalidate('');
      }}
    >
      <p className="q-small">{t('patients.labels.explain')}</p>
      <fieldset className="c-choice">
        <legend className="c-legend">{t('patients.labels.which')}</legend>
        <div className="p-labels">
          {kLabels.map((code) => (
            <Checkbox key={code} label={t(`sensitive.label.${code}`)} checked={labels.includes(code)} onChange={(event) => setChosen(toggled(labels, code, event.currentTarget.checked))} />
          ))}
        </div>
      </fieldset>
      {labels.length > 0 && (
        <fieldset className="c-choice">
          <legend className="c-legend">{t('patients.labels.treating')}</legend>
          <p className="q-small q-dim">{t('patients.labels.treating_help')}</p>
          <div className="p-labels">
            {colleagues.map((one) => (
              <Checkbox key={one.practitioner} label={nameIn(one)} checked={people.includes(one.practitioner)} onChange={(event) => setPeople(toggled(people, one.practitioner, event.currentTarget.checked))} />
            ))}
            {colleagues.length === 0 && <p className="q-small">{t('patients.labels.only_you')}</p>}
          </div>
        </fieldset>
      )}
      <Textarea label={t('patients.labels.reason')} required maxLength={600} autosize minRows={2} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
    </Act>
  );
}
