/**
 * One pane: a stack of images on a cornerstone viewport, its tools and its measurements. No React.
 * Everything it shows is read back by `state()`; `onChange` says that it moved (at most once a frame).
 * The image number of the state is the one whose pixels are on the canvas, never the one still to come.
 */
import { cache, Enums, eventTarget, getShouldUseCPURendering, imageLoader, utilities, type RenderingEngine, type StackViewport } from '@cornerstonejs/core';
import { AngleTool, annotation, EllipticalROITool, Enums as ToolEnums, LengthTool, PanTool, StackScrollTool, ToolGroupManager, utilities as toolUtilities, WindowLevelTool, ZoomTool } from '@cornerstonejs/tools';
import { numbers, text } from './dicom_json';
import { RequestProblem, type Frame } from './dicomweb';
import { dropPixels, forgetFrames, frameOf, leaveEngine, openEngine, pixelMemory_bytes, registerFrames } from './engine';
import type { PixelSource } from './measure';
import { kKindOfTool, linesOf, valuesOf, type Measurement, type MeasurementKind, type MeasurementValues, type Translate, type World } from './measurements';
import { Prefetcher } from './prefetch';
import { windowOf, windowRange } from './presets';

export type ToolId = 'scroll' | 'window' | 'zoom' | 'pan' | 'length' | 'angle' | 'ellipse';

const kToolNames: Record<ToolId, string> = {
  scroll: StackScrollTool.toolName,
  window: WindowLevelTool.toolName,
  zoom: ZoomTool.toolName,
  pan: PanTool.toolName,
  length: LengthTool.toolName,
  angle: AngleTool.toolName,
  ellipse: EllipticalROITool.toolName,
};

export interface StackState {
  total: number;
  shown: number | undefined; // index of the image on the canvas
  target: number; // index asked for
  window: { center: number; width: number } | undefined;
  color: boolean;
  invert: boolean;
  zoom: number | undefined; // CSS pixels a column of the image
  pxPerMm: number | undefined;
  loaded: number;
  bytes: number;
  failed: { index: number; status: number; code: string | undefined } | undefined;
  cpu: boolean;
}

const kParallelLoads = 4;
const kSettle_ms = 40;

export class StackView {
  private readonly engine: RenderingEngine;
  private readonly viewportId = `qiao-${utilities.uuidv4()}`;
  private readonly element: HTMLDivElement;
  private seriesCancel = new AbortController();
  private frames: readonly Frame[] = [];
  /** Frames that cornerstone knows of: those of the open series and those that carry a measurement. */
  private readonly known = new Map<string, Frame>();
  /** Values of measurements whose pixels are no longer in memory. */
  private readonly remembered = new Map<string, MeasurementValues>();
  private wantedImageId: string | undefined;
  private prefetcher: Prefetcher | undefined;
  private readonly loadedIds = new Set<string>();
  private failed: StackState['failed'];
  private bytes = 0;
  private target = 0;
  private shown: number | undefined;
  private settle: ReturnType<typeof setTimeout> | undefined;
  private pendingChange = 0;
  private invertWanted = false;

  constructor(
    element: HTMLDivElement,
    private readonly onChange: () => void,
    private readonly translate: () => Translate,
  ) {
    this.element = element;
    this.engine = openEngine();
    this.engine.enableElement({ viewportId: this.viewportId, type: Enums.ViewportType.STACK, element, defaultOptions: { background: [0, 0, 0] } });
    this.makeTools();
    this.listen();
  }

  // ---- images -------------------------------------------------------------------------------------

