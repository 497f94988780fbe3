/** Opening a second patient in a tab where work for another one is begun: asked, before anything of the second is shown. */
import { Button } from '@mantine/core';
import { useEffect, type ReactNode } from 'react';
import { Link, Outlet, useLocation, useParams } from 'react-router';
import { useDeviceReady } from '../../api/device';
import type { CaseView } from '../../api/flow';
import { GlassBanner } from '../../app/glass_banner';
import { useText } from '../../app/i18n';
import { leaveWork, useTabWork, useWorkOfTab, WorkOf } from '../../app/tab_work';
import { Busy } from '../../ui/cards';
import { Icon } from '../../ui/icons';
import { useCase } from './case_query';

/** A draft is work for as long as a move that takes it is open. */
const kTakes: Record<string, readonly string[]> = { request: ['submit', 'submit_to_office'], opinion: ['sign', 'contribute'], amendment: ['amend'] };

export function PatientGate({ patient, name, children }: { patient: string; name: string; children: ReactNode }) {
  const work = useWorkOfTab();
  // What is begun comes back from the device a moment after the session began.
  if (!useDeviceReady()) return <Busy />;
  if (work && work.patient !== patient) return <SecondPatient name={work.name} path={work.path} />;
  return (
    <WorkOf patient={patient} name={name}>
      <GlassBanner patient={patient} />
      {children}
    </WorkOf>
  );
}

function SecondPatient({ name, path }: { name: string; path: string }) {
  const t = useText();
  const location = useLocation();
  const here = location.pathname + location.search;
  return (
    <div className="q-page q-page-narrow">
      <section className="q-card q-stack" role="alert">
        <h1>
          <Icon name="alert" /> {t('app.second_patient.title')}
        </h1>
        <p>{t('app.second_patient.explain', { name })}</p>
        <div className="q-actions">
          <Button component={Link} to={path}>
            {t('app.second_patient.back', { name })}
          </Button>
          <Button component="a" href={here} target="_blank" rel="noopener noreferrer" variant="default">
            {t('app.second_patient.new_tab')}
          </Button>
          <Button variant="default" onClick={() => leaveWork()}>
            {t('app.second_patient.leave')}
          </Button>
        </div>
        <p className="q-small q-dim">{t('app.second_patient.kept')}</p>
      </section>
    </div>
  );
}

/** The frame of every page of a case. Who was only asked knows no patient yet, and nothing is begun. */
export default function CaseGate() {
  const { id = '' } = useParams();
  const view = useCase(id).data;
  // The page itself says what is loading, refused or gone.
  if (!view?.patient.reference || view.case !== id) return <Outlet />;
  return (
    <PatientGate patient={view.patient.reference} name={view.patient.name ?? ''}>
      <EndsWithItsMoves case={view} />
      <Outlet />
    </PatientGate>
  );
}

function EndsWithItsMoves({ case: view }: { case: CaseView }) {
  const work = useTabWork();
  useEffect(() => {
    const open = view.moves.map((move) => move.action);
    for (const [name, takes] of Object.entries(kTakes)) {
      if (!takes.some((one) => open.includes(one))) work.end(`draft:${view.case}:${name}`);
    }
    if (view.ended) work.end(`message:${view.case}`);
  }, [view, work]);
  return null;
}
