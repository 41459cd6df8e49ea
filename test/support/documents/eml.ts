export interface Mail {
  subject: string;
  from: string;
  to: string;
  text?: string;
  html?: string;
  attachments?: { name: string; content: string }[];
}

const part = (headers: readonly string[], content: string) =>
  [...headers, 'Content-Transfer-Encoding: base64', '', base64(content)].join('\r\n');

const parts = (type: string, boundary: string, inner: readonly string[]) =>
  [
    `Content-Type: multipart/${type}; boundary="${boundary}"`,
    '',
    ...inner.map((one) => `--${boundary}\r\n${one}`),
    `--${boundary}--`,
    '',
  ].join('\r\n');

/** A mail (RFC 5322) of several parts (RFC 2046), its subject encoded as RFC 2047 wants. */
export function emlOf({ subject, from, to, text, html, attachments = [] }: Mail): Buffer {
  const bodies = parts('alternative', 'inner', [
    ...(text === undefined ? [] : [part(['Content-Type: text/plain; charset=utf-8'], text)]),
    ...(html === undefined ? [] : [part(['Content-Type: text/html; charset=utf-8'], html)]),
  ]);
  const files = attachments.map(({ name, content }) =>
    part(['Content-Type: application/octet-stream', `Content-Disposition: attachment; filename="${name}"`], content),
  );
  const head = [
    `From: ${from}`,
    `To: ${to}`,
    `Subject: =?utf-8?B?${Buffer.from(subject).toString('base64')}?=`,
    'Date: Fri, 01 Mar 2024 10:00:00 +0000',
    'MIME-Version: 1.0',
  ];
  return Buffer.from([...head, parts('mixed', 'outer', [bodies, ...files])].join('\r\n'));
}

const base64 = (text: string) => Buffer.from(text).toString('base64').replaceAll(/.{76}/g, '$&\r\n');
