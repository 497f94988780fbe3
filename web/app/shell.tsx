/** The frame of every page: header, navigation with live counters, status row, notices. */
import { Button } from '@mantine/core';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { NavLink, Outlet, useLocation, useMatches, useNavigate, useNavigation } from 'react-router';
import { useQuery } from '../api/cache';
import { outbox, useArrivals, useOutbox, useRegistered } from '../api/outbox';
import { useUnsent } from '../api/unsent';
import { dismissNotice, setCounts, useCounts, useLineState, useNotices, watchLists, type Notice } from '../api/events';
import { readUnmatched, readWorklists } from '../api/flow';
import { isPressing, readGateways } from '../api/gateways';
import { formatDuration, formatTime, nameIn } from '../ui/format';
import { Icon, type IconName } from '../ui/icons';
import { errorText } from '../ui/cards';
import { DropMenu } from '../ui/drop_menu';
import { usePhone } from '../ui/use_phone';
import { useNow } from '../ui/case_bits';
import { loadTexts, textOr, useLanguage, useText } from './i18n';
import { EmergencyAlarm } from './emergency_alarm';
import { LanguageSwitch } from './language_switch';
import { useDark } from './scheme';
import { useSession, useSessionAccess } from './session';
import { NewVersionRow, useServiceWorker } from './new_version';
import { useUnsentOfOthers } from './others_unsent';
import { placesOf } from './places';
import { usePrepareOffline } from './prepare_offline';
import { answersForDeadlines, mayAskForConsultation, mayKeepNodes, mayKeepPeople, mayKeepPrivacy, mayMatchStudies, mayReadAudit, maySeePatients } from './roles';

const FindDialog = lazy(() => import('./find_dialog'));
const UnsentDialog = lazy(async () => (await Promise.all([import('./unsent_dialog'), loadTexts('consult')]))[0]);
const kPhoneLists = 3;
/** Lists whose entries wait for this person. */
const kPressing = new Set(['inbox', 'returned', 'desk', 'offers', 'calls', 'late']);
const listIcons: Record<string, IconName> = { inbox: 'inbox', desk: 'inbox', offers: 'bell', writing: 'pen', drafts: 'file', late: 'clock', calls: 'alert', returned: 'back', closed: 'check', signed: 'check' };

const writes = (target: EventTarget | null) => target instanceof HTMLElement && (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.isContentEditable);

