/** Open sessions as rows: what browser, from where, since when. */
import type { ReactNode } from 'react';
import type { OpenSession } from '../../api/security';
import { textOr, useText } from '../../app/i18n';
import { formatDateTime } from '../../ui/format';

export function SessionList({ sessions, act }: { sessions: OpenSession[]; act?: (one: OpenSession) => ReactNode }) {
  const t = useText();
  return (
    <ul className="q-stack acc-list">
      {sessions.map((one) => (
        <li key={one.id} className="q-between acc-row">
          <div>
            <p className="q-row">
              <span className="q-strong">{one.program ? t('security.sessions.program') : one.agent || t('security.sessions.unknown_agent')}</span>
              {one.own && <span className="q-chip q-chip-ok">{t('security.sessions.this')}</span>}
              {one.factor && <span className="q-chip">{textOr(`security.kind.${one.factor}`, one.factor)}</span>}
            </p>
            <p className="q-small q-dim q-num">
              {one.address} {'· '}
              {t('security.sessions.since', { time: formatDateTime(one.since) })} {'· '}
              {t('security.sessions.used', { time: formatDateTime(one.used) })}
            </p>
          </div>
          {act?.(one)}
        </li>
      ))}
    </ul>
  );
}
