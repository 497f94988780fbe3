/** A QR code, computed and drawn on this page: what it says goes nowhere else. */
import { useMemo } from 'react';
import { encode } from 'uqr';

export function QrCode({ text, label, size = 208 }: { text: string; label: string; size?: number }) {
  const code = useMemo(() => encode(text, { ecc: 'M', border: 4 }), [text]);
  const path = useMemo(() => code.data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []))).join(''), [code]);
  return (
    <svg role="img" aria-label={label} width={size} height={size} viewBox={`0 0 ${code.size} ${code.size}`} shapeRendering="crispEdges" style={{ background: '#fff' }}>
      <path d={path} fill="#000" />
    </svg>
  );
}
