import { MantineProvider } from '@mantine/core';
import { createRoot } from 'react-dom/client';
import '../ui/mantine.css';
import '../ui/tokens.css';

const root = document.getElementById('root');
if (root) createRoot(root).render(<MantineProvider>…</MantineProvider>);
