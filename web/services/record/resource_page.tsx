/** One resource: as a form, as JSON, its versions and what differs between two, what refers to it, and what a check says. */
import { Button } from '@mantine/core';
import { useMemo, useState } from 'react';
import { useParams, useSearchParams } from 'react-router';
import { useQuery } from '../../api/cache';
import { isExactObject, stringIn, textOfExact, type ExactObject } from '../../api/exact_json';
import { readExact, readServed, validate, type Issue } from '../../api/record';
import { useText } from '../../app/i18n';
import { useTitle } from '../../app/title';
import { Busy } from '../../ui/cards';
import { formatDateTime } from '../../ui/format';
import { pathOfExpression, presentPath } from './elements';
import { RecordError, RecordFrame, useActingClient } from './frame';
import { HistoryTab } from './history_tab';
import { IssueList } from './issues';
import { JsonView } from './json_view';
import { Referrers } from './referrers';
import { typeText } from './search_builder';
import { ResourceTree } from './tree';

const kTabs = ['form', 'json', 'history', 'referrers'] as const;
type Tab = (typeof kTabs)[number];

export default function ResourcePage() {
  const t = useText();
  const { type = '', id = '' } = useParams();
  const [address] = useSearchParams();
  const version = address.get('version') ?? '';
  useTitle(`${type} · ${t('app.nav.record')}`);
  return (
    <RecordFrame
      title={
        <>
          {typeText(type)} <span className="q-dim rec-title-id">{id}</span>
        </>
      }
    >
      <Resource key={`${type}/${id}/${version}`} type={type} id={id} version={version} />
    </RecordFrame>
  );
}

function Resource({ type, id, version }: { type: string; id: string; version: string }) {
  const t = useText();
  const reference = `${type}/${id}`;
  const client = useActingClient()?.id ?? '';
  const [address, setAddress] = useSearchParams();
  const tab = kTabs.find((one) => one === address.get('tab')) ?? 'form';
  const query = useQuery(`fhir:${client}:${reference}:${version}`, (signal) => readExact(version ? `${reference}/_history/${version}` : reference, signal));
  const show = (next: Tab) => {
    const params = new URLSearchParams(address);
    params.set('tab', next);
    setAddress(params, { replace: true });
  };
  return (
    <>
      {query.data && <Head resource={query.data} version={version} onNewest={() => setAddress({ tab })} />}
      <div className="ws-tabs rec-tabs" role="tablist" aria-label={t('fhir.tabs')}>
        {kTabs.map((one) => (
          <button key={one} type="button" role="tab" id={`tab-${one}`} aria-selected={one === tab} aria-controls="rec-panel" className="ws-tab" onClick={() => show(one)}>
            {t(`fhir.tab.${one}`)}
          </button>
        ))}
      </div>
      <div role="tabpanel" id="rec-panel" aria-labelledby={`tab-${tab}`} className="q-stack">
        {(tab === 'form' || tab === 'json') && query.error && <RecordError error={query.error} onRetry={query.reload} />}
        {(tab === 'form' || tab === 'json') && !query.data && !query.error && <Busy />}
        {tab === 'form' && query.data && <FormTab type={type} resource={query.data} />}
        {tab === 'json' && query.data && <JsonView name={`${type}-${id}${version ? `-v${version}` : ''}.json`} resource={query.data} />}
        {tab === 'history' && <HistoryTab reference={reference} />}
        {tab === 'referrers' && <Referrers type={type} id={id} />}
      </div>
    </>
  );
}

function Head({ resource, version, onNewest }: { resource: ExactObject; version: string; onNewest: () => void }) {
  const t = useText();
  const meta = isExactObject(resource['meta']) ? resource['meta'] : {};
  return (
    <div className="q-row">
      <span className="q-chip">{t('fhir.version', { version: stringIn(meta['versionId']) ?? '–' })}</span>
      <span className="q-dim">{formatDateTime(stringIn(meta['lastUpdated']))}</span>
      {version && (
        <span className="q-row">
          <span className="q-chip q-chip-warning">{t('fhir.version.old')}</span>
          <Button size="compact-sm" variant="subtle" onClick={onNewest}>
            {t('fhir.version.newest')}
          </Button>
        </span>
      )}
    </div>
  );
}

interface Checked {
  issues: Issue[] | undefined;
}

function FormTab({ type, resource }: { type: string; resource: ExactObject }) {
  const t = useText();
  const served = useQuery('fhir:metadata', readServed);
  const [open, setOpen] = useState<boolean>();
  const [round, setRound] = useState(0);
  const [checked, setChecked] = useState<Checked>();
  const [focus, setFocus] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<unknown>();
  const marks = useMemo(() => {
    const issues = new Map<string, Issue[]>();
    for (const issue of checked?.issues ?? []) {
      const path = pathOfExpression(issue.at, type);
      if (path === undefined) continue;
      const present = presentPath(resource, path);
      issues.set(present, [...(issues.get(present) ?? []), issue]);
    }
    return { issues, ...(focus === undefined ? {} : { focus }) };
  }, [checked, focus, resource, type]);
  const unfold = (to: boolean) => {
    setOpen(to);
    setRound((before) => before + 1);
  };
  const check = async () => {
    setBusy(true);
    setFailed(undefined);
    setFocus(undefined);
    try {
      const serves = served.data?.types.find((one) => one.type === type)?.validates ?? true;
      setChecked({ issues: serves ? await validate(type, textOfExact(resource)) : undefined });
    } catch (cause) {
      setFailed(cause);
    } finally {
      setBusy(false);
    }
  };
  const showIssue = (issue: Issue) => {
    const path = pathOfExpression(issue.at, type);
    setFocus(undefined);
    if (path !== undefined) requestAnimationFrame(() => setFocus(presentPath(resource, path)));
  };
  return (
    <>
      <div className="q-actions">
        <Button loading={busy} onClick={() => void check()}>
          {t('fhir.validate')}
        </Button>
        <Button variant="default" onClick={() => unfold(true)}>
          {t('fhir.tree.open')}
        </Button>
        <Button variant="default" onClick={() => unfold(false)}>
          {t('fhir.tree.close')}
        </Button>
      </div>
      {failed !== undefined && <RecordError error={failed} />}
      {checked && <IssueList type={type} issues={checked.issues} onShow={showIssue} />}
      <div className="q-card">
        <ResourceTree key={round} resource={resource} marks={marks} open={open} />
      </div>
    </>
  );
}