export function Shell() {
  const t = useText();
  const session = useSession();
  const mayFind = maySeePatients(session);
  const [finding, setFinding] = useState(false);
  const matches = useMatches();
  const dark = matches.some((match) => (match.handle as { dark?: boolean } | undefined)?.dark === true);
  useDark(dark);
  const main = useRef<HTMLElement>(null);
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const first = useRef(true);
  useEffect(() => {
    // A new page takes the focus, so that a reader of the screen hears it; the first one leaves it to the skip link.
    if (first.current) first.current = false;
    else main.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
    main.current?.scrollTo(0, 0);
  }, [pathname]);
  useEffect(() => {
    const open = (event: KeyboardEvent) => {
      if (mayFind && (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        setFinding(true);
      } else if (event.key === '?' && !event.defaultPrevented && !writes(event.target) && !document.querySelector('.ws, [role=dialog]')) {
        void navigate('/app/help');
      }
    };
    window.addEventListener('keydown', open);
    return () => window.removeEventListener('keydown', open);
  }, [mayFind, navigate]);
  return (
    <div className={`s-shell ${dark ? 's-shell-narrow' : ''}`}>
      <a className="q-skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        {t('app.skip')}
      </a>
      <Header onFind={() => setFinding(true)} />
      <div className="s-status">
        {session.demo && (
          <div className="s-bar s-bar-demo" role="note">
            {t('app.demo.banner')}
          </div>
        )}
        {session.resetUnconfirmed && (
          <div className="s-bar s-bar-warning" role="note">
            {t('app.reset_unconfirmed')}
          </div>
        )}
        <StatusRow />
        <UnsentRow />
        <NewVersionRow />
      </div>
      <Navigation />
      <main className="s-main" id="main" ref={main} tabIndex={0}>
        <Outlet />
      </main>
      <Toasts />
      <EmergencyAlarm />
      {finding && (
        <Suspense fallback={null}>
          <FindDialog onClose={() => setFinding(false)} />
        </Suspense>
      )}
    </div>
  );
}

function useOrganisationName(): string {
  useLanguage();
  const organisation = useSession().memberships[0]?.organisation;
  return nameIn(organisation);
}

function Header({ onFind }: { onFind: () => void }) {
  const t = useText();
  const session = useSession();
  const phone = usePhone();
  const { leave } = useSessionAccess();
  const organisation = useOrganisationName();
  const notices = useNotices();
  const [failed, setFailed] = useState<unknown>();
  const role = session.memberships[0]?.role ?? '';
  return (
    <header className="s-head">
      <NavLink to="/app/today" className="s-brand" aria-label={t('app.name')}>
        <Icon name="link" size={22} /> {t('app.name')}
      </NavLink>
      <span className="s-org">{organisation}</span>
      <div className="s-head-end">
        {maySeePatients(session) && (
          <button type="button" className="s-search" onClick={onFind} aria-keyshortcuts="Control+K">
            <Icon name="search" /> <span>{t('app.find.open')}</span> <kbd aria-hidden>Ctrl K</kbd>
          </button>
        )}
        <DropMenu
          label={t('app.notices', { count: notices.length })}
          button={
            <>
              <Icon name="bell" />
              {notices.length > 0 && <span className="s-count s-count-live">{notices.length}</span>}
            </>
          }
        >
          {(close) => (
            <>
              {notices.length === 0 && <p className="d-label">{t('app.no_notices')}</p>}
              {notices.map((notice) => (
                <NavLink key={notice.id} className="d-item" to={notice.case ? `/app/consult/${notice.case}` : '/app/today'} onClick={() => (dismissNotice(notice.id), close())}>
                  {noticeText(notice)} <span className="q-small q-dim q-num">{formatTime(notice.at)}</span>
                </NavLink>
              ))}
            </>
          )}
        </DropMenu>
        <LanguageSwitch />
        <DropMenu
          label={t('app.person_menu', { name: nameIn(session.person) })}
          button={
            <>
              <Icon name="person" /> <span className="s-label">{nameIn(session.person)}</span>
            </>
          }
        >
          {(close) => (
            <>
              <p className="d-label">
                {nameIn(session.person)}
                <br />
                {textOr(`role.${role}`, role)} · {organisation}
              </p>
              {placesOf(session, phone).map((place) => (
                <NavLink key={place.to} className="d-item" to={place.to} onClick={close}>
                  {t(place.name)}
                </NavLink>
              ))}
              <button type="button" className="d-item" onClick={() => void leave().catch(setFailed)}>
                <Icon name="out" /> {t('app.sign_out')}
              </button>
              {failed !== undefined && <p className="d-label q-critical">{errorText(failed)}</p>}
            </>
          )}
        </DropMenu>
      </div>
    </header>
  );
}

const kGatewaysMs = 60_000;

function Navigation() {
  const t = useText();
  const session = useSession();
  const phone = usePhone();
  const counts = useCounts();
  const lists = useQuery('worklists', readWorklists);
  const gateways = useQuery(mayKeepNodes(session) ? 'gateways' : undefined, readGateways);
  const { reload: lookAtGateways } = gateways;
  useEffect(() => {
    if (!mayKeepNodes(session)) return undefined;
    const timer = setInterval(() => document.visibilityState === 'visible' && lookAtGateways(), kGatewaysMs);
    return () => clearInterval(timer);
  }, [session, lookAtGateways]);
  const unmatched = useQuery(mayMatchStudies(session) ? 'list:unmatched' : undefined, readUnmatched);
  useEffect(() => {
    if (!lists.data) return;
    setCounts(Object.fromEntries(lists.data.map((list) => [list.name, list.count])));
    watchLists([...lists.data.map((list) => list.name), ...(mayMatchStudies(session) ? ['unmatched'] : [])]);
  }, [lists.data, session]);
  useServiceWorker(lists.data !== undefined);
  usePrepareOffline(lists.data !== undefined && mayAskForConsultation(session));
  const all = lists.data ?? [];
  const item = (to: string, icon: IconName, label: string, count?: number, live?: boolean) => (
    <li key={to}>
      <NavLink to={to} end={to === '/app/patients'}>
        <Icon name={icon} />
        <span>{label}</span>
        {count !== undefined && count > 0 && (
          <span className={`s-count ${live ? 's-count-live' : ''}`} aria-label={t('app.count', { count })}>
            {count}
          </span>
        )}
      </NavLink>
    </li>
  );
  const listItems = all.map((list) => item(`/app/list/${list.name}`, listIcons[list.name] ?? 'list', t(`app.list.${list.name}`), counts[list.name] ?? list.count, kPressing.has(list.name)));
  const many = listItems.length > kPhoneLists;
  return (
    <nav className="s-nav" aria-label={t('app.nav.label')}>
      {!phone && (
      <ul className="s-nav-list">
        {item('/app/today', 'home', t('app.nav.today'))}
        {listItems}
        {answersForDeadlines(session) && item('/app/board', 'clock', t('app.nav.board'))}
        {answersForDeadlines(session) && item('/app/figures', 'list', t('app.nav.figures'))}
        {maySeePatients(session) && item('/app/patients', 'people', t('app.nav.patients'))}
        {mayMatchStudies(session) && item('/app/imaging/unmatched', 'image', t('app.nav.unmatched'), counts['unmatched'] ?? unmatched.data?.length, true)}
        {mayKeepPeople(session) && item('/app/access/people', 'people', t('app.nav.people'))}
        {(mayReadAudit(session) || mayKeepPrivacy(session)) && item('/app/access/audit', 'list', t('app.nav.audit'))}
        {mayKeepNodes(session) && item('/app/imaging/devices', 'scanner', t('app.nav.devices'))}
        {mayKeepNodes(session) && item('/app/imaging/gateways', 'upload', t('app.nav.gateways'), gateways.data?.filter(isPressing).length, true)}
        {mayKeepNodes(session) && item('/app/operations/backups', 'file', t('app.nav.backups'))}
      </ul>
      )}
      {phone && (
      <ul className="s-nav-list">
        {item('/app/today', 'home', t('app.nav.today'))}
        {(many ? phoneLists(all.map((list) => list.name)) : all.map((list) => list.name)).map((name) =>
          item(`/app/list/${name}`, listIcons[name] ?? 'list', t(`app.list.${name}`), counts[name] ?? all.find((list) => list.name === name)?.count, kPressing.has(name)),
        )}
        {maySeePatients(session) && item('/app/patients', 'people', t('app.nav.patients'))}
        {mayKeepPeople(session) && item('/app/access/people', 'people', t('app.nav.people'))}
        {(mayReadAudit(session) || mayKeepPrivacy(session)) && item('/app/access/audit', 'list', t('app.nav.audit'))}
        {mayKeepNodes(session) && item('/app/imaging/devices', 'scanner', t('app.nav.devices'))}
        {mayKeepNodes(session) && item('/app/operations/backups', 'file', t('app.nav.backups'))}
      </ul>
      )}
    </nav>
  );
}

/** On a phone the three lists that ask for an act; the others stand on the Today page. */
function phoneLists(names: string[]): string[] {
  const order = ['calls', 'inbox', 'returned', 'requested', 'desk', 'late', 'arranged', 'offers', 'writing', 'signed'];
  return [...names].sort((a, b) => (order.indexOf(a) + 99) % 99 - (order.indexOf(b) + 99) % 99).slice(0, kPhoneLists);
}

export function noticeText(notice: Notice): string {
  const params: Record<string, string> = { ...notice.params };
  if (params['act_by']) params['act_by'] = textOr(`app.act_by.${params['act_by']}`, params['act_by']);
  if (params['clock']) params['clock'] = textOr(`consult.clock.${params['clock']}`, params['clock']);
  return textOr(`notice.${notice.code}`, notice.code, params);
}

function StatusRow() {
  const t = useText();
  const line = useLineState();
  const { idleLeftS, state } = useSessionAccess();
  const unlocked = state.phase === 'open' && state.offline === true;
  const navigation = useNavigation();
  const now = useNow(1000);
  const [online, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const change = () => setOnline(navigator.onLine);
    window.addEventListener('online', change);
    window.addEventListener('offline', change);
    return () => {
      window.removeEventListener('online', change);
      window.removeEventListener('offline', change);
    };
  }, []);
  return (
    <div role="status" aria-live="polite">
      {unlocked && <div className="s-bar s-bar-warning">{t('app.pin.unlocked')}</div>}
      {!unlocked && !online && <div className="s-bar s-bar-warning">{t('app.offline')}</div>}
      {!unlocked && online && line.status === 'down' && now - line.since > 2000 && <div className="s-bar s-bar-warning">{t('app.line_down', { time: formatTime(line.since), age: formatDuration(now - line.since) })}</div>}
      {idleLeftS !== undefined && <div className="s-bar s-bar-warning">{t('app.idle_soon', { seconds: idleLeftS })}</div>}
      {navigation.state === 'loading' && <span className="q-visually-hidden">{t('app.loading')}</span>}
    </div>
  );
}

