/** Who works where in which role: kept by the security administrator. */
import { Button, NativeSelect, PasswordInput, TextInput } from '@mantine/core';
import { useState } from 'react';
import { invalidate, useQuery, type Query } from '../../api/cache';
import { addMembership, createOrganisation, createPerson, endPerson, readMembers, readOrganisations, setOfficeApproval, type Member, type Organisation } from '../../api/people';
import { textOr, useText } from '../../app/i18n';
import { mayKeepPeople } from '../../app/roles';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { Answered, EmptyCard } from '../../ui/cards';
import { nameIn } from '../../ui/format';
import { Icon } from '../../ui/icons';
import { useSpecialties } from '../cases/packs';
import { Act } from '../../ui/act_dialog';
import { Dialog } from '../../ui/dialog';
import { ActForm } from './add_factor';
import { PersonSessions } from './person_sessions';
import { ProveGate } from './prove_gate';
import { RoleRequests } from './role_requests';

const kRoles = ['doctor', 'expert', 'coordinator', 'nurse', 'technician', 'duty_lead', 'centre_manager', 'system_admin', 'security_admin', 'audit_admin', 'privacy_officer'] as const;
const kKinds = ['hub', 'county', 'township', 'clinic', 'centre'] as const;
const kRanks = ['attending', 'associate_chief', 'chief'] as const;
const kLeastPassword = 12;

type Open = 'person' | 'role' | 'organisation' | undefined;

export default function PeoplePage() {
  const t = useText();
  const session = useSession();
  useTitle(t('app.nav.people'));
  const people = useQuery('people', readMembers);
  const organisations = useQuery('organisations', readOrganisations);
  const [open, setOpen] = useState<Open>();
  const [office, setOffice] = useState<Organisation>();
  const [typed, setTyped] = useState('');
  const keepsPeople = mayKeepPeople(session);
  const done = () => {
    setOpen(undefined);
    invalidate('access:role-requests');
    people.reload();
    organisations.reload();
  };
  if (!keepsPeople) return <div className="q-page"><EmptyCard title={t('error.access.not_yours')} /></div>;
  return (
    <div className="q-page">
      <div className="q-between">
        <h1>{t('app.nav.people')}</h1>
        <div className="q-actions">
          {keepsPeople && <Add label={t('people.person.add')} onClick={() => setOpen('person')} />}
          {keepsPeople && <Add label={t('people.role.add')} onClick={() => setOpen('role')} />}
          {keepsPeople && <Add label={t('people.organisation.add')} onClick={() => setOpen('organisation')} />}
        </div>
      </div>
      <RoleRequests quiet onDone={people.reload} />
      <TextInput aria-label={t('people.search')} placeholder={t('people.search')} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
      <People query={people} typed={typed.trim()} keeps={keepsPeople} onEnded={people.reload} own={session.person.practitioner ?? ''} />
      <section className="q-card">
        <h2>{t('people.organisations')}</h2>
        <Answered query={organisations}>
          {(all) => (
            <ul className="q-list q-stack-tight">
              {all.map((one) => (
                <li key={one.id} className="q-between" data-organisation={one.id}>
                  <span className="q-row">
                    {nameIn(one)} <span className="q-chip">{textOr(`people.kind.${one.kind}`, one.kind)}</span>
                    {one.officeApproval && <span className="q-chip q-chip-info">{t('people.office.on')}</span>}
                  </span>
                  <Button size="compact-sm" variant="default" onClick={() => setOffice(one)}>
                    {t(one.officeApproval ? 'people.office.turn_off' : 'people.office.turn_on')}
                    <span className="q-visually-hidden"> {nameIn(one)}</span>
                  </Button>
                </li>
              ))}
            </ul>
          )}
        </Answered>
      </section>
      {office && (
        <Act title={nameIn(office)} submit={t(office.officeApproval ? 'people.office.turn_off' : 'people.office.turn_on')} run={() => setOfficeApproval(office.id, !office.officeApproval)} onClose={() => setOffice(undefined)} onDone={() => (setOffice(undefined), done())}>
          <p>{t(office.officeApproval ? 'people.office.off_explain' : 'people.office.on_explain', { name: nameIn(office) })}</p>
        </Act>
      )}
      {open === 'person' && <PersonDialog organisations={organisations.data ?? []} onClose={() => setOpen(undefined)} onDone={done} />}
      {open === 'role' && <RoleDialog people={people.data ?? []} organisations={organisations.data ?? []} onClose={() => setOpen(undefined)} onDone={done} />}
      {open === 'organisation' && <OrganisationDialog organisations={organisations.data ?? []} onClose={() => setOpen(undefined)} onDone={done} />}
    </div>
  );
}

function Add({ label, onClick }: { label: string; onClick: () => void }) {
  return (
    <Button variant="default" leftSection={<Icon name="plus" size={16} />} onClick={onClick}>
      {label}
    </Button>
  );
}

