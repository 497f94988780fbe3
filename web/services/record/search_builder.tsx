/** Clauses of a search: what is asked, how it is compared and with which values; every clause must hold, one of its values is enough. */
import { Button, CloseButton, NativeSelect, TextInput } from '@mantine/core';
import type { Served, ServedType } from '../../api/record';
import { textOr, useText } from '../../app/i18n';
import { Icon } from '../../ui/icons';
import { kPrefixes, modifiersOf, takesPrefix, type Clause, type ParameterKind, type Search, type Value } from './query';

const kCounts = ['10', '20', '50', '100'];
const kNewValue: Value = { prefix: '', text: '' };

/** A type under its own name, and under one that people use. */
export function typeText(type: string): string {
  const spoken = textOr(`fhir.type.${type}`, '');
  return spoken && spoken !== type ? `${type} · ${spoken}` : type;
}

export function SearchBuilder({ served, search, onChange }: { served: Served; search: Search; onChange: (search: Search) => void }) {
  const t = useText();
  const type = served.types.find((one) => one.type === search.type);
  const put = (at: number, clause: Clause | undefined) => onChange({ ...search, clauses: search.clauses.flatMap((one, index) => (index !== at ? [one] : clause ? [clause] : [])) });
  const [sortName, down] = [search.sort.replace(/^-/, ''), search.sort.startsWith('-')];
  return (
    <>
      <div className="rec-top">
        <NativeSelect label={t('fhir.search.type')} value={search.type} onChange={(event) => onChange({ ...search, type: event.currentTarget.value, clauses: [], sort: '' })} data={served.types.map((one) => ({ value: one.type, label: typeText(one.type) }))} />
        <NativeSelect label={t('fhir.search.sort')} value={sortName} onChange={(event) => onChange({ ...search, sort: event.currentTarget.value && (down ? '-' : '') + event.currentTarget.value })} data={[{ value: '', label: t('fhir.search.unsorted') }, ...sortsOf(type, sortName)]} />
        <NativeSelect label={t('fhir.search.direction')} value={down ? '-' : ''} disabled={sortName === ''} onChange={(event) => onChange({ ...search, sort: event.currentTarget.value + sortName })} data={[{ value: '', label: t('fhir.search.ascending') }, { value: '-', label: t('fhir.search.descending') }]} />
        <NativeSelect label={t('fhir.search.per_page')} value={search.count} onChange={(event) => onChange({ ...search, count: event.currentTarget.value })} data={[...new Set([...kCounts, search.count])].filter(Boolean).map((one) => ({ value: one, label: one })).concat(search.count ? [] : [{ value: '', label: '–' }])} />
      </div>
      {search.clauses.length > 0 && (
        <ol className="rec-clauses q-list" aria-label={t('fhir.search.clauses')}>
          {search.clauses.map((clause, index) => (
            <li key={index}>
              {index > 0 && <span className="rec-and q-small">{t('fhir.search.and')}</span>}
              <ClauseRow type={type} clause={clause} number={index + 1} onChange={(next) => put(index, next)} onRemove={() => put(index, undefined)} />
            </li>
          ))}
        </ol>
      )}
      <div>
        <Button size="compact-sm" variant="light" leftSection={<Icon name="plus" size={16} />} onClick={() => onChange({ ...search, clauses: [...search.clauses, { name: firstOf(type), modifier: '', values: [kNewValue] }] })}>
          {t('fhir.search.add')}
        </Button>
      </div>
    </>
  );
}

/** What people look for first, where a type has it. */
const kUsual = ['name', 'code', 'patient', 'identifier', 'status'];
const firstOf = (type: ServedType | undefined): string => kUsual.find((name) => type?.parameters.some((one) => one.name === name)) ?? type?.parameters[0]?.name ?? '_id';

const kUnsorted = new Set(['composite', 'special', 'reference']);
function sortsOf(type: ServedType | undefined, present: string): { value: string; label: string }[] {
  const names = (type?.parameters ?? []).filter((one) => !kUnsorted.has(one.type)).map((one) => one.name);
  return [...new Set([...names, ...(present ? [present] : [])])].map((one) => ({ value: one, label: one }));
}

