/** Where I am reached when I look at no screen; for the security administrator also everybody else. */
import { Button, TextInput } from '@mantine/core';
import { useEffect, useState } from 'react';
import { Link } from 'react-router';
import { useQuery } from '../../api/cache';
import { readContact, readContacts, type ContactRow } from '../../api/notify';
import { textOr, useText } from '../../app/i18n';
import { mayKeepPeople } from '../../app/roles';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { Answered } from '../../ui/cards';
import { Dialog } from '../../ui/dialog';
import { nameIn } from '../../ui/format';
import { ContactForm } from './contact_form';

export default function ContactPage() {
  const t = useText();
  const keeps = mayKeepPeople(useSession());
  useTitle(t('app.nav.contact'));
  const own = useQuery('contact', (signal) => readContact(undefined, signal));
  return (
    <div className="q-page q-page-narrow">
      <h1>{t('app.nav.contact')}</h1>
      <p className="q-dim">{t('contact.explain')}</p>
      <section className="q-card">
        <Answered query={own}>{(contact) => <ContactForm start={contact} onSaved={() => undefined} />}</Answered>
      </section>
      {keeps && <Everybody />}
    </div>
  );
}

function Everybody() {
  const t = useText();
  const [typed, setTyped] = useState('');
  const asked = useLater(typed.trim());
  const people = useQuery(`contacts:${asked}`, (signal) => readContacts(asked, signal));
  const [open, setOpen] = useState<ContactRow>();
  return (
    <section className="q-stack" aria-labelledby="everybody">
      <div className="q-between">
        <h2 id="everybody">{t('contact.everybody')}</h2>
        <Link to="/app/access/people">{t('app.nav.people')}</Link>
      </div>
      <TextInput aria-label={t('contact.search')} placeholder={t('contact.search')} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
      <Answered query={people}>
        {(all) => (
          <>
            <ul className="q-list q-stack-tight">
              {all.people.map((one) => (
                <li key={one.practitioner} className="q-card q-between">
                  <span>
                    <span className="q-strong">{nameIn(one)}</span>{' '}
                    <span className="q-small q-dim">
                      {textOr(`role.${one.role}`, one.role)} · {nameIn(one.organisation)}
                    </span>
                    <br />
                    {one.phone || one.email ? (
                      <span className="q-small q-num">{[one.phone, one.email].filter(Boolean).join(' · ')}</span>
                    ) : (
                      <span className="q-chip q-chip-warning">{t('contact.none')}</span>
                    )}
                  </span>
                  <Button size="compact-sm" variant="default" onClick={() => setOpen(one)} aria-label={`${t('contact.edit')} ${nameIn(one)}`}>
                    {t('contact.edit')}
                  </Button>
                </li>
              ))}
            </ul>
            {all.count > all.people.length && <p className="q-dim">{t('contact.more', { shown: all.people.length, count: all.count })}</p>}
            {all.count === 0 && <p className="q-dim">{t('contact.nobody')}</p>}
          </>
        )}
      </Answered>
      {open && (
        <Dialog wide title={t('contact.edit_of', { name: nameIn(open) })} onClose={() => setOpen(undefined)}>
          <ContactOf practitioner={open.practitioner} onSaved={people.reload} />
        </Dialog>
      )}
    </section>
  );
}

/** The text once the typing pauses, so that not every letter asks the server. */
function useLater(text: string): string {
  const [later, setLater] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setLater(text), 250);
    return () => clearTimeout(timer);
  }, [text]);
  return later;
}

function ContactOf({ practitioner, onSaved }: { practitioner: string; onSaved: () => void }) {
  const query = useQuery(`contact:${practitioner}`, (signal) => readContact(practitioner, signal));
  return <Answered query={query}>{(contact) => <ContactForm start={contact} practitioner={practitioner} onSaved={onSaved} />}</Answered>;
}
