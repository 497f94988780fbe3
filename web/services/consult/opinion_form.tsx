/** Writing and signing the opinion: findings, four plain boxes, by when, what was seen, key images. */
import { Button, Checkbox, Textarea } from '@mantine/core';
import { useEffect, useState } from 'react';
import { isOfConsent } from '../../api/consent';
import type { CaseView } from '../../api/flow';
import { textOr, useText } from '../../app/i18n';
import { ErrorCard, errorText } from '../../ui/cards';
import { Choice } from '../../ui/choice';
import { Dialog } from '../../ui/dialog';
import { nameIn } from '../../ui/format';
import { Icon } from '../../ui/icons';
import { useAct } from '../cases/act';
import { useDeadlineText } from '../cases/deadlines';
import { SignFields, usePasswordNeeded } from '../cases/sign_fields';
import { DraftStatus } from './draft_status';
import { fromBody, fromSigned, kEmptyOpinion, kOpinionTexts, missingIn, toFields, type OpinionState, type SeenImages } from './opinion';
import { useDraft } from './use_draft';

const kActBy = ['now', 'today', 'routine'] as const;
/** The clock of the pack by which a read-back is due. */
const kReadBack = { now: 'read_back_now', today: 'read_back' } as const;

export function OpinionForm({ view, seen }: { view: CaseView; seen: Readonly<Record<string, SeenImages>> }) {
  const t = useText();
  const sign = view.moves.find((move) => move.action === 'sign');
  const amend = view.moves.find((move) => move.action === 'amend');
  const [amending, setAmending] = useState(false);
  if (sign) return <Editor key="sign" view={view} seen={seen} action="sign" initial={kEmptyOpinion} blocked={sign.blocked} />;
  if (!amend || !view.opinion) return null;
  if (!amending) {
    return (
      <Button variant="default" data-action="amend" onClick={() => setAmending(true)} leftSection={<Icon name="pen" size={16} />}>
        {t('consult.move.amend')}
      </Button>
    );
  }
  return <Editor key={`amend${view.opinion.version}`} view={view} seen={seen} action="amend" initial={fromSigned(view.opinion)} blocked={amend.blocked} onDone={() => setAmending(false)} />;
}

