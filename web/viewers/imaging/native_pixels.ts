/**
 * Native (uncompressed little-endian) pixels made ready for the pixel loader, which takes them as they lie:
 * the right length, no strange high bits, one-bit pixels and shared colour spread out. Pure.
 */
import { number, text, type DicomObject } from './dicom_json';

type Bytes = Uint8Array<ArrayBuffer>;

function part(object: DicomObject, tag: string, otherwise: number): number {
  return number(object, tag) ?? otherwise;
}

/** Bytes of one frame (PS3.5 8.1.1; PS3.3 C.7.6.3.1.2: with 4:2:2 two pixels share one pair of colour samples). */
export function nativeLength(object: DicomObject): number {
  const pixels = part(object, '00280010', 0) * part(object, '00280011', 0);
  const samples = text(object, '00280004') === 'YBR_FULL_422' ? 2 : part(object, '00280002', 1);
  return Math.ceil((pixels * samples * part(object, '00280100', 8)) / 8);
}

/** Bits above the stored ones may hold anything (old overlays); unsigned pixels are cleared of them. */
function clearHighBits(bytes: Bytes, object: DicomObject): void {
  const stored = part(object, '00280101', 16);
  if (number(object, '00280100') !== 16 || number(object, '00280103') !== 0 || stored >= 16) return;
  const mask = (1 << stored) - 1;
  const pixels = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1);
  for (let at = 0; at < pixels.length; at += 1) pixels[at] = (pixels[at] as number) & mask;
}

function spreadBits(bytes: Bytes, pixels: number): Bytes {
  const spread = new Uint8Array(pixels);
  for (let at = 0; at < pixels; at += 1) spread[at] = ((bytes[at >> 3] as number) >> (at & 7)) & 1;
  return spread;
}

/** Y1 Y2 Cb Cr of each two pixels to RGB, full range (PS3.3 C.7.6.3.1.2). */
function rgbOfShared(bytes: Bytes): Bytes {
  const rgb = new Uint8ClampedArray((bytes.length / 2) * 3);
  for (let from = 0, to = 0; from + 3 < bytes.length; from += 4) {
    const cb = (bytes[from + 2] as number) - 128;
    const cr = (bytes[from + 3] as number) - 128;
    for (const y of [bytes[from] as number, bytes[from + 1] as number]) {
      rgb[to++] = y + 1.402 * cr;
      rgb[to++] = y - 0.344136 * cb - 0.714136 * cr;
      rgb[to++] = y + 1.772 * cb;
    }
  }
  return new Uint8Array(rgb.buffer);
}

/** The pixels of one frame; throws when there are fewer than the image has. Padding behind them is left off. */
export function nativePixels(bytes: Bytes, object: DicomObject): Bytes {
  const length = nativeLength(object);
  if (bytes.length < length) throw new Error('pixel data shorter than the image');
  // A copy of its own where it does not start at an even address of its buffer: words are read from it.
  const exact = bytes.length === length && bytes.byteOffset % 4 === 0 ? bytes : bytes.slice(0, length);
  if (number(object, '00280100') === 1) return spreadBits(exact, part(object, '00280010', 0) * part(object, '00280011', 0));
  if (text(object, '00280004') === 'YBR_FULL_422') return rgbOfShared(exact);
  clearHighBits(exact, object);
  return exact;
}
