/** Ties a `StackView` to a pane of React: loads its code, shows the frames, follows its state, ends it. */
import { useCallback, useEffect, useRef, useState, type RefObject } from 'react';
import type { Frame } from './dicomweb';
import type { Measurement, Translate } from './measurements';
import type { Problem } from './panels';
import type { StackState, StackView } from './stack_view';

/** A pane in a hidden tab has no size to draw for: it starts when it is first shown. */
function untilVisible(element: Element): Promise<void> {
  return new Promise((resolve) => {
    const observer = new ResizeObserver(() => {
      if (element.clientWidth === 0 || element.clientHeight === 0) return;
      observer.disconnect();
      resolve();
    });
    observer.observe(element);
  });
}

export interface Pane {
  view: StackView | undefined;
  state: StackState | undefined;
  measurements: Measurement[];
  problem: Problem | undefined; // the viewer's code itself could not start
  width_px: number;
  restart(): void;
}

const kCode = 'imaging.viewer_code';
const loadCode = () => import('./stack_view');
// The large chunk starts to travel as soon as this module is read, not only when a pane is on screen.
void loadCode().catch(() => undefined);

export function useStack(element: RefObject<HTMLDivElement | null>, frames: Frame[] | undefined, t: Translate): Pane {
  const [view, setView] = useState<StackView>();
  const [snapshot, setSnapshot] = useState<{ state: StackState; measurements: Measurement[] }>();
  const [problem, setProblem] = useState<Problem>();
  const [width_px, setWidth] = useState(0);
  const [attempt, setAttempt] = useState(0);
  const translate = useRef(t);
  translate.current = t;

  useEffect(() => {
    let made: StackView | undefined;
    let gone = false;
    setProblem(undefined);
    const make = async () => {
      const code = await loadCode();
      if (element.current && !gone) await untilVisible(element.current);
      if (!element.current || gone) return;
      made = new code.StackView(element.current, () => made && setSnapshot({ state: made.state(), measurements: made.measurements() }), () => translate.current);
      setView(made);
    };
    make().catch(() => !gone && setProblem({ status: 0, code: kCode }));
    return () => {
      gone = true;
      made?.destroy();
      setView(undefined);
      setSnapshot(undefined);
    };
  }, [attempt, element]);

  useEffect(() => {
    if (!view || !frames || frames.length === 0) return;
    view.show(frames, 0).catch(() => undefined);
  }, [view, frames]);

  useEffect(() => {
    const pane = element.current;
    if (!view || !pane) return undefined;
    const observer = new ResizeObserver(() => {
      setWidth(pane.clientWidth);
      if (pane.clientWidth > 0 && pane.clientHeight > 0) view.resize();
    });
    observer.observe(pane);
    return () => observer.disconnect();
  }, [view, element]);

  useEffect(() => view?.redrawMeasurements(), [view, t]);

  const restart = useCallback(() => setAttempt((count) => count + 1), []);
  return { view, state: snapshot?.state, measurements: snapshot?.measurements ?? [], problem, width_px, restart };
}
