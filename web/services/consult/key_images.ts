/** Key images from the viewer become attachments of the case, tied to their instance and frame. */
import { get, newId } from '../../api/http';
import { uploadToCase } from '../../api/uploads';
import { refreshCase } from '../cases/case_query';

export interface ViewerKeyImage {
  sopInstanceUid: string;
  frame: number;
  pngDataUrl: string;
  description: string;
}

export function bytesOfDataUrl(url: string): Blob {
  const match = /^data:(image\/png);base64,(.+)$/.exec(url);
  if (!match) throw new Error('not a PNG data URL');
  const binary = atob(match[2] ?? '');
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index += 1) bytes[index] = binary.charCodeAt(index);
  return new Blob([bytes], { type: 'image/png' });
}

export async function keepKeyImage(caseId: string, studyUid: string, image: ViewerKeyImage): Promise<void> {
  const found = await get<Record<string, { Value?: string[] }>[]>(`/dicomweb/studies/${studyUid}/instances?SOPInstanceUID=${image.sopInstanceUid}`, { headers: { Accept: 'application/dicom+json' } });
  const blob = bytesOfDataUrl(image.pngDataUrl);
  await uploadToCase(
    caseId,
    blob,
    {
      upload_id: newId(),
      kind: 'key_image',
      size_bytes: blob.size,
      content_type: 'image/png',
      title: image.description.slice(0, 200),
      key_image: { study_uid: studyUid, series_uid: found[0]?.['0020000E']?.Value?.[0] ?? '', instance_uid: image.sopInstanceUid, frame: image.frame },
    },
    () => undefined,
  );
  refreshCase(caseId);
}