function People({ query, typed, keeps, own, onEnded }: { query: Query<Member[]>; typed: string; keeps: boolean; own: string; onEnded: () => void }) {
  const t = useText();
  const [ending, setEnding] = useState<Member>();
  const [watching, setWatching] = useState<Member>();
  return (
    <section className="q-card q-card-flush q-scroll-x">
      <Answered query={query}>
        {(all) => {
          const shown = all.filter((one) => typed === '' || [one.name, one.nameEn, one.role, textOr(`role.${one.role}`, ''), one.organisation?.name, one.organisation?.nameEn].some((text) => text?.toLowerCase().includes(typed.toLowerCase())));
          return (
            <table className="q-table q-table-cards">
              <thead>
                <tr>
                  <th>{t('people.person.name')}</th>
                  <th>{t('people.role')}</th>
                  <th>{t('people.organisation')}</th>
                  {keeps && (
                    <th>
                      <span className="q-visually-hidden">{t('people.person.end')}</span>
                    </th>
                  )}
                </tr>
              </thead>
              <tbody>
                {shown.map((one, index) => (
                  <tr key={`${one.practitioner}${one.role}${index}`}>
                    <td data-label={t('people.person.name')}><span>{nameIn(one)}</span></td>
                    <td data-label={t('people.role')}>
                      <span>
                      {textOr(`role.${one.role}`, one.role)}
                      {one.specialty && ` · ${textOr(`people.specialty.${one.specialty}`, one.specialty)}`}
                      </span>
                    </td>
                    <td data-label={t('people.organisation')}><span>{nameIn(one.organisation)}</span></td>
                    {keeps && (
                      <td>
                        <div className="q-actions">
                          <Button size="compact-sm" variant="default" onClick={() => setWatching(one)}>{t('security.sessions.open')}</Button>
                          {one.practitioner !== own && <Button size="compact-sm" variant="default" onClick={() => setEnding(one)}>{t('people.person.end')}</Button>}
                        </div>
                      </td>
                    )}
                  </tr>
                ))}
              </tbody>
            </table>
          );
        }}
      </Answered>
      {watching && <PersonSessions person={watching} onClose={() => setWatching(undefined)} />}
      {ending && (
        <Act title={t('people.person.end')} submit={t('people.person.end')} run={() => endPerson(ending.practitioner)} onClose={() => setEnding(undefined)} onDone={() => (setEnding(undefined), onEnded())}>
          <p>{t('people.person.end_explain', { name: nameIn(ending) })}</p>
        </Act>
      )}
    </section>
  );
}

interface RoleState {
  organisation: string;
  role: string;
  specialty: string;
  rank: string;
}
const kNoRole: RoleState = { organisation: '', role: '', specialty: '', rank: '' };

function RoleFields({ value, organisations, onChange }: { value: RoleState; organisations: Organisation[]; onChange: (value: RoleState) => void }) {
  const t = useText();
  const specialties = useSpecialties();
  const set = (change: Partial<RoleState>) => onChange({ ...value, ...change });
  return (
    <>
      <OrganisationSelect label={t('people.organisation')} organisations={organisations} value={value.organisation} onChange={(organisation) => set({ organisation })} />
      <NativeSelect label={t('people.role')} required value={value.role} onChange={(event) => set({ role: event.currentTarget.value })} data={[{ value: '', label: t('people.choose') }, ...kRoles.map((one) => ({ value: one, label: t(`role.${one}`) }))]} />
      {(value.role === 'expert' || value.role === 'doctor') && (
        <div className="q-grid-2">
          <NativeSelect label={t('people.specialty')} value={value.specialty} onChange={(event) => set({ specialty: event.currentTarget.value })} data={[{ value: '', label: t('people.none') }, ...specialties.codes.map((one) => ({ value: one.code, label: specialties.nameOf(one) }))]} />
          <NativeSelect label={t('people.rank')} value={value.rank} onChange={(event) => set({ rank: event.currentTarget.value })} data={[{ value: '', label: t('people.none') }, ...kRanks.map((one) => ({ value: one, label: t(`people.rank.${one}`) }))]} />
        </div>
      )}
    </>
  );
}

function OrganisationSelect({ label, organisations, value, optional = false, onChange }: { label: string; organisations: Organisation[]; value: string; optional?: boolean; onChange: (resource: string) => void }) {
  const t = useText();
  return <NativeSelect label={label} required={!optional} value={value} onChange={(event) => onChange(event.currentTarget.value)} data={[{ value: '', label: optional ? t('people.none') : t('people.choose') }, ...organisations.map((one) => ({ value: one.resource, label: nameIn(one) }))]} />;
}

const isAdministrators = (role: RoleState) => role.role.endsWith('_admin');

