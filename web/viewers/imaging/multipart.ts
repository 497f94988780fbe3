/**
 * The first part of a `multipart/related` answer of WADO-RS frames (PS3.18 8.6.1.2.1), or the whole body
 * when it is not multipart. Pure; header names in any case, boundary quoted or not.
 */

export interface Part {
  bytes: Uint8Array<ArrayBuffer>;
  contentType: string;
  transferSyntax: string | undefined;
}

/** Parameters of a media type; the names become lower case. */
export function mediaTypeParameters(header: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const match of header.matchAll(/;\s*([\w-]+)\s*=\s*(?:"([^"]*)"|([^;\s]*))/g)) {
    found.set((match[1] ?? '').toLowerCase(), match[2] ?? match[3] ?? '');
  }
  return found;
}

function find(bytes: Uint8Array, wanted: string, from: number): number {
  const pattern = new TextEncoder().encode(wanted);
  const head = pattern[0] as number;
  for (let at = bytes.indexOf(head, from); at !== -1 && at + pattern.length <= bytes.length; at = bytes.indexOf(head, at + 1)) {
    let same = 1;
    while (same < pattern.length && bytes[at + same] === pattern[same]) same += 1;
    if (same === pattern.length) return at;
  }
  return -1;
}

export function firstPart(contentType: string, body: ArrayBuffer): Part {
  const bytes = new Uint8Array(body);
  if (!/^multipart\//i.test(contentType.trim())) {
    return { bytes, contentType, transferSyntax: mediaTypeParameters(contentType).get('transfer-syntax') };
  }
  const boundary = mediaTypeParameters(contentType).get('boundary');
  if (!boundary) throw new Error('multipart answer without a boundary');
  const opening = find(bytes, `--${boundary}\r\n`, 0);
  const headersEnd = opening < 0 ? -1 : find(bytes, '\r\n\r\n', opening);
  if (headersEnd < 0) throw new Error('multipart answer without a part');
  const headers = new TextDecoder().decode(bytes.subarray(opening, headersEnd)).split('\r\n');
  const value = (name: string) => {
    const line = headers.find((header) => header.toLowerCase().startsWith(`${name}:`));
    return line?.slice(name.length + 1).trim();
  };
  const start = headersEnd + 4;
  const said = Number(value('content-length'));
  const exact = Number.isInteger(said) && said > 0 && start + said <= bytes.length;
  const end = exact ? start + said : find(bytes, `\r\n--${boundary}`, start);
  if (end < 0) throw new Error('multipart answer cut off');
  const type = value('content-type') ?? 'application/octet-stream';
  return { bytes: bytes.slice(start, end), contentType: type, transferSyntax: mediaTypeParameters(type).get('transfer-syntax') };
}
