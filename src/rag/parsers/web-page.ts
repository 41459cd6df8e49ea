/**
 * The type of an HTML page that was fetched: its readable part is what counts. An uploaded HTML file is `text/html`, and
 * all of its text is.
 */
export const WEB_PAGE = 'text/html;profile=web-page';
