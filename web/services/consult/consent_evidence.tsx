/** What shows that somebody consented: a drawn signature, a thumbprint with its witness, or the sheet of paper. */
import { Button, TextInput } from '@mantine/core';
import { useEffect, useRef, useState, type ChangeEvent } from 'react';
import { newId } from '../../api/http';
import { unsent, useUnsent } from '../../api/unsent';
import { useText } from '../../app/i18n';
import { errorText } from '../../ui/cards';
import { Icon } from '../../ui/icons';
import type { ConsentState } from './consent_state';
import { readyPhoto } from './photo';
import { OnItsWay } from './on_its_way';
import { SignaturePad } from './signature_pad';

/** Marks the upload that is the witness's: two signatures may be on their way at once. */
const kWitness = 'witness';

type Errors = (field: string) => string | undefined;
interface Props {
  caseId: string;
  number: string;
  value: ConsentState;
  set: (change: Partial<ConsentState>) => void;
  errors: Errors;
}

/** Uploads of one kind and title; as each arrives, its number goes to the form that waits for it. */
function useTaken(caseId: string, number: string, kind: string, title: string, onTaken: (n: number) => void) {
  const waiting = useUnsent(caseId).filter((one) => one.kind === kind && one.title === title);
  const arrived = waiting.find((one) => one.attachment !== undefined);
  useEffect(() => {
    if (!arrived || arrived.attachment === undefined) return;
    onTaken(arrived.attachment);
    void unsent.remove(arrived.id);
  }, [arrived?.id, arrived?.attachment]);
  const take = (blob: Blob) => void unsent.add({ id: newId(), caseId, number, kind, title, taken: new Date().toISOString(), contentType: blob.type, blob, wanted: true });
  return { waiting, take };
}

function Taken({ caseId, n, label, again, onAgain }: { caseId: string; n: number; label: string; again: string; onAgain: () => void }) {
  return (
    <div className="q-note q-note-ok q-between">
      <span className="q-row">
        <Icon name="check" /> {label}
        <img className="sg-small" src={`/flow/cases/${caseId}/attachments/${n}`} alt={label} />
      </span>
      <Button size="compact-sm" variant="default" onClick={onAgain}>
        {again}
      </Button>
    </div>
  );
}

function ErrorLine({ text }: { text: string | undefined }) {
  return text ? (
    <p className="q-critical q-small" role="alert">
      {text}
    </p>
  ) : null;
}

export function DrawnSignature({ caseId, number, n, title = '', prompt, label, error, onChange }: { caseId: string; number: string; n: number; title?: string; prompt: string; label: string; error: string | undefined; onChange: (n: number) => void }) {
  const t = useText();
  const { waiting, take } = useTaken(caseId, number, 'consent_signature', title, onChange);
  if (n > 0) return <Taken caseId={caseId} n={n} label={label} again={t('consult.consent.again')} onAgain={() => onChange(0)} />;
  const first = waiting[0];
  if (first) {
    return (
      <div className="q-note q-note-warning">
        <OnItsWay item={first} />
      </div>
    );
  }
  return (
    <>
      <SignaturePad prompt={prompt} onTake={take} />
      <ErrorLine text={error} />
    </>
  );
}

