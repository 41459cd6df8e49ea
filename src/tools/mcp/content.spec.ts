import { toText } from './content';

describe('the result of a tool of an MCP server', () => {
  it('is its texts, one after the other', () => {
    const content = [
      { type: 'text' as const, text: 'one' },
      { type: 'text' as const, text: 'two' },
    ];
    expect(toText({ content })).toBe('one\ntwo');
    expect(toText({ content: [] })).toBe('');
  });

  it('is its structured content, once', () => {
    const structuredContent = { city: 'Oslo', degrees: 3 };
    const said = (text: string) => toText({ content: [{ type: 'text', text }], structuredContent });
    expect(toText({ content: [], structuredContent })).toBe('{"city":"Oslo","degrees":3}');
    expect(said('{ "city": "Oslo",\n "degrees": 3 }')).toBe('{ "city": "Oslo",\n "degrees": 3 }');
    expect(said('Cold.')).toBe('Cold.\n{"city":"Oslo","degrees":3}');
    expect(said('{ no JSON')).toBe('{ no JSON\n{"city":"Oslo","degrees":3}');
  });

  it('names what is no text, and shows what is', () => {
    const text = toText({
      content: [
        { type: 'image', data: 'AAAA', mimeType: 'image/png' },
        { type: 'audio', data: 'AAA=', mimeType: 'audio/wav' },
        { type: 'resource_link', uri: 'file:///a.txt', name: 'a.txt', mimeType: 'text/plain' },
        { type: 'resource', resource: { uri: 'file:///b.txt', text: 'What b says.' } },
        { type: 'resource', resource: { uri: 'file:///c.bin', blob: 'AAAA' } },
      ],
    });
    expect(text.split('\n')).toEqual([
      '[image image/png, 3 bytes, not shown]',
      '[audio audio/wav, 2 bytes, not shown]',
      '[resource file:///a.txt · a.txt · text/plain]',
      '[resource file:///b.txt]',
      'What b says.',
      '[resource file:///c.bin, 3 bytes, not shown]',
    ]);
  });
});
