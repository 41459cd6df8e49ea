import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

export interface SmtpServer {
  url: string;
  /** What came: envelope lines and the message, as text. */
  mails: string[];
  stop(): Promise<void>;
}

/** A mail server that takes everything (RFC 5321, the least of it). */
export async function startSmtp(): Promise<SmtpServer> {
  const mails: string[] = [];
  const server = createServer((socket) => converse(socket, (mail) => mails.push(mail)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    mails,
    stop: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}

function converse(socket: Socket, took: (mail: string) => void): void {
  const say = (line: string) => socket.write(`${line}\r\n`);
  let mail = '';
  let inData = false;
  createInterface({ input: socket }).on('line', (line) => {
    if (inData && line !== '.') mail += `${line}\n`;
    else if (inData) {
      inData = false;
      took(mail);
      say('250 taken');
    } else if (/^(EHLO|HELO)/i.test(line)) say('250 test');
    else if (/^DATA/i.test(line)) {
      inData = true;
      say('354 go on');
    } else if (/^QUIT/i.test(line)) socket.end('221 bye\r\n');
    else {
      mail += `${line}\n`;
      say('250 ok');
    }
  });
  socket.on('error', () => socket.destroy());
  say('220 test');
}
