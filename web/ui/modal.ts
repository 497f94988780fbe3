/** What makes the browser's own dialog element a modal one: it opens with its first picture, Esc asks to close, focus returns. */
import { useEffect, useId, useRef, type SyntheticEvent } from 'react';

export function useModal(onClose: () => void) {
  const title = useId();
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    element.current?.showModal();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  const onCancel = (event: SyntheticEvent) => {
    event.preventDefault();
    onClose();
  };
  return { title, dialog: { ref: element, 'aria-labelledby': title, onCancel } };
}
