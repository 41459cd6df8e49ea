import { type OutboundAnswer } from '../../platform/net/outbound.service';
import { decodedBody } from '../../platform/net/decoded-body';
import { ToolError } from '../tools.errors';
import { withoutSecrets } from '../without-secrets';

/** Of a body, decoded: many times what a model is told of it. */
const MOST_BYTES = 1024 * 1024;
/** Characters of a refusal that are told. */
const MOST_TOLD = 2_000;
const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\b/i;
const TEXT_TYPE = /^text\/|^application\/(?:[\w.+-]+\+)?xml\b|^application\/x-www-form-urlencoded\b/i;
/** Shorter ones could be part of anything. */

/** What a tool tells of an answer: the JSON, or the text. */
export interface HttpResult {
  status: number;
  body: unknown;
}

/**
 * Reads an answer, of which no more is read than a model could be told. Throws ToolError for a status that is no success.
 * @param secrets what was sent and is not to be told: servers repeat what they refuse
 */
export async function readAnswer(answer: OutboundAnswer, secrets: readonly string[]): Promise<HttpResult> {
  const { status } = answer;
  const type = answer.headers['content-type'] ?? '';
  const { bytes, whole } = await beginningOf(answer);
  const text = isText(type, bytes) ? withoutSecrets(decode(bytes, type), secrets) : null;
  if (status >= 400) throw new ToolError(`The server answered ${status}.${text ? ` ${text.slice(0, MOST_TOLD)}` : ''}`);
  if (status >= 300) throw new ToolError(`The server answered ${status}, a redirect that is not followed.`);
  if (text === null) return { status, body: `[${type || 'an unknown type'}, which is not text]` };
  if (!whole) return { status, body: `${text}\n[Cut here: the answer has more than ${MOST_BYTES} bytes.]` };
  return { status, body: JSON_TYPE.test(type) ? parsed(text) : text };
}

async function beginningOf({ body, headers }: OutboundAnswer): Promise<{ bytes: Buffer; whole: boolean }> {
  try {
    const decoded = decodedBody(body, headers['content-encoding']);
    if (!decoded) throw new ToolError(`The answer has an encoding nobody asked for.`);
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of decoded as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > MOST_BYTES) return { bytes: Buffer.concat(chunks).subarray(0, MOST_BYTES), whole: false };
    }
    return { bytes: Buffer.concat(chunks), whole: true };
  } finally {
    body.destroy();
  }
}

const isText = (type: string, bytes: Buffer): boolean =>
  type === '' ? !bytes.includes(0) : JSON_TYPE.test(type) || TEXT_TYPE.test(type);

function decode(bytes: Buffer, type: string): string {
  const charset = /charset="?([\w-]+)/i.exec(type)?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return bytes.toString('utf8'); // a charset nobody knows
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text; // it is not what it says: the model may still read it
  }
}