function Editor({ view, seen, action, initial, blocked, onDone }: { view: CaseView; seen: Readonly<Record<string, SeenImages>>; action: 'sign' | 'amend'; initial: OpinionState; blocked: string | null; onDone?: () => void }) {
  const t = useText();
  // A draft of an amendment is another text than the first opinion's.
  const name = action === 'sign' ? 'opinion' : 'amendment';
  const draft = useDraft<OpinionState>(view.case, name, view.drafts?.[name], initial, toFields, fromBody);
  const { value: state } = draft;
  const set = (change: Partial<OpinionState>) => draft.set({ ...state, ...change });
  const [reason, setReason] = useState('');
  const [signing, setSigning] = useState(false);
  const [tried, setTried] = useState(false);
  const missing = missingIn(state, itemsToSee(view));
  const error = (field: string) => (tried && missing.includes(field) ? t('app.needed') : undefined);
  const deadlineText = useDeadlineText('consult');
  const actByHelp = (one: (typeof kActBy)[number]) => (one === 'routine' ? t('consult.act_by_help.routine') : deadlineText(`consult.act_by_help.${one}`, { time: kReadBack[one] }));
  const viewed = Object.keys(seen).join(' ');
  useEffect(() => {
    // What was on screen is listed as seen; a person may take it out again or add what needs no viewer.
    const fresh = Object.keys(seen).map((uid) => `study/${uid}`).filter((item) => !state.items_seen.includes(item));
    if (fresh.length > 0) draft.set({ ...state, items_seen: [...state.items_seen, ...fresh] }, false);
  }, [viewed]);
  const start = () => {
    setTried(true);
    if (missing.length === 0 && (action === 'sign' || reason.trim() !== '')) setSigning(true);
  };
  return (
    <>
    <form
      className="q-stack"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        start();
      }}
    >
      <h2>{t(action === 'sign' ? 'consult.opinion.write' : 'consult.move.amend')}</h2>
      <DraftStatus draft={draft} />
      {action === 'amend' && <Textarea label={t('consult.need.reason')} required rows={2} maxLength={2000} value={reason} onChange={(event) => setReason(event.currentTarget.value)} error={tried && reason.trim() === '' ? t('app.needed') : undefined} />}
      {kOpinionTexts.map((field) => (
        <Textarea
          key={field}
          label={t(`consult.box.${field}`)}
          description={t(`consult.box_help.${field}`)}
          required
          autosize
          minRows={field === 'findings' ? 5 : 2}
          maxRows={16}
          maxLength={field === 'findings' ? 20_000 : 4000}
          value={state[field]}
          onChange={(event) => set({ [field]: event.currentTarget.value })}
          error={error(field)}
        />
      ))}
      <Choice
        label={t('consult.act_by.label')}
        required
        value={state.act_by}
        options={kActBy.map((one) => ({ value: one, label: t(`app.act_by.${one}`), ...(actByHelp(one) ? { detail: actByHelp(one) as string } : {}), ...(one === 'now' ? { tone: 'critical' as const } : one === 'today' ? { tone: 'warning' as const } : {}) }))}
        onChange={(act_by) => set({ act_by })}
        error={error('act_by')}
      />
      <SeenItems view={view} state={state} seen={seen} set={set} error={error('items_seen')} />
      <KeyImages view={view} state={state} set={set} />
      {tried && missing.length > 0 && (
        <p className="q-critical" role="alert">
          {t('consult.moves.missing', { fields: missing.map((field) => textOr(`consult.box.${field}`, textOr(`consult.need.${field}`, field))).join(t('app.comma')) })}
        </p>
      )}
      {blocked && <p className="q-warning">{t('consult.moves.blocked', { reason: textOr(`error.${blocked}`, blocked), move: t(`consult.move.${action}`) })}</p>}
      <Button type="submit" data-action={action} disabled={blocked !== null} leftSection={<Icon name="pen" size={16} />}>
        {t(action === 'sign' ? 'consult.opinion.sign' : 'consult.opinion.sign_amendment')}
      </Button>
    </form>
      {signing && (
        <SignDialog
          view={view}
          action={action}
          state={state}
          reason={reason}
          draft={draft}
          onClose={() => setSigning(false)}
          onSigned={() => {
            setSigning(false);
            onDone?.();
          }}
        />
      )}
    </>
  );
}

function itemsToSee(view: CaseView): number {
  return (view.items?.studies.length ?? 0) + (view.items?.attachments ?? []).filter((one) => !isOfConsent(one.kind) && one.kind !== 'key_image').length;
}

function SeenItems({ view, state, seen, set, error }: { view: CaseView; state: OpinionState; seen: Readonly<Record<string, SeenImages>>; set: (change: Partial<OpinionState>) => void; error: string | undefined }) {
  const t = useText();
  const attachments = (view.items?.attachments ?? []).filter((one) => !isOfConsent(one.kind) && one.kind !== 'key_image');
  const items = [
    ...(view.items?.studies ?? []).map((one) => {
      const shown = seen[one.study_uid];
      return {
        item: `study/${one.study_uid}`,
        title: `${one.modality} ${one.description}`.trim(),
        note: shown ? t(shown.lossless ? 'consult.opinion.shown_lossless' : 'consult.opinion.shown_preview', { seen: shown.images, total: shown.total }) : t('consult.opinion.not_opened'),
      };
    }),
    ...attachments.map((one) => ({ item: `attachment/${one.n}`, title: [textOr(`consult.kind.${one.kind}`, one.kind), one.title].filter(Boolean).join(' '), note: one.warning ? textOr(`consult.warning.${one.warning}`, one.warning) : textOr(`consult.quality.${one.quality}`, one.quality) })),
  ];
  if (items.length === 0) return <p className="q-small q-dim">{t('consult.opinion.summary_only')}</p>;
  return (
    <Checkbox.Group label={t('consult.opinion.seen')} description={t('consult.opinion.seen_help')} required value={state.items_seen} onChange={(items_seen) => set({ items_seen })} error={error}>
      <div className="q-stack-tight ws-seen">
        {items.map((one) => (
          <Checkbox key={one.item} value={one.item} label={one.title} description={one.note} />
        ))}
      </div>
    </Checkbox.Group>
  );
}

