/** The signed opinion as the clinic reads it: by when, what to do, then findings, what was seen, and how to prove it. */
import { Button } from '@mantine/core';
import type { CaseView, Opinion } from '../../api/flow';
import { textOr, useText } from '../../app/i18n';
import { formatDateTime, nameIn } from '../../ui/format';
import { Icon } from '../../ui/icons';

/** The signed bytes, the signature over them and the signer's certificate: proof that needs no Qiao. */
const kEvidence = ['manifest.bin', 'signature.der', 'cert.pem', 'chain.pem'];
const kSealEvidence = ['seal.der', 'seal-cert.pem', 'seal-chain.pem'];
export const kBoxes = ['do_now', 'when_to_send', 'danger_signs', 'call'] as const;

export function OpinionView({ case: view, opinion }: { case: CaseView; opinion: Opinion }) {
  const t = useText();
  const tone = opinion.act_by === 'now' ? 'q-note-critical' : opinion.act_by === 'today' ? 'q-note-warning' : '';
  return (
    <article className="q-stack" aria-label={t('consult.opinion.title')}>
      <div className={`q-note ${tone} q-between`}>
        <span className="q-strong o-act">
          {opinion.act_by !== 'routine' && <Icon name="alert" size={20} />} {t(`consult.act_by_long.${opinion.act_by}`)}
        </span>
        <span className="q-row">
          <span className={`q-chip ${opinion.state === 'amended' ? 'q-chip-warning' : opinion.state.startsWith('valid') ? 'q-chip-ok' : 'q-chip-critical'}`}>{t(`consult.opinion.state.${opinion.state}`)}</span>
          <span className="q-chip">{t('consult.opinion.version', { version: opinion.version })}</span>
        </span>
      </div>
      {opinion.flagged && (
        <div className="q-note q-note-critical q-strong" role="alert">
          <Icon name="alert" /> {textOr(`consult.flagged.${opinion.flagged.reason}`, opinion.flagged.reason)}
        </div>
      )}
      <div className="q-grid-2">
        {kBoxes.map((box) => (
          <section key={box} className="o-box">
            <h3>{t(`consult.box.${box}`)}</h3>
            <p className="q-pre">{opinion[box]}</p>
          </section>
        ))}
      </div>
      <section>
        <h3>{t('consult.box.findings')}</h3>
        <p className="q-pre">{opinion.findings}</p>
      </section>
      {opinion.key_images.length > 0 && (
        <section>
          <h3>{t('consult.opinion.key_images')}</h3>
          <div className="a-grid">
            {opinion.key_images.map((url, index) => (
              <a key={url} className="a-thumb" href={url} target="_blank" rel="noreferrer">
                <img src={url} alt={t('consult.opinion.key_image', { number: index + 1 })} loading="lazy" />
              </a>
            ))}
          </div>
        </section>
      )}
      <section>
        <h3>{t('consult.opinion.seen')}</h3>
        {opinion.items_seen.length === 0 && <p className="q-dim">{t('consult.opinion.seen_none')}</p>}
        <ul>
          {opinion.items_seen.map((item) => (
            <li key={item.item}>
              {item.title || item.item} · {textOr(`consult.quality.${item.quality}`, item.quality)}
              {item.later_images !== undefined && <div className="q-note q-note-warning">{t('consult.opinion.later_images', { count: item.later_images })}</div>}
            </li>
          ))}
        </ul>
      </section>
      <p>
        {t('consult.opinion.signed_by', { name: nameIn(opinion.signer), time: formatDateTime(opinion.signed) })}
        {view.to && ` · ${nameIn(view.to)}`}
      </p>
      {opinion.assurance && <p className="q-small q-dim">{t(`consult.opinion.assurance.${opinion.assurance}`, { name: opinion.authority })}</p>}
      {opinion.seal && <p className={`q-small ${opinion.seal.state.startsWith('valid') ? 'q-ok' : 'q-critical'}`}>{t(`consult.opinion.seal.${opinion.seal.state.startsWith('valid') ? 'good' : 'bad'}`, { name: nameIn(opinion.seal.organisation) })}</p>}
      <p className="q-small q-dim">{t('consult.opinion.advice_only')}</p>
      <div className="q-actions">
        <Button component="a" href={opinion.pdf} target="_blank" rel="noreferrer" variant="default" leftSection={<Icon name="file" size={16} />}>
          {t('consult.opinion.pdf')}
        </Button>
        <Button component="a" href={opinion.verify} target="_blank" rel="noreferrer" variant="default" leftSection={<Icon name="check" size={16} />}>
          {t('consult.opinion.verify')}
        </Button>
        {view.timeline?.some((entry) => entry.action === 'file') && (
          <Button component="a" href={`/flow/cases/${view.case}/receipt.pdf`} target="_blank" rel="noreferrer" variant="default" leftSection={<Icon name="file" size={16} />}>
            {t('consult.opinion.receipt')}
          </Button>
        )}
      </div>
      <details>
        <summary>{t('consult.opinion.evidence')}</summary>
        <p className="q-small">{t('consult.opinion.evidence_help')}</p>
        <ul>
          {[...kEvidence, ...(opinion.seal ? kSealEvidence : [])].map((file) => (
            <li key={file}>
              <a href={`/flow/cases/${view.case}/opinion/${file}?version=${opinion.version}`} download>
                {file}
              </a>
            </li>
          ))}
        </ul>
      </details>
      {opinion.versions.length > 1 && (
        <section>
          <h3>{t('consult.opinion.versions')}</h3>
          <ul>
            {opinion.versions.map((one) => (
              <li key={one.version}>
                <a href={`${opinion.pdf}?version=${one.version}`} target="_blank" rel="noreferrer">
                  {t('consult.opinion.version', { version: one.version })}
                </a>{' '}
                · {formatDateTime(one.signed)} {one.reason && `· ${one.reason}`}
              </li>
            ))}
          </ul>
        </section>
      )}
    </article>
  );
}
