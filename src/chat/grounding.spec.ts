import fc from 'fast-check';
import { type Message } from '../providers/providers.types';
import { readSources } from '../providers/sources.codec';
import { type Passage } from '../rag/search.types';
import { fitting, hasPast, noEvidenceAnswer, questionOf, tokensOf, toRewriting, withSources } from './grounding';

const passage = (text: string, start = 0): Passage => ({
  chunkId: 'chunk',
  documentId: 'document',
  collectionId: 'collection',
  title: 'Handbook',
  url: null,
  text,
  page: null,
  start,
  end: start + text.length,
  headingPath: [],
  score: 1,
  textScore: null,
  vectorScore: null,
});
const say = (role: Message['role'], text: string): Message => ({ role, parts: [{ type: 'text', text }] });
const textsOf = ({ parts }: Message) => parts.map((part) => (part.type === 'text' ? part.text : part.type));

describe('the answer without evidence', () => {
  it('says which documents nobody has looked into', () => {
    expect(noEvidenceAnswer('Nothing.', [])).toBe('Nothing.');
    const documents = ['a', 'b', 'c', 'd', 'e'].map((title) => ({ title }));
    expect(noEvidenceAnswer('Nothing.', documents)).toBe(
      'Nothing. Not searched, as they are still being indexed: “a”, “b”, “c” and 2 more.',
    );
  });
});

describe('the passages of a prompt', () => {
  it('have room in it, the best first, and are still what the document says', () => {
    const text = fc.array(fc.constantFrom('word ', '日本', '🎈', 'x'), { maxLength: 200 }).map((all) => all.join(''));
    fc.assert(
      fc.property(fc.array(text, { maxLength: 6 }), fc.integer({ min: 100, max: 900 }), (texts, tokens) => {
        const all = texts.map((one, i) => passage(one, i * 10));
        const fit = fitting(all, tokens);
        expect(fit.length).toBeGreaterThan(texts.length === 0 ? -1 : 0);
        expect(fit.reduce((sum, one) => sum + tokensOf(one.text), 0)).toBeLessThanOrEqual(tokens);
        for (const { text: shown, start, end } of fit) {
          expect(end - start).toBe(shown.length);
          expect(texts[start / 10]?.startsWith(shown)).toBe(true);
        }
        if (texts.length > 0) expect(fit[0]?.start).toBe(0);
      }),
    );
  });
});

describe('the prompt of a grounded turn', () => {
  const sources = [{ number: 1, passage: passage('Leave is 28 days.'), pages: [] }];

  it('has the sources before the question and how to cite among the instructions', () => {
    const messages = [
      say('system', 'Be brief.'),
      say('user', 'Hi'),
      say('assistant', 'Hello [2].'),
      say('user', 'Leave?'),
    ];
    const grounded = withSources({ messages, stream: false }, sources).messages;
    expect(grounded.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user']);
    expect(textsOf(grounded[0]!).join('')).toMatch(/^Be brief\.\n\n.*square brackets/);
    expect(textsOf(grounded[1]!)).toEqual(['Hi']);
    expect(textsOf(grounded[2]!)).toEqual(['Hello.']); // its sources were others
    expect(textsOf(grounded[3]!)).toEqual([expect.any(String), 'Leave?']);
    expect(readSources(textsOf(grounded[3]!)[0]!)).toMatchObject([{ number: 1, text: 'Leave is 28 days.' }]);
    expect(messages[0]!.parts).toHaveLength(1);
  });

  it('has them there also when tools have answered since', () => {
    const result: Message = { role: 'tool', parts: [{ type: 'tool_result', toolCallId: 'a', content: '21' }] };
    const grounded = withSources({ messages: [say('user', 'Leave?'), result], stream: false }, sources).messages;
    expect(grounded.map(({ role }) => role)).toEqual(['system', 'user', 'tool']);
    expect(textsOf(grounded[1]!)[1]).toBe('Leave?');
  });
});

describe('what is searched for', () => {
  it('is the last thing the user said', () => {
    expect(questionOf([say('user', 'One?'), say('assistant', 'Yes'), say('user', ' Two? ')])).toBe('Two?');
    expect(questionOf([])).toBe('');
  });

  it('is put anew only when something was said before, all of which is data', () => {
    const messages = [
      say('system', 'Be brief.'),
      say('user', 'Who is Ada?'),
      say('assistant', 'A pilot.'),
      say('user', 'Her age?'),
    ];
    expect([hasPast(messages), hasPast([say('system', 'x'), say('user', 'y')])]).toEqual([true, false]);
    const [instructions, told] = toRewriting(messages, 'Her age?').messages;
    expect(instructions?.role).toBe('system');
    expect(textsOf(told!)[0]).toBe('Conversation:\nuser: Who is Ada?\nassistant: A pilot.\n\nLast question: Her age?');
  });
});
