import { toDefinition, toReference, UNSAID } from './agents.codec';

const ID = '0193a2b4-6f0e-7a31-9d52-3f6d1c0b7e11';

describe('a reference to an agent', () => {
  it.each([
    ['support', { agent: 'support', version: null }],
    ['support@3', { agent: 'support', version: 3 }],
    [ID, { agent: ID, version: null }],
    [`${ID}@12`, { agent: ID, version: 12 }],
  ])('%s is an id or a name, with a version or without', (text, reference) => {
    expect(toReference(text)).toEqual(reference);
  });

  it.each([
    '',
    '@',
    '@1',
    'support@',
    'support@0',
    'support@-1',
    'support@1e3',
    'support@9999999999',
    'a@1@2',
    'a b',
    'a\n',
    'a'.repeat(65),
  ])('%j is none', (text) => {
    expect(toReference(text)).toBeNull();
  });
});

it('a version that is older than a field says nothing of it', () => {
  const stored = { ...UNSAID, name: 'support', max_steps: 3 };
  const { metadata, ...older } = stored;
  expect(toDefinition(older as typeof stored)).toEqual({ ...stored, metadata });
});
