import { NativeSelect, Textarea } from '@mantine/core';
import { useQuery } from '../../api/cache';
import { readReceivers } from '../../api/directory';
import { readContracts } from '../../api/people';
import type { Urgency } from '../../api/flow';
import { useText } from '../../app/i18n';
import { useSession } from '../../app/session';
import { ErrorCard } from '../../ui/cards';
import { Choice } from '../../ui/choice';
import { formatMoney, nameIn } from '../../ui/format';
import { kPurposes, kRanks, kUrgencies, type RequestState } from './request_form';
import { useDeadlineText } from '../cases/deadlines';
import { useSpecialties } from '../cases/packs';

const detailOf = (detail: string | undefined) => (detail ? { detail } : {});

export function QuestionForm({ state, set, errors }: { state: RequestState; set: (change: Partial<RequestState>) => void; errors: (field: string) => string | undefined }) {
  const t = useText();
  const specialties = useSpecialties();
  const deadlineText = useDeadlineText('consult');
  const urgencyHelp = (one: Urgency) => (one === 'routine' ? deadlineText('consult.urgency_help.routine', { check: 'check', arrange: 'arrange', done: 'done' }) : t(`consult.urgency_help.${one}`));
  const receivers = useQuery('receivers', readReceivers);
  return (
    <div className="q-card q-stack">
      <NativeSelect
        label={t('consult.field.receiver')}
        required
        value={state.receiver}
        onChange={(event) => set({ receiver: event.currentTarget.value })}
        data={[{ value: '', label: t('consult.choose') }, ...(receivers.data ?? []).map((one) => ({ value: one.reference, label: nameIn(one) }))]}
        error={errors('receiver')}
      />
      <Fee receiver={state.receiver} />
      {receivers.error && !receivers.data && <ErrorCard error={receivers.error} onRetry={receivers.reload} />}
      <Choice label={t('consult.field.purpose')} required value={state.purpose as '' | (typeof kPurposes)[number]} options={kPurposes.map((one) => ({ value: one, label: t(`consult.purpose.${one}`) }))} onChange={(purpose) => set({ purpose })} error={errors('purpose')} />
      <div className="q-grid-2">
        <NativeSelect
          label={t('consult.field.specialty')}
          required
          value={state.specialty}
          onChange={(event) => set({ specialty: event.currentTarget.value })}
          data={[{ value: '', label: t('consult.choose') }, ...specialties.codes.map((one) => ({ value: one.code, label: specialties.nameOf(one) }))]}
          error={errors('specialty')}
        />
        <NativeSelect label={t('consult.field.rank')} value={state.rank} onChange={(event) => set({ rank: event.currentTarget.value })} data={kRanks.map((one) => ({ value: one, label: t(`consult.rank.${one}`) }))} />
      </div>
      {specialties.error !== undefined && specialties.codes.length === 0 && <ErrorCard error={specialties.error} onRetry={specialties.reload} />}
      <Choice<Urgency>
        label={t('consult.field.urgency')}
        required
        value={state.urgency}
        options={kUrgencies.map((one) => ({ value: one, label: t(`app.urgency.${one}`), ...detailOf(urgencyHelp(one)), ...(one === 'emergency' ? { tone: 'critical' as const } : one === 'urgent' ? { tone: 'warning' as const } : {}) }))}
        onChange={(urgency) => set({ urgency })}
        error={errors('urgency')}
      />
      <Textarea label={t('consult.field.summary')} description={t('consult.field.summary_help')} required autosize minRows={5} maxRows={20} maxLength={20_000} value={state.summary} onChange={(event) => set({ summary: event.currentTarget.value })} error={errors('summary')} />
      <Textarea label={t('consult.field.question')} description={t('consult.field.question_help')} required autosize minRows={3} maxRows={10} maxLength={5000} value={state.question} onChange={(event) => set({ question: event.currentTarget.value })} error={errors('question')} />
    </div>
  );
}

/** What the contract says that a case costs: known before anybody consents or signs. */
function Fee({ receiver }: { receiver: string }) {
  const t = useText();
  const session = useSession();
  const contracts = useQuery('contracts', readContracts);
  const own = new Set(session.memberships.map((one) => one.organisation.resource));
  const contract = (contracts.data ?? []).find((one) => one.service === 'consult' && one.to.resource === receiver && own.has(one.from.resource));
  if (contracts.error && !contracts.data) return <ErrorCard error={contracts.error} onRetry={contracts.reload} />;
  if (!contract) return null;
  return (
    <p className="q-small" data-fee={contract.feeMinor}>
      {contract.feeMinor === 0 ? t('consult.fee.free') : t('consult.fee.price', { amount: formatMoney(contract.feeMinor, contract.currency) })}
    </p>
  );
}
