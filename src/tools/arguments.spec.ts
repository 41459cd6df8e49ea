import { parseArguments } from './arguments';

const SCHEMA = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  $id: 'https://example.com/same-id',
  $async: true,
  type: 'object',
  properties: {
    city: { type: 'string', pattern: '^(a+)+$' },
    days: { type: 'integer', default: 3 },
    unit: { enum: ['c', 'f'] },
    at: { type: 'string', format: 'date-time' },
  },
  required: ['city'],
  additionalProperties: false,
};
const parse = (text: string, schema: Record<string, unknown> = { ...SCHEMA }) => parseArguments(text, schema);

describe('the arguments of a tool call', () => {
  it('are what the schema says, with its defaults', () => {
    expect(parse('{"city":"Paris"}')).toEqual({ city: 'Paris', days: 3 });
    expect(parse('', { type: 'object' })).toEqual({});
  });

  it.each([
    ['{"city":', /not valid JSON/],
    ['[1]', /must be object/],
    ['{}', /the arguments must have required property 'city'/],
    ['{"city":"Paris","days":"two"}', /days must be integer/],
    ['{"city":"Paris","unit":"k"}', /unit must be equal to one of the allowed values \(c, f\)/],
    ['{"city":"Paris","at":"soon"}', /at must match format "date-time"/],
    ['{"city":"Paris","town":1}', /must NOT have additional properties \('town'\)/],
    ['{"days":1.5,"unit":"k"}', /city.*days.*unit/],
  ])('%s are told what is wrong with them', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  it('are not matched against patterns, which could take for ever', () => {
    expect(parse(`{"city":"${'a'.repeat(40)}!"}`)).toMatchObject({ days: 3 });
  });

  it('know schemas that hold themselves, and parts of the same name in two of them', () => {
    const part = (type: string) => ({ properties: { a: { $ref: 'part' } }, $defs: { part: { $id: 'part', type } } });
    expect(parse('{"a":1}', part('integer'))).toEqual({ a: 1 });
    expect(() => parse('{"a":1}', part('string'))).toThrow(/a must be string/);
    const tree = { type: 'object', properties: { a: { $ref: '#' } } };
    expect(() => parse('{"a":{"a":1}}', tree)).toThrow(/a.a must be object/);
  });

  it('are not checked for ever', () => {
    const twice = (ref: string) => ({ allOf: [{ $ref: ref }, { $ref: ref }] });
    const $defs = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [`a${i}`, i < 39 ? twice(`#/$defs/a${i + 1}`) : { type: 'object' }]),
    );
    expect(() => parse('{}', { ...twice('#/$defs/a0'), $defs })).toThrow(/took too long/);
    const deep = '{"a":'.repeat(60) + '{}' + '}'.repeat(60);
    expect(() => parse(deep, { properties: { a: twice('#') } })).toThrow(/took too long/);
    expect(parse('{"a":1}', { type: 'object' })).toEqual({ a: 1 });
  });
});
