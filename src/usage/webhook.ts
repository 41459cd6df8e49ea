import { createHmac, type KeyObject } from 'node:crypto';

const PREFIX = 'whsec_';

/** The secret of one receiver, derived from the installation's key: nothing is stored, and all replicas have the same. */
export const webhookSecret = (key: KeyObject, receiver: string): string =>
  PREFIX + createHmac('sha256', key).update(`webhook:${receiver}`).digest('base64');

/**
 * Headers that tell the receiver who sent `body`, and that it is no repetition.
 * @see https://www.standardwebhooks.com the Standard Webhooks specification: HMAC-SHA256 of `id.timestamp.body`
 */
export function webhookHeaders(secret: string, id: string, at: Date, body: string): Record<string, string> {
  const timestamp = Math.floor(at.getTime() / 1000);
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': `v1,${signature}`,
  };
}
