/** A page with nothing but the viewer, so that its own chunk, requests and policy reports can be measured. */
import i18next from 'i18next';
import { lazy, Suspense, useState } from 'react';
import { createRoot } from 'react-dom/client';
import '../../../../web/ui/tokens.css';
import '../../../../web/ui/base.css';
import './rig.css';

const ImagingViewer = lazy(() => import('../../../../web/viewers/imaging/index'));
const query = new URLSearchParams(location.search);

interface Rig {
  open: (on: boolean) => void;
  setLanguage: (language: string) => void;
  hide: (hidden: boolean) => void;
  keyImages: unknown[];
  seen: unknown[];
}
declare global {
  interface Window {
    rig: Rig;
  }
}

function Page() {
  const [on, setOn] = useState(query.get('closed') === null);
  const [language, setLanguage] = useState(query.get('lang') ?? 'zh-CN');
  const [hidden, setHidden] = useState(query.get('hidden') !== null);
  window.rig = { ...window.rig, open: setOn, setLanguage, hide: setHidden };
  if (!on) return <p>closed</p>;
  return (
    <div className={hidden ? 'hidden' : 'whole'}>
    <Suspense fallback={<p>…</p>}>
      <ImagingViewer
        studyUid={query.get('study') ?? ''}
        patientLabel="陈海 男 68岁"
        language={language}
        notice={query.get('notice') ?? undefined}
        readOnly={query.get('readonly') !== null}
        onKeyImage={(keyImage) => window.rig.keyImages.push(keyImage)}
        onImageSeen={(seen) => window.rig.seen.push(seen)}
      />
    </Suspense>
    </div>
  );
}

await i18next.init({ lng: 'zh-CN', fallbackLng: false, ns: ['text'], defaultNS: 'text', keySeparator: false, nsSeparator: false, resources: {}, interpolation: { escapeValue: false } });
window.rig = { open: () => {}, setLanguage: () => {}, hide: () => {}, keyImages: [], seen: [] };
const root = document.getElementById('root');
if (root) createRoot(root).render(<Page />);
