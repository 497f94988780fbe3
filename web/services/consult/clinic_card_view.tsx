/** What the asking clinic has: drugs, devices, and how a patient gets out. Advice that needs more is no advice. */
import type { ClinicCard } from '../../api/flow';
import { useText } from '../../app/i18n';
import { formatDate } from '../../ui/format';

export function ClinicCardView({ card }: { card: ClinicCard | null | undefined }) {
  const t = useText();
  if (!card) return <p className="q-dim">{t('consult.card.none')}</p>;
  const list = (items: readonly string[]) => (items.length > 0 ? items.join(t('app.comma')) : t('consult.card.nothing'));
  return (
    <dl className="q-facts">
      <dt>{t('consult.card.drugs')}</dt>
      <dd>{list(card.drugs)}</dd>
      <dt>{t('consult.card.devices')}</dt>
      <dd>{list(card.devices)}</dd>
      <dt>{t('consult.card.transport')}</dt>
      <dd>{card.transport || t('consult.card.nothing')}</dd>
      <dt>{t('consult.card.phone')}</dt>
      <dd className="q-num">{card.phone || t('consult.card.nothing')}</dd>
      {card.updated && (
        <>
          <dt>{t('consult.card.updated')}</dt>
          <dd className="q-num">{formatDate(card.updated)}</dd>
        </>
      )}
    </dl>
  );
}
