import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../config/env';
import { type Config } from '../config/config.service';

const MIN_LENGTH = 32;

/**
 * The key access tokens are signed with, and webhook secrets are derived from: JWT_SECRET, or outside production one
 * kept in the data directory. As a KeyObject, because a string costs jsonwebtoken forty times as much per token.
 */
export function serverKey({ env, dataDir }: Config): KeyObject {
  return createSecretKey(Buffer.from(env.JWT_SECRET ?? keptSecret(join(dataDir, 'jwt-secret'))));
}

/** Written aside and linked into place, so that processes starting together all read the one that came first, whole. */
function keptSecret(file: string): string {
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
    throw new ConfigError(`${file} holds less than ${MIN_LENGTH} characters. Delete it, or set JWT_SECRET.`);
  }
  return secret;
}
