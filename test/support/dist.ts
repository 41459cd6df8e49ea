import { createRequire } from 'node:module';
import { join } from 'node:path';

const load = createRequire(__filename);

/** A module of the build, by its path below `src`: what users run is what is tested. */
export const dist = (path: string): unknown => load(join(__dirname, '../../dist', `${path}.js`));
