/** Keys of the viewer → commands. Pure; the help page is drawn from the same rows. */
import { kFileWindowKey, kWindowPresets } from './presets';

export type Command =
  | { do: 'step'; count: number }
  | { do: 'edge'; end: 'first' | 'last' }
  | { do: 'zoom'; factor: number }
  | { do: 'pan'; right: number; down: number }
  | { do: 'window'; level: number; width: number }
  | { do: 'preset'; id: string }
  | { do: 'tool'; tool: 'scroll' | 'window' | 'zoom' | 'pan' | 'length' | 'angle' | 'ellipse' }
  | { do: 'fit' | 'invert' | 'reset' | 'file_window' | 'delete' | 'key_image' | 'texts' | 'measurements' | 'help' | 'escape' };

export interface KeyRow {
  keys: string[]; // as KeyboardEvent.key, upper case for letters
  shift?: boolean;
  command: Command;
  help: string; // key of its text
}

const kPan_px = 40;
const kPage = 10;

export const kKeyRows: readonly KeyRow[] = [
  { keys: ['ArrowDown', 'ArrowRight'], command: { do: 'step', count: 1 }, help: 'imaging.key.next' },
  { keys: ['ArrowUp', 'ArrowLeft'], command: { do: 'step', count: -1 }, help: 'imaging.key.previous' },
  { keys: ['PageDown'], command: { do: 'step', count: kPage }, help: 'imaging.key.page_next' },
  { keys: ['PageUp'], command: { do: 'step', count: -kPage }, help: 'imaging.key.page_previous' },
  { keys: ['Home'], command: { do: 'edge', end: 'first' }, help: 'imaging.key.first' },
  { keys: ['End'], command: { do: 'edge', end: 'last' }, help: 'imaging.key.last' },
  ...kWindowPresets.filter((preset) => preset.key).map((preset): KeyRow => ({ keys: [preset.key as string], command: { do: 'preset', id: preset.id }, help: `imaging.preset.${preset.id}` })),
  { keys: [kFileWindowKey], command: { do: 'file_window' }, help: 'imaging.preset.file' },
  { keys: [','], command: { do: 'window', level: -5, width: 0 }, help: 'imaging.key.level_down' },
  { keys: ['.'], command: { do: 'window', level: 5, width: 0 }, help: 'imaging.key.level_up' },
  { keys: ['['], command: { do: 'window', level: 0, width: -10 }, help: 'imaging.key.width_down' },
  { keys: [']'], command: { do: 'window', level: 0, width: 10 }, help: 'imaging.key.width_up' },
  { keys: ['+', '='], command: { do: 'zoom', factor: 1.25 }, help: 'imaging.key.zoom_in' },
  { keys: ['-', '_'], command: { do: 'zoom', factor: 0.8 }, help: 'imaging.key.zoom_out' },
  { keys: ['0'], command: { do: 'fit' }, help: 'imaging.action.fit' },
  { keys: ['ArrowLeft'], shift: true, command: { do: 'pan', right: -kPan_px, down: 0 }, help: 'imaging.key.pan_left' },
  { keys: ['ArrowRight'], shift: true, command: { do: 'pan', right: kPan_px, down: 0 }, help: 'imaging.key.pan_right' },
  { keys: ['ArrowUp'], shift: true, command: { do: 'pan', right: 0, down: -kPan_px }, help: 'imaging.key.pan_up' },
  { keys: ['ArrowDown'], shift: true, command: { do: 'pan', right: 0, down: kPan_px }, help: 'imaging.key.pan_down' },
  { keys: ['S'], command: { do: 'tool', tool: 'scroll' }, help: 'imaging.tool.scroll' },
  { keys: ['W'], command: { do: 'tool', tool: 'window' }, help: 'imaging.tool.window' },
  { keys: ['Z'], command: { do: 'tool', tool: 'zoom' }, help: 'imaging.tool.zoom' },
  { keys: ['P'], command: { do: 'tool', tool: 'pan' }, help: 'imaging.tool.pan' },
  { keys: ['L'], command: { do: 'tool', tool: 'length' }, help: 'imaging.tool.length' },
  { keys: ['A'], command: { do: 'tool', tool: 'angle' }, help: 'imaging.tool.angle' },
  { keys: ['E'], command: { do: 'tool', tool: 'ellipse' }, help: 'imaging.tool.ellipse' },
  { keys: ['I'], command: { do: 'invert' }, help: 'imaging.action.invert' },
  { keys: ['R'], command: { do: 'reset' }, help: 'imaging.action.reset' },
  { keys: ['Delete', 'Backspace'], command: { do: 'delete' }, help: 'imaging.key.delete' },
  { keys: ['K'], command: { do: 'key_image' }, help: 'imaging.action.key_image' },
  { keys: ['M'], command: { do: 'measurements' }, help: 'imaging.action.measurements' },
  { keys: ['T'], command: { do: 'texts' }, help: 'imaging.action.texts' },
  { keys: ['?'], command: { do: 'help' }, help: 'imaging.action.help' },
  { keys: ['Escape'], command: { do: 'escape' }, help: 'imaging.key.escape' },
];

export interface PressedKey {
  key: string;
  shiftKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

/** Keys together with Ctrl, Alt or Meta belong to the browser and the shell. */
export function commandOf(pressed: PressedKey): Command | undefined {
  if (pressed.ctrlKey || pressed.metaKey || pressed.altKey) return undefined;
  const key = pressed.key.length === 1 ? pressed.key.toUpperCase() : pressed.key;
  const arrow = key.startsWith('Arrow');
  return kKeyRows.find((row) => row.keys.includes(key) && (!arrow || (row.shift ?? false) === pressed.shiftKey))?.command;
}
