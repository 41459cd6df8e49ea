import { type ArgumentMetadata, Injectable, ParseUUIDPipe, ValidationPipe, type ValidationError } from '@nestjs/common';
import { DomainError, type ErrorDetail } from './domain.error';

/** 400 with every bad field in `details`: `{ field, message }`. */
export const validationFailed = (details: readonly { field: string; message: string }[]) => {
  const [first] = details;
  const more = details.length > 1 ? ` (and ${details.length - 1} more, see details)` : '';
  return new DomainError('invalid', 'validation_failed', `${first?.message ?? 'The request is not valid'}${more}`, {
    ...(first?.field ? { param: first.field } : {}),
    details,
  });
};

const OPTIONS = {
  transform: true,
  whitelist: true,
  stopAtFirstError: true,
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
    if (metadata.type === 'body') return super.transform(value ?? {}, metadata) as Promise<unknown>;
    return this.lenient.transform(value, metadata) as Promise<unknown>;
  }
}

/** A path parameter that is an id. One that can't be an id names nothing: 404 like any other unknown id. */
export const idParam = (thing: string) =>
  new ParseUUIDPipe({
    exceptionFactory: () => new DomainError('not_found', `${thing}_not_found`, `There is no ${thing} with this id.`),
  });

function flatten(errors: ValidationError[], path = ''): (ErrorDetail & { field: string; message: string })[] {
  return errors.flatMap(({ property, constraints, children }) => {
    const field = /^\d+$/.test(property) ? `${path}[${property}]` : path ? `${path}.${property}` : property;
    const own = Object.values(constraints ?? {}).map((message) => ({
      field,
      message: message.startsWith('property ') ? `Unknown field '${field}'.` : readable(message, property, field),
    }));
    return [...own, ...flatten(children ?? [], field)];
  });
}

/** class-validator begins its messages with the bare property name; callers need the whole path. */
const readable = (message: string, property: string, field: string) =>
  message.startsWith(property) ? `${field}${message.slice(property.length)}` : `${field}: ${message}`;
