/** All that happened to a case, newest first: who, in which role, when it happened and when it was written down. */
import type { CaseView, CodedItem, TimelineEntry } from '../../api/flow';
import { textOr, useText } from '../../app/i18n';
import { stateText } from '../../ui/case_bits';
import { formatDateTime, nameIn } from '../../ui/format';
import { Icon } from '../../ui/icons';
import { missingItemText } from './move_fields';
import { moveText } from './moves';
import { togetherTold, ToldLine } from './told';

export function Timeline({ case: view }: { case: CaseView }) {
  const t = useText();
  const told = togetherTold(view.notices ?? []).map((group) => ({ at: group.first.at, node: <ToldLine key={`${group.first.at}${group.first.what}${group.first.channel}${group.first.code}${group.first.reason}`} group={group} /> }));
  // An expert's answer stands once: as the case's own move. Only an offer that lapsed is told by its part.
  const moves = (view.timeline ?? []).filter((entry) => entry.machine === view.machine || entry.action === 'lapse');
  const moved = moves.map((entry) => ({ at: entry.recorded, node: <Entry key={entry.seq} case={view} entry={entry} /> }));
  const entries = [...moved, ...told].sort((a, b) => a.at.localeCompare(b.at)).reverse();
  if (entries.length === 0) return <p className="q-dim">{t('consult.timeline.none')}</p>;
  return (
    <ol className="q-list r-line">
      {entries.map((entry) => entry.node)}
    </ol>
  );
}

function Entry({ case: view, entry }: { case: CaseView; entry: TimelineEntry }) {
  const t = useText();
  return (
    <li className="r-item">
      <span className="q-small q-dim q-num">
        {formatDateTime(entry.occurred)} · {entry.by ? nameIn(entry.by) : t('consult.timeline.system')}
        {entry.organisation ? ` · ${nameIn(entry.organisation)}` : ''}
      </span>
      <span className="q-row">
        <span className="q-strong">{entry.machine === view.machine ? moveText(view.machine, entry.action) : t('consult.timeline.offer_lapsed')}</span>
        {entry.signed && (
          <span className="q-chip q-chip-ok">
            <Icon name="pen" size={12} /> {t('consult.timeline.signed')}
          </span>
        )}
        {entry.late_entry && <span className="q-chip q-chip-warning">{t('consult.timeline.late', { time: formatDateTime(entry.recorded) })}</span>}
        {entry.machine === view.machine && entry.to && entry.to !== entry.from && <span className="q-chip">{stateText(view.machine, entry.to)}</span>}
      </span>
      {entry.reason && <span className="q-pre">{textOr(`consult.reason.${entry.reason}`, entry.reason)}</span>}
      {entry.late_entry && <BothVerdicts case={view} entry={entry} />}
      <Details case={view} entry={entry} />
    </li>
  );
}

/** Deadlines that were met by the stated time and missed by the time at which it was written down. */
function BothVerdicts({ case: view, entry }: { case: CaseView; entry: TimelineEntry }) {
  const t = useText();
  const changed = view.clocks.filter((clock) => clock.stopped === entry.occurred && clock.verdict !== clock.verdict_recorded);
  if (changed.length === 0) return null;
  return <span className="q-small q-warning">{t('consult.timeline.both_verdicts', { clocks: changed.map((clock) => textOr(`consult.clock.${clock.name}`, clock.name)).join(t('app.comma')) })}</span>;
}

function Details({ case: view, entry }: { case: CaseView; entry: TimelineEntry }) {
  const named = (reference: string) => nameIn(view.participants?.find((one) => one.person.reference === reference)?.person) || reference;
  const lines = Object.entries(entry.details ?? {}).flatMap(([name, value]) => {
    const label = textOr(`consult.need.${name}`, '');
    if (label === '') return []; // the server's own notes
    if (Array.isArray(value)) {
      const parts = value.map((one: unknown) => (typeof one === 'object' && one !== null ? missingItemText(one as CodedItem) : textOr(`consult.missing.${String(one)}`, named(String(one)))));
      return parts.length > 0 ? [`${label}: ${parts.join(' · ')}`] : [];
    }
    if (name === 'time' && typeof value === 'string') return [`${label}: ${formatDateTime(value)}`];
    if (typeof value === 'string' || typeof value === 'number') return [`${label}: ${textOr(`consult.option.${name}.${value}`, named(String(value)))}`];
    return [];
  });
  return (
    <>
      {lines.map((line) => (
        <span key={line} className="q-small q-pre">
          {line}
        </span>
      ))}
    </>
  );
}
