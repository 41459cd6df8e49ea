/**
 * Puts Redoc's bundle into the build, so that it is served from there and its package is needed only to build. The
 * logo it would fetch from its makers' servers is left out: the pages load nothing from elsewhere.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const LOGO = /https:\/\/cdn\.redoc\.ly\/[\w./-]+\.svg/g;
const NOTHING = 'data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22/%3E';

const source = createRequire(import.meta.url).resolve('redoc/bundles/redoc.standalone.js');
const bundle = readFileSync(source, 'utf8').replaceAll(LOGO, NOTHING);
writeFileSync(new URL('../dist/redoc.standalone.js', import.meta.url), bundle);
