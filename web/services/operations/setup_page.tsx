/** From an empty installation to a centre that can be left to its people: what is there, what is missing, who does it, where. */
import { Button } from '@mantine/core';
import { Link } from 'react-router';
import { useQuery } from '../../api/cache';
import { readSetup, type SetupStep } from '../../api/setup';
import type { Session } from '../../api/session';
import { textOr, useText } from '../../app/i18n';
import { mayKeepSetup } from '../../app/roles';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { Answered, EmptyCard } from '../../ui/cards';
import { Icon } from '../../ui/icons';

/** Where a step is done; what is missing here is done on the machine itself and its text says how. */
const kWhere: Readonly<Record<string, string>> = {
  administrators: '/app/access/people',
  giving_side: '/app/access/people',
  asking_side: '/app/access/people',
  contract: '/app/access/contracts',
  notices: '/app/operations/notifications',
  roster: '/app/access/roster',
  device: '/app/imaging/devices',
  first_opinion: '/app/consult/new',
  backup: '/app/operations/backups',
  restore: '/app/operations/backups',
};

const mayDo = (step: SetupStep, session: Session) => session.memberships.some((one) => one.role === step.by);

export default function SetupPage() {
  const t = useText();
  const may = mayKeepSetup(useSession());
  useTitle(t('app.nav.setup'));
  const query = useQuery(may ? 'setup' : undefined, readSetup);
  if (!may) return <div className="q-page"><EmptyCard title={t('error.access.not_yours')} /></div>;
  return (
    <div className="q-page q-page-narrow">
      <h1>{t('app.nav.setup')}</h1>
      <p className="q-dim">{t('operations.setup.explain')}</p>
      <Answered query={query}>
        {({ finished, steps }) => (
          <>
            <Progress steps={steps} />
            {finished && <p className="q-note q-note-ok" role="status">{t('operations.setup.finished')}</p>}
            <Steps title={t('operations.setup.needed')} steps={steps.filter((one) => one.needed)} />
            <Steps title={t('operations.setup.advised')} steps={steps.filter((one) => !one.needed)} />
          </>
        )}
      </Answered>
    </div>
  );
}

function Progress({ steps }: { steps: SetupStep[] }) {
  const t = useText();
  const needed = steps.filter((one) => one.needed);
  const done = needed.filter((one) => one.done).length;
  const text = t('operations.setup.progress', { done, all: needed.length });
  return (
    <div className="q-stack-tight">
      <progress className="q-progress" max={needed.length} value={done} aria-label={text} />
      <p className="q-small q-dim">{text}</p>
    </div>
  );
}

function Steps({ title, steps }: { title: string; steps: SetupStep[] }) {
  const next = steps.find((one) => !one.done)?.step;
  return (
    <section className="q-stack">
      <h2>{title}</h2>
      <ol className="q-list q-stack">
        {steps.map((one) => (
          <StepCard key={one.step} step={one} isNext={one.step === next} />
        ))}
      </ol>
    </section>
  );
}

function StepCard({ step, isNext }: { step: SetupStep; isNext: boolean }) {
  const t = useText();
  const session = useSession();
  const mine = mayDo(step, session);
  const where = kWhere[step.step];
  return (
    <li className="q-card q-stack-tight" data-step={step.step} data-done={step.done}>
      <div className="q-between">
        <h3>{t(`operations.setup.step.${step.step}`)}</h3>
        <span className={`q-chip ${step.done ? 'q-chip-ok' : isNext ? 'q-chip-info' : ''}`}>
          {step.done && <Icon name="check" />} {t(step.done ? 'operations.setup.done' : isNext ? 'operations.setup.next' : 'operations.setup.open')}
        </span>
      </div>
      {!step.done && (
        <>
          <p>{t(`operations.setup.text.${step.step}`)}</p>
          {step.missing.length > 0 && <p className="q-strong">{t('operations.setup.missing', { what: step.missing.map((one) => textOr(`operations.setup.what.${one}`, textOr(`role.${one}`, one))).join(t('operations.setup.and')) })}</p>}
          {step.people.length > 0 && <p className="q-small q-dim">{step.people.join(t('operations.setup.and'))}</p>}
          {mine && where && (
            <div className="q-actions">
              <Button component={Link} to={where} variant={isNext ? 'filled' : 'default'}>{t('operations.setup.go')}</Button>
            </div>
          )}
          {!mine && <p className="q-small q-dim">{step.doers.length > 0 ? t('operations.setup.by', { role: textOr(`role.${step.by}`, step.by), names: step.doers.join(t('operations.setup.and')) }) : t('operations.setup.by_nobody', { role: textOr(`role.${step.by}`, step.by) })}</p>}
        </>
      )}
    </li>
  );
}
