/** Pages that are not daily work: the menu of the person lists those that this session may use. */
import type { Session } from '../api/session';
import { answersForDeadlines, mayAskForConsultation, mayKeepContracts, mayKeepNodes, mayMatchStudies, mayReadRoster, mayReadStatement, mayReset } from './roles';

interface Place {
  to: string;
  /** Key of its name. */
  name: string;
  may: (session: Session) => boolean;
  /** The desk has it in the navigation, where a phone has no room. */
  phoneOnly?: true;
}

const kPlaces: readonly Place[] = [
  { to: '/app/access/contact', name: 'app.nav.contact', may: () => true },
  { to: '/app/access/me', name: 'app.nav.security', may: () => true },
  { to: '/app/access/resets', name: 'app.nav.resets', may: mayReset },
  { to: '/app/consult/clinic-card', name: 'app.nav.clinic_card', may: mayAskForConsultation },
  { to: '/app/board', name: 'app.nav.board', may: answersForDeadlines, phoneOnly: true },
  { to: '/app/imaging/unmatched', name: 'app.nav.unmatched', may: mayMatchStudies, phoneOnly: true },
  { to: '/app/figures', name: 'app.nav.figures', may: answersForDeadlines },
  { to: '/app/statement', name: 'app.nav.statement', may: mayReadStatement },
  { to: '/app/access/roster', name: 'app.nav.roster', may: mayReadRoster },
  { to: '/app/access/contracts', name: 'app.nav.contracts', may: (session) => mayKeepContracts(session) || mayAskForConsultation(session) },
  { to: '/app/operations/notifications', name: 'app.nav.notifications', may: mayKeepNodes },
];

export const placesOf = (session: Session, phone: boolean): readonly Place[] => kPlaces.filter((place) => place.may(session) && (phone || !place.phoneOnly));
