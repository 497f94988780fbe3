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
  MedicationStatement: '_lastUpdated',
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
  dosage?: { text?: string }[];
  dateAsserted?: string;
  meta?: { lastUpdated?: string };
}

export interface TimelineItem {
  kind: Kind;
  id: string;
  at: string;
  title: string;
  detail: string;
}

/** UCUM as it is written by hand. */
const kUnits: Record<string, string> = { 'mm[Hg]': 'mmHg', Cel: '°C', '{score}': '', '1': '' };
const kBloodPressure = '85354-9';

function quantity(value: { value?: number; unit?: string } | undefined): string {
  return value?.value === undefined ? '' : `${value.value} ${kUnits[value.unit ?? ''] ?? value.unit ?? ''}`.trim();
}

/** Vital signs and "none" or "not asked" in the reader's language; any other code by its own name. */
function nameOf(concept: CodeableConcept | undefined): string {
  const code = concept?.coding?.find((coding) => coding.code !== undefined)?.code ?? '';
  return concept?.text ?? textOr(`app.record.code.${code}`, conceptText(concept));
}

function componentsText(resource: RecordResource): string {
  const parts = resource.component ?? [];
  const valueOf = (code: string) => parts.find((part) => part.code?.coding?.some((coding) => coding.code === code))?.valueQuantity?.value;
  const [systolic, diastolic] = [valueOf('8480-6'), valueOf('8462-4')];
  const isPressure = resource.code?.coding?.some((coding) => coding.code === kBloodPressure);
  if (isPressure && systolic !== undefined && diastolic !== undefined) return `${systolic}/${diastolic} mmHg`;
  return parts.map((part) => `${nameOf(part.code)} ${quantity(part.valueQuantity)}`.trim()).join(' · ');
}

export function itemOf(resource: RecordResource): TimelineItem {
  const at =
    resource.effectiveDateTime ?? resource.effectivePeriod?.start ?? resource.period?.start ?? resource.performedDateTime ?? resource.performedPeriod?.start ?? resource.onsetDateTime ?? resource.recordedDate ?? resource.authoredOn ?? resource.dateAsserted ?? resource.issued ?? '';
  const title =
    resource.resourceType === 'Encounter'
      ? conceptText(resource.type?.[0]) || resource.class?.display || resource.class?.code || ''
      : nameOf(resource.medicationCodeableConcept ?? resource.code);
  const detail =
    resource.resourceType === 'Encounter'
      ? conceptText(resource.reasonCode?.[0])
      : quantity(resource.valueQuantity) || resource.valueString || conceptText(resource.valueCodeableConcept) || componentsText(resource) || resource.conclusion || (resource.dosageInstruction ?? resource.dosage)?.[0]?.text || '';
  return { kind: resource.resourceType, id: resource.id ?? '', at, title, detail };
}

export function RecordTimeline({ patient }: { patient: string }) {
  const t = useText();
  const [kind, setKind] = useState<Kind | ''>('');
  const query = useQuery(`record:${patient}`, async (signal) => {
    const found = await Promise.all(
      (Object.keys(kKinds) as Kind[]).map((type) => searchResources<RecordResource>(type, { patient, _count: '50', _sort: `-${kKinds[type]}` }, signal)),
    );
    return found.flat();
  });
  return (
    <Answered query={query}>
      {(resources) => {
        const items = resources.map(itemOf).sort((a, b) => b.at.localeCompare(a.at));
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
