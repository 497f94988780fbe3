/** Sensitivity labels of one case, and what of the record's labelled material its experts may see. */
import { Button, Checkbox, Textarea } from '@mantine/core';
import { useState } from 'react';
import { invalidate, useQuery } from '../../api/cache';
import type { CaseView } from '../../api/flow';
import { kLabels, labelCase, readRights } from '../../api/sensitive';
import { useText } from '../../app/i18n';
import { useSession } from '../../app/session';
import { Act } from '../../ui/act_dialog';
import './labels.css';

const toggled = (list: string[], one: string, on: boolean) => (on ? [...list, one] : list.filter((other) => other !== one));

export function CaseLabels({ case: view }: { case: CaseView }) {
  const t = useText();
  const session = useSession();
  const [open, setOpen] = useState(false);
  const [labels, setLabels] = useState<string[]>([]);
  const [reason, setReason] = useState('');
  const may = session.memberships.some((one) => ['doctor', 'nurse', 'technician'].includes(one.role) && one.organisation.resource === view.from?.reference);
  const shown = view.labels ?? [];
  if (!may && shown.length === 0) return null;
  return (
    <section className="q-card q-stack-tight">
      <h2>{t('sensitive.case.title')}</h2>
      <p className="q-row">{shown.length === 0 ? <span className="q-dim">{t('sensitive.case.none')}</span> : shown.map((code) => <span key={code} className="q-chip q-chip-warning">{t(`sensitive.label.${code}`)}</span>)}</p>
      {may && (
        <div>
          <Button
            size="compact-md"
            variant="default"
            onClick={() => {
              setLabels(shown);
              setReason('');
              setOpen(true);
            }}
          >
            {t('sensitive.case.change')}
          </Button>
        </div>
      )}
      {open && (
        <Act
          title={t('sensitive.case.change')}
          submit={t('sensitive.case.keep')}
          run={() => labelCase(view.case, labels, reason)}
          onClose={() => setOpen(false)}
          onDone={() => {
            setOpen(false);
            invalidate('');
          }}
        >
          <p className="q-small">{t('sensitive.case.explain')}</p>
          <fieldset className="c-choice">
            <legend className="c-legend">{t('sensitive.case.which')}</legend>
            <div className="p-labels">
              {kLabels.map((code) => (
                <Checkbox key={code} label={t(`sensitive.label.${code}`)} checked={labels.includes(code)} onChange={(event) => setLabels(toggled(labels, code, event.currentTarget.checked))} />
              ))}
            </div>
          </fieldset>
          <Textarea label={t('sensitive.case.reason')} required maxLength={600} autosize minRows={2} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
        </Act>
      )}
    </section>
  );
}

/** In the request: nothing labelled is shown to those who answer unless the requester says so. */
export function LabelsShown({ patient, value, onChange }: { patient: string; value: string[]; onChange: (value: string[]) => void }) {
  const t = useText();
  const id = patient.replace('Patient/', '');
  const rights = useQuery(`rights:${id}`, (signal) => readRights(id, signal));
  const whole = rights.data?.labels ?? [];
  const known = [...new Set([...whole, ...(rights.data?.present ?? [])])];
  if (known.length === 0) return null;
  return (
    <section className="q-card q-stack-tight">
      <h2>{t('sensitive.case.show_title')}</h2>
      <p className="q-small">{t(whole.length > 0 ? 'sensitive.case.show_whole' : 'sensitive.case.show_part')}</p>
      {known.map((code) => (
        <Checkbox key={code} label={t('sensitive.case.show', { label: t(`sensitive.label.${code}`) })} checked={value.includes(code)} onChange={(event) => onChange(toggled(value, code, event.currentTarget.checked))} />
      ))}
    </section>
  );
}
