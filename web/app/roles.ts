/** Which doors the navigation shows. What a person may do is the server's word alone; this only spares a walk to a closed door. */
import type { Session } from '../api/session';

const has = (session: Session, ...roles: string[]) => session.memberships.some((membership) => roles.includes(membership.role));

export const mayAskForConsultation = (session: Session) => has(session, 'doctor', 'requester', 'village_doctor', 'specialist');
export const mayRegisterPatients = (session: Session) => has(session, 'doctor', 'requester', 'village_doctor', 'specialist', 'nurse', 'registrar', 'clerk', 'desk');
export const mayKeepPeople = (session: Session) => has(session, 'security_admin');
export const mayKeepContracts = (session: Session) => has(session, 'centre_manager');
export const mayMatchStudies = (session: Session) => has(session, 'doctor', 'requester', 'technician', 'clerk', 'registrar', 'coordinator', 'imaging_clerk');
export const mayKeepDevices = (session: Session) => has(session, 'system_admin');
