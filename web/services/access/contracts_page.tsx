/** Who may ask whom, at which price and within which time: kept by the institution that gives the service. */
import { Button, NativeSelect, NumberInput, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useQuery } from '../../api/cache';
import { addContract, endContract, readContracts, readOrganisations, type Contract } from '../../api/people';
import { textOr, useText } from '../../app/i18n';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { Answered, EmptyCard } from '../../ui/cards';
import { formatDate, formatDuration, formatMoney, nameIn } from '../../ui/format';
import { Icon } from '../../ui/icons';
import { Act } from '../../ui/act_dialog';

const kClocks = ['check', 'arrange', 'done', 'opinion'] as const;
const kMinuteMs = 60_000;

export default function ContractsPage() {
  const t = useText();
  const session = useSession();
  useTitle(t('app.nav.contracts'));
  const query = useQuery('contracts', readContracts);
  const [open, setOpen] = useState<Contract | 'new'>();
  const [ending, setEnding] = useState<Contract>();
  const managed = session.memberships.filter((one) => one.role === 'centre_manager').map((one) => one.organisation?.resource ?? '');
  const done = () => {
    setOpen(undefined);
    setEnding(undefined);
    query.reload();
  };
  return (
    <div className="q-page">
      <div className="q-between">
        <h1>{t('app.nav.contracts')}</h1>
        {managed.length > 0 && (
          <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setOpen('new')}>
            {t('people.contract.add')}
          </Button>
        )}
      </div>
      <p className="q-dim">{t('people.contract.explain')}</p>
      <Answered query={query}>
        {(contracts) =>
          contracts.length === 0 ? (
            <EmptyCard title={t('people.contract.none')}>{t('people.contract.none_help')}</EmptyCard>
          ) : (
            <div className="q-card q-card-flush q-scroll-x">
              <table className="q-table q-table-cards">
                <thead>
                  <tr>
                    <th>{t('people.contract.from')}</th>
                    <th>{t('people.contract.to')}</th>
                    <th>{t('people.contract.fee')}</th>
                    <th>{t('people.contract.deadlines')}</th>
                    <th>{t('people.contract.valid')}</th>
                    <th>
                      <span className="q-visually-hidden">{t('people.contract.change')}</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {contracts.map((one) => (
                    <tr key={one.id}>
                      <td data-label={t('people.contract.from')}>{nameIn(one.from)}</td>
                      <td data-label={t('people.contract.to')}>{nameIn(one.to)}</td>
                      <td className="q-num" data-label={t('people.contract.fee')}>{one.feeMinor === 0 ? t('people.contract.free') : formatMoney(one.feeMinor, one.currency)}</td>
                      <td className="q-small" data-label={t('people.contract.deadlines')}>
                        {Object.entries(one.deadlines).map(([clock, minutes]) => `${textOr(`consult.clock.${clock}`, clock)}: ${formatDuration(minutes * kMinuteMs)}`).join(t('app.semicolon')) || t('people.contract.pack')}
                      </td>
                      <td className="q-small" data-label={t('people.contract.valid')}>
                        {formatDate(one.validFrom)} – {one.validTo ? formatDate(one.validTo) : t('people.contract.open_end')}
                      </td>
                      <td>
                        {managed.includes(one.to.resource) && (
                          <span className="q-row">
                            <Button size="compact-sm" variant="default" onClick={() => setOpen(one)}>
                              {t('people.contract.change')}
                            </Button>
                            <Button size="compact-sm" variant="subtle" onClick={() => setEnding(one)}>
                              {t('people.contract.end')}
                            </Button>
                          </span>
                        )}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Answered>
      {open && <EditContract contract={open === 'new' ? undefined : open} givers={managed} onClose={() => setOpen(undefined)} onDone={done} />}
      {ending && (
        <Act title={t('people.contract.end')} submit={t('people.contract.end')} run={() => endContract(ending.id)} onClose={() => setEnding(undefined)} onDone={done}>
          <p>{t('people.contract.end_explain', { from: nameIn(ending.from), to: nameIn(ending.to) })}</p>
        </Act>
      )}
    </div>
  );
}

function EditContract({ contract, givers, onClose, onDone }: { contract: Contract | undefined; givers: readonly string[]; onClose: () => void; onDone: () => void }) {
  const t = useText();
  const organisations = useQuery('organisations', readOrganisations);
  const [form, setForm] = useState({ from: contract?.from.resource ?? '', to: contract?.to.resource ?? givers[0] ?? '', fee: (contract?.feeMinor ?? 0) / 100, ends: contract?.validTo?.slice(0, 10) ?? '' });
  const [hours, setHours] = useState<Record<string, number | ''>>(Object.fromEntries(kClocks.map((clock) => [clock, contract?.deadlines[clock] === undefined ? '' : contract.deadlines[clock] / 60])));
  const named = (list: readonly { resource: string; name: string; nameEn?: string }[]) => [{ value: '', label: t('people.choose') }, ...list.map((one) => ({ value: one.resource, label: nameIn(one) }))];
  const run = () =>
    addContract({
      from: form.from,
      to: form.to,
      service: 'consult',
      feeMinor: Math.round(form.fee * 100),
      ...(form.ends ? { ends: new Date(`${form.ends}T23:59:59`).toISOString() } : {}),
      deadlines: Object.fromEntries(Object.entries(hours).flatMap(([clock, value]) => (value === '' ? [] : [[clock, Math.round(value * 60)]]))),
    });
  return (
    <Act title={contract ? t('people.contract.change') : t('people.contract.add')} submit={t('app.save')} run={run} onClose={onClose} onDone={onDone}>
      <NativeSelect label={t('people.contract.from')} required disabled={contract !== undefined} value={form.from} onChange={(event) => setForm({ ...form, from: event.currentTarget.value })} data={named((organisations.data ?? []).filter((one) => one.resource !== form.to))} />
      <NativeSelect label={t('people.contract.to')} required disabled={contract !== undefined || givers.length === 1} value={form.to} onChange={(event) => setForm({ ...form, to: event.currentTarget.value })} data={named((organisations.data ?? []).filter((one) => givers.includes(one.resource)))} />
      <NumberInput label={t('people.contract.fee')} description={t('people.contract.fee_help')} min={0} max={1_000_000} decimalScale={2} value={form.fee} onChange={(fee) => setForm({ ...form, fee: Number(fee) || 0 })} />
      <fieldset className="c-choice">
        <legend className="c-legend">{t('people.contract.deadlines_hours')}</legend>
        <p className="q-small q-dim">{t('people.contract.deadlines_help')}</p>
        <div className="q-grid-2">
          {kClocks.map((clock) => (
            <NumberInput key={clock} label={textOr(`consult.clock.${clock}`, clock)} min={0.25} max={2160} step={1} decimalScale={2} value={hours[clock] ?? ''} onChange={(value) => setHours({ ...hours, [clock]: value === '' ? '' : Number(value) })} />
          ))}
        </div>
      </fieldset>
      <TextInput label={t('people.contract.ends')} type="date" value={form.ends} onChange={(event) => setForm({ ...form, ends: event.currentTarget.value })} />
    </Act>
  );
}
