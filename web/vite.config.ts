import { createHash } from 'node:crypto';
import { readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, transformWithOxc, type Plugin } from 'vite';

/**
 * The content security policy forbids style attributes that are set as text. One line of cornerstone
 * tools does that; here it becomes an assignment to `style.cssText`, which the policy allows. When that
 * file is part of the bundle and the line is not found, the build fails: a silent miss would show up
 * only as policy reports from readers' browsers.
 */
function styleAttributeOfCornerstone(): Plugin {
  const offending = /(\w+)\.setAttribute\('style',\s*(\w+)\);/g;
  return {
    name: 'qiao:cornerstone-style-attribute',
    transform(code, id) {
      if (!id.replaceAll('\\', '/').includes('@cornerstonejs/tools/dist/esm/drawingSvg/drawTextBox.js')) return null;
      let found = 0;
      const changed = code.replace(offending, (_all, element: string, value: string) => {
        found += 1;
        return `${element}.style.cssText = ${value};`;
      });
      if (found !== 1) this.error(`expected one setAttribute('style', …) in drawTextBox.js, found ${found}`);
      return { code: changed, map: null };
    },
  };
}

/**
 * The image codecs are built for Node as well and name `fs` and `path` in code that a browser never reaches. They get an
 * empty module; any other use of a Node module still warns.
 */
function noNodeInCodecs(): Plugin {
  const empty = '\0qiao:no-node-module';
  return {
    name: 'qiao:no-node-in-codecs',
    enforce: 'pre',
    resolveId(source, importer) {
      const codec = importer?.replaceAll('\\', '/').includes('/@cornerstonejs/codec-') ?? false;
      return codec && (source === 'fs' || source === 'path') ? empty : null;
    },
    load(id) {
      return id === empty ? 'export default {};' : null;
    },
  };
}

/** Writes `.br` and `.gz` beside every built text or wasm file, so that the server never compresses at run time. */
function precompress(): Plugin {
  const worth = /\.(js|css|svg|json|wasm|map|webmanifest)$/;
  const asBrotli = promisify(brotliCompress);
  const asGzip = promisify(gzip);
  return {
    name: 'qiao:precompress',
    apply: 'build',
    async writeBundle(options) {
      const folder = join(options.dir ?? 'dist', 'assets');
      const names = (await readdir(folder).catch(() => [])).filter((name) => worth.test(name));
      await Promise.all(
        names.map(async (name) => {
          const bytes = await readFile(join(folder, name));
          if (bytes.length < 512) return;
          // Level 11 takes seconds a megabyte; the large files are read on fast lines only.
          const quality = bytes.length > 400_000 ? 6 : 11;
          const [br, gz] = await Promise.all([
            asBrotli(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: quality } }),
            asGzip(bytes, { level: 9 }),
          ]);
          await writeFile(join(folder, `${name}.br`), br);
          await writeFile(join(folder, `${name}.gz`), gz);
        }),
      );
    },
  };
}

/** The start pages, whose files come beside the application (app/early.ts). */
const startPages = { '/app/today': 'app/today.tsx', '/app/list/': 'services/cases/worklist.tsx' };

/** Builds app/early.ts for the page, with the names of the files that it asks for. A file of its own: the policy takes no inline script. */
function earlyFiles(): Plugin {
  return {
    name: 'qiao:early-files',
    apply: 'build',
    generateBundle: {
      order: 'post',
      async handler(_options, bundle) {
        const chunks = Object.values(bundle).filter((one) => one.type === 'chunk');
        const chunkOf = (source: string) => {
          const found = chunks.find((one) => one.facadeModuleId?.replaceAll('\\', '/').endsWith(`/web/${source}`));
          if (!found) throw new Error(`${source} is no chunk of its own`);
          return found;
        };
        const withImports = (name: string, seen = new Set<string>()): Set<string> => {
          if (!seen.has(name)) for (const one of chunks.find((chunk) => chunk.fileName === name)?.imports ?? []) withImports(one, seen.add(name));
          return seen.add(name);
        };
        const known = withImports(chunkOf('index.html').fileName);
        const needed = (source: string) => [...withImports(chunkOf(source).fileName)].filter((one) => !known.has(one)).map((one) => `/${one}`);
        const texts = (language: string) => ['app', 'services/consult'].map((folder) => `/${chunkOf(`${folder}/locales/${language}.json`).fileName}`);
        const files = { texts: { 'zh-CN': texts('zh-CN'), en: texts('en') }, pages: Object.entries(startPages).map(([start, source]) => [start, needed(source)]) };
        const { code } = await transformWithOxc(await readFile(join(import.meta.dirname, 'app/early.ts'), 'utf8'), 'early.ts', { sourcemap: false });
        const name = this.emitFile({ type: 'asset', name: 'early.js', source: `${code}fetchEarly(${JSON.stringify(files)});\n` });
        const html = bundle['index.html'];
        if (html?.type !== 'asset') throw new Error('no index.html');
        html.source = String(html.source).replace('<script type="module"', `<script type="module" async crossorigin src="/${this.getFileName(name)}"></script>\n    $&`);
      },
    },
  };
}

