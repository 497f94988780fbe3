/** Who is signed in, whose record is open, and which page stands behind the `#`. */
import { useEffect, useState } from 'react';
import { ApiError, whenSessionEnds } from '../../api/http';
import { setLanguage, useLanguage, useText } from '../../app/i18n';
import { formatDate } from '../../ui/format';
import { CasePage, CasesPage } from './cases';
import { ConsentsPage } from './consents';
import { LooksPage } from './looks';
import { ErrorNote } from './parts';
import { RecordPage } from './record';
import { RequestsPage } from './requests';
import { BindPage, SignInPage } from './sign_in';
import { readState, signOut, type Self, type State } from './wire';

const kPages = ['cases', 'record', 'consents', 'looks', 'requests'] as const;
type Page = (typeof kPages)[number];

function usePlace(): string {
  const [place, setPlace] = useState(location.hash.slice(1));
  useEffect(() => {
    const change = () => setPlace(location.hash.slice(1));
    addEventListener('hashchange', change);
    return () => removeEventListener('hashchange', change);
  }, []);
  return place;
}

export function PatientApp() {
  const t = useText();
  const language = useLanguage();
  const place = usePlace();
  const [state, setState] = useState<State>();
  const [over, setOver] = useState(false);
  const [error, setError] = useState<unknown>();
  const [who, setWho] = useState<string>();
  const load = () => readState().then(setState, setError);
  useEffect(() => {
    void load();
    whenSessionEnds(() => {
      setOver(true);
      setState((now) => now && { ...now, account: null });
    });
  }, []);
  useEffect(() => {
    document.title = t('mine.title');
  }, [t, language]);
  const opened = (next: State) => {
    setOver(false);
    setState(next);
    setWho(undefined);
    location.hash = 'cases';
  };
  const code = /^bind(?:=(\d{8}))?$/.exec(place);
  const account = state?.account;
  const person = account?.people.find((one) => one.id === who) ?? account?.people[0];
  return (
    <>
      <a className="skip" href="#main" onClick={(event) => (event.preventDefault(), document.getElementById('main')?.focus())}>
        {t('mine.skip')}
      </a>
      <header>
        <span className="brand">{t('mine.brand')}</span>
        <button type="button" className="quiet" lang={language === 'en' ? 'zh-CN' : 'en'} onClick={() => void setLanguage(language === 'en' ? 'zh-CN' : 'en')}>
          {language === 'en' ? '中文' : 'English'}
        </button>
        {account && (
          <button
            type="button"
            className="quiet"
            onClick={() =>
              void signOut().then(
                () => (setState({ ...state, account: null }), (location.hash = '')),
                (cause: unknown) => setError(cause instanceof ApiError ? cause : undefined),
              )
            }
          >
            {t('mine.sign_out')}
          </button>
        )}
      </header>
      {state?.demo && <p className="demo">{t('mine.demo')}</p>}
      {account && person && !code && <Navigation person={person} people={account.people} place={place} onWho={setWho} />}
      <main id="main" tabIndex={-1}>
        <ErrorNote error={error} onRetry={() => (setError(undefined), void load())} />
        {over && !account && (
          <p className="note" role="status">
            {t('mine.session_over')}
          </p>
        )}
        {state && code && <BindPage code={code[1] ?? ''} demo={state.demo} onDone={opened} />}
        {state && !account && !code && <SignInPage state={state} onDone={opened} />}
        {account && person && !code && <Pages key={person.id} person={person} place={place} />}
      </main>
    </>
  );
}

function Navigation({ person, people, place, onWho }: { person: Self; people: Self[]; place: string; onWho: (id: string) => void }) {
  const t = useText();
  const at = pageOf(place);
  return (
    <>
      <div className="who">
        {people.length > 1 ? (
          <label>
            {t('mine.whose')}{' '}
            <select value={person.id} onChange={(event) => onWho(event.currentTarget.value)}>
              {people.map((one) => (
                <option key={one.id} value={one.id}>
                  {one.name}
                </option>
              ))}
            </select>
          </label>
        ) : (
          <strong>{person.name}</strong>
        )}
        {person.relation !== 'self' && <span className="dim">{person.until ? t(`mine.acting.${person.relation}_until`, { date: formatDate(person.until) }) : t(`mine.acting.${person.relation}`)}</span>}
      </div>
      <nav aria-label={t('mine.nav')}>
        {kPages.map((page) => (
          <a key={page} href={`#${page}`} aria-current={at === page ? 'page' : undefined}>
            {t(`mine.page.${page}`)}
          </a>
        ))}
      </nav>
    </>
  );
}

function pageOf(place: string): Page {
  const first = place.split('/')[0] ?? '';
  return kPages.find((page) => page === first) ?? 'cases';
}

function Pages({ person, place }: { person: Self; place: string }) {
  const page = pageOf(place);
  const id = place.split('/')[1];
  if (page === 'record') return <RecordPage who={person.id} />;
  if (page === 'consents') return <ConsentsPage who={person.id} may={person.relation === 'self'} />;
  if (page === 'looks') return <LooksPage who={person.id} />;
  if (page === 'requests') return <RequestsPage who={person.id} may={person.relation === 'self'} />;
  return id ? <CasePage who={person.id} id={id} /> : <CasesPage who={person.id} />;
}
