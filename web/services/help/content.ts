/** What the help says to whom: a few tasks a role, each with where it is done and which picture shows it. Texts: `help.<role>.<task>`. */
export interface HelpTask {
  task: string;
  /** Page where it is done; left out where it begins from a case. */
  to?: string;
  /** Name of a file in `pictures/`, without language and ending; made by tests/browser/pages/pictures.mjs. */
  picture?: string;
}

export interface HelpRole {
  role: string;
  tasks: readonly HelpTask[];
}

export const kHelp: readonly HelpRole[] = [
  {
    role: 'doctor',
    tasks: [
      { task: 'register', to: '/app/patients/new', picture: 'register' },
      { task: 'ask', to: '/app/consult/new', picture: 'request' },
      { task: 'emergency' },
      { task: 'returned', to: '/app/list/returned' },
      { task: 'result', to: '/app/list/inbox', picture: 'opinion' },
      { task: 'offline' },
    ],
  },
  {
    role: 'coordinator',
    tasks: [
      { task: 'check', to: '/app/list/desk', picture: 'desk' },
      { task: 'experts' },
      { task: 'session' },
      { task: 'late', to: '/app/board', picture: 'board' },
      { task: 'unmatched', to: '/app/imaging/unmatched', picture: 'unmatched' },
    ],
  },
  {
    role: 'expert',
    tasks: [
      { task: 'offer', to: '/app/list/offers', picture: 'offers' },
      { task: 'write', to: '/app/list/writing', picture: 'workspace' },
      { task: 'call' },
      { task: 'amend' },
      { task: 'contact', to: '/app/access/contact', picture: 'contact' },
    ],
  },
  { role: 'nurse', tasks: [{ task: 'register', to: '/app/patients/new', picture: 'register' }, { task: 'vitals' }, { task: 'photos' }] },
  { role: 'technician', tasks: [{ task: 'send' }, { task: 'unmatched', to: '/app/imaging/unmatched', picture: 'unmatched' }] },
  { role: 'duty_lead', tasks: [{ task: 'emergency', picture: 'board', to: '/app/board' }, { task: 'roster', to: '/app/access/roster', picture: 'roster' }, { task: 'reset', to: '/app/access/resets' }] },
  {
    role: 'centre_manager',
    tasks: [
      { task: 'morning', to: '/app/board', picture: 'board' },
      { task: 'figures', to: '/app/figures', picture: 'figures' },
      { task: 'contracts', to: '/app/access/contracts', picture: 'contracts' },
      { task: 'roster', to: '/app/access/roster', picture: 'roster' },
      { task: 'statement', to: '/app/statement', picture: 'statement' },
      { task: 'error' },
    ],
  },
  {
    role: 'system_admin',
    tasks: [
      { task: 'setup', to: '/app/operations/setup', picture: 'setup' },
      { task: 'devices', to: '/app/imaging/devices', picture: 'devices' },
      { task: 'notifications', to: '/app/operations/notifications', picture: 'notifications' },
      { task: 'backups', to: '/app/operations/backups', picture: 'backups' },
      { task: 'record', to: '/app/record' },
    ],
  },
  { role: 'security_admin', tasks: [{ task: 'people', to: '/app/access/people', picture: 'people' }, { task: 'left' }, { task: 'reset', to: '/app/access/resets' }] },
  { role: 'audit_admin', tasks: [{ task: 'audit' }] },
  { role: 'privacy_officer', tasks: [{ task: 'looks' }] },
];