interface Chunk {
  file: string;
  isEntry?: boolean;
  imports?: string[];
  dynamicImports?: string[];
  css?: string[];
  assets?: string[];
}

/** Everything that a page outside of the image viewer can reach, shared chunks and both languages' texts with it. */
function shellFiles(manifest: Record<string, Chunk>): string[] {
  const files = new Set<string>();
  const seen = new Set<string>();
  const reach = (key: string) => {
    const chunk = manifest[key];
    if (!chunk || seen.has(key) || key.startsWith('viewers/imaging/')) return;
    seen.add(key);
    for (const file of [chunk.file, ...(chunk.css ?? []), ...(chunk.assets ?? [])]) files.add(`/${file}`);
    for (const next of [...(chunk.imports ?? []), ...(chunk.dynamicImports ?? [])]) reach(next);
  };
  reach('index.html');
  // Pictures of the help pages are fetched when somebody looks.
  return [...files].filter((file) => !file.endsWith('.jpg')).sort();
}

/**
 * Writes `dist/sw.js`: the service worker with the list of what it keeps. The list comes from the build's own manifest, so no
 * shared chunk can be forgotten. Its version is the digest of the list and the worker: equal content is no new version.
 */
function serviceWorker(): Plugin {
  const kLargest_bytes = 400_000;
  return {
    name: 'qiao:service-worker',
    apply: 'build',
    enforce: 'post',
    async writeBundle(options) {
      const dist = options.dir ?? 'dist';
      const manifest = JSON.parse(await readFile(join(dist, '.vite/manifest.json'), 'utf8')) as Record<string, Chunk>;
      const early = /src="(\/assets\/early-[^"]+)"/.exec(await readFile(join(dist, 'index.html'), 'utf8'))?.[1];
      if (!early) this.error('the page has no early script');
      const files = [...shellFiles(manifest), early, '/icon-192.png', '/manifest.en.webmanifest', '/manifest.zh-CN.webmanifest'];
      for (const file of files) {
        const { size } = await stat(join(dist, file));
        if (size > kLargest_bytes) this.error(`${file}, ${size} bytes, is too large to be kept on every device: load it by a dynamic import of its viewer`);
      }
      const source = await readFile(join(import.meta.dirname, 'worker/service_worker.ts'), 'utf8');
      const { code } = await transformWithOxc(source, 'service_worker.ts', { sourcemap: false });
      const digest = createHash('sha256').update(code).update(JSON.stringify(files));
      digest.update(await readFile(join(dist, 'index.html')));
      const build = { version: digest.digest('hex').slice(0, 16), files };
      await writeFile(join(dist, 'sw.js'), `const kBuild = ${JSON.stringify(build)};\n${code.replace(/^export \{\s*\};?\s*$/m, '')}`);
    },
  };
}

/** Where `vite` (development) sends the server's paths; the built files never use it. */
const backend = process.env['QIAO_BACKEND'] ?? 'http://127.0.0.1:8080';
const serverPaths = ['/fhir', '/dicomweb', '/access', '/patient', '/flow', '/consult', '/imaging', '/uploads', '/verify', '/health', '/csp-report'];

export default defineConfig(({ command }) => ({
  // A build says what is wrong and nothing else; the development server says where it listens.
  logLevel: command === 'build' ? 'warn' : 'info',
  plugins: [react(), noNodeInCodecs(), styleAttributeOfCornerstone(), earlyFiles(), precompress(), serviceWorker()],
  resolve: {
    // vtk.js, under cornerstone, reaches for these two modules of Node; the trailing slash picks the npm packages.
    alias: { events: 'events/', url: 'url/' },
  },
  optimizeDeps: {
    exclude: ['@cornerstonejs/dicom-image-loader'],
    include: ['dicom-parser'],
  },
  worker: { format: 'es', plugins: () => [noNodeInCodecs()], rolldownOptions: { checks: { pluginTimings: false } } },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    cssCodeSplit: true,
    manifest: true,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 5000,
    rolldownOptions: { input: ['index.html', 'p.html'], checks: { pluginTimings: false } }, // compressing takes most of the time, and that is meant
  },
  html: { cspNonce: '__CSP_NONCE__' },
  server: {
    host: '127.0.0.1',
    proxy: {
      ...Object.fromEntries(serverPaths.map((path) => [path, { target: backend }])),
      '/events': { target: backend, ws: true },
    },
  },
  test: { environment: 'node', include: ['**/*.test.ts'], exclude: ['node_modules/**', 'dist/**'] },
}) as import('vite').UserConfig & { test: object });
