/** Whether the chain is whole: the last check, the head that stands outside, and a check by hand. */
import { Button, Progress } from '@mantine/core';
import { useEffect, useState } from 'react';
import { readChain, verifyChain, type Chain } from '../../api/audit';
import { useQuery } from '../../api/cache';
import { useText } from '../../app/i18n';
import { Answered, ErrorCard } from '../../ui/cards';
import { formatDateTime, formatNumber, nameIn } from '../../ui/format';

const kLookMs = 1000;
const kDayMs = 86_400_000;
const kHeadLateMs = 5 * 60_000;

export function ChainCard() {
  const t = useText();
  const query = useQuery('audit:chain', readChain);
  const [failed, setFailed] = useState<unknown>();
  const running = query.data?.running !== undefined;
  const { reload } = query;
  useEffect(() => {
    if (!running) return undefined;
    const timer = setInterval(reload, kLookMs);
    return () => clearInterval(timer);
  }, [running, reload]);
  const verify = () => {
    setFailed(undefined);
    verifyChain().then(reload, setFailed);
  };
  return (
    <section className="q-card q-stack" aria-labelledby="chain">
      <div className="q-between">
        <h2 id="chain">{t('audit.chain')}</h2>
        <Button variant="default" loading={running} onClick={verify} data-verify>
          {t('audit.chain.verify')}
        </Button>
      </div>
      {failed !== undefined && <ErrorCard error={failed} />}
      <Answered query={query}>{(chain) => <State chain={chain} />}</Answered>
    </section>
  );
}

function State({ chain }: { chain: Chain }) {
  const t = useText();
  const { check, anchored, running } = chain;
  const old = check !== undefined && Date.now() - Date.parse(check.started) > 1.5 * kDayMs;
  const late = anchored !== undefined && Date.now() - Date.parse(anchored.at) > kHeadLateMs;
  return (
    <>
      {running && (
        <div className="q-stack-tight" role="status">
          <Progress value={running.total === 0 ? 100 : (100 * running.rows) / running.total} aria-label={t('audit.chain.running')} />
          <p className="q-small q-dim">{t('audit.chain.progress', { rows: formatNumber(running.rows, 0), total: formatNumber(running.total, 0) })}</p>
        </div>
      )}
      {!check && !running && <p className="q-note q-note-warning">{t('audit.chain.never')}</p>}
      {check && (
        <div className={`q-note ${check.defectCount > 0 ? 'q-note-critical' : old ? 'q-note-warning' : 'q-note-ok'} q-stack-tight`} role={check.defectCount > 0 ? 'alert' : 'status'} data-chain={check.defectCount > 0 ? 'damaged' : 'whole'}>
          <p className="q-strong">{check.defectCount > 0 ? t('audit.chain.damaged', { count: check.defectCount }) : t('audit.chain.whole')}</p>
          <p className="q-small">
            {t('audit.chain.checked', { when: formatDateTime(check.started), rows: formatNumber(check.rows, 0), heads: formatNumber(check.heads, 0), seconds: formatNumber((Date.parse(check.ended) - Date.parse(check.started)) / 1000) })}{' '}
            {check.by ? t('audit.chain.by', { name: nameIn(check.by) }) : t('audit.chain.daily')}
          </p>
          {check.defects.length > 0 && (
            <ul className="acc-defects">
              {check.defects.map((one, index) => (
                <li key={index}>
                  <span className="q-chip q-chip-critical">{t(`audit.defect.${one.kind}`)}</span> <code>{one.text}</code>
                </li>
              ))}
            </ul>
          )}
          {check.defectCount > check.defects.length && <p className="q-small">{t('audit.chain.more_defects', { count: check.defectCount - check.defects.length })}</p>}
          {check.defectCount > 0 && <p>{t('audit.chain.what_now')}</p>}
        </div>
      )}
      <dl className="acc-facts">
        <div>
          <dt>{t('audit.chain.rows')}</dt>
          <dd>{formatNumber(chain.rows, 0)}</dd>
        </div>
        <div>
          <dt>{t('audit.chain.head')}</dt>
          <dd>
            <code>{chain.hash.slice(0, 16)}…</code>
          </dd>
        </div>
        <div>
          <dt>{t('audit.chain.anchored')}</dt>
          <dd>
            {anchored ? (
              <>
                {t('audit.chain.anchored_row', { row: formatNumber(anchored.seq, 0), when: formatDateTime(anchored.at) })}{' '}
                {!anchored.fits ? <span className="q-chip q-chip-critical">{t('audit.chain.anchor_differs')}</span> : late ? <span className="q-chip q-chip-warning">{t('audit.chain.anchor_late')}</span> : <span className="q-chip q-chip-ok">{t('audit.chain.anchor_fits')}</span>}
              </>
            ) : (
              t('audit.chain.no_anchor')
            )}
          </dd>
        </div>
      </dl>
    </>
  );
}
