/** The own institution's card, kept by the clinic itself. */
import { Button, Textarea, TextInput } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useQuery } from '../../api/cache';
import { readClinicCard, saveClinicCard } from '../../api/flow';
import { ApiError } from '../../api/http';
import { useText } from '../../app/i18n';
import { useTitle } from '../../app/title';
import { Busy, ErrorCard } from '../../ui/cards';

const linesOf = (text: string) => text.split('\n').map((line) => line.trim()).filter(Boolean).slice(0, 200);

export default function ClinicCardPage() {
  const t = useText();
  useTitle(t('app.nav.clinic_card'));
  const query = useQuery('clinic-card', readClinicCard);
  const none = query.error instanceof ApiError && query.error.status === 404;
  const [form, setForm] = useState<{ drugs: string; devices: string; transport: string; phone: string }>();
  const [busy, setBusy] = useState(false);
  const [saved, setSaved] = useState(false);
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    if (form) return;
    if (query.data) setForm({ drugs: query.data.drugs.join('\n'), devices: query.data.devices.join('\n'), transport: query.data.transport ?? '', phone: query.data.phone ?? '' });
    else if (none) setForm({ drugs: '', devices: '', transport: '', phone: '' });
  }, [query.data, none, form]);
  const set = (name: 'drugs' | 'devices' | 'transport' | 'phone') => (event: { currentTarget: { value: string } }) => {
    const { value } = event.currentTarget;
    setSaved(false);
    setForm((before) => (before ? { ...before, [name]: value } : before));
  };
  const save = async () => {
    if (!form) return;
    setBusy(true);
    setError(undefined);
    try {
      await saveClinicCard({ drugs: linesOf(form.drugs), devices: linesOf(form.devices), transport: form.transport.trim(), phone: form.phone.trim() });
      setSaved(true);
      query.reload();
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="q-page q-page-narrow">
      <h1>{t('app.nav.clinic_card')}</h1>
      <p className="q-dim">{t('consult.card.explain')}</p>
      {query.error && !none && <ErrorCard error={query.error} onRetry={query.reload} />}
      {!form && !query.error && <Busy />}
      {form && (
        <form
          className="q-card q-stack"
          onSubmit={(event) => {
            event.preventDefault();
            void save();
          }}
        >
          <Textarea label={t('consult.card.drugs')} description={t('consult.card.one_a_line')} rows={6} value={form.drugs} onChange={set('drugs')} />
          <Textarea label={t('consult.card.devices')} description={t('consult.card.one_a_line')} rows={5} value={form.devices} onChange={set('devices')} />
          <Textarea label={t('consult.card.transport')} description={t('consult.card.transport_help')} rows={2} maxLength={500} value={form.transport} onChange={set('transport')} />
          <TextInput type="tel" label={t('consult.card.phone')} maxLength={40} value={form.phone} onChange={set('phone')} />
          {error !== undefined && <ErrorCard error={error} />}
          {saved && (
            <p className="q-ok" role="status">
              {t('app.saved')}
            </p>
          )}
          <Button type="submit" loading={busy}>
            {t('app.save')}
          </Button>
        </form>
      )}
    </div>
  );
}
