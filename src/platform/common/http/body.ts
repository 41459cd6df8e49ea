import { isUtf8 } from 'node:buffer';
import { raw, urlencoded, type NextFunction, type Request, type RequestHandler } from 'express';
import { DomainError } from '../errors/domain.error';
import { validationFailed } from '../errors/validation';
import { shapeOf, unstorableEscape } from './json-scan';

/** Deeper than anyone writes, and far from where code that walks a value (much of it in libraries) runs out of stack. */
const MOST_DEPTH = 200;
/** As many tokens as an embedding takes at once; a million fields of one object take seconds to parse. */
const MOST_ITEMS = 300_000;
const MOST = { depth: MOST_DEPTH, items: MOST_ITEMS };
/** Of whoever shows no credentials, in bytes: those requests are small. */
const ANONYMOUS_LIMIT = 64 * 1024;

const invalid = (message: string) => new DomainError('invalid', 'invalid_json', message);

/**
 * Reads JSON bodies up to `limit` bytes (after decompression) and refuses what isn't well-formed: bad UTF-8, bad JSON,
 * anything but an object, text that cannot be stored. Forms are read only on `formPaths`. Multipart is left to its routes.
 */
export function readBody(limit: number, formPaths: readonly string[]): RequestHandler {
  const readBytes = raw({ limit, type: () => true });
  const readFewBytes = raw({ limit: Math.min(limit, ANONYMOUS_LIMIT), type: () => true });
  const readForm = urlencoded({ extended: false, limit: 16 * 1024 });
  return (req, res, next) => {
    const empty = req.headers['transfer-encoding'] === undefined && !Number(req.headers['content-length']);
    const type = (req.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
    const known = req.headers.authorization !== undefined || req.headers['x-api-key'] !== undefined;
    const done = (error?: unknown) => next(error ? refusal(error, known ? limit : ANONYMOUS_LIMIT) : undefined);
    if (empty || type === 'multipart/form-data') next();
    else if (type === 'application/json' || type.endsWith('+json'))
      (known ? readBytes : readFewBytes)(req, res, parsed(req, done));
    else if (type === 'application/x-www-form-urlencoded' && formPaths.includes(req.path)) readForm(req, res, done);
    else next(unsupportedType(type));
  };
}

const unsupportedType = (type: string) =>
  new DomainError(
    'unsupported_media',
    'unsupported_media_type',
    `Send JSON with 'content-type: application/json', not '${type || 'no content type'}'.`,
  );

const unsupportedCharset = (charset: string) =>
  new DomainError(
    'unsupported_media',
    'unsupported_media_type',
    `JSON is sent as UTF-8 (RFC 8259), not as ${charset}.`,
  );

/** Replaces the bytes that were read by the object they spell. */
const parsed =
  (req: Request, next: (error?: unknown) => void): NextFunction =>
  (error?: unknown) => {
    if (error || !Buffer.isBuffer(req.body)) {
      next(error);
      return;
    }
    try {
      const charset = /charset="?([\w-]+)/i.exec(req.headers['content-type'] ?? '')?.[1]?.toLowerCase() ?? 'utf-8';
      if (charset !== 'utf-8' && charset !== 'utf8') throw unsupportedCharset(charset);
      req.body = parseBody(req.body);
      next();
    } catch (refused) {
      next(refused);
    }
  };

/** The JSON object these bytes spell. Throws `invalid_json` and `validation_failed`, which name it as `what`. */
export function parseBody(bytes: Buffer, what = 'The body'): object {
  if (!isUtf8(bytes)) throw invalid(`${what} is not valid UTF-8.`);
  const { depth, items } = shapeOf(bytes, MOST);
  if (depth > MOST.depth) throw invalid(`${what} is nested deeper than ${MOST.depth} levels.`);
  if (items > MOST.items) throw invalid(`${what} has more than ${MOST.items} fields and items.`);
  const escape = unstorableEscape(bytes);
  if (escape) {
    const message = `${what} holds ${escape}, a NUL character or half of a surrogate pair, which cannot be stored.`;
    throw validationFailed([{ field: '', message }]);
  }
  const value = fromJson(bytes, what);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(`${what} must be a JSON object.`);
  return value;
}

function fromJson(bytes: Buffer, what: string): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw invalid(`${what} is not valid JSON: ${(error as Error).message}`);
  }
}

/** body-parser's errors carry a `type` (its README, section Errors). */
function refusal(error: unknown, limit: number): unknown {
  if (error instanceof DomainError || !(error instanceof Error)) return error;
  const type = 'type' in error ? error.type : '';
  switch (type) {
    case 'entity.too.large':
      return new DomainError('too_large', 'payload_too_large', `The body is larger than the limit of ${limit} bytes.`);
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return new DomainError('unsupported_media', 'unsupported_media_type', error.message);
    case 'entity.parse.failed':
    case 'request.aborted':
    case 'request.size.invalid':
    case 'parameters.too.many':
      return invalid(error.message);
    default:
      // What zlib says of a body that is not compressed the way it claims.
      return 'code' in error && String(error.code).startsWith('Z_')
        ? invalid(`The body can't be decompressed: ${error.message}`)
        : error;
  }
}
