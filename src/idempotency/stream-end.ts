/** How the streams of all surfaces say that they are complete: `message.end`, or OpenAI's `[DONE]`. */
const COMPLETE = /^(?:id: \d+\n)?event: message\.end\n|^data: \[DONE\]\n/m;
/** And that they failed: an `error` event, or OpenAI's error in place of a chunk. */
const FAILED = /^(?:id: \d+\n)?event: error\n|^data: \{"error":/m;

/** What a frame tells of its stream. Texts of models stand inside JSON, which has no line ends. */
export function endToldBy(frame: string): 'complete' | 'failed' | null {
  if (COMPLETE.test(frame)) return 'complete';
  return FAILED.test(frame) ? 'failed' : null;
}
