/** The consent of a case: its state in the banner, and on the page who gave it, how, to which words, for what. */
import type { ConsentView } from '../../api/consent';
import { textOr, useText } from '../../app/i18n';
import { formatDateTime, nameIn } from '../../ui/format';
import { Icon } from '../../ui/icons';

const kScopes = ['recording', 'teaching'] as const;
const kTone: Record<ConsentView['state'], string> = { given: 'q-chip-ok', relative: 'q-chip-warning', missing: 'q-chip-critical', refused: 'q-chip-critical', withdrawn: 'q-chip-critical', denied: 'q-chip-critical' };
const standsFor = (consent: ConsentView, scope: 'recording' | 'teaching'): boolean => consent[scope]?.answer === 'yes' && !consent[scope]?.withdrawn;

export function ConsentChip({ consent }: { consent: ConsentView }) {
  const t = useText();
  const by = textOr(`consult.consent.by_short.${consent.by}`, '');
  const stands = consent.state === 'given' || consent.state === 'relative';
  const scopes = ['consultation', ...kScopes.filter((scope) => standsFor(consent, scope))].map((scope) => t(`consult.consent.scope_short.${scope}`)).join(t('app.comma'));
  return (
    <>
      <span className={`q-chip ${kTone[consent.state]}`}>
        <Icon name={stands ? 'check' : 'alert'} size={13} />
        {stands ? t('consult.banner.consent', { by, scopes }) : t(`consult.banner.consent_${consent.state}`)}
      </span>
      {consent.withheld && (
        <span className="q-chip q-chip-warning">
          <Icon name="alert" size={13} />
          {t('consult.banner.withheld')}
        </span>
      )}
    </>
  );
}

export function ConsentCard({ consent }: { consent: ConsentView }) {
  const t = useText();
  const evidence = [
    ...(consent.signature ? [{ url: consent.signature, label: t('consult.consent.signature_of', { name: consent.name ?? '' }) }] : []),
    ...(consent.print ? [{ url: consent.print, label: t('consult.consent.print.taken') }] : []),
    ...(consent.witness?.signature ? [{ url: consent.witness.signature, label: t('consult.consent.witness.signed') }] : []),
    ...consent.paper.map((url, index) => ({ url, label: t('consult.consent.paper.sheet', { count: index + 1 }) })),
  ];
  const answer = (scope: 'recording' | 'teaching') => {
    const one = consent[scope];
    if (!one) return t('consult.consent.answer.not_asked');
    return one.withdrawn ? t('consult.consent.withdrawn', { time: formatDateTime(one.withdrawn) }) : t(`consult.consent.answer.${one.answer}`);
  };
  const mainAnswer = consent.withdrawn ? t('consult.consent.withdrawn', { time: formatDateTime(consent.withdrawn) }) : t(`consult.consent.answer.${consent.state === 'refused' ? 'no' : 'yes'}`);
  return (
    <section className="q-card q-stack-tight">
      <h2>{t('consult.consent.title')}</h2>
      <p className="q-row">
        <ConsentChip consent={consent} />
      </p>
      {consent.by && (
        <dl className="q-facts">
          <dt>{t('consult.consent.by')}</dt>
          <dd>
            {[textOr(`consult.consent.by.${consent.by}`, consent.by), consent.name, consent.relation].filter(Boolean).join(' · ')}
            {consent.reason && <div className="q-small q-pre">{consent.reason}</div>}
          </dd>
          <dt>{t('consult.consent.method')}</dt>
          <dd>
            {[textOr(`consult.consent.method.${consent.method}`, consent.method ?? ''), consent.given && formatDateTime(consent.given)].filter(Boolean).join(' · ')}
            {consent.witness && <div className="q-small">{t('consult.consent.witness.line', { name: consent.witness.name, relation: consent.witness.relation })}</div>}
          </dd>
          <dt>{t('consult.consent.scope.consultation')}</dt>
          <dd>
            {mainAnswer}
            {consent.receiver && ` · ${nameIn(consent.receiver)}`}
          </dd>
          {kScopes.map((scope) => (
            <div key={scope} className="p-fact">
              <dt>{t(`consult.consent.scope.${scope}`)}</dt>
              <dd>{answer(scope)}</dd>
            </div>
          ))}
        </dl>
      )}
      {evidence.length > 0 && (
        <p className="q-row q-small">
          {evidence.map((one) => (
            <a key={one.url} href={one.url} target="_blank" rel="noreferrer">
              {one.label}
            </a>
          ))}
        </p>
      )}
      {consent.text && <p className="q-small q-dim">{t('consult.consent.text_kept', { version: consent.text.version, language: consent.text.language === 'zh' ? t('consult.consent.language.zh') : t('consult.consent.language.en'), digest: consent.text.digest.slice(0, 12) })}</p>}
      {consent.state === 'denied' && <p className="q-note q-note-warning q-small">{t('consult.consent.denied_help', { institution: nameIn(consent.receiver) })}</p>}
      {consent.withheld && <p className="q-note q-note-warning q-small">{t('consult.consent.withheld_help')}</p>}
    </section>
  );
}
