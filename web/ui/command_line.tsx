/** A command or a piece of configuration to copy. Where the browser gives no clipboard, a click selects it. */
import { Button } from '@mantine/core';
import { useRef, useState } from 'react';
import { useText } from '../app/i18n';

const kSaidMs = 2000;

export function CommandLine({ text }: { text: string }) {
  const t = useText();
  const line = useRef<HTMLElement>(null);
  const [copied, setCopied] = useState(false);
  const select = () => {
    if (line.current) getSelection()?.selectAllChildren(line.current);
  };
  const copy = async () => {
    select();
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      return; // it stays selected
    }
    setCopied(true);
    setTimeout(() => setCopied(false), kSaidMs);
  };
  return (
    <div className="q-command">
      <code ref={line}>{text}</code>
      <Button size="compact-sm" variant="default" onClick={() => void copy()}>
        {copied ? t('app.copied') : t('app.copy')}
      </Button>
    </div>
  );
}