function ClauseRow({ type, clause, number, onChange, onRemove }: { type: ServedType | undefined; clause: Clause; number: number; onChange: (clause: Clause) => void; onRemove: () => void }) {
  const t = useText();
  const kind = type?.parameters.find((one) => one.name === clause.name)?.type as ParameterKind | undefined;
  const names = (type?.parameters ?? []).map((one) => ({ value: one.name, label: `${one.name} (${textOr(`fhir.kind.${one.type}`, one.type)})` }));
  const listed = names.some((one) => one.value === clause.name);
  const modifiers = kind ? modifiersOf(kind) : [];
  const known = clause.modifier === '' || modifiers.includes(clause.modifier);
  const put = (at: number, value: Value | undefined) => onChange({ ...clause, values: clause.values.flatMap((one, index) => (index !== at ? [one] : value ? [value] : [])) });
  return (
    <fieldset className="rec-clause">
      <legend className="q-visually-hidden">{t('fhir.search.clause', { number })}</legend>
      <NativeSelect aria-label={t('fhir.search.parameter')} value={clause.name} onChange={(event) => onChange({ name: event.currentTarget.value, modifier: '', values: clause.values.map((one) => ({ ...one, prefix: '' })) })} data={listed ? names : [{ value: clause.name, label: clause.name }, ...names]} />
      <NativeSelect
        aria-label={t('fhir.search.modifier')}
        value={clause.modifier}
        onChange={(event) => onChange({ ...clause, modifier: event.currentTarget.value, values: event.currentTarget.value === 'missing' ? [{ prefix: '', text: 'true' }] : clause.values })}
        data={[{ value: '', label: t('fhir.modifier.none') }, ...modifiers.map((one) => ({ value: one, label: t(`fhir.modifier.${one.replace('-', '_')}`) })), ...(known ? [] : [{ value: clause.modifier, label: `:${clause.modifier}` }])]}
      />
      <div className="rec-values">
        {clause.values.map((value, index) => (
          <div key={index} className="rec-value">
            {index > 0 && <span className="rec-or q-small">{t('fhir.search.or')}</span>}
            <ValueInput kind={kind} clause={clause} value={value} onChange={(next) => put(index, next)} />
            {clause.values.length > 1 && <CloseButton size="lg" aria-label={t('fhir.search.remove_value')} onClick={() => put(index, undefined)} />}
          </div>
        ))}
        {clause.modifier !== 'missing' && (
          <Button size="compact-sm" variant="subtle" onClick={() => onChange({ ...clause, values: [...clause.values, kNewValue] })}>
            {t('fhir.search.add_or')}
          </Button>
        )}
      </div>
      <CloseButton size="lg" className="rec-remove" aria-label={t('fhir.search.remove', { number })} onClick={onRemove} />
    </fieldset>
  );
}

const kHints: Partial<Record<ParameterKind, string>> = { token: 'http://loinc.org|8480-6', date: '2026-01-31', reference: 'Patient/123', quantity: '5.4|http://unitsofmeasure.org|mmol/L', number: '100', uri: 'http://hl7.org/fhir/', composite: 'code$value' };

function ValueInput({ kind, clause, value, onChange }: { kind: ParameterKind | undefined; clause: Clause; value: Value; onChange: (value: Value) => void }) {
  const t = useText();
  if (clause.modifier === 'missing') {
    return <NativeSelect aria-label={t('fhir.search.value')} value={value.text} onChange={(event) => onChange({ prefix: '', text: event.currentTarget.value })} data={[{ value: 'true', label: t('fhir.modifier.is_missing') }, { value: 'false', label: t('fhir.modifier.is_there') }]} />;
  }
  return (
    <>
      {takesPrefix(kind, clause.modifier) && (
        <NativeSelect aria-label={t('fhir.search.prefix')} className="rec-prefix" value={value.prefix} onChange={(event) => onChange({ ...value, prefix: event.currentTarget.value })} data={kPrefixes.map((one) => ({ value: one, label: t(`fhir.prefix.${one || 'eq'}`) }))} />
      )}
      <TextInput aria-label={t('fhir.search.value')} className="q-grow" value={value.text} maxLength={2000} autoComplete="off" spellCheck={false} placeholder={(kind && kHints[kind]) ?? ''} onChange={(event) => onChange({ ...value, text: event.currentTarget.value })} />
    </>
  );
}
