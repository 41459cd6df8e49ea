import { setTimeout as wait } from 'node:timers/promises';
import { unsupportedParameter } from '../../providers.errors';
import { type FinishReason, type ModelEvent, type ModelRequest, type ProviderAdapter } from '../../providers.types';
import { demoAnswer, textOf } from './demo.script';

/** Between two words of `demo/lorem`. */
const LOREM_PACE_MS = 20;

/**
 * An offline provider for trying everything without a key; it is no language model. `demo/echo` repeats the last
 * message, `demo/lorem` streams filler text at a set pace (`lorem 500`: so many words), `demo/extract` answers a grounded
 * question with the sentences of the sources that match its words best, quoted and cited. One word counts as one token.
 */
export class DemoAdapter implements ProviderAdapter {
  readonly id = 'demo';

  async *stream(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelEvent> {
    refuseUnsupported(request);
    signal.throwIfAborted();
    request.onSent?.();
    yield { type: 'start', model: request.model };

    const answer = demoAnswer(request.model, request);
    let reason: FinishReason = 'stop';
    let outputTokens = 0;
    if ('calls' in answer) {
      reason = 'tool_calls';
      outputTokens = answer.calls.length;
      for (const [index, call] of answer.calls.entries()) {
        const id = `call_${request.requestId}${index > 0 ? `_${index}` : ''}`;
        yield { type: 'tool_call', index, id, name: call.tool, argumentsDelta: '' };
        yield { type: 'tool_call', index, argumentsDelta: call.arguments };
      }
    } else {
      let said = '';
      for (const word of answer.words) {
        if (request.model === 'lorem' && request.stream) await pause(LOREM_PACE_MS, signal);
        const stop = request.stop?.map((text) => (said + word).indexOf(text)).find((at) => at !== -1);
        if (stop !== undefined) {
          const rest = (said + word).slice(said.length, stop);
          if (rest) yield { type: 'text', delta: rest };
          break;
        }
        if (outputTokens === request.maxTokens) {
          reason = 'length';
          break;
        }
        said += word;
        outputTokens++;
        yield { type: 'text', delta: word };
      }
    }
    const inputTokens = request.messages.reduce((sum, { parts }) => sum + textOf(parts).split(/\s+/).length, 0);
    const usage = { inputTokens, outputTokens, cachedInputTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };
    yield { type: 'finish', reason, usage };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Throws the signal's own reason when it is aborted meanwhile, as every adapter does. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}

function refuseUnsupported({ n, reasoningEffort, passthrough = {} }: ModelRequest): void {
  if (n !== undefined && n > 1) throw unsupportedParameter('demo', 'n');
  if (reasoningEffort !== undefined && reasoningEffort !== 'none')
    throw unsupportedParameter('demo', 'reasoning_effort');
  const [field] = Object.keys(passthrough);
  if (field) throw unsupportedParameter('demo', field);
}
