/** The first page of every role: what waits for this person now, most pressing first. */
import { Button } from '@mantine/core';
import { Link } from 'react-router';
import { useQuery } from '../api/cache';
import { useCounts } from '../api/events';
import { readWorklist, readWorklists, type WorklistHead } from '../api/flow';
import { readSetup } from '../api/setup';
import { WorklistTable } from '../services/cases/worklist_table';
import { Answered, EmptyCard } from '../ui/cards';
import { formatDate, nameIn } from '../ui/format';
import { Icon } from '../ui/icons';
import { textOr, useText } from './i18n';
import { allPlacesOf } from './places';
import { mayAskForConsultation, mayKeepSetup, mayRegisterPatients, maySeePatients } from './roles';
import { useSession } from './session';
import { useTitle } from './title';

const kRowsShown = 5;
const kToAct = ['returned', 'inbox', 'office', 'desk', 'late', 'offers', 'writing', 'drafts'];

export default function TodayPage() {
  const t = useText();
  const session = useSession();
  const lists = useQuery('worklists', readWorklists);
  useTitle(t('app.nav.today'));
  const role = session.memberships[0]?.role ?? '';
  return (
    <div className="q-page">
      <div className="q-between">
        <div>
          <h1>{t('app.today.hello', { name: nameIn(session.person) })}</h1>
          <p className="q-dim">
            {textOr(`role.${role}`, role)} · {formatDate(new Date())}
          </p>
        </div>
        <div className="q-actions">
          {mayAskForConsultation(session) && (
            <Button component={Link} to="/app/consult/new" leftSection={<Icon name="plus" />}>
              {t('app.new_consultation')}
            </Button>
          )}
          {maySeePatients(session) && (
            <Button component={Link} to="/app/patients" variant="default" leftSection={<Icon name="search" />}>
              {mayRegisterPatients(session) ? t('app.find_or_register') : t('app.find.open')}
            </Button>
          )}
        </div>
      </div>
      {mayKeepSetup(session) && <SetupCard />}
      <Answered query={lists}>
        {(all) => {
          const toAct = kToAct.flatMap((name) => all.find((list) => list.name === name) ?? []);
          const others = all.filter((list) => !kToAct.includes(list.name));
          return (
            <>
              <Tiles lists={all} />
              {all.length === 0 && <Places />}
              {all.length > 0 && toAct.every((list) => list.count === 0) && <EmptyCard title={t('app.today.nothing')}>{t('app.today.nothing_help')}</EmptyCard>}
              {[...toAct, ...others].map((list) => (
                <Section key={list.name} list={list} />
              ))}
            </>
          );
        }}
      </Answered>
    </div>
  );
}

/** Whose work has no lists: their pages. */
function Places() {
  const t = useText();
  const session = useSession();
  return (
    <nav className="t-tiles" aria-label={t('app.today.places')}>
      {allPlacesOf(session).map((place) => (
        <Link key={place.to} to={place.to} className="q-card q-link-card q-strong">
          {t(place.name)}
        </Link>
      ))}
    </nav>
  );
}

/** While the centre is not ready to be left to its people. */
function SetupCard() {
  const t = useText();
  const { data } = useQuery('setup', readSetup);
  if (!data || data.finished) return null;
  const needed = data.steps.filter((one) => one.needed);
  return (
    <Link to="/app/operations/setup" className="q-card q-link-card">
      <span className="q-between">
      <span className="q-strong">{t('app.nav.setup')}</span>
      <span className="q-chip q-chip-info">{t('app.today.setup', { done: needed.filter((one) => one.done).length, all: needed.length })}</span>
      </span>
    </Link>
  );
}

function Tiles({ lists }: { lists: WorklistHead[] }) {
  const t = useText();
  const counts = useCounts();
  return (
    <div className="t-tiles">
      {lists.map((list) => (
        <Link key={list.name} to={`/app/list/${list.name}`} className="q-card q-link-card t-tile">
          <span className="t-number q-num">{counts[list.name] ?? list.count}</span>
          <span>{t(`app.list.${list.name}`)}</span>
          {list.urgent > 0 && <span className="q-chip q-chip-warning">{t('app.urgent_count', { count: list.urgent })}</span>}
        </Link>
      ))}
    </div>
  );
}

function Section({ list }: { list: WorklistHead }) {
  const t = useText();
  const counts = useCounts();
  const count = counts[list.name] ?? list.count;
  const rows = useQuery(count > 0 ? `list:${list.name}:today` : undefined, (signal) => readWorklist(list.name, { sort: 'due', count: kRowsShown }, signal));
  if (count === 0) return null;
  return (
    <section className="q-stack" aria-labelledby={`section-${list.name}`}>
      <div className="q-between">
        <h2 id={`section-${list.name}`}>
          {t(`app.list.${list.name}`)} <span className="q-dim q-num">{count}</span>
        </h2>
        <Link to={`/app/list/${list.name}`}>{t('app.show_all', { list: t(`app.list.${list.name}`) })}</Link>
      </div>
      <Answered query={rows}>{(data) => <WorklistTable rows={data.rows.slice(0, kRowsShown)} keys={false} />}</Answered>
    </section>
  );
}
