/** The application's addresses. Every page is its own chunk with its own texts; the browser tests walk this list. */
import { createBrowserRouter, matchRoutes, Navigate, type RouteObject } from 'react-router';
import { loadTexts } from './i18n';
import { RouteError } from './route_error';
import { Shell } from './shell';

interface Page {
  default: React.ComponentType;
}

function page(load: () => Promise<Page>, ...texts: string[]): NonNullable<RouteObject['lazy']> {
  return async () => {
    const [module] = await Promise.all([load(), loadTexts(...texts)]);
    return { Component: module.default };
  };
}

/** Every page of a case stands behind the question about a second patient. */
const gate = page(() => import('../services/cases/patient_gate'), 'consult', 'sensitive');

export const routes: RouteObject[] = [
  { path: '/', element: <Navigate to="/app/today" replace /> },
  {
    path: '/app',
    element: <Shell />,
    errorElement: <RouteError />,
    hydrateFallbackElement: <></>,
    children: [
      { index: true, element: <Navigate to="/app/today" replace /> },
      {
        errorElement: <RouteError />,
        children: [
          { path: 'today', lazy: page(() => import('./today'), 'consult') },
          { path: 'list/:name', lazy: page(() => import('../services/cases/worklist'), 'consult') },
          { path: 'patients', lazy: page(() => import('../services/patients/search_page'), 'patients') },
          { path: 'patients/new', lazy: page(() => import('../services/patients/register_page'), 'patients') },
          { path: 'patients/new/:registration', lazy: page(() => import('../services/patients/unsent_page'), 'patients') },
          { path: 'patients/duplicates', lazy: page(() => import('../services/patients/duplicates_page'), 'patients', 'consult') },
          { path: 'patients/:id', lazy: page(() => import('../services/patients/patient_page'), 'patients', 'consult', 'sensitive') },
          { path: 'consult/new', lazy: page(() => import('../services/consult/new_page'), 'consult', 'patients') },
          { path: 'consult/new/:createId', lazy: page(() => import('../services/consult/offline_request_page'), 'consult') },
          { path: 'cases/:id', lazy: gate, children: [{ index: true, lazy: page(() => import('../services/cases/case_page'), 'consult') }] },
          {
            path: 'consult/:id',
            lazy: gate,
            children: [
              { index: true, lazy: page(() => import('../services/consult/consult_page'), 'consult') },
              { path: 'request', lazy: page(() => import('../services/consult/wizard_page'), 'consult') },
              { path: 'images', lazy: page(() => import('../services/consult/images_page'), 'consult') },
              { path: 'workspace', lazy: page(() => import('../services/consult/workspace_page'), 'consult'), handle: { dark: true } },
            ],
          },
          { path: 'consult/clinic-card', lazy: page(() => import('../services/consult/clinic_card_page'), 'consult') },
          { path: 'imaging/unmatched', lazy: page(() => import('../services/imaging/unmatched_page'), 'consult') },
          { path: 'board', lazy: page(() => import('../services/cases/board_page'), 'consult') },
          { path: 'figures', lazy: page(() => import('../services/consult/figures_page'), 'consult') },
          { path: 'statement', lazy: page(() => import('../services/consult/statement_page'), 'consult') },
          { path: 'access/roster', lazy: page(() => import('../services/access/roster_page'), 'access', 'consult') },
          { path: 'access/contracts', lazy: page(() => import('../services/access/contracts_page'), 'access', 'consult') },
          { path: 'imaging/devices', lazy: page(() => import('../services/imaging/devices_page'), 'imaging') },
          { path: 'imaging/gateways', lazy: page(() => import('../services/imaging/gateways_page'), 'imaging') },
          { path: 'imaging/gateways/:id', lazy: page(() => import('../services/imaging/gateway_page'), 'imaging') },
          { path: 'access/people', lazy: page(() => import('../services/access/people_page'), 'access', 'consult', 'sensitive') },
          { path: 'access/contact', lazy: page(() => import('../services/access/contact_page'), 'access') },
          { path: 'operations/notifications', lazy: page(() => import('../services/operations/notifications_page'), 'operations', 'access', 'consult') },
          { path: 'oidc', lazy: page(() => import('../services/access/oidc_page'), 'access') },
          { path: 'access/me', lazy: page(() => import('../services/access/me_page'), 'access') },
          { path: 'access/certificates', lazy: page(() => import('../services/access/certificates_page'), 'access') },
          { path: 'access/audit', lazy: page(() => import('../services/access/audit_page'), 'access') },
          { path: 'access/label-rights', lazy: page(() => import('../services/access/label_rights_page'), 'access', 'sensitive') },
          { path: 'access/looks', lazy: page(() => import('../services/access/looks_page'), 'access') },
          { path: 'access/odd-looks', lazy: page(() => import('../services/access/odd_looks_page'), 'access') },
          { path: 'access/break-glass', lazy: page(() => import('../services/access/break_glass_page'), 'access') },
          { path: 'access/glass-reviews', lazy: page(() => import('../services/access/glass_reviews_page'), 'access', 'sensitive') },
          { path: 'access/role-requests', lazy: page(() => import('../services/access/role_requests_page'), 'access', 'sensitive') },
          { path: 'access/resets', lazy: page(() => import('../services/access/resets_page'), 'access') },
          { path: 'operations/state', lazy: page(() => import('../services/operations/state_page'), 'operations', 'consult') },
          { path: 'operations/setup', lazy: page(() => import('../services/operations/setup_page'), 'operations', 'access') },
          { path: 'access/patient-requests', lazy: page(() => import('../services/access/patient_requests_page'), 'access') },
          { path: 'operations/backups', lazy: page(() => import('../services/operations/backups_page'), 'operations') },
          { path: 'record', lazy: page(() => import('../services/record/search_page'), 'record') },
          { path: 'record/bulk', lazy: page(() => import('../services/record/bulk_page'), 'record') },
          { path: 'record/subscriptions', lazy: page(() => import('../services/record/subscriptions_page'), 'record') },
          { path: 'record/:type/:id', lazy: page(() => import('../services/record/resource_page'), 'record') },
          { path: 'help', lazy: page(() => import('../services/help/help_page'), 'help') },
          { path: '*', lazy: page(() => import('./not_found')) },
        ],
      },
    ],
  },
  { path: '*', element: <Navigate to="/app/today" replace /> },
];

export const makeRouter = () => createBrowserRouter(routes);

/** Begins to load the files of a page; the router finds them there, and says what went wrong when it asks for them itself. */
export async function loadPageOf(pathname: string): Promise<void> {
  const loads = (matchRoutes(routes, pathname === '/' ? '/app/today' : pathname) ?? []).map(({ route }) => route.lazy);
  await Promise.allSettled(loads.map((load) => (typeof load === 'function' ? load() : undefined)));
}
