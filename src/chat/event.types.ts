import { type CallEvent, type CallFinish } from '../calls/calls.types';
import { type ToolResult } from '../tools/tools.types';
import { type CitationDto } from './native.types';
import { type StopReason, type ToolCall, type WaitReason } from './tool-loop.types';

/**
 * What every surface turns into its wire format. `tool_call` events are of tools the client executes; those executed here
 * are told whole. `stop` says why a loop of model and tools ended; null when the client is to go on with it.
 */
export type ChatEvent =
  | Exclude<CallEvent, CallFinish>
  | (CallFinish & { stop?: StopReason | null })
  | { type: 'citation'; citation: CitationDto }
  /** `place`: among all calls of its step, from 0, also those that were told before. */
  | { type: 'server_call'; call: ToolCall; place: number }
  | { type: 'server_result'; call: ToolCall; result: ToolResult }
  /** The loop ends after it, until somebody has decided. */
  | { type: 'approval'; call: ToolCall; reason: WaitReason };
