import { upstreamTimeout } from '../../providers/providers.errors';
import { type ModelRequest } from '../../providers/providers.types';
import { type CallStage, type ModelCall } from '../calls.types';

/** Sends the call to its target, within the time an attempt and the whole call may take. The last stage: there is no next. */
export const routeStage = (attemptMs: number): CallStage =>
  async function* (call) {
    const { target, tally } = call;
    if (!target) throw new Error('a call reached the route without a target');
    const attempt = new Attempt(call, Math.min(attemptMs, call.timeoutMs), target.adapter.id);
    const request: ModelRequest = {
      ...call.request,
      model: target.model,
      stream: call.stream,
      requestId: call.requestId,
    };
    try {
      for await (const event of target.adapter.stream(request, attempt.signal)) {
        tally.add(event);
        if (event.type === 'start') {
          yield { type: 'start', provider: target.adapter.id, model: target.model, attempts: 1 };
        } else if (event.type === 'finish') {
          const usage = tally.usage(call.request);
          const cost = tally.cost(target, usage);
          yield { ...event, usage, cost, estimated: tally.estimated };
        } else {
          yield event;
        }
      }
    } finally {
      attempt.end();
    }
  };

/** One try at a provider: aborted when the caller is gone or its time is up, with the reason for it. */
class Attempt {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;
  readonly signal = this.controller.signal;

  constructor(
    private readonly call: ModelCall,
    timeoutMs: number,
    provider: string,
  ) {
    if (call.signal.aborted) this.cancel();
    call.signal.addEventListener('abort', this.cancel);
    this.timer = setTimeout(() => this.controller.abort(upstreamTimeout(provider, timeoutMs)), timeoutMs);
  }

  end(): void {
    clearTimeout(this.timer);
    this.call.signal.removeEventListener('abort', this.cancel);
  }

  private readonly cancel = () => this.controller.abort(this.call.signal.reason);
}
