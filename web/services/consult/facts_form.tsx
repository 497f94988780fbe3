/** Vitals, allergies, drugs, pregnancy, weight: each is a value, "none", or "not asked". */
import { Button, TextInput } from '@mantine/core';
import { useText } from '../../app/i18n';
import { Choice } from '../../ui/choice';
import { asksPregnancy, isTooYoungForPregnancy, kVitals, localMinute, needsWeight, type ListFact, type PatientFacts, type RequestState } from './request_form';

interface Props {
  state: RequestState;
  set: (change: Partial<RequestState>) => void;
  patient: PatientFacts;
  errors: (field: string) => string | undefined;
}

export function FactsForm({ state, set, patient, errors }: Props) {
  const t = useText();
  return (
    <div className="q-stack">
      <section className="q-card q-stack">
        <Choice
          label={t('consult.field.vitals')}
          required
          value={state.vitals.status as '' | 'given' | 'none' | 'not_asked'}
          options={[
            { value: 'given', label: t('consult.vitals.given') },
            { value: 'none', label: t('consult.vitals.not_taken') },
            { value: 'not_asked', label: t('consult.status.not_asked') },
          ]}
          onChange={(status) => set({ vitals: { ...state.vitals, status, taken: state.vitals.taken || localMinute(new Date()) } })}
          error={errors('vitals')}
        />
        {state.vitals.status === 'given' && (
          <>
            <TextInput type="datetime-local" label={t('consult.vitals.taken')} required value={state.vitals.taken} max={localMinute(new Date())} onChange={(event) => set({ vitals: { ...state.vitals, taken: event.currentTarget.value } })} error={errors('vitals.taken')} />
            <div className="w-vitals">
              {kVitals.map((spec) => (
                <TextInput
                  key={spec.code}
                  label={`${t(`consult.vital.${spec.code}`)}${spec.unit ? ` (${spec.unit})` : ''}`}
                  inputMode="decimal"
                  maxLength={8}
                  value={state.vitals.values[spec.code] ?? ''}
                  onChange={(event) => set({ vitals: { ...state.vitals, values: { ...state.vitals.values, [spec.code]: event.currentTarget.value } } })}
                  error={errors(`vitals.${spec.code}`) && t('consult.vitals.range', { min: spec.min, max: spec.max })}
                />
              ))}
            </div>
            <p className="q-small q-dim">{t('consult.vitals.help')}</p>
          </>
        )}
      </section>
      <section className="q-card q-stack">
        <ListFactForm name="allergies" fact={state.allergies} onChange={(allergies) => set({ allergies })} error={errors('allergies')} />
      </section>
      <section className="q-card q-stack">
        <ListFactForm name="drugs" fact={state.drugs} onChange={(drugs) => set({ drugs })} error={errors('drugs')} />
      </section>
      {asksPregnancy(patient) && <Pregnancy state={state} set={set} patient={patient} errors={errors} />}
      {needsWeight(patient) && (
        <section className="q-card q-stack">
          <Choice
            label={t('consult.field.weight')}
            description={t('consult.weight.help')}
            required
            value={state.weight.status as '' | 'given' | 'not_asked'}
            options={[
              { value: 'given', label: t('consult.weight.given') },
              { value: 'not_asked', label: t('consult.weight.not_known') },
            ]}
            onChange={(status) => set({ weight: { ...state.weight, status } })}
            error={state.weight.status === 'given' ? undefined : errors('weight')}
          />
          {state.weight.status === 'given' && <TextInput label={t('consult.weight.kg')} required inputMode="decimal" maxLength={6} value={state.weight.kg} onChange={(event) => set({ weight: { ...state.weight, kg: event.currentTarget.value } })} error={errors('weight')} />}
        </section>
      )}
    </div>
  );
}

function Pregnancy({ state, set, patient, errors }: Props) {
  const t = useText();
  const { pregnancy } = state;
  const value = pregnancy.status === 'given' ? pregnancy.value : pregnancy.status;
  return (
    <section className="q-card q-stack">
      <Choice
        label={t('consult.field.pregnancy')}
        required
        value={value as '' | 'pregnant' | 'not_pregnant' | 'not_asked' | 'not_applicable'}
        options={[
          { value: 'pregnant', label: t('consult.pregnancy.pregnant'), tone: 'warning' },
          { value: 'not_pregnant', label: t('consult.pregnancy.not_pregnant') },
          { value: 'not_asked', label: t('consult.status.not_asked') },
          ...(isTooYoungForPregnancy(patient) ? [{ value: 'not_applicable' as const, label: t('consult.status.not_applicable') }] : []),
        ]}
        onChange={(one) => set({ pregnancy: one === 'pregnant' || one === 'not_pregnant' ? { status: 'given', value: one, weeks: pregnancy.weeks } : { status: one, value: '', weeks: '' } })}
        error={errors('pregnancy')}
      />
      {pregnancy.value === 'pregnant' && <TextInput label={t('consult.pregnancy.weeks_field')} inputMode="numeric" maxLength={2} value={pregnancy.weeks} onChange={(event) => set({ pregnancy: { ...pregnancy, weeks: event.currentTarget.value } })} error={errors('pregnancy.weeks')} />}
    </section>
  );
}

function ListFactForm({ name, fact, onChange, error }: { name: 'allergies' | 'drugs'; fact: ListFact; onChange: (fact: ListFact) => void; error: string | undefined }) {
  const t = useText();
  const items = fact.items.length > 0 ? fact.items : [{ text: '', note: '' }];
  const change = (index: number, part: Partial<ListFact['items'][number]>) => onChange({ ...fact, items: items.map((item, at) => (at === index ? { ...item, ...part } : item)) });
  return (
    <>
      <Choice
        label={t(`consult.field.${name}`)}
        required
        value={fact.status as '' | 'given' | 'none' | 'not_asked'}
        options={[
          { value: 'given', label: t(`consult.${name}.given`), ...(name === 'allergies' ? { tone: 'critical' as const } : {}) },
          { value: 'none', label: t(`consult.${name}.none`) },
          { value: 'not_asked', label: t('consult.status.not_asked') },
        ]}
        onChange={(status) => onChange({ ...fact, status })}
        error={error}
      />
      {fact.status === 'given' && (
        <>
          {items.map((item, index) => (
            <div key={index} className="w-pair">
              <TextInput label={t(`consult.${name}.text`)} maxLength={200} value={item.text} onChange={(event) => change(index, { text: event.currentTarget.value })} />
              <TextInput label={t(`consult.${name}.note`)} maxLength={200} value={item.note} onChange={(event) => change(index, { note: event.currentTarget.value })} />
            </div>
          ))}
          <div>
            <Button size="compact-sm" variant="default" disabled={items.length >= 50} onClick={() => onChange({ ...fact, items: [...items, { text: '', note: '' }] })}>
              {t('consult.add_line')}
            </Button>
          </div>
        </>
      )}
    </>
  );
}
