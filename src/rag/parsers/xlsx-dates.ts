import { childrenOf, descendant, descendants, type XmlElement } from './xml';

/** Formats of times that every workbook has, by their ids (ECMA-376 part 1, 18.8.30). */
const isBuiltIn = (id: number) =>
  (id >= 14 && id <= 22) || (id >= 27 && id <= 36) || (id >= 45 && id <= 58 && id !== 48 && id !== 49);
const DAY_MS = 86_400_000;
/** Days from the spreadsheet's epoch to 1970. */
const DAYS_1900 = 25_569;
const DAYS_1904 = 24_107;

/** For each cell style of `styles.xml`, in order, whether it shows a number as a date or time. */
export function timeFormats(styles: XmlElement): boolean[] {
  const custom = new Map(
    [...descendants(styles, 'numFmt')].map(({ attributes }) => [
      attributes['numFmtId'],
      attributes['formatCode'] ?? '',
    ]),
  );
  const formats = descendant(styles, 'cellXfs');
  if (!formats) return [];
  return childrenOf(formats, 'xf').map(({ attributes }) => {
    const code = custom.get(attributes['numFmtId']);
    return code === undefined ? isBuiltIn(Number(attributes['numFmtId'] ?? 0)) : showsTime(code);
  });
}

/** Letters that stand for a part of a time, outside of quoted text, colours and conditions. */
const showsTime = (code: string) =>
  /[ymdhs]/i.test(code.replaceAll(/"[^"]*"|\[[^\]]*\]|\\.|_./g, '').replaceAll(/general/gi, ''));

/** `2024-05-01`, `2024-05-01 13:30:00`, or the time alone for what is less than a day; the number itself when it is no date. */
export function isoDate(serial: number, from1904: boolean): string {
  const at = new Date(Math.round((serial - (from1904 ? DAYS_1904 : DAYS_1900)) * DAY_MS));
  if (serial < 0 || Number.isNaN(at.getTime()) || at.getUTCFullYear() > 9999) return String(serial);
  const [day = '', time = ''] = at
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .split('T');
  if (serial < 1) return time;
  return time === '00:00:00' ? day : `${day} ${time}`;
}
