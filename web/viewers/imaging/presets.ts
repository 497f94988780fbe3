/** Window presets: centre and width in Hounsfield units, customary values. They apply to CT only. */
export interface WindowPreset {
  id: string; // key of its name: `preset.<id>`
  center: number;
  width: number;
  key?: string; // keyboard
}

export const kWindowPresets: readonly WindowPreset[] = [
  { id: 'brain', center: 40, width: 80, key: '1' },
  { id: 'bone', center: 400, width: 1800, key: '2' },
  { id: 'soft_tissue', center: 40, width: 400, key: '3' },
  { id: 'lung', center: -600, width: 1500, key: '4' },
  { id: 'subdural', center: 75, width: 215 },
  { id: 'stroke', center: 40, width: 40 },
  { id: 'abdomen', center: 50, width: 400 },
];

/** Key of the window that the file asks for. */
export const kFileWindowKey = '5';

/** DICOM's linear window (PS3.3 C.11.2.1.2.1): the values that become black and white. */
export function windowRange(center: number, width: number): { lower: number; upper: number } {
  const half = (Math.max(1, width) - 1) / 2;
  return { lower: center - 0.5 - half, upper: center - 0.5 + half };
}

export function windowOf(lower: number, upper: number): { center: number; width: number } {
  const width = Math.abs(upper - lower) + 1;
  return { width, center: (lower + upper + 1) / 2 };
}
