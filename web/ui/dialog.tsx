/** A modal dialog on the browser's own element: focus stays inside, Esc closes, focus returns to where it was. */
import { CloseButton } from '@mantine/core';
import type { ReactNode } from 'react';
import { useText } from '../app/i18n';
import { useModal } from './modal';

export function Dialog({ title, onClose, wide = false, children }: { title: string; onClose: () => void; wide?: boolean; children: ReactNode }) {
  const t = useText();
  const { title: id, dialog } = useModal(onClose);
  return (
    <dialog {...dialog} className={`dlg ${wide ? 'dlg-wide' : ''}`}>
      <div className="dlg-head">
        <h2 id={id}>{title}</h2>
        <CloseButton size="lg" aria-label={t('app.close')} onClick={onClose} />
      </div>
      <div className="dlg-body">{children}</div>
    </dialog>
  );
}
