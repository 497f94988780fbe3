/** Tools, window presets and actions. Wide: one bar of icons. Narrow: seven large buttons and a panel with the rest. */
import { Icon, type IconName } from './icons';
import type { Command } from './keys';
import { kKeyRows } from './keys';
import type { Translate } from './measurements';
import { kWindowPresets } from './presets';
import type { ToolId } from './stack_view';

export interface ToolbarProps {
  t: Translate;
  narrow: boolean;
  tool: ToolId;
  preset: string | undefined;
  ctPresets: boolean;
  inverted: boolean;
  textsOn: boolean;
  measurementsOn: boolean;
  measurementCount: number;
  keyImages: boolean;
  disabled: boolean;
  seriesOpen: boolean;
  onSeries: () => void;
  moreOpen: boolean;
  onMore: (open: boolean) => void;
  onCommand: (command: Command) => void;
}

const kTools: readonly ToolId[] = ['scroll', 'window', 'zoom', 'pan', 'length', 'angle', 'ellipse'];

function keyOf(command: Command): string {
  const row = kKeyRows.find((one) => JSON.stringify(one.command) === JSON.stringify(command));
  return row ? ` (${row.keys[0]})` : '';
}

interface ButtonProps {
  icon: IconName;
  label: string;
  short?: string;
  pressed?: boolean;
  disabled?: boolean;
  hint?: string;
  count?: number;
  onPress: () => void;
}

function ToolButton({ icon, label, short, pressed, disabled, hint = '', count, onPress }: ButtonProps) {
  return (
    <button type="button" className="iv-button" title={`${label}${hint}`} aria-label={count ? `${label} ${count}` : label} aria-pressed={pressed} disabled={disabled} onClick={onPress}>
      <Icon name={icon} />
      <span className="iv-button-word">{short ?? label}</span>
      {count ? <span className="iv-count">{count}</span> : null}
    </button>
  );
}

function Presets({ t, ctPresets, preset, disabled, onCommand, all }: ToolbarProps & { all: boolean }) {
  const shown = kWindowPresets.filter((one) => all || one.key);
  const others = kWindowPresets.filter((one) => !one.key);
  const button = (id: string, command: Command) => (
    <button key={id} type="button" className="iv-button iv-preset" title={`${t(`imaging.preset.${id}`)}${keyOf(command)}`} aria-pressed={preset === id} disabled={disabled} onClick={() => onCommand(command)}>
      {t(`imaging.preset.${id}`)}
    </button>
  );
  return (
    <div className="iv-group" role="group" aria-label={t('imaging.toolbar.presets')}>
      {ctPresets && shown.map((one) => button(one.id, { do: 'preset', id: one.id }))}
      {button('file', { do: 'file_window' })}
      {ctPresets && !all && (
        <select className="iv-select" aria-label={t('imaging.toolbar.more_presets')} title={t('imaging.toolbar.more_presets')} disabled={disabled} value={others.some((one) => one.id === preset) ? preset : ''} onChange={(event) => event.target.value && onCommand({ do: 'preset', id: event.target.value })}>
          <option value="">{t('imaging.toolbar.more_presets')}</option>
          {others.map((one) => (
            <option key={one.id} value={one.id}>
              {t(`imaging.preset.${one.id}`)}
            </option>
          ))}
        </select>
      )}
    </div>
  );
}

function Actions(props: ToolbarProps) {
  const { t, onCommand, disabled } = props;
  const action = (icon: IconName & ('invert' | 'reset' | 'fit'), pressed?: boolean) => (
    <ToolButton icon={icon} label={t(`imaging.action.${icon}`)} hint={keyOf({ do: icon })} pressed={pressed} disabled={disabled} onPress={() => onCommand({ do: icon })} />
  );
  return (
    <div className="iv-group" role="group" aria-label={t('imaging.toolbar.actions')}>
      <ToolButton icon="zoom_in" label={t('imaging.key.zoom_in')} hint=" (+)" disabled={disabled} onPress={() => onCommand({ do: 'zoom', factor: 1.25 })} />
      <ToolButton icon="zoom_out" label={t('imaging.key.zoom_out')} hint=" (-)" disabled={disabled} onPress={() => onCommand({ do: 'zoom', factor: 0.8 })} />
      {action('fit')}
      {action('invert', props.inverted)}
      {action('reset')}
      {props.keyImages && <ToolButton icon="key_image" label={t('imaging.action.key_image')} hint={keyOf({ do: 'key_image' })} disabled={disabled} onPress={() => onCommand({ do: 'key_image' })} />}
      <ToolButton icon="measurements" label={t('imaging.action.measurements')} hint={keyOf({ do: 'measurements' })} pressed={props.measurementsOn} count={props.measurementCount} onPress={() => onCommand({ do: 'measurements' })} />
      <ToolButton icon="texts" label={t('imaging.action.texts')} hint={keyOf({ do: 'texts' })} pressed={props.textsOn} onPress={() => onCommand({ do: 'texts' })} />
      <ToolButton icon="help" label={t('imaging.action.help')} hint={keyOf({ do: 'help' })} onPress={() => onCommand({ do: 'help' })} />
    </div>
  );
}

function Tools({ t, tool, disabled, onCommand, only }: ToolbarProps & { only?: readonly ToolId[] }) {
  return (
    <div className="iv-group" role="group" aria-label={t('imaging.toolbar.tools')}>
      {kTools.filter((one) => !only || only.includes(one)).map((one) => (
        <ToolButton key={one} icon={one} label={t(`imaging.tool.${one}`)} short={t(`imaging.tool_short.${one}`)} hint={keyOf({ do: 'tool', tool: one })} pressed={tool === one} disabled={disabled} onPress={() => onCommand({ do: 'tool', tool: one })} />
      ))}
    </div>
  );
}

export function Toolbar(props: ToolbarProps) {
  const { t, moreOpen, onMore } = props;
  if (!props.narrow) {
    return (
      <div className="iv-toolbar" role="toolbar" aria-label={t('imaging.toolbar.label')}>
        <Tools {...props} />
        <Presets {...props} all={false} />
        <Actions {...props} />
      </div>
    );
  }
  // The panel covers the image: it goes away once something was chosen, but not between two steps of a zoom.
  const inPanel = { ...props, onCommand: (command: Command) => { props.onCommand(command); if (command.do !== 'zoom') onMore(false); } };
  return (
    <div className="iv-toolbar iv-toolbar-narrow" role="toolbar" aria-label={t('imaging.toolbar.label')}>
      {moreOpen && (
        <div className="iv-more">
          <Presets {...inPanel} all />
          <Tools {...inPanel} only={['pan', 'angle']} />
          <Actions {...inPanel} />
        </div>
      )}
      <div className="iv-row">
        <ToolButton icon="series" label={t('imaging.series.label')} short={t('imaging.tool_short.series')} pressed={props.seriesOpen} onPress={props.onSeries} />
        <Tools {...props} only={['scroll', 'window', 'zoom', 'length', 'ellipse']} />
        <ToolButton icon="more" label={t('imaging.toolbar.more')} short={t('imaging.tool_short.more')} pressed={moreOpen} onPress={() => onMore(!moreOpen)} />
      </div>
    </div>
  );
}
