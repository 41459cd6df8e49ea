import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigError, loadEnv, type Env } from './env';
import { type LoadedYaml, loadYaml, type ParleyYaml } from './parley-yaml';

/** Started by root, the database runs as a user of its own, who must be able to enter the directory (not to list it). */
const isRoot = () => process.getuid?.() === 0;

/** Everything configurable, checked once at start. The class is the injection token. */
export class Config {
  private constructor(
    readonly env: Env,
    readonly yaml: ParleyYaml,
    /** Absolute. */
    readonly dataDir: string,
    /** What to throw for a setting of `parley.yaml` that can't work: says file and line. */
    readonly mistake: LoadedYaml['mistake'],
  ) {
    Object.freeze(this);
  }

  /** Reads the environment and `parley.yaml`. Throws ConfigError for the first mistake. */
  static load(environment: NodeJS.ProcessEnv): Config {
    const env = loadEnv(environment);
    const dataDir = resolve(env.DATA_DIR);
    try {
      mkdirSync(dataDir, { recursive: true, mode: isRoot() ? 0o711 : 0o700 });
    } catch (error) {
      throw new ConfigError(`DATA_DIR: ${dataDir} can't be made: ${(error as Error).message}`);
    }
    const { values, mistake } = loadYaml(env.PARLEY_CONFIG, environment);
    return new Config(env, values, dataDir, mistake);
  }
}
