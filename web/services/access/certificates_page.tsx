/** Certificates of the keys that sign: kept by the security administrator. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import { useQuery } from '../../api/cache';
import { readCertificates, type Authority, type Certificates, type SigningKey } from '../../api/certificates';
import { useText } from '../../app/i18n';
import { mayKeepPeople } from '../../app/roles';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { Answered, EmptyCard } from '../../ui/cards';
import { formatDate, nameIn } from '../../ui/format';
import { Icon } from '../../ui/icons';
import { CertificateDialog, saveText, type Open } from './certificate_dialogs';
import './access.css';

const kTone = { good: 'q-chip-ok', soon: 'q-chip-warning', not_yet: 'q-chip-critical', expired: 'q-chip-critical', revoked: 'q-chip-critical', replaced: '', asked: 'q-chip-info' } as const;
const isLive = (key: SigningKey) => key.state === 'good' || key.state === 'soon';
/** Of today: what signs, what keeps its holder from signing, and what waits for its certificate. */
const isPresent = (key: SigningKey) => isLive(key) || key.refuses === true || key.state === 'asked';
const kHeld = ['request', 'import', 'built_in'] as const;

export default function CertificatesPage() {
  const t = useText();
  const session = useSession();
  useTitle(t('app.nav.certificates'));
  const may = mayKeepPeople(session);
  const query = useQuery(may ? 'access:certificates' : undefined, readCertificates);
  const [open, setOpen] = useState<Open>();
  if (!may) return <div className="q-page"><EmptyCard title={t('error.access.not_yours')} /></div>;
  const close = () => {
    setOpen(undefined);
    query.reload();
  };
  return (
    <div className="q-page">
      <h1>{t('app.nav.certificates')}</h1>
      <p className="q-dim">{t('certificates.explain')}</p>
      <Answered query={query}>
        {(data) => (
          <>
            <Warnings data={data} onOpen={setOpen} />
            <Keys data={data} onOpen={setOpen} />
            <Authorities data={data} onOpen={setOpen} />
            <Seals data={data} onOpen={setOpen} />
            <Own data={data} />
          </>
        )}
      </Answered>
      {open && <CertificateDialog open={open} onClose={close} />}
    </div>
  );
}

/** What has to be done soon. A certificate of the built-in authority renews itself. */
function Warnings({ data, onOpen }: { data: Certificates; onOpen: (open: Open) => void }) {
  const t = useText();
  const refusing = data.keys.filter((key) => key.refuses && key.holder.active !== false);
  const ending = data.keys.filter((key) => key.authority !== '0' && key.state === 'soon');
  const used = (authority: Authority) => data.keys.some((key) => key.authority === authority.id && isLive(key));
  const lists = data.authorities.filter((one) => used(one) && (!one.list || one.list.old));
  const internal = !data.keys.some((key) => key.authority !== '0' && isLive(key) && data.authorities.some((one) => one.id === key.authority && one.licensed));
  return (
    <>
      {internal && <p className="q-note">{t('certificates.internal')}</p>}
      {refusing.map((key) => (
        <div key={key.id} className="q-note q-note-critical q-stack-tight" role="group" aria-label={nameIn(key.holder)}>
          <p>{t(`certificates.refuses_${key.kind === 'seal' ? 'seal' : 'person'}`, { name: nameIn(key.holder), state: t(`certificates.state_of.${key.state}`), date: formatDate(key.revoked ?? key.until ?? '') })}</p>
          <div className="q-actions">
            {kHeld.map((what) => (
              <Button key={what} size="compact-md" variant="default" onClick={() => onOpen({ what, ...(key.holder.resource ? { holder: key.holder.resource } : {}) })}>
                {t(what === 'built_in' ? 'certificates.use_built_in' : `certificates.${what}`)}
              </Button>
            ))}
          </div>
        </div>
      ))}
      {(ending.length > 0 || lists.length > 0) && (
        <ul className="q-note q-note-warning cert-warnings">
          {ending.map((key) => (
            <li key={key.id}>{t('certificates.ends_soon', { name: nameIn(key.holder), date: formatDate(key.until ?? '') })}</li>
          ))}
          {lists.map((one) => (
            <li key={one.id}>{one.list ? t('certificates.list_old', { name: one.name, date: formatDate(one.list.next ?? '') }) : t('certificates.list_missing', { name: one.name })}</li>
          ))}
        </ul>
      )}
    </>
  );
}

