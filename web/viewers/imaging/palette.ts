/**
 * Colour tables of PALETTE COLOR objects. DICOM JSON carries them as base64 or as a reference to bulk data;
 * the pixel loader wants numbers. PS3.3 C.7.6.3.1.5/6: descriptor = entries (0 means 65536), first value, bits.
 */
import { numbers, text, type DicomElement, type DicomObject } from './dicom_json';

const kTables = [
  ['00281101', '00281201'],
  ['00281102', '00281202'],
  ['00281103', '00281203'],
] as const;

function bytesOfBase64(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/** Entries as numbers: one byte each where the table is as long as its entries, else little-endian words. */
export function entriesOf(bytes: Uint8Array, descriptor: readonly number[]): number[] | undefined {
  const entries = (descriptor[0] || 65536) as number;
  if (bytes.length === entries || bytes.length === entries + 1) return [...bytes.subarray(0, entries)];
  if (bytes.length < entries * 2) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: entries }, (_, index) => view.getUint16(index * 2, true));
}

/** Puts the numbers of the three tables into the object; `fetchBulk` reads what lies outside the header. */
export async function resolvePalette(object: DicomObject, fetchBulk: (uri: string) => Promise<Uint8Array>): Promise<void> {
  if (text(object, '00280004') !== 'PALETTE COLOR') return;
  await Promise.all(
    kTables.map(async ([descriptorTag, dataTag]) => {
      const element: DicomElement | undefined = object[dataTag];
      const descriptor = numbers(object, descriptorTag, 3);
      if (!element || element.Value || !descriptor) return;
      const bytes = element.InlineBinary ? bytesOfBase64(element.InlineBinary) : element.BulkDataURI ? await fetchBulk(element.BulkDataURI) : undefined;
      const entries = bytes && entriesOf(bytes, descriptor);
      if (!entries) throw new Error('colour table shorter than its descriptor says');
      element.Value = entries;
    }),
  );
}
