/** Which role of clinical staff opens which sensitivity labels in the patients of its institution: kept by the security administrator. */
import { Button, Checkbox, NativeSelect, TextInput } from '@mantine/core';
import { useState } from 'react';
import { invalidate, useQuery } from '../../api/cache';
import { readLabelRights, readOrganisations, setLabelRights, type LabelRight } from '../../api/people';
import { kLabels } from '../../api/sensitive';
import { textOr, useText } from '../../app/i18n';
import { mayKeepPeople } from '../../app/roles';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { Answered, EmptyCard } from '../../ui/cards';
import { Dialog } from '../../ui/dialog';
import { nameIn } from '../../ui/format';
import { ActForm } from './add_factor';
import { ProveGate } from './prove_gate';
import { RoleRequests } from './role_requests';
import '../sensitive/labels.css';

/** They are about who the patient is: no role opens them. */
const kPersonal = ['CEL', 'EMP'];
const kOpened = kLabels.filter((code) => !kPersonal.includes(code));

export default function LabelRightsPage() {
  const t = useText();
  const session = useSession();
  useTitle(t('app.nav.label_rights'));
  const may = mayKeepPeople(session);
  const [place, setPlace] = useState('');
  const query = useQuery(may ? `access:label-rights:${place}` : undefined, (signal) => readLabelRights(place, signal));
  const organisations = useQuery(may ? 'organisations' : undefined, readOrganisations);
  const [typed, setTyped] = useState('');
  const [changing, setChanging] = useState<LabelRight>();
  if (!may) return <div className="q-page"><EmptyCard title={t('error.access.not_yours')} /></div>;
  const word = typed.trim().toLowerCase();
  const matches = (one: LabelRight) => word === '' || [one.name, one.nameEn, textOr(`role.${one.role}`, ''), one.organisation?.name, one.organisation?.nameEn].some((text) => text?.toLowerCase().includes(word));
  return (
    <div className="q-page">
      <h1>{t('app.nav.label_rights')}</h1>
      <p className="q-dim">{t('people.labels.explain')}</p>
      <RoleRequests quiet onDone={query.reload} />
      <div className="q-grid-2">
        <NativeSelect
          label={t('people.organisation')}
          value={place}
          onChange={(event) => setPlace(event.currentTarget.value)}
          data={[{ value: '', label: t('people.labels.everywhere') }, ...(organisations.data ?? []).map((one) => ({ value: one.resource, label: nameIn(one) }))]}
        />
        <TextInput label={t('people.labels.search')} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
      </div>
      <Answered query={query}>
        {({ roles, more }) => {
          const shown = roles.filter(matches).sort((a, b) => Number(b.labels.length > 0) - Number(a.labels.length > 0));
          if (shown.length === 0) return <EmptyCard title={t('people.labels.nobody')}>{t('people.labels.nobody_help')}</EmptyCard>;
          return (
            <div className="q-card q-card-flush q-scroll-x">
              {more && <p className="q-note q-small">{t('people.labels.more', { count: roles.length })}</p>}
              <table className="q-table q-table-cards">
                <thead>
                  <tr>
                    <th>{t('people.person.name')}</th>
                    <th>{t('people.organisation')}</th>
                    <th>{t('people.labels.opens')}</th>
                    <th>
                      <span className="q-visually-hidden">{t('people.labels.change')}</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {shown.map((one) => (
                    <tr key={one.id} data-right={one.id}>
                      <td data-label={t('people.person.name')}>
                        <span>
                          {nameIn(one)} <span className="q-small q-dim">{textOr(`role.${one.role}`, one.role)}</span>
                        </span>
                      </td>
                      <td data-label={t('people.organisation')}>
                        <span>{nameIn(one.organisation)}</span>
                      </td>
                      <td data-label={t('people.labels.opens')}>
                        <span className="q-row">{one.labels.length === 0 ? <span className="q-dim">{t('people.labels.none')}</span> : one.labels.map((code) => <span key={code} className="q-chip q-chip-warning">{textOr(`sensitive.label.${code}`, code)}</span>)}</span>
                      </td>
                      <td>
                        {one.practitioner !== session.person.practitioner && (
                          <Button size="compact-sm" variant="default" onClick={() => setChanging(one)}>
                            {t('people.labels.change')}
                            <span className="q-visually-hidden"> {nameIn(one)}</span>
                          </Button>
                        )}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          );
        }}
      </Answered>
      {changing && (
        <Dialog title={t('people.labels.of', { name: nameIn(changing) })} onClose={() => setChanging(undefined)}>
          <ProveGate>
            <ChangeForm role={changing} onDone={() => (setChanging(undefined), query.reload(), invalidate('access:role-requests'))} />
          </ProveGate>
        </Dialog>
      )}
    </div>
  );
}

function ChangeForm({ role, onDone }: { role: LabelRight; onDone: () => void }) {
  const t = useText();
  const [labels, setLabels] = useState(role.labels);
  const opensMore = labels.some((code) => !role.labels.includes(code));
  const same = !opensMore && labels.length === role.labels.length;
  return (
    <ActForm submit={t('app.save')} disabled={same} run={async () => (await setLabelRights(role, labels), onDone())}>
      <p>{t('people.labels.consequence', { organisation: nameIn(role.organisation) })}</p>
      <fieldset className="c-choice">
        <legend className="c-legend">{t('people.labels.opens')}</legend>
        <div className="p-labels">
          {kOpened.map((code) => (
            <Checkbox key={code} label={textOr(`sensitive.label.${code}`, code)} checked={labels.includes(code)} onChange={(event) => setLabels(event.currentTarget.checked ? [...labels, code] : labels.filter((other) => other !== code))} />
          ))}
        </div>
      </fieldset>
      <p className="q-small q-dim">{t('people.labels.personal')}</p>
      {opensMore && <p className="q-note q-small">{t('people.labels.two_persons')}</p>}
    </ActForm>
  );
}
