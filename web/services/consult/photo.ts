/**
 * A picture made ready in the browser: turned the right way, at most 2,560 px long, written anew as JPEG. The
 * new file holds pixels only, so the place and the device that a camera writes into its file stay behind.
 */
import { ApiError } from '../../api/http';

export const kLongestPx = 2560;
const kQuality = 0.88;

export interface ReadyPhoto {
  blob: Blob;
  width: number;
  height: number;
}

/** Size after shrinking to the limit and turning by quarters (clockwise). */
export function sizeAfter(width: number, height: number, quarters: number, longest = kLongestPx): { scale: number; width: number; height: number } {
  const scale = Math.min(1, longest / Math.max(width, height));
  const scaled = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))] as const;
  return quarters % 2 === 0 ? { scale, width: scaled[0], height: scaled[1] } : { scale, width: scaled[1], height: scaled[0] };
}

export async function readyPhoto(file: Blob, quarters = 0): Promise<ReadyPhoto> {
  let bitmap: ImageBitmap;
  try {
    // "from-image" applies the camera's own turn mark before the mark is dropped.
    bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
  } catch {
    throw new ApiError(422, 'client.not_a_picture', 'the browser cannot decode this file');
  }
  try {
    const size = sizeAfter(bitmap.width, bitmap.height, quarters);
    const canvas = document.createElement('canvas');
    canvas.width = size.width;
    canvas.height = size.height;
    const context = canvas.getContext('2d', { alpha: false });
    if (!context) throw new ApiError(422, 'client.not_a_picture', 'no canvas');
    context.translate(size.width / 2, size.height / 2);
    context.rotate((quarters * Math.PI) / 2);
    context.drawImage(bitmap, (-bitmap.width * size.scale) / 2, (-bitmap.height * size.scale) / 2, bitmap.width * size.scale, bitmap.height * size.scale);
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', kQuality));
    if (!blob) throw new ApiError(422, 'client.not_a_picture', 'could not be written');
    return { blob, width: size.width, height: size.height };
  } finally {
    bitmap.close();
  }
}
