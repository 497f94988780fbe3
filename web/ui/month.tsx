/** A month of the reader's calendar, kept in the address. */
import { useSearchParams } from 'react-router';
import { useText } from '../app/i18n';

const kMonth = /^\d{4}-(0[1-9]|1[0-2])$/;

function thisMonth(): string {
  const now = new Date();
  return `${now.getFullYear()}-${String(now.getMonth() + 1).padStart(2, '0')}`;
}

export function useMonth(): [string, (month: string) => void] {
  const [params, setParams] = useSearchParams();
  const typed = params.get('month') ?? '';
  return [kMonth.test(typed) ? typed : thisMonth(), (month) => setParams({ month })];
}

export function monthOf(month: string): { from: Date; until: Date } {
  const [year = 0, number = 1] = month.split('-').map(Number);
  return { from: new Date(year, number - 1, 1), until: new Date(year, number, 1) };
}

export function MonthPicker({ value, onChange }: { value: string; onChange: (month: string) => void }) {
  const t = useText();
  return (
    <label className="q-row">
      <span>{t('app.month')}</span>
      <input className="c-select" type="month" value={value} max={thisMonth()} onChange={(event) => kMonth.test(event.currentTarget.value) && onChange(event.currentTarget.value)} />
    </label>
  );
}