  /** Shows a series from `index` on. The series before it gives its memory back. */
  async show(frames: readonly Frame[], index: number): Promise<void> {
    this.leaveSeries();
    this.seriesCancel = new AbortController();
    const { signal } = this.seriesCancel;
    this.frames = frames;
    const start = Math.max(0, this.wantedImageId === undefined ? index : this.indexOf(this.wantedImageId));
    this.wantedImageId = undefined;
    this.target = start;
    for (const frame of frames) this.known.set(frame.imageId, frame);
    registerFrames(frames, {
      signal,
      onBytes: (bytes) => {
        this.bytes += bytes;
        this.changed();
      },
    });
    this.changed();
    // A first image that fails has its card; the others are fetched all the same.
    await this.viewport().setStack(frames.map((frame) => frame.imageId), start).catch(() => undefined);
    if (signal.aborted) return;
    this.prefetcher = new Prefetcher({
      total: frames.length,
      parallel: kParallelLoads,
      reach: this.reach(),
      isLoaded: (at) => cache.isLoaded(this.frames[at]?.imageId ?? ''),
      load: (at) => imageLoader.loadAndCacheImage(this.frames[at]?.imageId ?? '', { useRGBA: getShouldUseCPURendering(), requestType: Enums.RequestType.Prefetch, priority: 0 } as never),
    });
    this.prefetcher.focus(this.target);
  }

  /** How many images on each side of the one in view fit into the memory for pixels. */
  private reach(): number {
    const sample = this.currentImage();
    const image_bytes = Math.max(1, sample?.sizeInBytes ?? 512 * 1024);
    return Math.max(2, Math.floor((pixelMemory_bytes() * 0.8) / image_bytes / 2));
  }

  private leaveSeries(): void {
    clearTimeout(this.settle);
    this.prefetcher?.stop();
    this.prefetcher = undefined;
    this.seriesCancel.abort();
    this.loadedIds.clear();
    this.failed = undefined;
    this.bytes = 0;
    this.shown = undefined;
    this.invertWanted = false;
    const measured = new Set(this.measurements().map((measurement) => measurement.imageId));
    this.frames = [];
    dropPixels([...this.known.keys()]);
    this.forget([...this.known.values()].filter((frame) => !measured.has(frame.imageId)));
  }

  private forget(frames: readonly Frame[]): void {
    forgetFrames(frames);
    for (const frame of frames) this.known.delete(frame.imageId);
  }

  /** Goes to the image of a measurement; false when it lies in another series, which then opens there. */
  jumpTo(measurement: Measurement): boolean {
    const index = this.indexOf(measurement.imageId);
    if (index >= 0) this.goTo(index);
    else this.wantedImageId = measurement.imageId;
    return index >= 0;
  }

  goTo(index: number): void {
    if (this.frames.length === 0) return;
    const wanted = Math.min(this.frames.length - 1, Math.max(0, Math.round(index)));
    this.aimAt(wanted);
    clearTimeout(this.settle);
    this.prefetcher?.focus(wanted);
    if (cache.isLoaded(this.frames[wanted]?.imageId ?? '')) this.draw(wanted);
    else this.settle = setTimeout(() => this.draw(wanted), kSettle_ms);
    this.changed();
  }

  private aimAt(index: number): void {
    this.target = index;
    if (this.failed && this.failed.index !== index) this.failed = undefined;
  }

  step(count: number): void {
    this.goTo(this.target + count);
  }

  retry(): void {
    const index = this.failed?.index ?? this.target;
    this.failed = undefined;
    this.prefetcher?.forgive();
    if (this.shown === index) return;
    void this.viewport().setStack(this.frames.map((frame) => frame.imageId), index).catch(() => undefined);
    this.changed();
  }

  private draw(index: number): void {
    this.viewport().setImageIdIndex(index).catch(() => undefined);
  }

  // ---- window, zoom, pan --------------------------------------------------------------------------

  setWindow(center: number, width: number): void {
    const { lower, upper } = windowRange(center, width);
    this.viewport().setProperties({ voiRange: { lower, upper } });
    this.viewport().render();
    this.changed();
  }

  /** The window that the file asks for; without one, from the darkest to the brightest pixel. */
  setFileWindow(): void {
    const window = this.fileWindow();
    if (window) this.setWindow(window.center, window.width);
  }

