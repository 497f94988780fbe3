/** What the security administrator does with certificates: each act in a dialog, after a proof. */
import { Button, Checkbox, FileButton, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useQuery } from '../../api/cache';
import { certificateRequest, giveRevocationList, importCertificate, removeAuthority, revokeKey, setSeal, signBuiltIn, trustAuthority, type Authority, type Certificates, type SigningKey } from '../../api/certificates';
import { readMembers, readOrganisations } from '../../api/people';
import { useText } from '../../app/i18n';
import { Dialog } from '../../ui/dialog';
import { nameIn } from '../../ui/format';
import { ActForm } from './add_factor';
import { ProveGate } from './prove_gate';

type Seal = Certificates['seals'][number];
export type Open =
  | { what: 'request' | 'import' | 'built_in'; holder?: string }
  | { what: 'trust' }
  | { what: 'revoke'; key: SigningKey }
  | { what: 'list' | 'distrust'; authority: Authority }
  | { what: 'seal'; known?: Seal };

const kMeanings = ['opinion', 'amendment', 'part', 'request', 'approval', 'receipt'] as const;
const kPemBegins = '-----BEGIN CERTIFICATE-----';
const kSigners = ['doctor', 'expert'];
const kTitle = { request: 'request', import: 'import', built_in: 'use_built_in', trust: 'trust', revoke: 'revoke', list: 'give_list', distrust: 'distrust', seal: 'add_seal' } as const;

