import { Injectable, Logger } from '@nestjs/common';
import { createTransport, type Transporter } from 'nodemailer';
import { Config } from '../config/config.service';

export interface Mail {
  to: string;
  subject: string;
  text: string;
}

/** Sends mail by SMTP_URL. Without it each mail is one line in the log, which is how an operator passes on its token. */
@Injectable()
export class MailService {
  private readonly logger = new Logger(MailService.name);
  private readonly transport: Transporter | null;
  private readonly from: string;

  constructor({ env }: Config) {
    this.from = env.MAIL_FROM;
    this.transport = env.SMTP_URL
      ? createTransport({
          url: env.SMTP_URL,
          connectionTimeout: 10_000,
          greetingTimeout: 10_000,
          socketTimeout: 30_000,
        })
      : null;
  }

  /** Whether mail leaves at all. */
  get configured(): boolean {
    return this.transport !== null;
  }

  /** Resolves when the server took it, rejects when it didn't. */
  async send({ to, subject, text }: Mail): Promise<void> {
    if (this.transport) await this.transport.sendMail({ from: this.from, to, subject, text });
    else this.logger.warn(`SMTP_URL is not set, so this mail to ${to} was not sent: ${subject}. ${flat(text)}`);
  }
}

const flat = (text: string) => text.replaceAll(/\s+/g, ' ').trim();
