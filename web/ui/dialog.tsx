/** A modal dialog on the browser's own element: focus stays inside, Esc closes, focus returns to where it was. */
import { CloseButton } from '@mantine/core';
import { useEffect, useId, useRef, type ReactNode } from 'react';
import { useText } from '../app/i18n';

export function Dialog({ title, onClose, wide = false, children }: { title: string; onClose: () => void; wide?: boolean; children: ReactNode }) {
  const t = useText();
  const id = useId();
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    element.current?.showModal();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      className={`dlg ${wide ? 'dlg-wide' : ''}`}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <div className="dlg-head">
        <h2 id={id}>{title}</h2>
        <CloseButton size="lg" aria-label={t('app.close')} onClick={onClose} />
      </div>
      <div className="dlg-body">{children}</div>
    </dialog>
  );
}