  fileWindow(): { center: number; width: number } | undefined {
    const frame = this.frames[this.shown ?? this.target];
    const center = frame && numbers(frame.object, '00281050')?.[0];
    const width = frame && numbers(frame.object, '00281051')?.[0];
    if (center !== undefined && width !== undefined && width >= 1) return { center, width };
    const image = this.currentImage();
    return image && windowOf(image.minPixelValue, image.maxPixelValue);
  }

  toggleInvert(): void {
    this.invertWanted = !this.invertWanted;
    // MONOCHROME1 (lowest value white) is drawn inverted as it comes; the person's wish turns that round.
    this.viewport().setProperties({ invert: this.invertWanted !== (this.currentImage()?.invert ?? false) });
    this.viewport().render();
    this.changed();
  }

  zoomBy(factor: number): void {
    const viewport = this.viewport();
    viewport.setZoom(Math.min(20, Math.max(0.2, viewport.getZoom() * factor)));
    viewport.render();
    this.changed();
  }

  panBy(right_px: number, down_px: number): void {
    const viewport = this.viewport();
    const [x, y] = viewport.getPan();
    viewport.setPan([x + right_px, y + down_px]);
    viewport.render();
    this.changed();
  }

  fit(): void {
    this.viewport().resetCamera();
    this.viewport().render();
    this.changed();
  }

  /** Size, place, window and polarity as at opening; measurements stay. */
  reset(): void {
    if (this.invertWanted) this.toggleInvert();
    this.fit();
    this.setFileWindow();
  }

  resize(): void {
    this.engine.resize(true, true);
    this.changed();
  }

  // ---- tools and measurements ---------------------------------------------------------------------

  setTool(tool: ToolId): void {
    const group = ToolGroupManager.getToolGroup(this.viewportId);
    if (!group) return;
    const { MouseBindings } = ToolEnums;
    for (const name of Object.values(kToolNames)) {
      if (kKindOfTool.has(name)) group.setToolPassive(name);
      else group.setToolDisabled(name);
    }
    const bindings = new Map<ToolId, Record<string, number>[]>([
      ['pan', [{ mouseButton: MouseBindings.Auxiliary }]],
      ['zoom', [{ mouseButton: MouseBindings.Secondary }, { numTouchPoints: 2 }]],
    ]);
    bindings.set(tool, [{ mouseButton: MouseBindings.Primary }, ...(bindings.get(tool) ?? [])]);
    for (const [id, list] of bindings) group.setToolActive(kToolNames[id], { bindings: list } as never);
  }

  measurements(): Measurement[] {
    const found: Measurement[] = [];
    for (const one of annotation.state.getAllAnnotations() as unknown as DrawnAnnotation[]) {
      const kind = kKindOfTool.get(one.metadata.toolName);
      const imageId = one.metadata.referencedImageId;
      if (!kind || !imageId) continue;
      const values = cache.getImage(imageId) ? this.valuesOf(kind, one.data.handles.points, imageId) : this.remembered.get(one.annotationUID);
      if (!values || !this.known.has(imageId)) continue;
      this.remembered.set(one.annotationUID, values);
      const seriesUid = text(this.known.get(imageId)?.object, '0020000E') ?? '';
      found.push({ ...values, id: one.annotationUID, imageId, seriesUid, world: one.data.handles.points });
    }
    return found;
  }

  indexOf(imageId: string): number {
    return this.frames.findIndex((frame) => frame.imageId === imageId);
  }

  removeMeasurement(id: string): void {
    annotation.state.removeAnnotation(id);
    this.redrawMeasurements();
    this.changed();
  }

  selectedMeasurement(): string | undefined {
    return annotation.selection.getAnnotationsSelected()[0];
  }

  redrawMeasurements(): void {
    toolUtilities.triggerAnnotationRenderForViewportIds([this.viewportId]);
  }

