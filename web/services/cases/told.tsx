/** What happened to a notice outside the screen, in words; for the timeline of a case and the operator's page. */
import type { CaseNotice } from '../../api/notify';
import { text, textOr, useText } from '../../app/i18n';
import { formatDateTime, nameIn } from '../../ui/format';
import { Icon } from '../../ui/icons';

export function toldReason(reason: string): string {
  const answer = /^(?:http|smtp|errcode)_(-?\d+)$/.exec(reason);
  return answer ? text('consult.told.reason.answer', { status: answer[1] }) : textOr(`consult.told.reason.${reason}`, reason);
}

export function toldText(what: string, channel: string | null, reason: string | null): string {
  const words = [channel ? text(`app.channel.${channel}`) : '', textOr(`consult.told.what.${what}`, what)].filter(Boolean).join(': ');
  return reason ? text('consult.told.with_reason', { words, reason: toldReason(reason) }) : words;
}

export interface ToldGroup {
  first: CaseNotice;
  names: string[];
}

const kTogetherMs = 60_000;

/** Thirteen people who are rung at once are one line with thirteen names. */
export function togetherTold(steps: readonly CaseNotice[]): ToldGroup[] {
  const groups: ToldGroup[] = [];
  for (const step of steps) {
    const known = groups.find(
      ({ first }) => first.what === step.what && first.channel === step.channel && first.reason === step.reason && first.code === step.code && Math.abs(Date.parse(step.at) - Date.parse(first.at)) < kTogetherMs,
    );
    const name = nameIn(step.person);
    if (!known) groups.push({ first: step, names: [name] });
    else if (!known.names.includes(name)) known.names.push(name);
  }
  return groups;
}

export function ToldLine({ group: { first, names } }: { group: ToldGroup }) {
  const t = useText();
  const bad = first.what === 'failed' || first.what === 'unreachable' || first.what === 'delayed';
  return (
    <li className="r-item">
      <span className="q-small q-dim q-num">
        {formatDateTime(first.at)} · {t('consult.told.title')}
      </span>
      <span className="q-row">
        <span className={bad ? 'q-warning' : undefined}>
          <Icon name={bad ? 'alert' : 'bell'} size={14} /> {toldText(first.what, first.channel || null, first.reason || null)}
        </span>
        <span className="q-chip">{textOr(`consult.told.code.${first.code}`, first.code)}</span>
      </span>
      <span className="q-small">{names.join(t('consult.told.and'))}</span>
    </li>
  );
}
