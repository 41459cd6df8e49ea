import { until } from '../support/until';
import { startParley } from '../support/parley';
import { startSmtp } from '../support/smtp';

const TOKEN = /token is ([\w-]{43})/;

describe('mail', () => {
  it('carries the token by SMTP, to the address as it was registered, and never into the log', async () => {
    const smtp = await startSmtp();
    const parley = await startParley({ env: { SMTP_URL: smtp.url, MAIL_FROM: 'Parley <parley@example.org>' } });
    try {
      const user = await parley.user();
      await parley.anonymous().post('/v1/auth/password-reset', { email: user.email.toUpperCase() });
      const mail = await until(() => smtp.mails[0]?.replaceAll('=\n', ''));
      expect(mail).toContain('MAIL FROM:<parley@example.org>');
      expect(mail).toContain(`RCPT TO:<${user.email}>`);
      const token = TOKEN.exec(mail!)?.[1];
      const confirmation = { token, password: 'a new password' };
      expect((await parley.anonymous().post('/v1/auth/password-reset/confirm', confirmation)).status).toBe(204);
      expect(parley.logs.join('\n')).not.toContain(token);
    } finally {
      await parley.stop();
      await smtp.stop();
    }
  });

  it('that cannot be sent is logged, and the caller is answered all the same', async () => {
    const parley = await startParley({ env: { SMTP_URL: 'smtp://127.0.0.1:1' } });
    try {
      const user = await parley.user();
      expect((await parley.anonymous().post('/v1/auth/password-reset', { email: user.email })).status).toBe(202);
      await until(() => parley.logs.some((line) => line.includes('a password reset could not be sent')));
    } finally {
      await parley.stop();
    }
  });
});
