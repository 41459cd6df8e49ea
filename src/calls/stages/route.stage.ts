import { sumOf } from '../../platform/common/money';
import { type Attempt } from '../attempt';
import { type CallEvent, type CallStage } from '../calls.types';
import { Run, type RunTools } from '../run';

/**
 * Passes on the answer of the one attempt that is heard. Until its first content others may take its place, afterwards
 * none: a failure then is the end. The last stage: there is no next.
 */
export const routeStage = (tools: RunTools): CallStage =>
  async function* (call) {
    const run = new Run(call, tools);
    const tell = (event: CallEvent) => {
      call.onEvent?.(event);
      return event;
    };
    let heard: Attempt | null = null;
    try {
      const { attempt, events } = await run.answer();
      heard = attempt;
      const { target } = attempt;
      yield tell({ type: 'start', provider: target.provider.id, model: target.model, attempts: run.attempts });
      for (;;) {
        let event = events.shift(); // those that told whom to hear, then the others as they come
        if (!event) {
          const { value, done } = await attempt.pull();
          if (done) break;
          attempt.saw(value);
          event = value;
        }
        if (event.type === 'start') continue;
        if (event.type !== 'finish') {
          yield tell(event);
          continue;
        }
        await run.losers; // what they cost is part of it
        const usage = attempt.tally.usage(call.request, target);
        const cost = sumOf(attempt.tally.cost(target, usage), run.spent);
        yield tell({ ...event, usage, cost, estimated: attempt.tally.estimated });
      }
      run.succeeded(attempt);
    } catch (error) {
      if (heard) run.broke(heard, error);
      throw error;
    } finally {
      await run.end(heard);
    }
  };
