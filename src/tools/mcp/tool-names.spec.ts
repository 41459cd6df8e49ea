import fc from 'fast-check';
import { toolName } from './tool-names';

describe('the name of a tool of an MCP server', () => {
  it.each([
    ['files', 'read_file', /^files__read_file$/],
    ['my-files', 'read.file', /^my-files__read_file_[0-9a-f]{8}$/],
    ['a', 'x'.repeat(61), /^a__x{61}$/],
    ['a', 'x'.repeat(62), /^a__x{52}_[0-9a-f]{8}$/],
  ])('of %s %s is made of both', (server, tool, name) => {
    expect(toolName(server, tool)).toMatch(name);
  });

  const server = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?$/);
  const tool = fc.oneof(fc.string({ unit: 'binary', maxLength: 100 }), fc.stringMatching(/^[a-c._-]{0,70}$/));

  it('is one that providers take, and never one of a built-in tool', () => {
    fc.assert(
      fc.property(server, tool, (one, name) => {
        expect(toolName(one, name)).toMatch(/^[a-z0-9-]+__[a-zA-Z0-9_-]*$/);
        expect(toolName(one, name).length).toBeLessThanOrEqual(64);
      }),
    );
  });

  it('is that of one tool of one server', () => {
    fc.assert(
      fc.property(server, tool, server, tool, (a, x, b, y) => {
        expect(toolName(a, x) === toolName(b, y)).toBe(a === b && x === y);
      }),
      { numRuns: 1000 },
    );
  });
});
