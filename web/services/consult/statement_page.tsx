/** What is owed between institutions: one list a pair and month, each fee with its case; never a reason to stop a case. */
import { Button, Textarea } from '@mantine/core';
import { useMemo, useState } from 'react';
import { Link } from 'react-router';
import { useQuery } from '../../api/cache';
import { readStatement, setFee, type FeeLine } from '../../api/flow';
import { useText } from '../../app/i18n';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { Answered, EmptyCard, ErrorCard } from '../../ui/cards';
import { saveCsv } from '../../ui/csv';
import { Dialog } from '../../ui/dialog';
import { formatDate, formatMoney, nameIn } from '../../ui/format';
import { MonthPicker, monthOf, useMonth } from '../../ui/month';

export default function StatementPage() {
  const t = useText();
  const session = useSession();
  useTitle(t('app.nav.statement'));
  const [month, setMonth] = useMonth();
  const own = session.memberships.find((one) => ['centre_manager', 'coordinator', 'doctor'].includes(one.role));
  const organisation = own?.organisation?.resource ?? '';
  const span = useMemo(() => monthOf(month), [month]);
  const query = useQuery(organisation ? `statement:${organisation}:${month}` : undefined, (signal) => readStatement(organisation, span.from, span.until, signal));
  const [waiving, setWaiving] = useState<FeeLine>();
  const [failed, setFailed] = useState<unknown>();
  const change = (fee: FeeLine, state: FeeLine['state'], reason = '') => {
    setFailed(undefined);
    return setFee(fee.case, state, reason).then(query.reload, setFailed);
  };
  if (organisation === '') return <div className="q-page"><EmptyCard title={t('error.access.not_yours')} /></div>;
  return (
    <div className="q-page">
      <div className="q-between">
        <h1>{t('app.nav.statement')}</h1>
        <MonthPicker value={month} onChange={setMonth} />
      </div>
      <p className="q-dim">{t('consult.fee.explain')}</p>
      {failed !== undefined && <ErrorCard error={failed} />}
      <Answered query={query}>
        {(fees) => {
          if (fees.length === 0) return <EmptyCard title={t('consult.fee.none')}>{t('consult.fee.none_help')}</EmptyCard>;
          const pairs = new Map<string, FeeLine[]>();
          for (const fee of fees) pairs.set(`${fee.from.reference} ${fee.to.reference}`, [...(pairs.get(`${fee.from.reference} ${fee.to.reference}`) ?? []), fee]);
          return (
            <>
              <div className="q-actions">
                <Button variant="default" onClick={() => window.print()}>
                  {t('app.print')}
                </Button>
                <Button variant="default" onClick={() => saveCsv(`statement-${month}.csv`, [['number', 'from', 'to', 'signed', 'amount', 'state'].map((one) => t(`consult.fee.column.${one}`)), ...fees.map((fee) => [fee.number, nameIn(fee.from), nameIn(fee.to), formatDate(fee.signed), formatMoney(fee.amount_minor, fee.currency), t(`consult.fee.state.${fee.state}`)])])}>
                  {t('app.export_csv')}
                </Button>
              </div>
              {[...pairs.entries()].map(([key, list]) => (
                <Pair key={key} fees={list} mayChange={own?.role === 'centre_manager' && list[0]?.to.reference === organisation} onPaid={(fee) => void change(fee, 'paid')} onDue={(fee) => void change(fee, 'due')} onWaive={setWaiving} />
              ))}
            </>
          );
        }}
      </Answered>
      {waiving && <Waive fee={waiving} onClose={() => setWaiving(undefined)} onDone={(reason) => void change(waiving, 'waived', reason).then(() => setWaiving(undefined))} />}
    </div>
  );
}

function Pair({ fees, mayChange, onPaid, onDue, onWaive }: { fees: readonly FeeLine[]; mayChange: boolean; onPaid: (fee: FeeLine) => void; onDue: (fee: FeeLine) => void; onWaive: (fee: FeeLine) => void }) {
  const t = useText();
  const sum = (state: FeeLine['state']) => fees.filter((one) => one.state === state).reduce((total, one) => total + one.amount_minor, 0);
  const currency = fees[0]?.currency ?? 'CNY';
  return (
    <section className="q-card q-stack q-scroll-x">
      <h2>
        {nameIn(fees[0]?.from)} → {nameIn(fees[0]?.to)}
      </h2>
      <p className="q-row">
        {(['due', 'paid', 'waived'] as const).map((state) => (
          <span key={state} className="q-chip">
            {t(`consult.fee.state.${state}`)}: {formatMoney(sum(state), currency)}
          </span>
        ))}
      </p>
      <table className="q-table q-table-cards">
        <thead>
          <tr>
            <th>{t('consult.fee.column.number')}</th>
            <th>{t('consult.fee.column.signed')}</th>
            <th>{t('consult.fee.column.amount')}</th>
            <th>{t('consult.fee.column.state')}</th>
          </tr>
        </thead>
        <tbody>
          {fees.map((fee) => (
            <tr key={fee.case}>
              <td data-label={t('consult.fee.column.number')}>
                <Link to={`/app/consult/${fee.case}`}>{fee.number}</Link>
              </td>
              <td className="q-num" data-label={t('consult.fee.column.signed')}>{formatDate(fee.signed)}</td>
              <td className="q-num" data-label={t('consult.fee.column.amount')}>{formatMoney(fee.amount_minor, fee.currency)}</td>
              <td data-label={t('consult.fee.column.state')}>
                <span className="q-row">
                  {t(`consult.fee.state.${fee.state}`)}
                  {fee.reason && <span className="q-small q-dim">{fee.reason}</span>}
                  {mayChange && fee.state === 'due' && (
                    <>
                      <Button size="compact-sm" variant="default" onClick={() => onPaid(fee)}>
                        {t('consult.fee.mark_paid')}
                      </Button>
                      <Button size="compact-sm" variant="default" onClick={() => onWaive(fee)}>
                        {t('consult.fee.waive')}
                      </Button>
                    </>
                  )}
                  {mayChange && fee.state !== 'due' && (
                    <Button size="compact-sm" variant="subtle" onClick={() => onDue(fee)}>
                      {t('app.undo')}
                    </Button>
                  )}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Waive({ fee, onClose, onDone }: { fee: FeeLine; onClose: () => void; onDone: (reason: string) => void }) {
  const t = useText();
  const [reason, setReason] = useState('');
  return (
    <Dialog title={t('consult.fee.waive')} onClose={onClose}>
      <form
        className="q-stack"
        onSubmit={(event) => {
          event.preventDefault();
          onDone(reason.trim());
        }}
      >
        <p>
          {fee.number} · {formatMoney(fee.amount_minor, fee.currency)}
        </p>
        <Textarea label={t('consult.need.reason')} required rows={3} maxLength={500} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
        <div className="q-actions">
          <Button type="submit" disabled={reason.trim() === ''}>
            {t('consult.fee.waive')}
          </Button>
          <Button variant="default" onClick={onClose}>
            {t('app.cancel')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
