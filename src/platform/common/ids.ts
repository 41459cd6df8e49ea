import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

const pool = new Uint8Array(4096);
let used = pool.length;

/** Sixteen random bytes of a pool filled at once: a call into the system for each id was 4 % of a request's time. */
function randomBytes(): Uint8Array {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += 16;
  return pool.subarray(used - 16, used);
}

const last = { msecs: 0, seq: 0 };

/** Ids of stored things: UUIDv7 (RFC 9562). Those of one process sort in the order they were made. */
export function newId(): string {
  const now = Date.now();
  const random = randomBytes();
  if (now > last.msecs) {
    last.msecs = now;
    // Room for 2³¹ more in the same millisecond.
    last.seq = ((random[6] ?? 0) << 16) | ((random[7] ?? 0) << 8) | (random[8] ?? 0);
  } else {
    last.seq++;
  }
  return v7({ msecs: last.msecs, seq: last.seq, random });
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
export const isUuid = (value: unknown): value is string => typeof value === 'string' && UUID.test(value);
