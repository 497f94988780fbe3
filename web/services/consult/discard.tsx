/** What is not sent goes only by its person's word, with a reason that the server keeps. */
import { Button, NativeSelect } from '@mantine/core';
import { useState } from 'react';
import { outbox } from '../../api/outbox';
import { unsent } from '../../api/unsent';
import { useText } from '../../app/i18n';

const kReasons = ['duplicate', 'wrong_patient', 'unusable', 'not_needed'] as const;

function Discard({ run }: { run: (reason: string) => void }) {
  const t = useText();
  const [asked, setAsked] = useState(false);
  const [reason, setReason] = useState('');
  if (!asked)
    return (
      <Button size="compact-sm" variant="default" onClick={() => setAsked(true)}>
        {t('app.unsent.discard')}
      </Button>
    );
  return (
    <div className="q-row">
      <NativeSelect
        size="xs"
        aria-label={t('app.unsent.discard_why')}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        data={[{ value: '', label: t('app.unsent.discard_why') }, ...kReasons.map((one) => ({ value: one, label: t(`app.unsent.why.${one}`) }))]}
      />
      <Button size="compact-sm" color="red.9" disabled={reason === ''} onClick={() => run(reason)}>
        {t('app.unsent.discard_sure')}
      </Button>
      <Button size="compact-sm" variant="default" onClick={() => (setAsked(false), setReason(''))}>
        {t('app.cancel')}
      </Button>
    </div>
  );
}

export function DiscardUpload({ id }: { id: string }) {
  const discard = (reason: string) => {
    const item = unsent.list().find((one) => one.id === id);
    if (item) outbox.noteDiscard({ what: item.kind, case: item.caseId, reason });
    void unsent.remove(id);
  };
  return <Discard run={discard} />;
}

export function DiscardText({ name }: { name: string }) {
  const discard = (reason: string) => {
    const item = outbox.items().find((one) => one.name === name);
    if (item) outbox.noteDiscard({ what: item.kind === 'patient' ? 'registration' : item.kind === 'new' ? 'new_request' : `draft_${item.draft}`, case: item.kind === 'draft' ? item.id : '', reason });
    outbox.discard(name);
  };
  return <Discard run={discard} />;
}
