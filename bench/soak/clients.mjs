import { call, listen } from './streams.mjs';

/** Failures a caller may be told when a provider fails. Any other is Parley's own. */
const FORESEEN = [
  'provider_failed',
  'provider_overloaded',
  'upstream_truncated',
  'upstream_timeout',
  'all_providers_failed',
];
const TURNS_OF_A_CONVERSATION = 10;

/** Whole numbers below `sides`; the same in every run. Park–Miller. */
export function dice(seed) {
  let state = seed;
  return (sides) => (state = (state * 48_271) % 2_147_483_647) % sides;
}

export const wordsTo = (count) => Array.from({ length: count }, (_, i) => `w${i + 1}`).join(' ');

/** What is asked, what a whole answer says, and whether it has to come. Half of all calls meet a fault. */
function order(roll) {
  const count = 10 + roll(30);
  const good = `w-${count}-${50 + roll(250)}`;
  const broken = (fault) => ({ model: `a/${good}-${fault}-${1 + roll(count - 1)}` });
  const [ask, served] = [
    [{ model: `a/${good}` }, true],
    [{ model: 'a/s-500', fallbacks: ['b/s-429', `b/${good}`] }, true],
    [{ race: ['a/hang', `b/${good}`, 'a/s-500'] }, true],
    [{ race: ['a/s-500', 'b/s-429'], fallbacks: [`a/${good}`] }, true],
    [broken('cut'), false],
    [broken('end'), false],
    [broken('hang'), false],
    [{ model: 'a/s-500' }, false],
    [{ model: 'a/s-429', fallbacks: ['b/s-500'] }, false],
    [{ model: 'a/hang', fallbacks: [`b/${good}-cut-1`] }, false],
  ][Math.max(0, roll(18) - 8)];
  return { ask, served, whole: wordsTo(count) };
}

/** One after another until `until`, by one client at the processes `urls`. `soak` keeps the score. */
export async function converse({ urls, key, soak, roll, until }) {
  let id = null;
  for (let turn = 0; Date.now() < until; turn++) {
    if (!id || turn % TURNS_OF_A_CONVERSATION === 0)
      id = (await call('POST', `${urls[0]}/v1/conversations`, key, {})).id;
    const outcome = await oneTurn({ urls, key, soak, roll, id });
    if (outcome === 'left') id = null; // its answer may still be under way
  }
}

async function oneTurn({ urls, key, soak, roll, id }) {
  const { ask, served, whole } = order(roll);
  const heard = { last: 0, text: '', ending: null, messageId: null };
  const leavesAt = roll(10) === 0 ? 1 + roll(12) : Infinity;
  const returns = roll(2) === 0;
  const hear = ({ id: seq, data }) => {
    if (seq === undefined) return true; // only this connection ends
    if (seq !== heard.last + 1) soak.violated(`event ${seq} came after ${heard.last} of message ${heard.messageId}`);
    heard.last = seq;
    heard.messageId ??= data.message_id;
    if (data.type === 'message.delta') heard.text += data.text;
    if (data.type === 'message.end') heard.ending = 'complete';
    if (data.type === 'error') heard.ending = data.error.code;
    return true;
  };
  const mine = roll(urls.length);
  const body = {
    content: 'Go on',
    ...ask,
    ...(leavesAt < Infinity && !returns && roll(2) ? { on_disconnect: 'cancel' } : {}),
  };
  const first = (event) => hear(event) && heard.last < leavesAt;
  const { code } = await listen('POST', `${urls[mine]}/v1/conversations/${id}/stream`, key, { body }, first);
  heard.ending ??= code;
  if (!heard.ending && heard.last >= leavesAt && !returns) return soak.count('left');
  if (!heard.ending && heard.last < leavesAt) soak.violated(`a stream of message ${heard.messageId} had no end`);
  if (!heard.ending) {
    soak.count('resumed');
    const other = urls[(mine + 1) % urls.length];
    const url = `${other}/v1/conversations/${id}/messages/${heard.messageId}/stream`;
    const { status } = await listen('GET', url, key, { headers: { 'last-event-id': heard.last } }, hear);
    if (!heard.ending) soak.violated(`message ${heard.messageId} resumed after ${heard.last} had no end (${status})`);
  }
  return judge(soak, heard, served, whole);
}

export async function ask({ urls, key, soak, roll, until }) {
  while (Date.now() < until) {
    const { ask: asked, served, whole } = order(roll);
    const heard = { text: '', ending: null };
    let left = roll(10) === 0 ? roll(12) : Infinity;
    const hear = ({ data }) => {
      if (data === 'done') heard.ending = 'complete';
      else if (data.error) heard.ending = data.error.code;
      else heard.text += data.choices[0]?.delta.content ?? '';
      return left-- > 0;
    };
    const body = { ...asked, messages: [{ role: 'user', content: 'Go on' }], stream: true };
    const { code } = await listen('POST', `${urls[roll(urls.length)]}/v1/chat/completions`, key, { body }, hear);
    heard.ending ??= code;
    if (!heard.ending && left < 0) soak.count('left');
    else judge(soak, heard, served, whole);
  }
}

/** An answer is whole, or the beginning of one with a failure that was foreseen. */
function judge(soak, { text, ending }, served, whole) {
  if (ending === 'complete' ? text !== whole : !whole.startsWith(text)) soak.violated(`${ending}, but said '${text}'`);
  if (served && ending !== 'complete') soak.violated(`${ending} where a provider was well`);
  if (ending !== 'complete' && !FORESEEN.includes(ending)) soak.violated(`ended with ${ending}`);
  return soak.count(ending);
}
