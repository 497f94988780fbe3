/** Builds the rig for production with the application's own configuration. usage: node build_rig.mjs OUT_DIR */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const web = join(here, '../../../web');

export async function buildRig(outDir) {
  const { build, loadConfigFromFile } = await import(pathToFileURL(createRequire(join(web, 'package.json')).resolve('vite')).href);
  const { config } = await loadConfigFromFile({ command: 'build', mode: 'production' }, join(web, 'vite.config.ts'));
  const modules = join(web, 'node_modules');
  const alias = Object.fromEntries(['react', 'react-dom', 'i18next'].map((name) => [name, join(modules, name)]));
  await build({
    ...config,
    configFile: false,
    root: join(here, 'rig'),
    publicDir: false,
    logLevel: 'warn',
    // The rig is one page and no application to start or install.
    plugins: config.plugins.flat().filter((plugin) => !['qiao:service-worker', 'qiao:early-files'].includes(plugin.name)),
    resolve: { ...config.resolve, alias: { ...config.resolve.alias, ...alias } },
    build: { ...config.build, outDir, emptyOutDir: true, rolldownOptions: { ...config.build.rolldownOptions, input: join(here, 'rig', 'index.html') } },
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildRig(process.argv[2]);
