/** What the list and the page of a gateway share: its state in words, and what its first start needs. */
import { textOr, useText } from '../../app/i18n';
import type { Gateway, GatewayState, MadeGateway } from '../../api/gateways';
import { CommandLine } from '../../ui/command_line';
import { Dialog } from '../../ui/dialog';
import { formatBytes, formatDateTime, formatDuration, formatNumber } from '../../ui/format';

const kChips: Record<GatewayState, string> = {
  waiting: 'q-chip-info',
  online: 'q-chip-ok',
  late: 'q-chip-warning',
  stopped: '',
  offline: 'q-chip-warning',
  lost: 'q-chip-critical',
  ended: '',
};

export function StateChip({ gateway }: { gateway: Gateway }) {
  const t = useText();
  return <span className={`q-chip ${kChips[gateway.state]}`}>{t(`gateways.state.${gateway.state}`)}</span>;
}

export const since = (at: string) => formatDuration(Math.max(0, Date.now() - Date.parse(at)));

/** The state as a sentence, with since when. */
export function useStateText() {
  const t = useText();
  return (gateway: Gateway): string => {
    const { report, lastReport } = gateway;
    const seen = lastReport ?? gateway.enrolled;
    switch (gateway.state) {
      case 'waiting':
        return gateway.codeUntil ? t('gateways.said.waiting', { time: formatDateTime(gateway.codeUntil) }) : t('gateways.said.no_code');
      case 'late':
        if (report.full) return t('gateways.said.full');
        if (report.refusedCount) return t('gateways.said.refused', { count: report.refusedCount });
        return t('gateways.said.late', { age: report.oldest ? since(report.oldest) : '' });
      case 'offline':
      case 'lost':
      case 'stopped':
        return seen ? t(`gateways.said.${gateway.state}`, { age: since(seen), time: formatDateTime(seen) }) : '';
      case 'ended':
        return gateway.ended ? formatDateTime(gateway.ended) : '';
      default:
        return t('gateways.said.online');
    }
  };
}

export function useQueueText() {
  const t = useText();
  return ({ report }: Gateway): string => {
    if (!report.queueObjects) return t('gateways.queue_empty');
    return t('gateways.queue_value', { count: report.queueObjects, size: formatBytes(report.queueBytes ?? 0), age: report.oldest ? since(report.oldest) : '' });
  };
}

export const speedText = (bytes: number): string => `${formatNumber((bytes * 8) / 1000, 0)} kbit/s`;
export const problemText = (code: string): string => textOr(`gateways.problem.${code.replaceAll('.', '_')}`, textOr(`error.${code}`, code));

/** The code is here once: nobody can read it again. */
export function CodeDialog({ made, onClose }: { made: MadeGateway; onClose: () => void }) {
  const t = useText();
  return (
    <Dialog title={t('gateways.code_title', { name: made.gateway.name })} onClose={onClose}>
      <div className="q-stack">
        <p>{t('gateways.code_explain', { time: formatDateTime(made.gateway.codeUntil) })}</p>
        <CommandLine text={`qiao gateway --data /var/lib/qiao-gateway --hub ${location.origin} --enrol ${made.code}`} />
        <p>{t('gateways.code_later')}</p>
        <CommandLine text="qiao gateway --data /var/lib/qiao-gateway" />
        <p className="q-note q-note-info">{t('gateways.code_once')}</p>
      </div>
    </Dialog>
  );
}
