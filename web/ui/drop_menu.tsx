/** A button with a small panel below it: Esc and a press outside close it, and the focus goes back to the button. */
import { useEffect, useId, useRef, useState, type ReactNode } from 'react';

export function DropMenu({ label, button, children }: { label: string; button: ReactNode; children: (close: () => void) => ReactNode }) {
  const id = useId();
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const trigger = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!open) return undefined;
    const outside = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    const escape = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return;
      setOpen(false);
      trigger.current?.focus();
    };
    document.addEventListener('pointerdown', outside);
    document.addEventListener('focusin', outside);
    document.addEventListener('keydown', escape);
    return () => {
      document.removeEventListener('pointerdown', outside);
      document.removeEventListener('focusin', outside);
      document.removeEventListener('keydown', escape);
    };
  }, [open]);
  return (
    <div className="d-menu" ref={root}>
      <button ref={trigger} type="button" className="s-icon" aria-label={label} aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
        {button}
      </button>
      {open && (
        <div className="d-panel" id={id}>
          {children(() => setOpen(false))}
        </div>
      )}
    </div>
  );
}