/** Hands a text to the person as a file. */
export function saveText(name: string, text: string) {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/x-pem-file' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

export function CertificateDialog({ open, onClose }: { open: Open; onClose: () => void }) {
  const t = useText();
  return (
    <Dialog title={t(`certificates.${kTitle[open.what]}`)} onClose={onClose}>
      <ProveGate>
        {open.what === 'request' && <Request known={open.holder ?? ''} onClose={onClose} />}
        {open.what === 'import' && <Import known={open.holder ?? ''} onDone={onClose} />}
        {open.what === 'built_in' && (
          <ActForm submit={t('certificates.use_built_in')} run={async () => (await signBuiltIn(open.holder ?? ''), onClose())}>
            <p>{t('certificates.use_built_in_explain')}</p>
          </ActForm>
        )}
        {open.what === 'trust' && <Trust onDone={onClose} />}
        {open.what === 'revoke' && <Revoke signer={open.key} onDone={onClose} />}
        {open.what === 'list' && <List authority={open.authority} onDone={onClose} />}
        {open.what === 'distrust' && (
          <ActForm submit={t('certificates.distrust')} run={async () => (await removeAuthority(open.authority.id), onClose())}>
            <p>{t('certificates.distrust_explain', { name: open.authority.name })}</p>
          </ActForm>
        )}
        {open.what === 'seal' && <SealForm {...(open.known ? { known: open.known } : {})} onDone={onClose} />}
      </ProveGate>
    </Dialog>
  );
}

/** A person who signs, or an institution's seal. */
function HolderField({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const t = useText();
  const people = useQuery('people', readMembers);
  const organisations = useQuery('organisations', readOrganisations);
  const signers = [...new Map((people.data ?? []).filter((one) => kSigners.includes(one.role)).map((one) => [one.practitioner, one])).values()];
  return (
    <NativeSelect
      label={t('certificates.whose')}
      required
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      data={[
        { value: '', label: t('security.choose') },
        { group: t('certificates.people'), items: signers.map((one) => ({ value: one.practitioner, label: `${nameIn(one)} · ${nameIn(one.organisation)}` })) },
        { group: t('certificates.seals'), items: (organisations.data ?? []).map((one) => ({ value: one.resource, label: nameIn(one) })) },
      ]}
    />
  );
}

/** Pasted, or read from a file. */
function PemField({ label, value, onChange }: { label: string; value: string; onChange: (value: string) => void }) {
  const t = useText();
  return (
    <div className="q-stack-tight">
      <Textarea label={label} required rows={6} maxLength={60_000} spellCheck={false} classNames={{ input: 'cert-pem' }} placeholder={kPemBegins} value={value} onChange={(event) => onChange(event.currentTarget.value)} />
      <FileButton accept=".pem,.crt,.cer,.txt" onChange={(file) => void file?.text().then(onChange)}>
        {(props) => (
          <Button {...props} size="compact-md" variant="default" className="cert-file">
            {t('certificates.from_file')}
          </Button>
        )}
      </FileButton>
    </div>
  );
}

function Request({ known, onClose }: { known: string; onClose: () => void }) {
  const t = useText();
  const [holder, setHolder] = useState(known);
  const [saved, setSaved] = useState('');
  const run = async () => {
    const { pem, subject } = await certificateRequest(holder);
    const name = `${subject.replace('/', '-')}.csr`;
    saveText(name, pem);
    setSaved(name);
  };
  if (saved) {
    return (
      <div className="q-stack">
        <p role="status">{t('certificates.request_saved', { name: saved })}</p>
        <div>
          <Button onClick={onClose}>{t('app.close')}</Button>
        </div>
      </div>
    );
  }
  return (
    <ActForm submit={t('certificates.request')} run={run}>
      <p>{t('certificates.request_explain')}</p>
      <HolderField value={holder} onChange={setHolder} />
    </ActForm>
  );
}

function Import({ known, onDone }: { known: string; onDone: () => void }) {
  const t = useText();
  const [holder, setHolder] = useState(known);
  const [pem, setPem] = useState('');
  return (
    <ActForm submit={t('certificates.import')} run={async () => (await importCertificate(holder, pem), onDone())}>
      <p>{t('certificates.import_explain')}</p>
      <HolderField value={holder} onChange={setHolder} />
      <PemField label={t('certificates.pem')} value={pem} onChange={setPem} />
    </ActForm>
  );
}

function Trust({ onDone }: { onDone: () => void }) {
  const t = useText();
  const [form, setForm] = useState({ name: '', licensed: false, pem: '' });
  return (
    <ActForm submit={t('certificates.trust')} run={async () => (await trustAuthority(form.name, form.licensed, form.pem), onDone())}>
      <p>{t('certificates.trust_explain')}</p>
      <TextInput label={t('certificates.authority_name')} required maxLength={60} value={form.name} onChange={(event) => setForm({ ...form, name: event.currentTarget.value })} />
      <PemField label={t('certificates.authority_pem')} value={form.pem} onChange={(pem) => setForm({ ...form, pem })} />
      <Checkbox label={t('certificates.is_licensed')} description={t('certificates.is_licensed_help')} checked={form.licensed} onChange={(event) => setForm({ ...form, licensed: event.currentTarget.checked })} />
    </ActForm>
  );
}

function Revoke({ signer, onDone }: { signer: SigningKey; onDone: () => void }) {
  const t = useText();
  const [reason, setReason] = useState('');
  const [from, setFrom] = useState('');
  return (
    <ActForm submit={t('certificates.revoke')} run={async () => (await revokeKey(signer.id, reason, from ? new Date(from).toISOString() : undefined), onDone())}>
      <p>{t('certificates.revoke_explain', { name: nameIn(signer.holder) })}</p>
      <Textarea label={t('certificates.reason')} required maxLength={60} autosize minRows={2} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
      <TextInput type="datetime-local" label={t('certificates.from')} description={t('certificates.from_help')} value={from} onChange={(event) => setFrom(event.currentTarget.value)} />
    </ActForm>
  );
}

const base64 = async (file: File) => {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
};

function List({ authority, onDone }: { authority: Authority; onDone: () => void }) {
  const t = useText();
  const [file, setFile] = useState<File | null>(null);
  const run = async () => {
    if (!file) return;
    const text = await file.text();
    await giveRevocationList(authority.id, text.includes('-----BEGIN') ? text : await base64(file));
    onDone();
  };
  return (
    <ActForm submit={t('certificates.give_list')} run={run}>
      <p>{t('certificates.list_explain', { name: authority.name })}</p>
      <div className="q-row">
        <FileButton accept=".crl,.pem,.der" onChange={setFile}>
          {(props) => (
            <Button {...props} variant="default">
              {t('certificates.choose_list')}
            </Button>
          )}
        </FileButton>
        <span className="q-small">{file?.name ?? t('certificates.no_file')}</span>
      </div>
    </ActForm>
  );
}

function SealForm({ known, onDone }: { known?: Seal; onDone: () => void }) {
  const t = useText();
  const organisations = useQuery('organisations', readOrganisations);
  const [organisation, setOrganisation] = useState(known?.organisation.resource ?? '');
  const [meanings, setMeanings] = useState<string[]>(known?.meanings ?? ['opinion', 'amendment']);
  return (
    <ActForm submit={t(known && meanings.length === 0 ? 'certificates.end_seal' : 'app.save')} run={async () => (await setSeal(organisation, meanings), onDone())}>
      <p>{t('certificates.seal_explain')}</p>
      <NativeSelect
        label={t('certificates.institution')}
        required
        disabled={known !== undefined}
        value={organisation}
        onChange={(event) => setOrganisation(event.currentTarget.value)}
        data={[{ value: '', label: t('security.choose') }, ...(organisations.data ?? []).map((one) => ({ value: one.resource, label: nameIn(one) }))]}
      />
      <Checkbox.Group label={t('certificates.sealed')} value={meanings} onChange={setMeanings}>
        <div className="q-stack-tight">
          {kMeanings.map((meaning) => (
            <Checkbox key={meaning} value={meaning} label={t(`certificates.meaning.${meaning}`)} />
          ))}
        </div>
      </Checkbox.Group>
    </ActForm>
  );
}
