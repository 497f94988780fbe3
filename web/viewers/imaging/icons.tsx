/** The viewer's line icons, 24 px grid, drawn in the text colour. Always beside a word or a label. */
const paths = {
  scroll: 'M8 4h8v16H8zM12 8v8M9.500 10.500L12 8l2.500 2.500M9.500 13.500L12 16l2.500-2.500',
  window: 'M12 20a8 8 0 100-16 8 8 0 000 16zM12 4v16M12 8h5.500M12 12h8M12 16h5.500',
  zoom: 'M10.500 17a6.500 6.500 0 100-13 6.500 6.500 0 000 13zM15.500 15.500L21 21M7.500 10.500h6M10.500 7.500v6',
  pan: 'M12 3v18M3 12h18M9.500 5.500L12 3l2.500 2.500M9.500 18.500L12 21l2.500-2.500M5.500 9.500L3 12l2.500 2.500M18.500 9.500L21 12l-2.500 2.500',
  length: 'M4 15L15 4l5 5L9 20zM8 11l2 2M11 8l2 2M14 5.500l1.500 1.500',
  angle: 'M20 19H4L15 5M11.500 19a8 8 0 00-2.300-6.500',
  ellipse: 'M12 18.500c5 0 9-2.900 9-6.500s-4-6.500-9-6.500-9 2.900-9 6.500 4 6.500 9 6.500zM12 12h.01',
  invert: 'M4 4h16v16H4zM4 20L20 4M13 16h4M7 8h4M9 6v4',
  reset: 'M5 5v5h5M5.500 10A7.500 7.500 0 1112 19.500a7.500 7.500 0 01-6.500-3.700',
  fit: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5',
  key_image: 'M4 8h4l1.500-3h5L16 8h4v11H4zM12 10v6M9 13h6',
  measurements: 'M9 6h11M9 12h11M9 18h11M4 6h.01M4 12h.01M4 18h.01',
  texts: 'M5 6h14M12 6v13M9 19h6',
  help: 'M9 9a3 3 0 115 2.200c-1.200 1-2 1.600-2 3.300M12 18.500v.1',
  series: 'M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z',
  more: 'M4.500 11h1v2h-1zM11.500 11h1v2h-1zM18.500 11h1v2h-1z',
  close: 'M6 6l12 12M18 6L6 18',
  remove: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
  document: 'M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6',
  image: 'M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15 9.500h.01',
  zoom_in: 'M12 5v14M5 12h14',
  zoom_out: 'M5 12h14',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg width={20} height={20} viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth={2} strokeLinecap="round" strokeLinejoin="round" aria-hidden focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
