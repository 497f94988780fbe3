/** How one person is reached away from the screen; the same form for oneself and for the security administrator. */
import { Button, NativeSelect, Switch, TextInput } from '@mantine/core';
import { useId, useState, type FormEvent } from 'react';
import { invalidate } from '../../api/cache';
import { ApiError } from '../../api/http';
import { kChannels, saveContact, type Channel, type Contact } from '../../api/notify';
import { useText } from '../../app/i18n';
import { ErrorCard } from '../../ui/cards';
import { formatDateTime, nameIn } from '../../ui/format';

const kQuiet = { from: '22:00', to: '07:00' };

export function ContactForm({ start, practitioner, onSaved }: { start: Contact; practitioner?: string; onSaved: () => void }) {
  const t = useText();
  const id = useId();
  const [form, setForm] = useState(start);
  const [busy, setBusy] = useState(false);
  const [saved, setSaved] = useState(false);
  const [error, setError] = useState<unknown>();
  const set = (change: Partial<Contact>) => {
    setSaved(false);
    setForm({ ...form, ...change });
  };
  const wrong = new Set(error instanceof ApiError ? error.details.map((detail) => detail.field) : []);
  const problem = (field: string) => (wrong.has(field) ? t(`contact.${field}_wrong`) : undefined);
  const save = (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    saveContact(form, practitioner)
      .then((kept) => {
        setForm(kept);
        setSaved(true);
        invalidate(practitioner ? `contact:${practitioner}` : 'contact');
        onSaved();
      }, setError)
      .finally(() => setBusy(false));
  };
  return (
    <form className="q-stack" onSubmit={save}>
      <div className="q-grid-2">
        <TextInput type="tel" autoComplete="tel" label={t('contact.phone')} description={t('contact.phone_help')} maxLength={40} value={form.phone} error={problem('phone')} onChange={(event) => set({ phone: event.currentTarget.value })} />
        <TextInput type="email" autoComplete="email" label={t('contact.email')} description={t('contact.email_help')} maxLength={254} value={form.email} error={problem('email')} onChange={(event) => set({ email: event.currentTarget.value })} />
      </div>
      <div className="q-stack-tight" role="group" aria-labelledby={`${id}-order`}>
        <p className="q-strong" id={`${id}-order`}>
          {t('contact.order')}
        </p>
        <p className="q-small q-dim">{t('contact.order_help')}</p>
        <Order chosen={form.channels} onChange={(channels) => set({ channels })} />
      </div>
      <div className="q-grid-2">
        <NativeSelect label={t('contact.language')} value={form.language} onChange={(event) => set({ language: event.currentTarget.value as Contact['language'] })} data={[{ value: 'zh', label: t('contact.language.zh') }, { value: 'en', label: t('contact.language.en') }]} />
      </div>
      <Switch label={t('contact.quiet')} description={t('contact.quiet_help')} checked={form.quiet !== null} onChange={(event) => set({ quiet: event.currentTarget.checked ? kQuiet : null })} />
      {form.quiet && (
        <div className="q-row">
          <TextInput type="time" label={t('contact.quiet_from')} required value={form.quiet.from} error={problem('quiet')} onChange={(event) => set({ quiet: { from: event.currentTarget.value, to: form.quiet?.to ?? kQuiet.to } })} />
          <TextInput type="time" label={t('contact.quiet_to')} required value={form.quiet.to} onChange={(event) => set({ quiet: { to: event.currentTarget.value, from: form.quiet?.from ?? kQuiet.from } })} />
        </div>
      )}
      {error !== undefined && wrong.size === 0 && <ErrorCard error={error} />}
      <div className="q-actions">
        <Button type="submit" loading={busy}>
          {t('app.save')}
        </Button>
        {saved && (
          <span className="q-ok" role="status">
            {t('app.saved')}
          </span>
        )}
      </div>
      {form.changed && <p className="q-small q-dim">{t('contact.changed', { time: formatDateTime(form.changed), name: nameIn({ name: form.changedBy ?? '', nameEn: form.changedByEn }) })}</p>}
    </form>
  );
}

/** Ticked ones in the order in which they were ticked; none ticked = as the centre does it. */
function Order({ chosen, onChange }: { chosen: Channel[]; onChange: (channels: Channel[]) => void }) {
  const t = useText();
  return (
    <div className="q-row">
      {kChannels.map((channel) => {
        const place = chosen.indexOf(channel);
        return (
          <Button key={channel} type="button" size="sm" variant={place >= 0 ? 'filled' : 'default'} aria-pressed={place >= 0} onClick={() => onChange(place >= 0 ? chosen.filter((one) => one !== channel) : [...chosen, channel])}>
            {place >= 0 ? `${place + 1}. ` : ''}
            {t(`app.channel.${channel}`)}
          </Button>
        );
      })}
    </div>
  );
}
