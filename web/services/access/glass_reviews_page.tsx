/** For the privacy officer: every broken glass waits here for a verdict, 72 hours at most. */
import { Button, Textarea } from '@mantine/core';
import { useState } from 'react';
import { useQuery } from '../../api/cache';
import { readGlassReviews, reviewGlass, type GlassReview } from '../../api/sensitive';
import { textOr, useText } from '../../app/i18n';
import { mayReviewGlass } from '../../app/roles';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { Act } from '../../ui/act_dialog';
import { Answered, EmptyCard } from '../../ui/cards';
import { Choice } from '../../ui/choice';
import { formatDateTime, formatTime, nameIn } from '../../ui/format';

const kVerdicts = ['justified', 'not_justified'] as const;

export default function GlassReviewsPage() {
  const t = useText();
  const session = useSession();
  useTitle(t('app.nav.glass_reviews'));
  const may = mayReviewGlass(session);
  const reviews = useQuery(may ? 'glass:reviews' : undefined, readGlassReviews);
  const [judging, setJudging] = useState<GlassReview>();
  const [form, setForm] = useState({ verdict: '', text: '' });
  if (!may) return <div className="q-page"><EmptyCard title={t('error.access.not_yours')} /></div>;
  const judge = (review: GlassReview) => {
    setForm({ verdict: '', text: '' });
    setJudging(review);
  };
  return (
    <div className="q-page q-page-narrow">
      <h1>{t('app.nav.glass_reviews')}</h1>
      <p className="q-dim">{t('security.review.explain')}</p>
      <Answered query={reviews}>
        {(all) => {
          const waiting = all.filter((one) => !one.verdict);
          const judged = all.filter((one) => one.verdict);
          return (
            <>
              {waiting.length === 0 ? <EmptyCard title={t('security.review.none')} /> : waiting.map((one) => <Review key={one.id} review={one} onJudge={() => judge(one)} />)}
              {judged.length > 0 && <h2>{t('security.review.judged')}</h2>}
              {judged.map((one) => <Review key={one.id} review={one} />)}
            </>
          );
        }}
      </Answered>
      {judging && (
        <Act
          title={t('security.review.judge')}
          submit={t('security.review.keep')}
          run={() => reviewGlass(judging.id, form.verdict, form.text)}
          onClose={() => setJudging(undefined)}
          onDone={() => {
            setJudging(undefined);
            reviews.reload();
          }}
        >
          <p className="q-note q-pre">{judging.reason}</p>
          <Choice label={t('security.review.verdict')} required value={form.verdict} options={kVerdicts.map((value) => ({ value, label: t(`security.review.verdict.${value}`) }))} onChange={(verdict) => setForm({ ...form, verdict })} />
          <Textarea label={t('security.review.text')} required minLength={5} maxLength={600} autosize minRows={2} value={form.text} onChange={(event) => setForm({ ...form, text: event.currentTarget.value })} />
        </Act>
      )}
    </div>
  );
}

function Review({ review, onJudge }: { review: GlassReview; onJudge?: () => void }) {
  const t = useText();
  const labels = review.beatLabels.map((code) => textOr(`sensitive.label.${code}`, code)).join(', ');
  return (
    <section className="q-card q-stack-tight">
      <p className="q-row">
        <span className="q-strong">{nameIn(review.person)}</span>
        <span className="q-dim">{nameIn(review.organisation)}</span>
        {review.overdue && !review.verdict && <span className="q-chip q-chip-critical">{t('security.review.overdue')}</span>}
        {review.verdict && <span className={`q-chip ${review.verdict === 'justified' ? 'q-chip-ok' : 'q-chip-critical'}`}>{t(`security.review.verdict.${review.verdict}`)}</span>}
      </p>
      <p className="q-small q-dim q-num">
        {formatDateTime(review.starts)}–{formatTime(review.until)} · {t('security.review.of', { place: review.inCareOf.map((one) => nameIn(one)).join(', ') })}
      </p>
      <p>
        <span className="q-chip">{textOr(`security.glass.reason.${review.reasonCode}`, review.reasonCode)}</span> <span className="q-pre">{review.reason}</span>
      </p>
      {labels !== '' && <p className="q-small">{t('sensitive.glass.beats_labels', { labels })}</p>}
      {review.beatDenial && <p className="q-small">{t('sensitive.glass.beats_denial')}</p>}
      {review.verdict ? (
        <p className="q-small">
          {t('security.review.said', { name: nameIn(review.reviewedBy), time: formatDateTime(review.reviewed) })} <span className="q-pre">{review.verdictText}</span>
        </p>
      ) : (
        <div className="q-between">
          <span className="q-small q-dim">{t('security.review.due', { time: formatDateTime(review.due) })}</span>
          {onJudge && (
            <Button size="compact-md" onClick={onJudge}>
              {t('security.review.judge')}
            </Button>
          )}
        </div>
      )}
    </section>
  );
}
