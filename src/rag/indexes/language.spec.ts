import { configurationOf, languageOf } from './language';

const TEXTS = {
  en: 'The report is about the use of water in the city and how it is paid for by those who live there and are not asked.',
  de: 'Der Bericht handelt von der Nutzung des Wassers in der Stadt und wie es von denen bezahlt wird, die dort leben und nicht gefragt werden.',
  fr: "Le rapport traite de l'usage de l'eau dans la ville et de la façon dont elle est payée par ceux qui y vivent, sans que les habitants soient consultés, pour une fois.",
  es: 'El informe trata del uso del agua en la ciudad y de cómo la pagan los que viven en ella, pero no son consultados, por una razón más.',
  ru: 'Доклад о том, как вода в городе используется и как за неё платят те, кто в нём живёт, и что их не спрашивают о том, на что она идёт.',
};

describe('the language of a text', () => {
  it.each(Object.entries(TEXTS))('is %s', (language, text) => expect(languageOf(text)).toBe(language));

  it.each([
    ['too short', 'the and of'],
    ['few words of no language', 'Quarterly revenue EMEA 2026 EUR'],
    ['a table', Array.from({ length: 50 }, (_, i) => `row${i} value ${i}`).join('\n')],
    ['nothing', ''],
  ])('is not told of %s', (_, text) => expect(languageOf(text)).toBeNull());

  it('is told of a few sentences', () => {
    expect(languageOf('Employees have 28 days of paid leave. It must be taken by March.')).toBe('en');
    expect(languageOf('Hotels kosten nicht mehr als 120 EUR die Nacht.')).toBe('de');
  });

  it('has a configuration, and any other the simple one', () => {
    expect(['en', 'EN-us', 'pt_BR', 'xx', '', null].map(configurationOf)).toEqual([
      'english',
      'english',
      'portuguese',
      'simple',
      'simple',
      'simple',
    ]);
  });
});
