/** What this patient consented to, refused and withdrew, the newest first; each answer stands alone. */
import { useQuery } from '../../api/cache';
import { readOrganisations } from '../../api/people';
import { searchResources, type CodeableConcept } from '../../api/fhir';
import { textOr, useText } from '../../app/i18n';
import { Answered } from '../../ui/cards';
import { formatDateTime, nameIn } from '../../ui/format';

interface Consent {
  resourceType: 'Consent';
  id?: string;
  status?: string;
  category?: CodeableConcept[];
  dateTime?: string;
  performer?: { reference?: string; display?: string }[];
  provision?: { type?: 'permit' | 'deny'; actor?: { reference?: { reference?: string; display?: string } }[] };
}

const kState: Record<string, string> = { ended: 'q-chip-critical', deny: 'q-chip-warning', permit: 'q-chip-ok' };
const scopeOf = (consent: Consent): string => consent.category?.flatMap((one) => one.coding ?? []).find((one) => one.system === 'urn:qiao:consent-scope')?.code ?? 'consultation';

export function Consents({ patient }: { patient: string }) {
  const t = useText();
  const query = useQuery(`case:consents:${patient}`, (signal) => searchResources<Consent>('Consent', { patient: `Patient/${patient}`, _sort: '-_lastUpdated', _count: '30' }, signal));
  // A Consent names the institution in one language.
  const organisations = useQuery('organisations', readOrganisations);
  const receiver = (one: Consent): string | undefined => {
    const named = one.provision?.actor?.[0]?.reference;
    return nameIn(organisations.data?.find((other) => other.resource === named?.reference)) || named?.display;
  };
  return (
    <section className="q-card">
      <h2>{t('patients.consents.title')}</h2>
      <Answered query={query}>
        {(found) =>
          found.length === 0 ? (
            <p className="q-dim">{t('patients.consents.none')}</p>
          ) : (
            <ul className="q-list q-stack-tight">
              {found.map((one) => {
                const state = one.status !== 'active' ? 'ended' : (one.provision?.type ?? 'permit');
                return (
                  <li key={one.id}>
                    <span className={`q-chip ${kState[state]}`}>{t(`patients.consents.${state as 'ended' | 'deny' | 'permit'}`)}</span> <span className="q-strong">{textOr(`consult.consent.scope_short.${scopeOf(one)}`, scopeOf(one))}</span>{' '}
                    <span className="q-small q-dim q-num">{[receiver(one), one.performer?.[0]?.display, formatDateTime(one.dateTime)].filter(Boolean).join(' · ')}</span>
                  </li>
                );
              })}
            </ul>
          )
        }
      </Answered>
    </section>
  );
}
