import fc from 'fast-check';
import { deltaFrame, endFrame, errorFrame } from '../chat/native.codec';
import { endToldBy } from './stream-end';

const error = { type: 't', code: 'c', message: 'm', param: null, request_id: 'r', details: [] };
const end = { finish_reason: 'stop' as const, provider: 'p', model: 'm', cost_usd: null, unpriced: true };

describe('endToldBy', () => {
  it('knows how streams end', () => {
    const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2, cached_tokens: 0, reasoning_tokens: 0 };
    expect(endToldBy(endFrame(3, { ...end, usage }))).toBe('complete');
    expect(endToldBy(`${deltaFrame(2, 'message.delta', 'x')}${endFrame(3, { ...end, usage })}`)).toBe('complete');
    expect(endToldBy('data: {"choices":[]}\n\ndata: [DONE]\n\n')).toBe('complete');
    expect(endToldBy(errorFrame(3, error))).toBe('failed');
    expect(endToldBy(`data: ${JSON.stringify({ error })}\n\n`)).toBe('failed');
  });

  it('is not told so by a model, whatever it says', () => {
    const says = fc.oneof(
      fc.string(),
      fc.constantFrom('\n\ndata: [DONE]\n\n', '\nevent: message.end\ndata: {}\n', '\ndata: {"error":{}}\n'),
    );
    fc.assert(
      fc.property(says, (text) => {
        expect(endToldBy(deltaFrame(1, 'message.delta', text))).toBeNull();
        expect(endToldBy(`data: ${JSON.stringify({ id: 'x', delta: text })}\n\n`)).toBeNull();
      }),
    );
  });
});
