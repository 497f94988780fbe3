import { MantineProvider } from '@mantine/core';
import { lazy, Suspense, useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { RouterProvider } from 'react-router';
import '../ui/mantine.css';
import '../ui/tokens.css';
import '../ui/base.css';
import '../ui/shell.css';
import { cssVariables, styleNonce, theme } from '../ui/theme';
import { loadTexts, startTexts } from './i18n';
import { LoginPage, StartingPage } from './login';
import { loadPageOf, makeRouter } from './router';
import { SessionProvider, useSessionAccess } from './session';
import { SchemeContext } from './scheme';

const MustEnrolPage = lazy(async () => {
  const [module] = await Promise.all([import('../services/access/must_enrol_page'), loadTexts('access')]);
  return module;
});

function Pages() {
  const { state } = useSessionAccess();
  if (state.phase === 'open' && state.session.must) {
    return (
      <Suspense fallback={null}>
        <MustEnrolPage />
      </Suspense>
    );
  }
  if (state.phase === 'open') return <OpenPages key={state.session.person.id} />;
  return state.phase === 'none' ? <LoginPage /> : <StartingPage />;
}

function OpenPages() {
  // A router a session: what the last person had loaded is gone with the tree; the address stays.
  const router = useMemo(makeRouter, []);
  return <RouterProvider router={router} />;
}

function App() {
  const [dark, setDark] = useState(false);
  return (
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} getStyleNonce={styleNonce} forceColorScheme={dark ? 'dark' : 'light'}>
      <SchemeContext value={setDark}>
        <SessionProvider>
          <Pages />
        </SessionProvider>
      </SchemeContext>
    </MantineProvider>
  );
}

// On a thin line nothing waits for what it does not need: the page's files come beside the texts and the session.
void loadPageOf(location.pathname);
const root = document.getElementById('root');
if (root) void startTexts().then(() => createRoot(root).render(<App />));