/** The second step for an administrator's role: who gives it proves it, and learns that another one confirms. */
function GiveAdministrator({ practitioner, role, onClose, onDone }: { practitioner: string; role: RoleState; onClose: () => void; onDone: () => void }) {
  const t = useText();
  return (
    <Dialog title={t('people.role.add')} onClose={onClose}>
      <ProveGate>
        <ActForm submit={t('people.role.add')} run={async () => (await addMembership({ practitioner, ...role }), onDone())}>
          <p>{t('people.role.two_persons')}</p>
        </ActForm>
      </ProveGate>
    </Dialog>
  );
}

function PersonDialog({ organisations, onClose, onDone }: { organisations: Organisation[]; onClose: () => void; onDone: () => void }) {
  const t = useText();
  const [person, setPerson] = useState({ login: '', name: '', nameEn: '', password: '' });
  const [role, setRole] = useState(kNoRole);
  const [made, setMade] = useState('');
  const [proving, setProving] = useState(false);
  const set = (name: keyof typeof person) => (event: { currentTarget: { value: string } }) => {
    const { value } = event.currentTarget;
    setPerson((before) => ({ ...before, [name]: value }));
  };
  const run = async () => {
    // Two steps on the server: when the second one was refused, the first is not made again.
    const practitioner = made || (await createPerson(person)).practitioner;
    setMade(practitioner);
    if (isAdministrators(role)) setProving(true);
    else await addMembership({ practitioner, ...role });
  };
  if (proving) return <GiveAdministrator practitioner={made} role={role} onClose={onDone} onDone={onDone} />;
  return (
    <Act title={t('people.person.add')} submit={t('people.person.add')} run={run} onClose={onClose} onDone={() => isAdministrators(role) || onDone()}>
      <TextInput label={t('people.person.name')} required maxLength={80} value={person.name} onChange={set('name')} disabled={made !== ''} />
      <TextInput label={t('people.person.name_en')} maxLength={80} value={person.nameEn} onChange={set('nameEn')} disabled={made !== ''} />
      <TextInput label={t('app.login')} description={t('people.person.login_rule')} required pattern="[a-z0-9.\-]{2,64}" maxLength={64} value={person.login} onChange={set('login')} autoCapitalize="none" autoComplete="off" disabled={made !== ''} />
      <PasswordInput label={t('people.person.password')} description={t('people.person.password_rule')} required minLength={kLeastPassword} maxLength={256} value={person.password} onChange={set('password')} autoComplete="new-password" disabled={made !== ''} visibilityToggleButtonProps={{ 'aria-label': t('app.show_password') }} />
      <RoleFields value={role} organisations={organisations} onChange={setRole} />
    </Act>
  );
}

function RoleDialog({ people, organisations, onClose, onDone }: { people: Member[]; organisations: Organisation[]; onClose: () => void; onDone: () => void }) {
  const t = useText();
  const [practitioner, setPractitioner] = useState('');
  const [role, setRole] = useState(kNoRole);
  const [proving, setProving] = useState(false);
  const known = [...new Map(people.map((one) => [one.practitioner, one])).values()];
  const run = async () => {
    if (isAdministrators(role)) setProving(true);
    else await addMembership({ practitioner, ...role });
  };
  if (proving) return <GiveAdministrator practitioner={practitioner} role={role} onClose={onClose} onDone={onDone} />;
  return (
    <Act title={t('people.role.add')} submit={t('people.role.add')} run={run} onClose={onClose} onDone={() => isAdministrators(role) || onDone()}>
      <NativeSelect label={t('people.person')} required value={practitioner} onChange={(event) => setPractitioner(event.currentTarget.value)} data={[{ value: '', label: t('people.choose') }, ...known.map((one) => ({ value: one.practitioner, label: `${nameIn(one)} · ${nameIn(one.organisation)}` }))]} />
      <RoleFields value={role} organisations={organisations} onChange={setRole} />
    </Act>
  );
}

function OrganisationDialog({ organisations, onClose, onDone }: { organisations: Organisation[]; onClose: () => void; onDone: () => void }) {
  const t = useText();
  const [form, setForm] = useState({ kind: 'clinic', name: '', nameEn: '', parent: '' });
  return (
    <Act title={t('people.organisation.add')} submit={t('people.organisation.add')} run={() => createOrganisation(form)} onClose={onClose} onDone={onDone}>
      <TextInput label={t('people.organisation.name')} required maxLength={120} value={form.name} onChange={(event) => setForm({ ...form, name: event.currentTarget.value })} />
      <TextInput label={t('people.organisation.name_en')} maxLength={120} value={form.nameEn} onChange={(event) => setForm({ ...form, nameEn: event.currentTarget.value })} />
      <NativeSelect label={t('people.kind')} value={form.kind} onChange={(event) => setForm({ ...form, kind: event.currentTarget.value })} data={kKinds.map((one) => ({ value: one, label: t(`people.kind.${one}`) }))} />
      <OrganisationSelect label={t('people.organisation.parent')} organisations={organisations} value={form.parent} optional onChange={(parent) => setForm({ ...form, parent })} />
    </Act>
  );
}
