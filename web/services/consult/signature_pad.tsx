/** A signature drawn by finger, pen or mouse; or, where `touch` says so, the mark of a thumb pressed on the field. */
import { Button } from '@mantine/core';
import { useEffect, useRef, useState, type PointerEvent } from 'react';
import { useText } from '../../app/i18n';

const kWidth = 640;
const kHeight = 220;
const kLeastPoints = 12;
const kThumb = { x: 52, y: 70 };

export function SignaturePad({ prompt, onTake, touch = false }: { prompt: string; onTake: (png: Blob) => void; touch?: boolean }) {
  const t = useText();
  const canvas = useRef<HTMLCanvasElement>(null);
  const last = useRef<{ x: number; y: number } | undefined>(undefined);
  const [points, setPoints] = useState(0);
  const clear = () => {
    const context = canvas.current?.getContext('2d');
    if (context) {
      context.fillStyle = 'white';
      context.fillRect(0, 0, kWidth, kHeight);
    }
    setPoints(0);
  };
  useEffect(clear, []);
  const at = (event: PointerEvent<HTMLCanvasElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    return { x: ((event.clientX - box.left) * kWidth) / box.width, y: ((event.clientY - box.top) * kHeight) / box.height };
  };
  const draw = (event: PointerEvent<HTMLCanvasElement>) => {
    const context = event.currentTarget.getContext('2d');
    if (!last.current || !context) return;
    const to = at(event);
    context.strokeStyle = 'black';
    context.lineWidth = 3;
    context.lineCap = 'round';
    context.beginPath();
    context.moveTo(last.current.x, last.current.y);
    context.lineTo(to.x, to.y);
    context.stroke();
    last.current = to;
    setPoints((before) => before + 1);
  };
  /** What the screen felt: the place, and the size of the contact where the device tells it. */
  const press = (event: PointerEvent<HTMLCanvasElement>) => {
    const context = event.currentTarget.getContext('2d');
    if (!context) return;
    const { x, y } = at(event);
    const grow = kWidth / event.currentTarget.getBoundingClientRect().width;
    context.fillStyle = '#8b1a1a';
    context.beginPath();
    context.ellipse(x, y, event.width > 4 ? (event.width * grow) / 2 : kThumb.x / 2, event.height > 4 ? (event.height * grow) / 2 : kThumb.y / 2, 0, 0, 2 * Math.PI);
    context.fill();
    setPoints((before) => before + 1);
  };
  const least = touch ? 1 : kLeastPoints;
  return (
    <div className="q-stack-tight">
      <span>{prompt}</span>
      <canvas
        ref={canvas}
        className="sg-pad"
        width={kWidth}
        height={kHeight}
        role="img"
        aria-label={prompt}
        onPointerDown={(event) => {
          if (touch) {
            press(event);
            return;
          }
          event.currentTarget.setPointerCapture(event.pointerId);
          last.current = at(event);
        }}
        onPointerMove={draw}
        onPointerUp={() => {
          last.current = undefined;
        }}
        onPointerCancel={() => {
          last.current = undefined;
        }}
      />
      <div className="q-row">
        <Button disabled={points < least} onClick={() => canvas.current?.toBlob((blob) => blob && onTake(blob), 'image/png')}>
          {t(touch ? 'consult.consent.print.take' : 'consult.consent.take')}
        </Button>
        <Button variant="default" onClick={clear} disabled={points === 0}>
          {t('consult.consent.clear')}
        </Button>
      </div>
    </div>
  );
}
