import { validationFailed } from '../platform/common/errors/validation';
import { type Filter, type FilterField, type FilterRange, type FilterValue } from './filter.types';

const MOST = { depth: 5, conditions: 50, values: 100, text: 1_000 };
const RANGES: readonly string[] = ['gt', 'gte', 'lt', 'lte'] satisfies FilterRange[];

/** Properties of the document that can be asked for; any other name is a key of its metadata. */
const PROPERTIES: Record<string, 'text' | 'time'> = {
  document_id: 'text',
  title: 'text',
  filename: 'text',
  media_type: 'text',
  language: 'text',
  url: 'text',
  created_at: 'time',
};
const METADATA = 'metadata.';

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const refuse = (at: string, message: string) => validationFailed([{ field: at, message: `${at}: ${message}` }]);

/**
 * Reads a filter: `{ and: [...] }`, `{ or: [...] }`, `{ not: {...} }`, or fields, all of which must hold, each with a
 * value it is to equal or with `{ eq | ne | in | gt | gte | lt | lte | exists: … }`. A metadata key of the name of a
 * property, or of `and`, `or`, `not`, is asked for as `metadata.<key>`. Throws `validation_failed` naming the place.
 */
export function toFilter(json: unknown, at = 'filter'): Filter {
  return new Reader().filter(json, at, 1);
}

class Reader {
  private conditions = 0;

  filter(json: unknown, at: string, depth: number): Filter {
    if (!isObject(json)) throw refuse(at, 'expected an object');
    if (depth > MOST.depth) throw refuse(at, `nested deeper than ${MOST.depth}`);
    const all = Object.entries(json).flatMap(([name, value]) => this.entry(name, value, `${at}.${name}`, depth));
    const [only] = all;
    if (!only) throw refuse(at, 'expected a condition');
    return all.length === 1 ? only : { op: 'and', of: all };
  }

  private entry(name: string, value: unknown, at: string, depth: number): Filter[] {
    if (name === 'and' || name === 'or') {
      if (!Array.isArray(value) || value.length === 0) throw refuse(at, 'expected a list of filters');
      return [{ op: name, of: value.map((one, i) => this.filter(one, `${at}[${i}]`, depth + 1)) }];
    }
    if (name === 'not') return [{ op: 'not', of: this.filter(value, at, depth + 1) }];
    const field = fieldOf(name, at);
    if (!isObject(value)) return [this.condition(field, 'eq', value, at)];
    const conditions = Object.entries(value);
    if (conditions.length === 0) throw refuse(at, 'expected a condition');
    return conditions.map(([operator, operand]) => this.condition(field, operator, operand, `${at}.${operator}`));
  }

  private condition(field: FilterField, operator: string, operand: unknown, at: string): Filter {
    if (++this.conditions > MOST.conditions) throw refuse(at, `more than ${MOST.conditions} conditions`);
    const value = () => valueOf(field, operand, at);
    if (operator === 'eq') return { op: 'in', field, values: [value()] };
    if (operator === 'ne') return { op: 'not', of: { op: 'in', field, values: [value()] } };
    if (operator === 'in') {
      if (!Array.isArray(operand) || operand.length === 0) throw refuse(at, 'expected a list of values');
      if (operand.length > MOST.values) throw refuse(at, `more than ${MOST.values} values`);
      return { op: 'in', field, values: operand.map((one, i) => valueOf(field, one, `${at}[${i}]`)) };
    }
    if (operator === 'exists') {
      if (typeof operand !== 'boolean') throw refuse(at, 'expected true or false');
      return operand ? { op: 'exists', field } : { op: 'not', of: { op: 'exists', field } };
    }
    if (!isRange(operator)) throw refuse(at, 'expected one of eq, ne, in, gt, gte, lt, lte, exists');
    const bound = value();
    if (typeof bound === 'boolean') throw refuse(at, 'expected a number or a text');
    return { op: operator, field, value: bound };
  }
}

const isRange = (operator: string): operator is FilterRange => RANGES.includes(operator);

function fieldOf(name: string, at: string): FilterField {
  if (Object.hasOwn(PROPERTIES, name)) return { name, metadata: false };
  const key = name.startsWith(METADATA) ? name.slice(METADATA.length) : name;
  if (key === '') throw refuse(at, 'expected the name of a field');
  return { name: storable(key, at), metadata: true };
}

function valueOf(field: FilterField, value: unknown, at: string): FilterValue {
  const type = field.metadata ? undefined : PROPERTIES[field.name];
  if (type === 'time') {
    const ms = typeof value === 'string' ? Date.parse(value) : NaN;
    const time = Number.isNaN(ms) ? '' : new Date(ms).toISOString();
    // Other years are written with a sign, or are none of PostgreSQL's.
    if (!/^\d{4}-/.test(time) || time.startsWith('0000'))
      throw refuse(at, 'expected a time such as 2026-01-31T12:00:00Z');
    return time;
  }
  if (type === 'text' && typeof value !== 'string') throw refuse(at, 'expected a text');
  if (typeof value === 'string') return storable(value, at);
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  throw refuse(at, 'expected a text, a number, true or false');
}

/** What no stored text can hold. */
function storable(text: string, at: string): string {
  if (text.length > MOST.text) throw refuse(at, `longer than ${MOST.text} characters`);
  if (text.includes('\0') || !text.isWellFormed()) throw refuse(at, 'not a text that can be stored');
  return text;
}
