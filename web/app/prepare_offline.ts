/**
 * Who asks for consultations must be able to begin one without a line: code lists, hospitals and the patients last seen are
 * kept beforehand, once a session and after everything that the page itself asks for.
 */
import { useEffect } from 'react';
import { isQuiet } from '../api/cache';
import { readReceivers } from '../api/directory';
import { readContracts } from '../api/people';
import { searchResources, type Patient } from '../api/fhir';
import { keptReads } from '../api/kept_reads';
import { readDeadlines, readPack } from '../api/packs';

const kQuietMs = 2000;

async function prepare(): Promise<void> {
  const write = keptReads.writer();
  await write('receivers', await readReceivers());
  await write('contracts', await readContracts());
  await write('pack:specialties', await readPack('specialties'));
  await write('pack:deadlines:consult', await readDeadlines('consult'));
  const recent = await searchResources<Patient>('Patient', { _sort: '-_lastUpdated', _count: '10' });
  await write('patients:recent', recent);
  for (const patient of recent) await write(`patient:${patient.id}`, patient);
}

export function usePrepareOffline(wanted: boolean): void {
  useEffect(() => {
    if (!wanted) return undefined;
    const timer = setInterval(() => {
      if (!isQuiet() || !keptReads.isOpen()) return;
      clearInterval(timer);
      // Without a line now, what an earlier session kept is still there.
      prepare().catch(() => undefined);
    }, kQuietMs);
    return () => clearInterval(timer);
  }, [wanted]);
}
