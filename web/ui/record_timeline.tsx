/** The patient's earlier record on one line of time, newest first; only what the server lets this person see. */
import { useState } from 'react';
import { useQuery } from '../api/cache';
import { conceptText, searchResources, type CodeableConcept } from '../api/fhir';
import { textOr, useText } from '../app/i18n';
import { Answered } from './cards';
import { formatDate } from './format';

const kKinds = {
  Encounter: 'date',
  Condition: 'recorded-date',
  Observation: 'date',
  DiagnosticReport: 'date',
  MedicationRequest: 'authoredon',
  AllergyIntolerance: 'date',
  Procedure: 'date',
} as const;
type Kind = keyof typeof kKinds;

interface RecordResource {
  resourceType: Kind;
  id?: string;
  status?: string;
  code?: CodeableConcept;
  type?: CodeableConcept[];
  reasonCode?: CodeableConcept[];
  class?: { code?: string; display?: string };
  period?: { start?: string };
  recordedDate?: string;
  onsetDateTime?: string;
  effectiveDateTime?: string;
  effectivePeriod?: { start?: string };
  issued?: string;
  authoredOn?: string;
  performedDateTime?: string;
  performedPeriod?: { start?: string };
  valueQuantity?: { value?: number; unit?: string; code?: string };
  valueString?: string;
  valueCodeableConcept?: CodeableConcept;
  component?: { code?: CodeableConcept; valueQuantity?: { value?: number; unit?: string } }[];
  conclusion?: string;
  medicationCodeableConcept?: CodeableConcept;
  dosageInstruction?: { text?: string }[];
  meta?: { lastUpdated?: string };
}

export interface TimelineItem {
  kind: Kind;
  id: string;
  at: string;
  title: string;
  detail: string;
}

function quantity(value: { value?: number; unit?: string } | undefined): string {
  return value?.value === undefined ? '' : `${value.value} ${value.unit ?? ''}`.trim();
}

export function itemOf(resource: RecordResource): TimelineItem {
  const at =
    resource.effectiveDateTime ?? resource.effectivePeriod?.start ?? resource.period?.start ?? resource.performedDateTime ?? resource.performedPeriod?.start ?? resource.onsetDateTime ?? resource.recordedDate ?? resource.authoredOn ?? resource.issued ?? '';
  const components = (resource.component ?? []).map((part) => `${conceptText(part.code)} ${quantity(part.valueQuantity)}`.trim()).join(', ');
  const title =
    resource.resourceType === 'Encounter'
      ? conceptText(resource.type?.[0]) || resource.class?.display || resource.class?.code || ''
      : conceptText(resource.medicationCodeableConcept ?? resource.code);
  const detail =
    resource.resourceType === 'Encounter'
      ? conceptText(resource.reasonCode?.[0])
      : quantity(resource.valueQuantity) || resource.valueString || conceptText(resource.valueCodeableConcept) || components || resource.conclusion || resource.dosageInstruction?.[0]?.text || '';
  return { kind: resource.resourceType, id: resource.id ?? '', at, title, detail };
}

export function RecordTimeline({ patient }: { patient: string }) {
  const t = useText();
  const [kind, setKind] = useState<Kind | ''>('');
  const query = useQuery(`record:${patient}`, async (signal) => {
    const found = await Promise.all(
      (Object.keys(kKinds) as Kind[]).map((type) => searchResources<RecordResource>(type, { patient, _count: '50', _sort: `-${kKinds[type]}` }, signal)),
    );
    return found.flat().map(itemOf).sort((a, b) => b.at.localeCompare(a.at));
  });
  return (
    <Answered query={query}>
      {(items) => {
        const kinds = [...new Set(items.map((item) => item.kind))];
        const shown = items.filter((item) => kind === '' || item.kind === kind);
        if (items.length === 0) return <p className="q-dim">{t('app.record.empty')}</p>;
        return (
          <div className="q-stack">
            <label className="q-row q-small">
              {t('app.record.show')}
              <select className="c-select" value={kind} onChange={(event) => setKind(event.currentTarget.value as Kind | '')}>
                <option value="">{t('app.record.all', { count: items.length })}</option>
                {kinds.map((one) => (
                  <option key={one} value={one}>
                    {t(`app.record.kind.${one}`)}
                  </option>
                ))}
              </select>
            </label>
            <ol className="q-list r-line">
              {shown.map((item) => (
                <li key={`${item.kind}/${item.id}`} className="r-item">
                  <span className="q-small q-dim q-num">{item.at ? formatDate(item.at) : t('app.record.no_date')}</span>
                  <span>
                    <span className="q-chip">{textOr(`app.record.kind.${item.kind}`, item.kind)}</span> <span className="q-strong">{item.title}</span>
                    {item.detail && <span> {item.detail}</span>}
                  </span>
                </li>
              ))}
            </ol>
          </div>
        );
      }}
    </Answered>
  );
}