function Keys({ data, onOpen }: { data: Certificates; onOpen: (open: Open) => void }) {
  const t = useText();
  const keys = data.keys.filter((key) => key.kind !== 'authority');
  const live = keys.filter(isPresent);
  const past = keys.filter((key) => !isPresent(key));
  return (
    <section className="q-stack" aria-labelledby="cert-keys">
      <div className="q-between">
        <h2 id="cert-keys">{t('certificates.keys')}</h2>
        <div className="q-actions">
          <Button variant="default" leftSection={<Icon name="file" size={16} />} onClick={() => onOpen({ what: 'request' })}>
            {t('certificates.request')}
          </Button>
          <Button variant="default" onClick={() => onOpen({ what: 'import' })}>
            {t('certificates.import')}
          </Button>
        </div>
      </div>
      {live.length === 0 ? <EmptyCard title={t('certificates.none')}>{t('certificates.none_help')}</EmptyCard> : <KeyTable keys={live} data={data} onOpen={onOpen} />}
      {past.length > 0 && (
        <details>
          <summary>{t('certificates.past', { count: past.length })}</summary>
          <KeyTable keys={past} data={data} />
        </details>
      )}
    </section>
  );
}

function KeyTable({ keys, data, onOpen }: { keys: SigningKey[]; data: Certificates; onOpen?: (open: Open) => void }) {
  const t = useText();
  const issuer = (key: SigningKey) => (key.state === 'asked' ? t('certificates.nobody_yet') : key.authority === '0' ? t('certificates.built_in') : (data.authorities.find((one) => one.id === key.authority)?.name ?? key.issuer));
  return (
    <div className="q-card q-card-flush q-scroll-x">
      <table className="q-table q-table-cards">
        <thead>
          <tr>
            <th>{t('certificates.holder')}</th>
            <th>{t('certificates.issuer')}</th>
            <th>{t('certificates.validity')}</th>
            <th>{t('certificates.state')}</th>
            {onOpen && (
              <th>
                <span className="q-visually-hidden">{t('certificates.acts')}</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => (
            <tr key={key.id}>
              <td data-label={t('certificates.holder')}>
                <span className="q-strong">{nameIn(key.holder)}</span> {key.kind === 'seal' && <span className="q-chip">{t('certificates.seal')}</span>}
                {key.algorithm === 'sm2' && <span className="q-chip">SM2</span>}
              </td>
              <td data-label={t('certificates.issuer')}>
                {issuer(key)}
                {key.state !== 'asked' && <div className="q-small q-dim q-num cert-serial">{key.serial}</div>}
              </td>
              <td data-label={t('certificates.validity')} className="q-small">
                {key.state === 'asked' ? '–' : `${formatDate(key.from ?? '')} – ${formatDate(key.until ?? '')}`}
              </td>
              <td data-label={t('certificates.state')}>
                <span className={`q-chip ${kTone[key.state]}`}>{t(`certificates.state_of.${key.state}`)}</span>
                {key.revoked && (
                  <div className="q-small">
                    {t('certificates.revoked_from', { date: formatDate(key.revoked) })} · {key.reason === 'revocation list' ? t('certificates.by_list') : key.reason}
                  </div>
                )}
              </td>
              {onOpen && (
                <td>
                  {!key.revoked && (
                    <Button size="compact-sm" variant="default" onClick={() => onOpen({ what: 'revoke', key })}>
                      {t('certificates.revoke')}
                    </Button>
                  )}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Authorities({ data, onOpen }: { data: Certificates; onOpen: (open: Open) => void }) {
  const t = useText();
  return (
    <section className="q-stack" aria-labelledby="cert-authorities">
      <div className="q-between">
        <h2 id="cert-authorities">{t('certificates.authorities')}</h2>
        <Button variant="default" leftSection={<Icon name="plus" size={16} />} onClick={() => onOpen({ what: 'trust' })}>
          {t('certificates.trust')}
        </Button>
      </div>
      {data.authorities.length === 0 && <EmptyCard title={t('certificates.no_authorities')}>{t('certificates.no_authorities_help')}</EmptyCard>}
      {data.authorities.map((one) => (
        <div key={one.id} className="q-card q-stack-tight">
          <p className="q-row">
            <span className="q-strong">{one.name}</span>
            <span className={`q-chip ${one.licensed ? 'q-chip-ok' : ''}`}>{t(one.licensed ? 'certificates.licensed' : 'certificates.own')}</span>
          </p>
          {one.certificates.map((certificate) => (
            <div key={certificate.fingerprint} className="q-small">
              {certificate.subject} · {t('certificates.until', { date: formatDate(certificate.until) })}
              <div className="q-dim q-num cert-serial">SHA-256 {certificate.fingerprint.toUpperCase()}</div>
            </div>
          ))}
          <p className={`q-small ${!one.list || one.list.old ? 'q-warning' : 'q-dim'}`}>
            {one.list ? t('certificates.list_of', { made: formatDate(one.list.made), next: one.list.next ? formatDate(one.list.next) : t('certificates.open') }) : t('certificates.no_list')}
          </p>
          <div className="q-actions">
            <Button size="compact-sm" variant="default" onClick={() => onOpen({ what: 'list', authority: one })}>
              {t('certificates.give_list')}
            </Button>
            {!data.keys.some((key) => key.authority === one.id) && (
              <Button size="compact-sm" variant="default" onClick={() => onOpen({ what: 'distrust', authority: one })}>
                {t('certificates.distrust')}
              </Button>
            )}
          </div>
        </div>
      ))}
    </section>
  );
}

function Seals({ data, onOpen }: { data: Certificates; onOpen: (open: Open) => void }) {
  const t = useText();
  return (
    <section className="q-stack" aria-labelledby="cert-seals">
      <div className="q-between">
        <h2 id="cert-seals">{t('certificates.seals')}</h2>
        <Button variant="default" leftSection={<Icon name="plus" size={16} />} onClick={() => onOpen({ what: 'seal' })}>
          {t('certificates.add_seal')}
        </Button>
      </div>
      {data.seals.length === 0 && <EmptyCard title={t('certificates.no_seals')}>{t('certificates.no_seals_help')}</EmptyCard>}
      {data.seals.map((one) => (
        <div key={one.organisation.id} className="q-card q-between">
          <div>
            <span className="q-strong">{nameIn(one.organisation)}</span>
            <div className="q-small q-dim">{one.meanings.map((meaning) => t(`certificates.meaning.${meaning}`)).join(t('app.semicolon'))}</div>
          </div>
          <Button size="compact-sm" variant="default" onClick={() => onOpen({ what: 'seal', known: one })}>
            {t('certificates.change_seal')}
          </Button>
        </div>
      ))}
    </section>
  );
}

function Own({ data }: { data: Certificates }) {
  const t = useText();
  return (
    <section className="q-card q-stack-tight">
      <h2>{t('certificates.built_in')}</h2>
      <p className="q-small">{t(`certificates.built_in_help_${data.algorithm}`)}</p>
      <div>
        <Button size="compact-md" variant="default" leftSection={<Icon name="file" size={16} />} onClick={() => saveText('authority.pem', data.authorityPem)}>
          {t('certificates.save_authority')}
        </Button>
      </div>
    </section>
  );
}
