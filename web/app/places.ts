/** Pages that are not daily work: the menu of the person lists those that this session may use. */
import type { Session } from '../api/session';
import { answersForDeadlines, answersPatients, developsWithRecord, isAdministrator, mayAskForConsultation, mayBreakGlass, mayKeepContracts, mayKeepNodes, mayKeepPeople, mayKeepPrivacy, mayKeepSetup, mayMatchStudies, mayReadAudit, mayReadRoster, mayReadStatement, mayRegisterPatients, mayReset, mayReviewGlass } from './roles';

interface Place {
  to: string;
  /** Key of its name. */
  name: string;
  may: (session: Session) => boolean;
  /** Where the navigation has it too: on the desk only, where a phone has no room, or on both. */
  inNavigation?: 'desk' | 'both';
}

const kPlaces: readonly Place[] = [
  { to: '/app/help', name: 'app.nav.help', may: () => true },
  { to: '/app/access/contact', name: 'app.nav.contact', may: () => true },
  { to: '/app/access/me', name: 'app.nav.security', may: () => true },
  { to: '/app/access/resets', name: 'app.nav.resets', may: mayReset },
  { to: '/app/access/role-requests', name: 'app.nav.role_requests', may: isAdministrator },
  { to: '/app/access/certificates', name: 'app.nav.certificates', may: mayKeepPeople },
  { to: '/app/access/break-glass', name: 'app.nav.break_glass', may: mayBreakGlass },
  { to: '/app/access/glass-reviews', name: 'app.nav.glass_reviews', may: mayReviewGlass },
  { to: '/app/consult/clinic-card', name: 'app.nav.clinic_card', may: mayAskForConsultation },
  { to: '/app/board', name: 'app.nav.board', may: answersForDeadlines, inNavigation: 'desk' },
  { to: '/app/patients/duplicates', name: 'app.nav.duplicates', may: mayRegisterPatients },
  { to: '/app/imaging/unmatched', name: 'app.nav.unmatched', may: mayMatchStudies, inNavigation: 'desk' },
  { to: '/app/figures', name: 'app.nav.figures', may: answersForDeadlines, inNavigation: 'desk' },
  { to: '/app/statement', name: 'app.nav.statement', may: mayReadStatement },
  { to: '/app/access/roster', name: 'app.nav.roster', may: mayReadRoster },
  { to: '/app/access/contracts', name: 'app.nav.contracts', may: (session) => mayKeepContracts(session) || mayAskForConsultation(session) },
  { to: '/app/access/people', name: 'app.nav.people', may: mayKeepPeople, inNavigation: 'both' },
  { to: '/app/access/label-rights', name: 'app.nav.label_rights', may: mayKeepPeople },
  { to: '/app/access/audit', name: 'app.nav.audit', may: (session) => mayReadAudit(session) || mayKeepPrivacy(session), inNavigation: 'both' },
  { to: '/app/access/looks', name: 'app.nav.looks', may: mayKeepPrivacy },
  { to: '/app/access/odd-looks', name: 'app.nav.odd_looks', may: mayKeepPrivacy },
  { to: '/app/imaging/devices', name: 'app.nav.devices', may: mayKeepNodes, inNavigation: 'both' },
  { to: '/app/imaging/gateways', name: 'app.nav.gateways', may: mayKeepNodes, inNavigation: 'desk' },
  { to: '/app/operations/backups', name: 'app.nav.backups', may: mayKeepNodes, inNavigation: 'both' },
  { to: '/app/operations/state', name: 'app.nav.state', may: (session) => mayKeepNodes(session) || mayKeepContracts(session) },
  { to: '/app/operations/setup', name: 'app.nav.setup', may: mayKeepSetup },
  { to: '/app/access/patient-requests', name: 'app.nav.patient_requests', may: answersPatients },
  { to: '/app/record', name: 'app.nav.record', may: developsWithRecord },
  { to: '/app/operations/notifications', name: 'app.nav.notifications', may: mayKeepNodes },
];

/** All that this session may use. */
export const allPlacesOf = (session: Session): readonly Place[] => kPlaces.filter((place) => place.may(session));
/** Those that the navigation does not have. */
export const placesOf = (session: Session, phone: boolean): readonly Place[] => allPlacesOf(session).filter((place) => !place.inNavigation || (phone && place.inNavigation === 'desk'));
