/** Builds the rig for production with the application's own configuration. usage: node build_rig.mjs OUT_DIR */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const web = join(here, '../../../web');

export async function buildRig(outDir) {
  const { build } = await import(pathToFileURL(createRequire(join(web, 'package.json')).resolve('vite')).href);
  const modules = join(web, 'node_modules');
  const alias = Object.fromEntries(['react', 'react-dom', 'i18next'].map((name) => [name, join(modules, name)]));
  await build({ configFile: join(web, 'vite.config.ts'), root: join(here, 'rig'), publicDir: false, logLevel: 'warn', resolve: { alias }, build: { outDir, emptyOutDir: true } });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildRig(process.argv[2]);
