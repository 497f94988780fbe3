/** A signature drawn by finger, pen or mouse; who cannot draw signs by a witnessed mark in the same field. */
import { Button } from '@mantine/core';
import { useEffect, useRef, useState, type PointerEvent } from 'react';
import { useText } from '../../app/i18n';

const kWidth = 640;
const kHeight = 220;
const kLeastPoints = 12;

export function SignaturePad({ onTake }: { onTake: (png: Blob) => void }) {
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
  return (
    <div className="q-stack-tight">
      <span>{t('consult.consent.draw')}</span>
      <canvas
        ref={canvas}
        className="sg-pad"
        width={kWidth}
        height={kHeight}
        role="img"
        aria-label={t('consult.consent.draw')}
        onPointerDown={(event) => {
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
        <Button disabled={points < kLeastPoints} onClick={() => canvas.current?.toBlob((blob) => blob && onTake(blob), 'image/png')}>
          {t('consult.consent.take')}
        </Button>
        <Button variant="default" onClick={clear} disabled={points === 0}>
          {t('consult.consent.clear')}
        </Button>
      </div>
    </div>
  );
}
