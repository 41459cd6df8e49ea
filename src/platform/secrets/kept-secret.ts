import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { ConfigError } from '../config/env';

const MIN_LENGTH = 32;

/**
 * A secret that is made once and kept in a file. Written aside and linked into place, so that processes starting together
 * all read the one that came first, whole.
 * @param variable what can be set instead
 */
export function keptSecret(file: string, variable: string): string {
  if (!existsSync(file)) {
    const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
    writeFileSync(draft, randomBytes(48).toString('base64url'), { mode: 0o600, flag: 'wx', flush: true });
    try {
      linkSync(draft, file);
    } catch (error) {
      if (!existsSync(file)) throw error;
    } finally {
      rmSync(draft);
    }
  }
  const secret = readFileSync(file, 'utf8').trim();
  if (secret.length < MIN_LENGTH) {
    throw new ConfigError(`${file} holds less than ${MIN_LENGTH} characters. Delete it, or set ${variable}.`);
  }
  return secret;
}
