import { effectsOf } from './trust';

describe('what a tool of an MCP server does to the world', () => {
  it.each([
    ['writes', false, true, true, 'writes', false],
    ['writes', false, null, null, 'writes', false],
    ['writes', true, true, null, 'reads', true],
    ['writes', true, null, null, 'writes', false],
    ['writes', true, null, true, 'writes', true],
    ['writes', false, null, true, 'writes', false],
    ['reads', false, null, null, 'reads', true],
    ['reads', false, false, null, 'writes', false],
    ['none', true, true, null, 'none', true],
    ['none', false, false, null, 'writes', false],
  ] as const)(
    'on a server set to %s (trusted: %s) that says read-only %s, idempotent %s: %s',
    (side_effects, trust_annotations, read_only, idempotent, sideEffects, again) => {
      const effects = effectsOf({ side_effects, trust_annotations }, { read_only, idempotent });
      expect(effects).toEqual({ sideEffects, idempotent: again });
    },
  );
});
