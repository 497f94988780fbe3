/**
 * Counts which images of a series were on screen, at which quality. An image counts as `preview` only until
 * its own pixels were shown.
 */
import { useEffect, useRef } from 'react';

export interface SeenReport {
  seriesUid: string;
  count: number;
  total: number;
  quality: 'lossless' | 'preview';
}

interface Seen {
  lossless: Set<number>;
  preview: Set<number>;
}

const kQuiet_ms = 400;

export function useSeen(seriesUid: string | undefined, total: number, shown: number | undefined, previewed: number | undefined, onImageSeen: ((seen: SeenReport) => void) | undefined): void {
  const bySeries = useRef(new Map<string, Seen>());
  const listener = useRef(onImageSeen);
  listener.current = onImageSeen;

  useEffect(() => {
    if (!seriesUid || total === 0 || (shown === undefined && previewed === undefined)) return undefined;
    const seen = bySeries.current.get(seriesUid) ?? { lossless: new Set<number>(), preview: new Set<number>() };
    bySeries.current.set(seriesUid, seen);
    if (shown !== undefined) {
      seen.lossless.add(shown);
      seen.preview.delete(shown);
    }
    if (previewed !== undefined && !seen.lossless.has(previewed)) seen.preview.add(previewed);
    const timer = setTimeout(() => {
      if (seen.lossless.size > 0) listener.current?.({ seriesUid, count: seen.lossless.size, total, quality: 'lossless' });
      if (seen.preview.size > 0) listener.current?.({ seriesUid, count: seen.preview.size, total, quality: 'preview' });
    }, kQuiet_ms);
    return () => clearTimeout(timer);
  }, [seriesUid, total, shown, previewed]);
}
