import { type Filter, type FilterField, type FilterRange, type FilterValue } from '../filter.types';
import { type Parameters } from './parameters';

const COLUMNS: Record<string, string> = {
  document_id: 'd.id::text',
  title: 'd.title',
  filename: 'd.filename',
  media_type: "split_part(d.media_type, ';', 1)",
  language: 'd.language',
  url: 'd.source_url',
  created_at: 'd.created_at',
};
const OPERATORS: Record<FilterRange, string> = { gt: '>', gte: '>=', lt: '<', lte: '<=' };

/**
 * A condition on the row `d` of `documents`: true or false, never null. A metadata value that is a list equals what it
 * contains. Numbers are compared with numbers and texts with texts, by code point; across types nothing is greater.
 */
export function filterSql(filter: Filter, parameters: Parameters): string {
  switch (filter.op) {
    case 'and':
    case 'or':
      return `(${filter.of.map((one) => filterSql(one, parameters)).join(` ${filter.op} `)})`;
    case 'not':
      return `(NOT ${filterSql(filter.of, parameters)})`;
    case 'exists':
      return `(${operandOf(filter.field, parameters)} IS NOT NULL)`;
    case 'in':
      return `coalesce(${isOneOf(filter.field, filter.values, parameters)}, false)`;
    default:
      return `coalesce(${isBeyond(filter.field, filter.op, filter.value, parameters)}, false)`;
  }
}

const operandOf = (field: FilterField, parameters: Parameters): string =>
  field.metadata ? `(d.metadata -> ${parameters.add(field.name)}::text)` : columnOf(field);

function columnOf({ name }: FilterField): string {
  const column = COLUMNS[name];
  if (!column) throw new Error(`documents have no property ${name}`);
  return column;
}

function isOneOf(field: FilterField, values: readonly FilterValue[], parameters: Parameters): string {
  if (field.metadata) {
    const json = parameters.add(values.map((value) => JSON.stringify(value)));
    return `(${operandOf(field, parameters)} @> ANY (${json}::text[]::jsonb[]))`;
  }
  return `(${columnOf(field)} = ANY (${parameters.add(values)}::${typeOf(field)}[]))`;
}

function isBeyond(field: FilterField, op: FilterRange, value: string | number, parameters: Parameters): string {
  const operator = OPERATORS[op];
  if (!field.metadata) {
    const collation = typeOf(field) === 'text' ? ' COLLATE "C"' : '';
    return `(${columnOf(field)}${collation} ${operator} ${parameters.add(value)}::${typeOf(field)})`;
  }
  const operand = operandOf(field, parameters);
  const bound = parameters.add(value);
  // CASE keeps the cast from what is no number.
  return typeof value === 'number'
    ? `(CASE WHEN jsonb_typeof(${operand}) = 'number' THEN ${operand}::numeric ${operator} ${bound}::numeric END)`
    : `(CASE WHEN jsonb_typeof(${operand}) = 'string' THEN (${operand} #>> '{}') COLLATE "C" ${operator} ${bound}::text END)`;
}

const typeOf = ({ name }: FilterField) => (name === 'created_at' ? 'timestamptz' : 'text');