  /** Cornerstone's own drawing puts the world's origin at the corner of the first pixel, WebGL at its centre. */
  private shift_px(): number {
    return getShouldUseCPURendering() ? 0.5 : 0;
  }

  private valuesOf(kind: MeasurementKind, world: readonly World[], imageId: string): MeasurementValues | undefined {
    const frame = frameOf(imageId);
    return frame && valuesOf(kind, world, frame, this.pixelsOf(imageId), this.shift_px());
  }

  private pixelsOf(imageId: string): PixelSource | undefined {
    const image = cache.getImage(imageId);
    if (!image || image.color) return undefined;
    // The loader's own frame: cornerstone's drawing without WebGL replaces the image's numbers by coarser ones.
    const scaled = (image.imageFrame as { preScale?: { scaled?: boolean } } | undefined)?.preScale?.scaled === true;
    return { columns: image.columns, rows: image.rows, slope: scaled ? 1 : image.slope, intercept: scaled ? 0 : image.intercept, data: image.getPixelData() };
  }

  private makeTools(): void {
    const group = ToolGroupManager.createToolGroup(this.viewportId);
    if (!group) return;
    const getTextLines = (toolName: string) => (data: DrawnAnnotation['data'], targetId: string) => {
      const kind = kKindOfTool.get(toolName);
      const values = kind && this.valuesOf(kind, data.handles.points, targetId.replace(/^imageId:/, ''));
      return values ? linesOf(values, this.translate()) : [];
    };
    for (const name of Object.values(kToolNames)) {
      group.addTool(name, kKindOfTool.has(name) ? { getTextLines: getTextLines(name) } : {});
    }
    group.addViewport(this.viewportId, this.engine.id);
    annotation.config.style.setToolGroupToolStyles(this.viewportId, kDrawingStyle as never);
  }

  // ---- state --------------------------------------------------------------------------------------

  state(): StackState {
    const viewport = this.viewport();
    const image = this.shown === undefined ? undefined : this.currentImage();
    const range = image ? viewport.getProperties().voiRange : undefined;
    return {
      total: this.frames.length,
      shown: this.shown,
      target: this.target,
      window: range && !image?.color ? windowOf(range.lower, range.upper) : undefined,
      color: image?.color ?? false,
      invert: this.invertWanted,
      zoom: image ? (this.pxPerMm() ?? 0) * image.columnPixelSpacing : undefined,
      pxPerMm: image ? this.pxPerMm() : undefined,
      loaded: this.loadedIds.size,
      bytes: this.bytes,
      failed: this.failed,
      cpu: getShouldUseCPURendering(),
    };
  }

  /** CSS pixels a world millimetre across the image, from the camera itself. */
  private pxPerMm(): number | undefined {
    const viewport = this.viewport();
    const origin = viewport.canvasToWorld([0, 0]);
    const other = viewport.canvasToWorld([100, 0]);
    const distance = Math.hypot(other[0] - origin[0], other[1] - origin[1], other[2] - origin[2]);
    return distance > 0 ? 100 / distance : undefined;
  }

  /** The drawing of the pane (device pixels) and a way from world to CSS pixels: for the key image. */
  picture(): { canvas: HTMLCanvasElement; toCanvas(world: World): [number, number] } {
    const viewport = this.viewport();
    return { canvas: viewport.getCanvas(), toCanvas: (world) => viewport.worldToCanvas([...world]) as [number, number] };
  }

  destroy(): void {
    cancelAnimationFrame(this.pendingChange);
    clearTimeout(this.settle);
    for (const measurement of this.measurements()) annotation.state.removeAnnotation(measurement.id);
    this.leaveSeries();
    this.forget([...this.known.values()]);
    for (const [type, listener] of this.globalListeners) eventTarget.removeEventListener(type, listener as never);
    for (const [type, listener] of this.elementListeners) this.element.removeEventListener(type, listener);
    ToolGroupManager.destroyToolGroup(this.viewportId);
    leaveEngine(this.viewportId);
  }

  // ---- inside -------------------------------------------------------------------------------------

