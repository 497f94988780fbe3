/** A resource as it is stored, on lines of its own: to read, to copy, to keep as a file. */
import { Button } from '@mantine/core';
import { useRef, useState } from 'react';
import { textOfExact, type ExactObject } from '../../api/exact_json';
import { useText } from '../../app/i18n';
import { saveFile } from '../../ui/csv';

const kSaidMs = 2000;

export function JsonView({ name, resource }: { name: string; resource: ExactObject }) {
  const t = useText();
  const text = textOfExact(resource, 2);
  const view = useRef<HTMLPreElement>(null);
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      setTimeout(() => setCopied(false), kSaidMs);
    } catch {
      if (view.current) getSelection()?.selectAllChildren(view.current);
    }
  };
  return (
    <>
      <div className="q-actions">
        <Button variant="default" onClick={() => void copy()}>
          {t(copied ? 'app.copied' : 'app.copy')}
        </Button>
        <Button variant="default" onClick={() => saveFile(name, new Blob([text], { type: 'application/fhir+json' }))}>
          {t('fhir.json.download')}
        </Button>
      </div>
      <pre ref={view} className="rec-json" tabIndex={0} aria-label={t('fhir.tab.json')}>
        {text}
      </pre>
    </>
  );
}
