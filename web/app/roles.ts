/** Which doors the navigation shows. What a person may do is the server's word alone; this only spares a walk to a closed door. */
import type { Session } from '../api/session';

const has = (session: Session, ...roles: string[]) => session.memberships.some((membership) => roles.includes(membership.role));

export const mayAskForConsultation = (session: Session) => has(session, 'doctor', 'requester', 'village_doctor', 'specialist');
export const mayRegisterPatients = (session: Session) => has(session, 'doctor', 'requester', 'village_doctor', 'specialist', 'nurse', 'registrar', 'clerk', 'desk');
/** Administrators of the machine, of people and of the audit see nothing clinical. */
export const maySeePatients = (session: Session) => session.memberships.some((one) => !['system_admin', 'security_admin', 'audit_admin', 'privacy_officer'].includes(one.role));
export const mayKeepPeople = (session: Session) => has(session, 'security_admin');
export const mayKeepContracts = (session: Session) => has(session, 'centre_manager');
export const mayKeepNodes = (session: Session) => has(session, 'system_admin');
export const mayKeepSetup = (session: Session) => has(session, 'system_admin', 'security_admin', 'centre_manager');
export const mayMatchStudies = (session: Session) => has(session, 'doctor', 'requester', 'technician', 'clerk', 'registrar', 'coordinator', 'imaging_clerk');
export const mayKeepRoster = (session: Session) => has(session, 'duty_lead', 'centre_manager');
export const mayReadRoster = (session: Session) => has(session, 'duty_lead', 'centre_manager', 'coordinator', 'expert');
export const answersForDeadlines = (session: Session) => has(session, 'coordinator', 'duty_lead', 'centre_manager');
export const mayReadStatement = (session: Session) => has(session, 'centre_manager', 'coordinator', 'doctor');
export const mayBreakGlass = (session: Session) => has(session, 'doctor', 'expert', 'nurse') && !has(session, 'system_admin', 'security_admin', 'audit_admin');
export const mayReviewGlass = (session: Session) => has(session, 'privacy_officer');
export const mayReset = (session: Session) => has(session, 'security_admin', 'coordinator', 'duty_lead');
export const answersPatients = (session: Session) => has(session, 'privacy_officer');
export const mayReadAudit = (session: Session) => has(session, 'audit_admin');
export const mayKeepPrivacy = (session: Session) => has(session, 'privacy_officer');
/** Who may open the record browser: whoever reads by FHIR with the own rights, and who keeps the machine, who sees nothing in it without a client. */
export const mayBrowseRecord = (session: Session) => maySeePatients(session) || mayKeepNodes(session);
/** For whom it stands in the menu, with import and work as a program: it is no page of daily work. */
export const developsWithRecord = (session: Session) => mayKeepNodes(session) || mayKeepContracts(session);

/** One of the three: each may be the second person for a role of another. */
export const isAdministrator = (session: Session) => session.memberships.some((one) => one.role.endsWith('_admin'));
