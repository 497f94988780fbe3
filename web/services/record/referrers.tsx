/** What refers to a resource: asked for only when somebody wants it, since every type may. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import { readServed, searchRecord } from '../../api/record';
import type { ExactObject } from '../../api/exact_json';
import { useText } from '../../app/i18n';
import { EmptyCard } from '../../ui/cards';
import { RecordError } from './frame';
import { ReferenceList } from './results';

/** Rules of inclusion that the server takes in one search. */
const kRules = 16;

interface Found {
  resources: ExactObject[];
  remarks: string[];
}

async function find(type: string, id: string): Promise<Found> {
  const served = await readServed();
  const rules = served.types.filter((one) => one.references.length > 0).map((one) => `_revinclude=${one.type}:*`);
  const found: Found = { resources: [], remarks: [] };
  for (let at = 0; at < rules.length; at += kRules) {
    const page = await searchRecord(type, [`_id=${id}`, ...rules.slice(at, at + kRules)].join('&'));
    found.resources.push(...page.included);
    found.remarks.push(...page.remarks);
  }
  return found;
}

export function Referrers({ type, id }: { type: string; id: string }) {
  const t = useText();
  const [found, setFound] = useState<Found>();
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<unknown>();
  const look = async () => {
    setBusy(true);
    setFailed(undefined);
    try {
      setFound(await find(type, id));
    } catch (cause) {
      setFailed(cause);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <p className="q-dim">{t('fhir.referrers.help')}</p>
      <div>
        <Button loading={busy} onClick={() => void look()}>
          {t('fhir.referrers.find')}
        </Button>
      </div>
      {failed !== undefined && <RecordError error={failed} />}
      {found?.remarks.map((remark) => <p key={remark} className="q-note q-note-warning">{remark}</p>)}
      {found && (found.resources.length === 0 ? <EmptyCard title={t('fhir.referrers.none')} /> : <div className="q-card q-stack" data-referrers={found.resources.length}><ReferenceList resources={found.resources} /></div>)}
    </>
  );
}
