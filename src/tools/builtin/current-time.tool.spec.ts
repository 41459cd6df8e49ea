import { type ToolExecution } from '../tools.types';
import { currentTime } from './current-time.tool';

const at = (input: object) => currentTime.execute(input, {} as ToolExecution, new AbortController().signal);

describe('the current time', () => {
  beforeEach(() => jest.useFakeTimers({ now: Date.UTC(2026, 6, 1, 22, 30) }));
  afterEach(() => jest.useRealTimers());

  it('is told in UTC and in a time zone, with the day it is there', async () => {
    expect(await at({})).toMatchObject({ utc: '2026-07-01T22:30:00.000Z', timezone: 'UTC' });
    expect(await at({ timezone: 'Europe/Berlin' })).toEqual({
      utc: '2026-07-01T22:30:00.000Z',
      timezone: 'Europe/Berlin',
      local: expect.stringMatching(/^Thursday,? 2 July 2026 at 00:30:00 /) as unknown,
    });
  });

  it.each(['Mars/Olympus', '', '../../etc/passwd', '__proto__', 'Europe/Berlin\0', '🕛', '%s'])(
    'says that there is no time zone %j',
    async (timezone) => {
      await expect(at({ timezone })).rejects.toMatchObject({ name: 'ToolError' });
    },
  );
});
