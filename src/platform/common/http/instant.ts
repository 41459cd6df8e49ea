import { isISO8601, ValidateBy } from 'class-validator';

/** RFC 3339, or a date, which begins at midnight UTC. Not taken: ISO 8601's weeks, numbered days and times of no zone. */
const INSTANT = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/;
const isInstant = (value: unknown): boolean =>
  typeof value === 'string' &&
  INSTANT.test(value) &&
  isISO8601(value, { strict: true }) && // there is no 30 February
  new Date(value).getUTCFullYear() <= 9999; // false for what is no time at all

export const IsInstant = (): PropertyDecorator =>
  ValidateBy({
    name: 'isInstant',
    validator: {
      validate: isInstant,
      defaultMessage: () => '$property must be a time such as 2026-11-01T00:00:00Z, or a date',
    },
  });