  private viewport(): StackViewport {
    return this.engine.getViewport(this.viewportId) as StackViewport;
  }

  private currentImage() {
    return this.viewport().getCornerstoneImage() as ReturnType<StackViewport['getCornerstoneImage']> | undefined;
  }

  private changed(): void {
    this.pendingChange ||= requestAnimationFrame(() => {
      this.pendingChange = 0;
      this.onChange();
    });
  }

  private readonly onNewImage = (event: Event): void => {
    const { imageId } = (event as CustomEvent<{ imageId: string }>).detail;
    const index = this.indexOf(imageId);
    if (index < 0) return;
    const firstOfSeries = this.shown === undefined;
    this.shown = index;
    if (this.failed?.index === index) this.failed = undefined;
    if (firstOfSeries) this.setFileWindow();
    this.changed();
  };

  private readonly onScroll = (event: Event): void => {
    const { newImageIdIndex } = (event as CustomEvent<{ newImageIdIndex: number }>).detail;
    this.aimAt(newImageIdIndex);
    this.prefetcher?.focus(newImageIdIndex);
    this.changed();
  };

  private readonly onLoaded = (event: Event): void => {
    const { image } = (event as CustomEvent<{ image: { imageId: string } }>).detail;
    if (this.indexOf(image.imageId) < 0) return;
    this.loadedIds.add(image.imageId);
    this.changed();
    if (this.frames[this.target]?.imageId === image.imageId) queueMicrotask(() => this.prefetcher?.wake());
  };

  private readonly onEvicted = (event: Event): void => {
    this.loadedIds.delete((event as CustomEvent<{ imageId: string }>).detail.imageId);
  };

  private readonly onLoadFailed = (event: Event): void => {
    const { imageId, error } = (event as CustomEvent<{ imageId: string; error: unknown }>).detail;
    const index = this.indexOf(imageId);
    if (index < 0 || index !== this.target || this.seriesCancel.signal.aborted) return;
    const problem = error instanceof RequestProblem ? error : undefined;
    this.failed = { index, status: problem?.status ?? -1, code: problem?.code };
    this.changed();
  };

  private readonly onMoved = (): void => this.changed();

  private readonly globalListeners: [string, (event: Event) => void][] = [
    [Enums.Events.IMAGE_LOADED, this.onLoaded],
    [Enums.Events.IMAGE_LOAD_FAILED, this.onLoadFailed],
    [Enums.Events.IMAGE_CACHE_IMAGE_REMOVED, this.onEvicted],
    [ToolEnums.Events.ANNOTATION_COMPLETED, this.onMoved],
    [ToolEnums.Events.ANNOTATION_MODIFIED, this.onMoved],
    [ToolEnums.Events.ANNOTATION_REMOVED, this.onMoved],
    [ToolEnums.Events.ANNOTATION_SELECTION_CHANGE, this.onMoved],
  ];

  private readonly elementListeners: [string, (event: Event) => void][] = [
    [Enums.Events.STACK_NEW_IMAGE, this.onNewImage],
    [Enums.Events.STACK_VIEWPORT_SCROLL, this.onScroll],
    [Enums.Events.CAMERA_MODIFIED, this.onMoved],
    [Enums.Events.VOI_MODIFIED, this.onMoved],
  ];

  private listen(): void {
    for (const [type, listener] of this.globalListeners) eventTarget.addEventListener(type, listener as never);
    for (const [type, listener] of this.elementListeners) this.element.addEventListener(type, listener);
  }
}

interface DrawnAnnotation {
  annotationUID: string;
  metadata: { toolName: string; referencedImageId?: string };
  data: { handles: { points: World[] } };
}

/** Thick enough for a finger and for a bright background; text never smaller than 14 px. */
const kDrawingStyle = {
  global: {
    lineWidth: '2',
    shadow: true,
    textBoxFontSize: '15px',
    textBoxLinkLineWidth: '1',
  },
};
