/**
 * The moves that the server says are open for this person now, each with what it needs, what it signs and
 * which clock it stops. No move is known here that the server did not name.
 */
import { Button } from '@mantine/core';
import { Suspense, useEffect, useState } from 'react';
import { useNavigate } from 'react-router';
import { ApiError } from '../../api/http';
import type { CaseView, Field, Move } from '../../api/flow';
import { textOr, useText } from '../../app/i18n';
import { Busy, ErrorCard, errorText } from '../../ui/cards';
import { Choice } from '../../ui/choice';
import { Dialog } from '../../ui/dialog';
import { formatDateTime, nameIn } from '../../ui/format';
import { Icon } from '../../ui/icons';
import { useAct } from './act';
import { expectFields, fieldsOf, MoveFields, type Values } from './move_fields';
import { SignFields, usePasswordNeeded } from './sign_fields';

/** Moves that have a page of their own; the rest is asked for in a dialog. */
const kPages: Record<string, string> = { submit: 'request', submit_to_office: 'request', sign: 'workspace', amend: 'workspace', attach_study: 'images', detach_study: 'images' };
/** Never the main step of a case: they stand below those that carry it on. */
const kAside = new Set(['give_back', 'upgrade', 'release_specialty', 'open_to_all', 'hand_over', 'reschedule', 'send_back', 'add_consent', 'review_consent', 'reroute', 'attach_study', 'detach_study']);
const kGrave = new Set(['reject', 'withdraw', 'discard', 'decline', 'hand_back', 'detach_study', 'give_up', 'withdraw_consent', 'withdraw_scope']);
/** An expert who does these has no case any more. */
const kLeaves = new Set(['decline', 'hand_back', 'hand_over', 'send_back']);
/** Their name says already that they sign. */
const kNamesSigning = new Set(['sign', 'contribute', 'approve']);
/** What people do away from the screen and write down afterwards. */
const kBackDated = new Set(['read_back', 'phone_advice', 'begin', 'conclude', 'interrupt', 'resume', 'mark_absent']);
/** From here on a move is a late entry and says why. */
const kLateMs = 15 * 60_000;
const kLateReasons = ['paper_first', 'no_network', 'emergency_first', 'other'];

export function moveText(machine: string, action: string): string {
  return textOr(`${machine}.move.${action}`, action);
}

/** What the move signs; the request is its requester's: a coordinator who upgrades a case signs nothing. */
function signsOf(view: CaseView, move: Move): string | null {
  return move.action === 'upgrade' && !view.my_roles.includes('requester') ? null : move.signs;
}

/** Where the fields of a move are already written in a draft: its version on the server, saved first if need be. */
export type TakeDraft = () => Promise<number | undefined>;

export function Moves({ case: view, except = [], pages = true, takeDraft }: { case: CaseView; except?: readonly string[]; pages?: boolean; takeDraft?: TakeDraft }) {
  const t = useText();
  const navigate = useNavigate();
  const [open, setOpen] = useState<Move>();
  const shown = view.moves.filter((move) => !except.includes(move.action));
  useEffect(() => expectFields(view.moves), [view.moves]);
  if (shown.length === 0) return <p className="q-dim">{view.ended ? t('consult.moves.ended') : t('consult.moves.none')}</p>;
  const press = (move: Move) => {
    const page = pages && view.machine === 'consult' ? kPages[move.action] : undefined;
    if (page) void navigate(`/app/consult/${view.case}/${page}`);
    else setOpen(move);
  };
  const rank = (move: Move) => (kGrave.has(move.action) ? 2 : kAside.has(move.action) ? 1 : 0);
  const ordered = [...shown].sort((a, b) => rank(a) - rank(b) || (a.deadline ?? '9').localeCompare(b.deadline ?? '9'));
  return (
    <div className="q-stack">
      <ul className="q-list q-stack">
        {ordered.map((move, index) => (
          <li key={move.action} className="q-stack-tight">
            <Button fullWidth data-action={move.action} variant={index === 0 && rank(move) === 0 ? 'filled' : 'default'} disabled={move.blocked !== null} onClick={() => press(move)} leftSection={signsOf(view, move) ? <Icon name="pen" size={16} /> : undefined}>
              {moveText(view.machine, move.action)}
            </Button>
            <MoveNote machine={view.machine} move={move} signs={signsOf(view, move)} />
          </li>
        ))}
      </ul>
      {open && <MoveDialog case={view} move={open} onClose={() => setOpen(undefined)} {...(takeDraft ? { takeDraft } : {})} />}
    </div>
  );
}

