/** Name, paper, sex and birth date: checked while they are typed. */
import { NativeSelect, TextInput } from '@mantine/core';
import { useText } from '../../app/i18n';
import { Choice } from '../../ui/choice';
import { readNationalId } from './national_id';
import { defectsOf, kDocumentKinds, kNoIdReasons, type DocumentKind, type Registration } from './registration';

const today = () => new Date().toISOString().slice(0, 10);

export function IdentityFields({ form, set, tried, withoutPapers = false }: { form: Registration; set: (change: Partial<Registration>) => void; tried: boolean; withoutPapers?: boolean }) {
  const t = useText();
  const defects = defectsOf(form);
  const shown = (name: keyof Registration) => (tried && defects[name] ? t(defects[name]) : undefined);
  const typeNumber = (number: string) => {
    const change: Partial<Registration> = { number };
    const read = form.document === 'national_id' ? readNationalId(number) : 'length';
    // The number states birth date and sex: fills what is empty, never overwrites what a person typed.
    if (typeof read !== 'string') {
      if (form.birthDate === '') change.birthDate = read.birthDate;
      if (form.sex === '') change.sex = read.sex;
    }
    set(change);
  };
  return (
    <>
      <TextInput label={t('patients.name')} required maxLength={80} value={form.name} onChange={(event) => set({ name: event.currentTarget.value })} error={shown('name')} autoComplete="off" />
      <NativeSelect
        label={t('patients.document')}
        required
        value={form.document}
        onChange={(event) => set({ document: event.currentTarget.value as DocumentKind, number: '', noIdReason: '' })}
        data={kDocumentKinds.filter((kind) => withoutPapers || kind !== 'none').map((kind) => ({ value: kind, label: t(`patients.document.${kind}`) }))}
      />
      {form.document === 'none' ? (
        <NativeSelect
          label={t('patients.no_id_reason')}
          description={t('patients.no_id_help')}
          required
          value={form.noIdReason}
          onChange={(event) => set({ noIdReason: event.currentTarget.value })}
          data={[{ value: '', label: t('patients.choose') }, ...kNoIdReasons.map((reason) => ({ value: reason, label: t(`patients.no_id_reason.${reason}`) }))]}
          error={shown('noIdReason')}
        />
      ) : (
        <TextInput
          label={t('patients.number')}
          description={form.document === 'national_id' ? t('patients.number_help') : undefined}
          required
          maxLength={form.document === 'national_id' ? 18 : 40}
          value={form.number}
          onChange={(event) => typeNumber(event.currentTarget.value)}
          error={shown('number') ?? (form.document === 'national_id' && form.number.length === 18 && defects.number ? t(defects.number) : undefined)}
          autoComplete="off"
          spellCheck={false}
        />
      )}
      <Choice label={t('patients.sex')} required value={form.sex} options={(['male', 'female', 'other', 'unknown'] as const).map((sex) => ({ value: sex, label: t(`app.sex.${sex}`) }))} onChange={(sex) => set({ sex })} error={shown('sex')} />
      <TextInput type="date" label={t('patients.birth_date')} required min="1900-01-01" max={today()} value={form.birthDate} onChange={(event) => set({ birthDate: event.currentTarget.value })} error={shown('birthDate')} />
    </>
  );
}
