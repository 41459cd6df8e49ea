import { toSourcesText } from '../../sources.codec';
import { extract } from './demo.extract';

const SOURCES = [
  {
    number: 1,
    title: 'Handbook',
    headings: ['Leave'],
    page: 1,
    text: '# Leave\n\nEmployees have 28 days of paid leave. It must be taken by March.',
  },
  {
    number: 2,
    title: 'Travel',
    headings: [],
    page: null,
    text: 'Travel is paid second class. Hotels cost\nat most 120 EUR a night.',
  },
];
const ask = (question: string) => extract(`${toSourcesText(SOURCES)}\n\n${question}`);

describe('demo/extract', () => {
  it('quotes the sentences that match the question, with their number', () => {
    expect(ask('How many days of leave are paid?')).toBe('“Employees have 28 days of paid leave.” [1]');
    expect(ask('What may a hotel cost?')).toBe('“Hotels cost at most 120 EUR a night.” [2]');
  });

  it('quotes no code', () => {
    const text = 'Run this:\n\n```sh\nhotels cost --at most 120. Hotels!\n```\n\nHotels cost 120 EUR.';
    const sources = [{ number: 1, title: 'A', headings: [], page: null, text }];
    expect(extract(`${toSourcesText(sources)}\n\nHotels cost?`)).toBe('“Hotels cost 120 EUR.” [1]');
  });

  it('says that nothing is there', () => {
    expect(ask('Who wrote Faust?')).toBe('The documents do not contain an answer to this.');
    expect(extract(`${toSourcesText([])}\n\nWho?`)).toBe('The documents do not contain an answer to this.');
    expect(extract('Hello')).toBeNull();
  });
});
