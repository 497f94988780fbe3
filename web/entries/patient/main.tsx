/** The patient's own entry, `/p`: React without the component library, one small chunk. Addresses stand behind the `#`, so no server and no log sees them. */
import { createRoot } from 'react-dom/client';
import '../../ui/tokens.css';
import './patient.css';
import { startTexts } from '../../app/i18n';
import { PatientApp } from './app';

const root = document.getElementById('root');
if (root) void startTexts('entries/patient').then(() => createRoot(root).render(<PatientApp />));
