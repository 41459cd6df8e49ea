/** Of the text of a document, in UTF-16 code units: what the process that stores it holds in memory. */
export const MOST_TEXT = 2 ** 25;
/** Of a document, also slides and sheets. */
export const MOST_PAGES = 20_000;
export const MOST_HEADINGS = 100_000;
/** Elements within elements of HTML; JSON within JSON. */
export const MOST_DEPTH = 2_000;
/** Of the members of an archive. */
export const MOST_MEMBERS = 20_000;
/** Of one member of an archive, unpacked, in bytes. */
export const MOST_MEMBER_BYTES = 128 * 1024 * 1024;
/** Of all that is unpacked from an archive, in bytes. */
export const MOST_UNPACKED_BYTES = 256 * 1024 * 1024;