function KeyImages({ view, state, set }: { view: CaseView; state: OpinionState; set: (change: Partial<OpinionState>) => void }) {
  const t = useText();
  const images = (view.items?.attachments ?? []).filter((one) => one.kind === 'key_image');
  return (
    <fieldset className="c-choice">
      <legend className="c-legend">{t('consult.opinion.key_images')}</legend>
      {images.length === 0 && <p className="q-small q-dim">{t('consult.opinion.key_images_help')}</p>}
      <div className="q-stack">
        {images.map((one) => (
          <div key={one.n} className="a-item o-key">
            <div className="a-thumb">
              <img src={one.url} alt={one.title ?? t('consult.opinion.key_image', { number: one.n })} loading="lazy" />
            </div>
            <Checkbox
              label={one.title || t('consult.opinion.key_image', { number: one.n })}
              checked={state.key_images.includes(one.n)}
              onChange={(event) => set({ key_images: event.currentTarget.checked ? [...state.key_images, one.n] : state.key_images.filter((n) => n !== one.n) })}
            />
          </div>
        ))}
      </div>
    </fieldset>
  );
}

function SignDialog({ view, action, state, reason, draft, onClose, onSigned }: { view: CaseView; action: 'sign' | 'amend'; state: OpinionState; reason: string; draft: { flush: () => Promise<number | undefined>; drop: () => void }; onClose: () => void; onSigned: () => void }) {
  const t = useText();
  const act = useAct();
  const passwordNeeded = usePasswordNeeded();
  const [password, setPassword] = useState('');
  const [tried, setTried] = useState(false);
  const send = async () => {
    setTried(true);
    if (passwordNeeded(password)) return;
    await draft.flush();
    const done = await act.run({ id: view.case, version: view.version, action, signs: true, password, ...(action === 'amend' ? { reason: reason.trim() } : {}), fields: toFields(state) });
    if (done) {
      draft.drop();
      onSigned();
    } else setPassword('');
  };
  return (
    <Dialog onClose={onClose} title={t(action === 'sign' ? 'consult.opinion.sign' : 'consult.opinion.sign_amendment')}>
      <form
        className="q-stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <dl className="q-facts">
          {kOpinionTexts.map((field) => (
            <div key={field} className="p-fact">
              <dt>{t(`consult.box.${field}`)}</dt>
              <dd className="q-pre">{state[field]}</dd>
            </div>
          ))}
        </dl>
        <SignFields
          statement={t('consult.opinion.sign_statement', { patient: view.patient.name ?? '', institution: nameIn(view.from) })}
          lines={[t(`consult.act_by_long.${state.act_by || 'routine'}`), t('consult.opinion.sign_seen', { count: state.items_seen.length, images: state.key_images.length }), t('consult.opinion.advice_only')]}
          password={password}
          onPassword={setPassword}
          error={act.wrongPassword ? errorText(act.error) : tried && passwordNeeded(password) ? t('consult.sign.password_needed') : undefined}
        />
        {act.error !== undefined && !act.wrongPassword && <ErrorCard error={act.error} />}
        <div className="q-actions">
          <Button type="submit" loading={act.busy}>
            {t(action === 'sign' ? 'consult.opinion.sign' : 'consult.opinion.sign_amendment')}
          </Button>
          <Button variant="default" onClick={onClose}>
            {t('app.cancel')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
