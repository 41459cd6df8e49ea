import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { type Target } from '../providers/providers.service';
import { type GenerationRequest, type Part } from '../providers/providers.types';
import { estimateInput } from './estimate';

const target = (provider: string, model: string, contextWindow: number | null = null) =>
  ({ provider: { id: provider }, model, info: contextWindow === null ? null : { contextWindow } }) as Target;
const GPT = target('openai', 'gpt-4.1-nano');
const CLAUDE = target('anthropic', 'claude-sonnet-4-5');
const LLAMA = target('groq', 'llama-3.3-70b-versatile');
const TARGETS = [GPT, target('openai', 'gpt-4'), CLAUDE, LLAMA, target('openrouter', 'openai/gpt-4o')];

const asking = (...parts: Part[]): GenerationRequest => ({ messages: [{ role: 'user', parts }] });
const text = (text: string): Part => ({ type: 'text', text });
const image = (width: number, height: number): Part => ({
  type: 'image',
  mediaType: 'image/png',
  data: png(width, height),
});

describe('estimateInput', () => {
  it('counts as OpenAI does', () => {
    const { tokens, upper } = estimateInput(asking(text('Invent a new holiday and describe its traditions.')), GPT);
    expect(tokens).toBe(16); // what gpt-4.1-nano told of it
    expect(upper).toBeGreaterThan(16);
  });

  it("takes Claude's longer counts into account", () => {
    const request = asking(text('The quick brown fox jumps over the lazy dog. '.repeat(100)));
    expect(estimateInput(request, CLAUDE).tokens).toBeGreaterThan(1.15 * estimateInput(request, GPT).tokens);
  });

  it('knows no token shorter than a byte, whoever reads', () => {
    const request = asking(text('नमस्ते दुनिया 123 ====== 🎉'.repeat(50)));
    const bytes = Buffer.byteLength('नमस्ते दुनिया 123 ====== 🎉') * 50;
    for (const of of TARGETS) expect(estimateInput(request, of).upper).toBeLessThanOrEqual(bytes * 1.02 + 100);
  });

  it('never exceeds the window: a provider refuses what is longer', () => {
    const request = asking(text('word '.repeat(100_000)));
    expect(estimateInput(request, target('anthropic', 'claude-x', 200_000)).upper).toBe(200_000);
  });

  it.each([
    ['by tiles', target('openai', 'gpt-4o'), 85 + 170 * 4, 85 + 170 * 4],
    ['by patches', target('openai', 'gpt-4.1-mini'), Math.ceil(32 * 32 * 1.62), Math.ceil(32 * 32 * 1.62)],
    ['by pixels', CLAUDE, Math.ceil((1024 * 1024) / 750), Math.ceil((1024 * 1024) / 750) + 50],
  ])('counts an image %s', (_, of, tokens, upper) => {
    const empty = estimateInput(asking(), of);
    const withImage = estimateInput(asking(image(1024, 1024)), of);
    expect(withImage.tokens - empty.tokens).toBe(tokens);
    expect(withImage.upper - empty.upper).toBe(upper);
  });

  it('takes an image behind an address for the largest', () => {
    for (const of of TARGETS) {
      const known = estimateInput(asking(image(3000, 3000)), of);
      const unknown = estimateInput(asking({ type: 'image', url: 'https://images.test/a.png' }), of);
      expect(unknown.upper).toBeGreaterThanOrEqual(known.upper);
    }
  });

  it('counts tools, what they were called with and what they said', () => {
    const plain = asking(text('Weather?'));
    const tool = { name: 'weather', description: 'The weather of a city', parameters: { type: 'object' } };
    const used: GenerationRequest = {
      tools: [tool],
      messages: [
        ...plain.messages,
        {
          role: 'assistant',
          parts: [{ type: 'tool_call', id: 'call_1', name: 'weather', arguments: '{"city":"Oslo"}' }],
        },
        { role: 'tool', parts: [{ type: 'tool_result', toolCallId: 'call_1', content: 'Snow, as always.' }] },
      ],
    };
    for (const of of TARGETS) {
      expect(estimateInput(used, of).tokens).toBeGreaterThan(estimateInput(plain, of).tokens + 40);
    }
  });

  it('reads any text, and the bound is one', () => {
    fc.assert(
      fc.property(fc.array(anyText(), { maxLength: 4 }), fc.constantFrom(...TARGETS), (texts, of) => {
        const { tokens, upper } = estimateInput(asking(...texts.map(text)), of);
        expect(Number.isSafeInteger(tokens) && Number.isSafeInteger(upper)).toBe(true);
        expect(tokens).toBeLessThanOrEqual(upper);
      }),
    );
  });

  it('bounds a longer prompt no lower', () => {
    fc.assert(
      fc.property(anyText(), anyText(), fc.constantFrom(...TARGETS), (before, after, of) => {
        const { upper } = estimateInput(asking(text(before)), of);
        expect(estimateInput(asking(text(before), text(after)), of).upper).toBeGreaterThanOrEqual(upper);
        expect(estimateInput(asking(text(`${before}\n${after}`)), of).upper).toBeGreaterThanOrEqual(upper - 2);
      }),
    );
  });

  it('reads what is long no further than it must', () => {
    const letters = Array.from({ length: 1_000_000 }, (_, at) => String.fromCharCode(97 + ((at * 7919) % 26))).join('');
    for (const long of [letters, 'a'.repeat(1e6), ' '.repeat(1e6), '语'.repeat(3e5), '\ud800'.repeat(3e5)]) {
      const { tokens, upper } = estimateInput(asking(text(long)), GPT);
      expect(tokens).toBeGreaterThan(0);
      expect(upper).toBeLessThanOrEqual(Math.ceil(Buffer.byteLength(long) * 1.02) + 100);
    }
  });
});

const anyText = () =>
  fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.string({ maxLength: 300 }),
    fc
      .tuple(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 }), fc.nat(2000))
      .map(([one, times]) => one.repeat(times)),
    fc.array(fc.nat(0xffff), { maxLength: 200 }).map((units) => String.fromCharCode(...units)),
  );

/** As much of a PNG as tells its size. */
function png(width: number, height: number): string {
  const header = Buffer.alloc(33);
  header.write('\x89PNG\r\n\x1a\n', 'latin1');
  header.write('\0\0\0\rIHDR', 8, 'latin1');
  header.writeUInt32BE(width, 16);
  header.writeUInt32BE(height, 20);
  return Buffer.concat([header, deflateSync(Buffer.alloc(64))]).toString('base64');
}
