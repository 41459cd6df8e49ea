import { isUtf8 } from 'node:buffer';
import { json, urlencoded, type NextFunction, type Request, type RequestHandler } from 'express';
import { DomainError } from '../errors/domain.error';
import { validationFailed } from '../errors/validation';

const invalid = (message: string) => new DomainError('invalid', 'invalid_json', message);

/**
 * Reads JSON bodies up to `limit` bytes (after decompression) and refuses what isn't well-formed: bad UTF-8, bad JSON,
 * anything but an object, text that cannot be stored. Forms are read only on `formPaths`. Multipart is left to its routes.
 */
export function readBody(limit: number, formPaths: readonly string[]): RequestHandler {
  const readJson = json({ limit, strict: false, type: () => true, verify: wellFormed });
  const readForm = urlencoded({ extended: false, limit: 16 * 1024 });
  return (req, res, next) => {
    const empty = req.headers['transfer-encoding'] === undefined && !Number(req.headers['content-length']);
    const type = (req.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
    const done = (error?: unknown) => next(error ? refusal(error, limit) : undefined);
    if (empty || type === 'multipart/form-data') next();
    else if (type === 'application/json' || type.endsWith('+json')) readJson(req, res, checked(req, done));
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

const checked =
  (req: Request, next: (error?: unknown) => void): NextFunction =>
  (error?: unknown) => {
    const body: unknown = req.body;
    if (!error && (typeof body !== 'object' || body === null || Array.isArray(body))) {
      next(invalid('The body must be a JSON object.'));
    } else {
      next(error);
    }
  };

function wellFormed(_req: unknown, _res: unknown, bytes: Buffer): void {
  if (!isUtf8(bytes)) throw invalid('The body is not valid UTF-8.');
  if (bytes.includes('\\u0000') || bytes.includes('\\ud') || bytes.includes('\\uD')) {
    // Only then is a walk through the values worth its time. A body that isn't JSON is refused by the parser.
    JSON.parse(bytes.toString(), (field, value: unknown) => {
      if (typeof value === 'string' && (value.includes('\0') || !value.isWellFormed())) {
        const message = `'${field}' holds a NUL character or half of a surrogate pair, which cannot be stored.`;
        throw validationFailed([{ field, message }]);
      }
      return value;
    });
  }
}

/** body-parser's errors carry a `type` (its README, section Errors). */
function refusal(error: unknown, limit: number): unknown {
  if (error instanceof DomainError) return error;
  const type = error instanceof Error && 'type' in error ? error.type : '';
  switch (type) {
    case 'entity.verify.failed':
      return invalid('The body is not valid JSON.');
    case 'entity.too.large':
      return new DomainError('too_large', 'payload_too_large', `The body is larger than the limit of ${limit} bytes.`);
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return new DomainError('unsupported_media', 'unsupported_media_type', (error as Error).message);
    case 'entity.parse.failed':
      return invalid(`The body is not valid JSON: ${(error as Error).message}`);
    case 'request.aborted':
    case 'request.size.invalid':
    case 'parameters.too.many':
      return invalid((error as Error).message);
    default:
      return error;
  }
}
