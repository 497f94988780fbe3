/**
 * The one place that starts cornerstone. Loaded by dynamic import only (it brings the large chunk with it).
 * One rendering engine a tab: panes enable and disable viewports on it. A pane that goes drops its pixels at
 * once (so a log-off leaves none); the engine and its drawing context end a minute after the last pane.
 */
import { cache, Enums, getRenderingCapabilities, init as initCore, metaData, registerImageLoader, RenderingEngine, setUseCPURendering } from '@cornerstonejs/core';
import { createImage, init as initLoader, wadors } from '@cornerstonejs/dicom-image-loader';
import { addTool, AngleTool, EllipticalROITool, init as initTools, LengthTool, PanTool, StackScrollTool, WindowLevelTool, ZoomTool } from '@cornerstonejs/tools';
import { number, text, type DicomObject } from './dicom_json';
import { fetchBulk, fetchFrame, type Frame } from './dicomweb';
import { drawnPlane } from './geometry';
import type { Part } from './multipart';
import { nativePixels } from './native_pixels';
import { resolvePalette } from './palette';

const kEngineId = 'qiao-imaging';
const kMiB = 1024 * 1024;

export interface FrameLoads {
  signal: AbortSignal;
  onBytes(bytes: number): void;
}

interface Registered {
  frame: Frame;
  loads: FrameLoads;
}

const registered = new Map<string, Registered>();
let engine: RenderingEngine | undefined;
let started = false;
let idle: ReturnType<typeof setTimeout> | undefined;
const kIdle_ms = 60_000;

/** Pixels kept in memory: a phone or a machine of at most 4 GB holds 256 MiB, others 1 GiB. */
export function pixelMemory_bytes(): number {
  const memory_gb = (navigator as { deviceMemory?: number }).deviceMemory;
  const small = memory_gb === undefined ? matchMedia('(pointer: coarse)').matches : memory_gb <= 4;
  return (small ? 256 : 1024) * kMiB;
}

function imagePlaneModule({ frame }: Registered) {
  const { row, column, origin, spacing } = drawnPlane(frame.object, frame.frame);
  return {
    frameOfReferenceUID: text(frame.object, '00200052') ?? text(frame.object, '0020000E'),
    rows: number(frame.object, '00280010'),
    columns: number(frame.object, '00280011'),
    imageOrientationPatient: [...row, ...column],
    rowCosines: [...row],
    columnCosines: [...column],
    imagePositionPatient: [...origin],
    sliceThickness: number(frame.object, '00180050'),
    sliceLocation: number(frame.object, '00201041'),
    pixelSpacing: [spacing.row, spacing.column],
    rowPixelSpacing: spacing.row,
    columnPixelSpacing: spacing.column,
    usingDefaultValues: false,
  };
}

function provideMetadata(type: string, imageId: string): unknown {
  if (type !== Enums.MetadataModules.IMAGE_PLANE) return undefined;
  const found = registered.get(imageId);
  return found && imagePlaneModule(found);
}

const kNative = new Set(['1.2.840.10008.1.2', '1.2.840.10008.1.2.1']);

/** A slope with a fraction gives values with fractions: without this the loader may cut them to whole numbers. */
function exactNumbers(object: DicomObject): object {
  const whole = [number(object, '00281052') ?? 0, number(object, '00281053') ?? 1].every(Number.isInteger);
  return whole || (number(object, '00280002') ?? 1) > 1 ? {} : { targetBuffer: { type: 'Float32Array' } };
}

async function takeEarly(frame: Frame): Promise<Part | undefined> {
  const { early } = frame;
  delete frame.early;
  return early?.catch(() => undefined);
}

async function loadPixels({ frame, loads }: Registered, options: Record<string, unknown>) {
  const early = await takeEarly(frame);
  if (early) loads.onBytes(early.bytes.length);
  const part = early ?? (await fetchFrame(frame.path, loads.signal, loads.onBytes));
  const syntax = part.transferSyntax ?? text(frame.object, '00083002') ?? '1.2.840.10008.1.2.1';
  // Colour of more than 8 bits would be drawn as something else than it is.
  if ((number(frame.object, '00280002') ?? 1) > 1 && (number(frame.object, '00280100') ?? 8) > 8) throw new Error('colour of more than 8 bits');
  const bytes = kNative.has(syntax) ? nativePixels(part.bytes, frame.object) : part.bytes;
  await resolvePalette(frame.object, (uri) => fetchBulk(uri, frame.path, loads.signal));
  loads.signal.throwIfAborted();
  const image = await createImage(frame.imageId, bytes as never, syntax, { ...options, ...exactNumbers(frame.object) } as never);
  loads.signal.throwIfAborted();
  return image;
}

function loadImage(imageId: string, options: Record<string, unknown> = {}) {
  const found = registered.get(imageId);
  const promise = found ? loadPixels(found, { ...options }) : Promise.reject(new Error('image of no open series'));
  const load = { promise: promise as Promise<never>, cancelFn: undefined };
  // Cornerstone would cache it the same way but leave the failure of a load without a listener.
  if (!cache.getImageLoadObject(imageId)) cache.putImageLoadObject(imageId, load).catch(() => undefined);
  return load;
}

export function dropPixels(imageIds: readonly string[]): void {
  for (const imageId of imageIds) {
    if (cache.getImageLoadObject(imageId)) cache.removeImageLoadObject(imageId, { force: true });
  }
}

/** Makes frames known to cornerstone; `forgetFrames` takes them away again (their pixels: `dropPixels`). */
export function registerFrames(frames: readonly Frame[], loads: FrameLoads): void {
  for (const frame of frames) {
    registered.set(frame.imageId, { frame, loads });
    wadors.metaDataManager.add(frame.imageId, frame.object as never);
  }
}

export function forgetFrames(frames: readonly Frame[]): void {
  for (const { imageId } of frames) {
    registered.delete(imageId);
    wadors.metaDataManager.remove(imageId);
  }
}

export function frameOf(imageId: string): Frame | undefined {
  return registered.get(imageId)?.frame;
}

function start(): void {
  started = true;
  initCore({ rendering: { webGlContextCount: 1 } } as never);
  const capabilities = getRenderingCapabilities();
  // Without a GPU the software rasteriser of WebGL is slower than cornerstone's own drawing.
  if (!capabilities.webgl2 || capabilities.softwareRasterizer) setUseCPURendering(true, false);
  initLoader({ maxWebWorkers: Math.max(1, Math.min(4, (navigator.hardwareConcurrency || 2) - 1)) });
  registerImageLoader('wadors', loadImage as never);
  metaData.addProvider(provideMetadata, 10_000);
  initTools();
  for (const tool of [StackScrollTool, WindowLevelTool, ZoomTool, PanTool, LengthTool, AngleTool, EllipticalROITool]) addTool(tool);
}

/** The engine of this tab, started at the first call. */
export function openEngine(): RenderingEngine {
  clearTimeout(idle);
  if (!started) start();
  cache.setMaxCacheSize(pixelMemory_bytes());
  engine ??= new RenderingEngine(kEngineId);
  return engine;
}

/** Takes a pane off the engine; without any pane for a minute the engine gives its drawing context back. */
export function leaveEngine(viewportId: string): void {
  engine?.disableElement(viewportId);
  if (!engine || engine.getViewports().length > 0) return;
  clearTimeout(idle);
  idle = setTimeout(() => {
    engine?.destroy();
    engine = undefined;
    cache.purgeCache();
  }, kIdle_ms);
}
