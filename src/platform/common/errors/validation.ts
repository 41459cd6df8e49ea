import { type ArgumentMetadata, Injectable, ParseUUIDPipe, ValidationPipe, type ValidationError } from '@nestjs/common';
import { DomainError, type ErrorDetail } from './domain.error';

/** Most bad fields told of one request. */
const MOST_DETAILS = 100;

/** 400 with every bad field in `details` (the first hundred, if there are more): `{ field, message }`. */
export const validationFailed = (details: readonly { field: string; message: string }[]) => {
  const [first] = details;
  const more = details.length > 1 ? ` (and ${details.length - 1} more, see details)` : '';
  return new DomainError('invalid', 'validation_failed', `${first?.message ?? 'The request is not valid'}${more}`, {
    ...(first?.field ? { param: first.field } : {}),
    details: details.slice(0, MOST_DETAILS),
  });
};

const OPTIONS = {
  transform: true,
  whitelist: true,
  exceptionFactory: (errors: ValidationError[]) => validationFailed(flatten(errors)),
};

/** Checks bodies strictly (unknown fields are refused by name) and queries leniently (unknown ones are ignored). */
@Injectable()
export class RequestValidation extends ValidationPipe {
  private readonly lenient = new ValidationPipe(OPTIONS);

  constructor() {
    super({ ...OPTIONS, forbidNonWhitelisted: true });
  }

  override transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'body' && metadata.metatype !== Object) {
      refuseCrowded(value, MOST_FIELDS);
      return super.transform(withoutInherited(value ?? {}), metadata) as Promise<unknown>;
    }
    return this.lenient.transform(value, metadata) as Promise<unknown>;
  }
}

/** Fields and items of a body that class-transformer walks: the time it takes grows with their square. */
const MOST_FIELDS = 1_000;

/** 400 for a body with more than `most` fields and items in all. One pass that ends there. */
export function refuseCrowded(body: unknown, most: number): void {
  let seen = 0;
  const open: unknown[] = [body];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    const items = Object.values(value) as unknown[];
    seen += items.length;
    if (seen > most)
      throw validationFailed([{ field: '', message: `The body has more than ${most} fields and items.` }]);
    for (const item of items) if (typeof item === 'object' && item !== null) open.push(item);
  }
}

/** class-transformer passes over fields named like members of every object (`constructor`): they are refused here. */
function withoutInherited(body: unknown): unknown {
  const unknown = Object.keys(body as object).filter((field) => field in Object.prototype);
  if (unknown.length === 0) return body;
  throw validationFailed(unknown.map((field) => ({ field, message: `Unknown field '${field}'.` })));
}

/** A path parameter that is an id. One that can't be an id names nothing: 404 like any other unknown id. */
export const idParam = (thing: string) =>
  new ParseUUIDPipe({
    exceptionFactory: () => new DomainError('not_found', `${thing}_not_found`, `There is no ${thing} with this id.`),
  });

function flatten(errors: ValidationError[], path = ''): (ErrorDetail & { field: string; message: string })[] {
  return errors.flatMap(({ property, constraints, children }) => {
    const field = /^\d+$/.test(property) ? `${path}[${property}]` : path ? `${path}.${property}` : property;
    // Decorators are checked from the last one up; the first says what kind of value is expected.
    const message = Object.values(constraints ?? {}).at(-1);
    const nested = flatten(children ?? [], field);
    if (message === undefined) return nested;
    const told = message.startsWith('property ') ? `Unknown field '${field}'.` : readable(message, property, field);
    return [{ field, message: told }, ...nested];
  });
}

/** class-validator begins its messages with the bare property name; callers need the whole path. */
const readable = (message: string, property: string, field: string) =>
  message.startsWith(property) ? `${field}${message.slice(property.length)}` : `${field}: ${message}`;