/** They stop every clock, they do not meet a deadline. */
const kEndsClocks = new Set(['reject', 'withdraw', 'withdraw_consent', 'reroute', 'discard', 'upgrade', 'give_up', 'mark_error']);

function MoveNote({ machine, move, signs }: { machine: string; move: Move; signs: string | null }) {
  const t = useText();
  const parts = [
    signs && signs !== 'request_if_changed' ? t('consult.moves.signs', { what: textOr(`consult.signs.${signs}`, signs) }) : '',
    move.deadline && !kEndsClocks.has(move.action) ? t('consult.moves.until', { time: formatDateTime(move.deadline) }) : '',
  ].filter(Boolean);
  if (move.blocked) {
    return (
      <p className="q-small q-warning">
        {t('consult.moves.blocked', { reason: textOr(`error.${move.blocked}`, move.blocked), move: moveText(machine, move.action) })}
      </p>
    );
  }
  return parts.length > 0 ? <p className="q-small q-dim">{parts.join(' · ')}</p> : null;
}

const kNoValues: Values = {};
/** Fields that the request's editor fills; a dialog does not ask for them again. */
const kInDraft = new Set(['question', 'summary', 'vitals', 'purpose', 'specialty', 'rank', 'urgency', 'allergies', 'drugs', 'attachments', 'consent']);

