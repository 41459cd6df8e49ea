import {
  type Answering,
  ANSWERED,
  approvalFrame,
  AWAITED,
  CALLED,
  deltaFrame,
  NOBODY_YET,
  resumedFrame,
  startFrame,
  toolResultFrame,
} from '../chat/native.codec';
import { toResultPart } from '../chat/steps.codec';
import { Voice } from '../chat/voice.codec';
import { toCall, toResult } from './run-steps.codec';
import { endOfRun } from './run-segment.codec';
import { type ModelCallStep, type Run, type RunStep, type ToolCallStep } from './runs.types';

/** One event of a run's stream, as it was told live. Numbers grow, with gaps where a process died. */
interface Event {
  seq: number;
  frame: string;
}

/**
 * What is stored of the stream of a run after event `after`, the very same events; of one that has ended or waits the last
 * one, too. Who heard what a dead process told of a step that is not stored is told that it is void.
 */
export function replayRun(run: Run, steps: readonly RunStep[], after: number): Event[] {
  const stored = steps.flatMap((step) => (step.kind === 'model_call' ? spoken(run, step) : called(step)));
  const ends = run.status !== 'running' && run.status !== 'queued';
  if (ends) stored.push({ seq: run.told, frame: endOfRun(run) });
  // It began, though the process that told so stored no step.
  const begun = ends || run.log_base > 0;
  if (begun && stored.every(({ seq }) => seq > 1)) {
    stored.push({ seq: 1, frame: start(run, whoSpoke(steps.find((step) => step.kind === 'model_call') ?? NOBODY)) });
  }
  const voids = run.resumed.flatMap((base) => {
    const kept = Math.max(1, ...stored.map(({ seq }) => seq).filter((seq) => seq < base));
    return kept < after && after < base ? [{ seq: base, frame: resumedFrame(base, kept) }] : [];
  });
  return [...voids, ...stored.filter(({ seq }) => seq > after)].sort((a, b) => a.seq - b.seq);
}

function spoken(run: Run, step: ModelCallStep): Event[] {
  const { parts, event_lengths, first_event } = step;
  const voice = new Voice(parts);
  const first = first_event ?? 1;
  return event_lengths.flatMap((length, i) => {
    const seq = first + i;
    if (length === AWAITED || length === ANSWERED) return [];
    if (length === CALLED) return [{ seq, frame: voice.call(seq) ?? '' }];
    if (length === NOBODY_YET || seq === 1) {
      return [{ seq, frame: start(run, length === NOBODY_YET ? NOBODY : whoSpoke(step)) }];
    }
    const said = voice.say(length);
    return [{ seq, frame: deltaFrame(seq, said.type, said.text) }];
  });
}

const NOBODY = { provider: null, model: null };
const whoSpoke = ({ provider, model }: Pick<ModelCallStep, 'provider' | 'model'>): Answering => ({
  provider,
  model: provider && `${provider}/${model}`,
});
const start = ({ id }: Run, answering: Answering) => startFrame(1, { message_id: id, run_id: id }, answering);

function called(step: ToolCallStep): Event[] {
  if (step.first_event === null) return [];
  const seq = step.first_event;
  const call = toCall(step);
  const result = toResult(step);
  if (result) return [{ seq, frame: toolResultFrame(seq, step.name, toResultPart(call, result)) }];
  if (step.status !== 'waiting') return [];
  return [{ seq, frame: approvalFrame(seq, { call, reason: step.wait_reason ?? 'approval' }) }];
}