/** A picture from the camera or a file; PDF too where `pdf` says so. */
function Pick({ label, icon, capture = false, pdf = false, multiple = false, onFiles }: { label: string; icon: 'camera' | 'image'; capture?: boolean; pdf?: boolean; multiple?: boolean; onFiles: (files: File[]) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const change = (event: ChangeEvent<HTMLInputElement>) => {
    const files = [...(event.currentTarget.files ?? [])];
    event.currentTarget.value = '';
    onFiles(files);
  };
  return (
    <>
      <Button variant="default" leftSection={<Icon name={icon} size={16} />} onClick={() => input.current?.click()}>
        {label}
      </Button>
      <input ref={input} type="file" hidden aria-label={label} accept={pdf ? 'image/*,application/pdf' : 'image/*'} multiple={multiple} {...(capture ? { capture: 'environment' as const } : {})} onChange={change} />
    </>
  );
}

const ready = async (file: File): Promise<Blob> => (file.type === 'application/pdf' ? file : (await readyPhoto(file)).blob);

export function Thumbprint({ caseId, number, value, set, errors }: Props) {
  const t = useText();
  const [pad, setPad] = useState(false);
  const [failed, setFailed] = useState<unknown>();
  const print = useTaken(caseId, number, 'consent_print', '', (n) => set({ print: n }));
  const { witness } = value;
  const setWitness = (change: Partial<ConsentState['witness']>) => set({ witness: { ...witness, ...change } });
  const pick = (files: File[]) => {
    setFailed(undefined);
    const first = files[0];
    if (first) ready(first).then(print.take, setFailed);
  };
  const waiting = print.waiting[0];
  return (
    <>
      <h3>{t('consult.consent.print.title')}</h3>
      {value.print > 0 ? (
        <Taken caseId={caseId} n={value.print} label={t('consult.consent.print.taken')} again={t('consult.consent.print.again')} onAgain={() => set({ print: 0 })} />
      ) : waiting ? (
        <div className="q-note q-note-warning">
          <OnItsWay item={waiting} />
        </div>
      ) : (
        <>
          <p className="q-small q-dim">{t('consult.consent.print.help')}</p>
          <div className="q-actions">
            <Pick label={t('consult.photo.take')} icon="camera" capture onFiles={pick} />
            <Pick label={t('consult.photo.choose')} icon="image" onFiles={pick} />
            <Button variant="default" aria-expanded={pad} onClick={() => setPad(!pad)}>
              {t('consult.consent.print.pad')}
            </Button>
          </div>
          {pad && <SignaturePad prompt={t('consult.consent.print.touch')} onTake={print.take} touch />}
          <ErrorLine text={failed === undefined ? errors('consent.print') : errorText(failed)} />
        </>
      )}
      <h3>{t('consult.consent.witness.title')}</h3>
      <p className="q-small q-dim">{t('consult.consent.witness.help')}</p>
      <TextInput label={t('consult.consent.witness.name')} required maxLength={80} value={witness.name} onChange={(event) => setWitness({ name: event.currentTarget.value })} error={errors('consent.witness.name')} />
      <TextInput label={t('consult.consent.witness.relation')} required maxLength={40} value={witness.relation} onChange={(event) => setWitness({ relation: event.currentTarget.value })} error={errors('consent.witness.relation')} />
      <DrawnSignature caseId={caseId} number={number} n={witness.signature} title={kWitness} prompt={t('consult.consent.witness.draw')} label={t('consult.consent.witness.signed')} error={errors('consent.witness.signature')} onChange={(n) => setWitness({ signature: n })} />
    </>
  );
}

export function PaperSheet({ caseId, number, receiver, value, set, errors }: Props & { receiver: string }) {
  const t = useText();
  const [failed, setFailed] = useState<unknown>();
  const sheets = useTaken(caseId, number, 'consent_paper', '', (n) => set({ paper: [...value.paper, n] }));
  const pick = async (files: File[]) => {
    setFailed(undefined);
    for (const file of files.slice(0, 6 - value.paper.length - sheets.waiting.length)) await ready(file).then(sheets.take, setFailed);
  };
  return (
    <>
      <p className="q-small q-dim">{t('consult.consent.paper.help')}</p>
      <div className="q-actions">
        <Button component="a" href={`/flow/cases/${caseId}/consent-sheet.pdf?${new URLSearchParams({ receiver })}`} target="_blank" rel="noreferrer" variant="default" leftSection={<Icon name="file" size={16} />}>
          {t('consult.consent.paper.print')}
        </Button>
        <Pick label={t('consult.consent.paper.photo')} icon="camera" capture onFiles={(files) => void pick(files)} />
        <Pick label={t('consult.consent.paper.file')} icon="image" pdf multiple onFiles={(files) => void pick(files)} />
      </div>
      {sheets.waiting.map((one) => (
        <div key={one.id} className="q-note q-note-warning">
          <OnItsWay item={one} />
        </div>
      ))}
      {value.paper.length > 0 && (
        <ul className="q-list q-stack-tight" aria-label={t('consult.consent.paper.sheets')}>
          {value.paper.map((n, index) => (
            <li key={n} className="q-note q-note-ok q-between">
              <a href={`/flow/cases/${caseId}/attachments/${n}`} target="_blank" rel="noreferrer">
                {t('consult.consent.paper.sheet', { count: index + 1 })}
              </a>
              <Button size="compact-sm" variant="default" onClick={() => set({ paper: value.paper.filter((one) => one !== n) })}>
                {t('consult.material.remove')}
              </Button>
            </li>
          ))}
        </ul>
      )}
      <ErrorLine text={failed === undefined ? errors('consent.paper') : errorText(failed)} />
    </>
  );
}