export function MoveDialog({ case: view, move, given = kNoValues, takeDraft, onClose }: { case: CaseView; move: Move; given?: Values; takeDraft?: TakeDraft; onClose: () => void }) {
  const t = useText();
  const navigate = useNavigate();
  const act = useAct();
  const passwordNeeded = usePasswordNeeded();
  const usesDraft = takeDraft !== undefined && move.needs.some((name) => kInDraft.has(name));
  const [values, setValues] = useState<Values>({});
  const fields = fieldsOf(move, values).filter((field) => !(field.name in given) && !(usesDraft && kInDraft.has(field.name)));
  const [password, setPassword] = useState('');
  const [occurred, setOccurred] = useState('');
  const [lateReason, setLateReason] = useState('paper_first');
  const isLate = occurred !== '' && Date.now() - new Date(occurred).getTime() > kLateMs;
  const [tried, setTried] = useState(false);
  const stillOpen = view.moves.some((one) => one.action === move.action && one.blocked === null);
  const missing = fields.filter((field) => field.required && isBlank(values[field.name]));
  // A resubmission that changes the text of the request is signed again; the server asks for it.
  const asksForStepUp = act.error instanceof ApiError && act.error.code === 'access.step_up_needed';
  const changesRequest = !isBlank(values['summary']) || !isBlank(values['question']);
  const signs = asksForStepUp || (move.signs === 'request_if_changed' ? changesRequest : signsOf(view, move) !== null);
  const leaves = kLeaves.has(move.action) && !view.my_roles.includes('coordinator');
  const send = async () => {
    setTried(true);
    const unfinished = values['outcome'] === 'replace' && isBlank(values['consent']);
    if (missing.length > 0 || unfinished || (signs && passwordNeeded(password))) return;
    const { reason, occurred: _when, ...rest } = values;
    const draft = usesDraft ? await takeDraft?.() : undefined;
    if (usesDraft && draft === undefined) return;
    const done = await act.run({
      id: view.case,
      version: view.version,
      action: move.action,
      signs,
      password,
      leaves,
      ...(typeof reason === 'string' && reason.trim() !== '' ? { reason: reason.trim() } : {}),
      ...(occurred ? { occurred: new Date(occurred).toISOString(), occurredReason: lateReason } : move.needs.includes('occurred') ? { occurred: new Date().toISOString() } : {}),
      fields: { ...given, ...(move.needs.includes('side') ? { side: move.who } : {}), ...(draft === undefined ? {} : { draft }), ...Object.fromEntries(Object.entries(rest).filter(([, value]) => !isBlank(value))) },
    });
    if (done && leaves) void navigate('/app/today');
    else if (done) onClose();
    else setPassword('');
  };
  return (
    <Dialog onClose={onClose} title={moveText(view.machine, move.action)}>
      {/* Nothing to press before all of it is there. */}
      <Suspense fallback={<Busy />}>
      <form
        className="q-stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <p className="q-dim">{textOr(`${view.machine}.move_help.${move.action}`, t('consult.moves.to', { state: textOr(`${view.machine}.state.${move.to}`, move.to) }))}</p>
        <MoveFields case={view} move={move} fields={fields} values={values} onChange={(change) => setValues((before) => ({ ...before, ...change }))} tried={tried} />
        {(kBackDated.has(move.action) || move.needs.includes('occurred')) && (
          <label className="q-stack-tight">
            <span>{t('consult.moves.occurred')}</span>
            <input className="c-select" type="datetime-local" value={occurred} onChange={(event) => setOccurred(event.currentTarget.value)} />
          </label>
        )}
        {isLate && <Choice label={t('consult.moves.occurred_reason')} required value={lateReason} options={kLateReasons.map((one) => ({ value: one, label: t(`consult.option.occurred_reason.${one}`) }))} onChange={setLateReason} />}
        {signs && (
          <SignFields
            statement={textOr(`consult.signs.${move.signs?.replace('_if_changed', '') ?? 'request'}`, move.signs ?? '')}
            password={password}
            onPassword={setPassword}
            error={act.wrongPassword ? errorText(act.error) : tried && passwordNeeded(password) ? t('consult.sign.password_needed') : undefined}
          />
        )}
        {act.error !== undefined && !act.wrongPassword && !asksForStepUp && <ErrorCard error={act.error}>
            <Meanwhile case={view} error={act.error} />
            {!stillOpen && <p>{t('consult.moves.no_longer')}</p>}
          </ErrorCard>}
        {tried && missing.length > 0 && (
          <p className="q-critical" role="alert">
            {t('consult.moves.missing', { fields: missing.map((field) => textOr(`consult.need.${field.name}`, field.name)).join(t('app.comma')) })}
          </p>
        )}
        <div className="q-actions">
          <Button type="submit" loading={act.busy} disabled={!stillOpen} color={kGrave.has(move.action) ? 'red.9' : undefined}>
            {signs && !kNamesSigning.has(move.action) ? t('consult.sign.and', { move: moveText(view.machine, move.action) }) : moveText(view.machine, move.action)}
          </Button>
          <Button variant="default" onClick={onClose}>
            {t('app.cancel')}
          </Button>
        </div>
      </form>
      </Suspense>
    </Dialog>
  );
}

/** Who was faster, as the fresh case tells it. */
function Meanwhile({ case: view, error }: { case: CaseView; error: unknown }) {
  const t = useText();
  const last = [...(view.timeline ?? [])].reverse().find((entry) => entry.machine === view.machine && entry.by);
  if (!(error instanceof ApiError) || !error.code.endsWith('.version_stale') || !last) return null;
  return <p>{t('consult.moves.meanwhile', { name: nameIn(last.by), move: moveText(view.machine, last.action), time: formatDateTime(last.recorded) })}</p>;
}

function isBlank(value: Field | undefined): boolean {
  if (value === undefined) return true;
  if (typeof value === 'string') return value.trim() === '';
  return Array.isArray(value) && value.length === 0;
}
