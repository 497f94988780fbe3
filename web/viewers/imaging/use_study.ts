/** Series of the study and the images of the chosen series, with their failures; requests end with the component. */
import { useCallback, useEffect, useState } from 'react';
import { fetchFrame, listFrames, listSeries, RequestProblem, type Frame, type Series } from './dicomweb';
import type { Problem } from './panels';

export interface StudyData {
  series: Series[] | undefined;
  studyProblem: Problem | undefined;
  current: Series | undefined;
  frames: Frame[] | undefined; // of `current`; empty when it holds no images
  seriesProblem: Problem | undefined;
  pick(seriesUid: string): void;
  retry(): void;
}

const kNotImages = new Set(['SR', 'KO', 'PR', 'DOC', 'ECG', 'HD', 'AU', 'PLAN', 'REG', 'RTSTRUCT', 'RTPLAN', 'SEG']);

/** The series to open first: the first with several images, so that a scout does not stand for the examination. */
export function firstSeries(all: readonly Series[]): Series | undefined {
  const images = all.filter((series) => !kNotImages.has(series.modality));
  return images.find((series) => (series.instances ?? 0) > 3) ?? images[0] ?? all[0];
}

function problemOf(error: unknown): Problem {
  return error instanceof RequestProblem ? { status: error.status, code: error.code } : { status: -1, code: undefined };
}

/** Asks for the first image's pixels at once: they travel while the viewer's code is still being read. */
async function framesWithFirst(studyUid: string, seriesUid: string, signal: AbortSignal): Promise<Frame[]> {
  const frames = await listFrames(studyUid, seriesUid, signal);
  const [first] = frames;
  if (first) {
    first.early = fetchFrame(first.path, signal, () => undefined);
    first.early.catch(() => undefined); // whoever takes it sees the failure
  }
  return frames;
}

interface Answer<T> {
  key: string;
  value?: T;
  problem?: Problem;
}

/** Runs `load` for `key`; the answer of an earlier key is never handed out. */
function useAnswer<T>(key: string | undefined, load: (signal: AbortSignal) => Promise<T>, attempt: number): Answer<T> | undefined {
  const [answer, setAnswer] = useState<Answer<T>>();
  useEffect(() => {
    if (key === undefined) return undefined;
    const cancel = new AbortController();
    setAnswer(undefined);
    load(cancel.signal).then(
      (value) => !cancel.signal.aborted && setAnswer({ key, value }),
      (error: unknown) => !cancel.signal.aborted && setAnswer({ key, problem: problemOf(error) }),
    );
    return () => cancel.abort();
    // `load` closes over nothing but what is in `key`.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key, attempt]);
  return answer?.key === key ? answer : undefined;
}

export function useStudy(studyUid: string): StudyData {
  const [picked, setPicked] = useState<{ studyUid: string; seriesUid: string }>();
  const [attempt, setAttempt] = useState(0);
  const study = useAnswer(studyUid, (signal) => listSeries(studyUid, signal), attempt);
  const wanted = picked?.studyUid === studyUid ? picked.seriesUid : undefined;
  const current = study?.value && (study.value.find((series) => series.seriesUid === wanted) ?? firstSeries(study.value));
  const seriesUid = current?.seriesUid;
  const frames = useAnswer(seriesUid && `${studyUid}/${seriesUid}`, (signal) => framesWithFirst(studyUid, seriesUid ?? '', signal), attempt);
  const pick = useCallback((uid: string) => setPicked({ studyUid, seriesUid: uid }), [studyUid]);
  const retry = useCallback(() => setAttempt((count) => count + 1), []);
  return { series: study?.value, studyProblem: study?.problem, current, frames: frames?.value, seriesProblem: frames?.problem, pick, retry };
}
