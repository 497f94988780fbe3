/** Both identities side by side, letter by letter; what differs is red and says so in words. */
import type { IdentityPair } from '../../api/flow';
import { useText } from '../../app/i18n';
import { useSexText } from '../../ui/case_bits';
import { Icon } from '../../ui/icons';

const kRows = ['name', 'id', 'birth_date', 'sex'] as const;

export function IdentityTable({ pair }: { pair: IdentityPair }) {
  const t = useText();
  const sexText = useSexText();
  const show = (row: (typeof kRows)[number], value: string) => (row === 'sex' ? sexText({ M: 'male', F: 'female', O: 'other' }[value] ?? value) || value : value) || t('consult.identity.empty');
  return (
    <div className="q-scroll-x">
      <table className="q-table i-pair">
        <thead>
          <tr>
            <th scope="col">
              <span className="q-visually-hidden">{t('consult.identity.field')}</span>
            </th>
            <th scope="col">{t('consult.identity.in_images')}</th>
            <th scope="col">{t('consult.identity.in_record')}</th>
          </tr>
        </thead>
        <tbody>
          {kRows.map((row) => {
            const differs = pair.differences.includes(row);
            return (
              <tr key={row} className={differs ? 'i-differs' : ''}>
                <th scope="row">{t(`consult.identity.${row}`)}</th>
                <td className="q-num">{show(row, pair.study[row])}</td>
                <td className="q-num">
                  {show(row, pair.patient[row])}
                  {differs && (
                    <div className="q-critical q-strong">
                      <Icon name="alert" size={14} /> {t('consult.identity.different')}
                    </div>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