/** What is not sent yet, except on the pages of its own case, which show it themselves; and what has just arrived. */
function UnsentRow() {
  const t = useText();
  const { person } = useSession();
  const { pathname } = useLocation();
  const [open, setOpen] = useState(false);
  const uploads = useUnsent().filter((one) => one.attachment === undefined && !pathname.includes(one.caseId.replace('new.', 'new/'))).length;
  const elsewhere = useOutbox().filter((one) => !pathname.includes(one.id));
  const texts = elsewhere.length;
  const asksPerson = elsewhere.some((one) => one.conflict || one.error !== undefined);
  const registered = useRegistered().filter((one) => !pathname.includes(one.id));
  const others = useUnsentOfOthers(person.id);
  const arrivals = useArrivals();
  return (
    <>
      {arrivals.map((one) => (
        <div key={one.createId} className="s-bar s-bar-info" role="status">
          <span>{t('app.unsent.arrived')}</span>
          <NavLink to={`/app/consult/${one.caseId}/request?step=consent`} onClick={() => outbox.seen(one.createId)}>
            {t('app.unsent.arrived_sign')}
          </NavLink>
        </div>
      ))}
      {registered.map((one) => (
        <div key={one.id} className="s-bar s-bar-info" role="status">
          <span>{t('app.unsent.registered')}</span>
          <NavLink to={`/app/patients/${one.patient.replace('Patient/', '')}`} onClick={() => outbox.seenRegistered(one.id)}>
            {t('app.unsent.open')}
          </NavLink>
        </div>
      ))}
      {uploads + texts > 0 && (
        <div className="s-bar s-bar-warning" role="status">
          <span>
            {t('app.unsent.count', { count: uploads + texts })} {asksPerson && <strong>{t('app.unsent.asks')}</strong>}
          </span>
          <Button size="compact-sm" variant="default" onClick={() => setOpen(true)}>
            {t('app.unsent.show')}
          </Button>
        </div>
      )}
      {others > 0 && (
        <div className="s-bar s-bar-warning" role="note">
          {t('app.unsent.others', { count: others })}
        </div>
      )}
      {open && (
        <Suspense fallback={null}>
          <UnsentDialog onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}

const kToastMs = 8000;

/** A passing copy of new notices; the list behind the bell keeps them. */
function Toasts() {
  const t = useText();
  const notices = useNotices();
  const now = useNow(1000);
  const { pathname } = useLocation();
  // The page of a case shows by itself what happened to it; a copy would only cover its buttons.
  const shownHere = (notice: { case?: string | null }) => notice.case && pathname.includes(notice.case);
  const fresh = notices.filter((notice) => !shownHere(notice) && (now - notice.at < kToastMs || (notice.urgency === 'emergency' && now - notice.at < 60_000))).slice(0, 3);
  return (
    <div className="s-toasts" role="log" aria-live="polite" aria-label={t('app.notices_label')}>
      {fresh.map((notice) => (
        <div key={notice.id} className={`s-toast q-between ${notice.urgency === 'emergency' || notice.params?.['act_by'] === 'now' ? 's-toast-now' : ''}`}>
          {notice.case ? (
            <NavLink to={`/app/consult/${notice.case}`} onClick={() => dismissNotice(notice.id)}>
              {noticeText(notice)}
            </NavLink>
          ) : (
            <span>{noticeText(notice)}</span>
          )}
          <Button size="compact-xs" variant="subtle" onClick={() => dismissNotice(notice.id)}>
            {t('app.dismiss')}
          </Button>
        </div>
      ))}
    </div>
  );
}
