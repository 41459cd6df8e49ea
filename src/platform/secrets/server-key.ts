import { createSecretKey, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { type Config } from '../config/config.service';
import { keptSecret } from './kept-secret';

/**
 * The key access tokens are signed with, and webhook secrets are derived from: JWT_SECRET, or outside production one
 * kept in the data directory. As a KeyObject, because a string costs jsonwebtoken forty times as much per token.
 */
export function serverKey({ env, dataDir }: Config): KeyObject {
  return createSecretKey(Buffer.from(env.JWT_SECRET ?? keptSecret(join(dataDir, 'jwt-secret'), 'JWT_SECRET')));
}
