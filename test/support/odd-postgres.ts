import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

const int = (value: number) => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value]);

/** As PostgreSQL's protocol has it. https://www.postgresql.org/docs/current/protocol-message-formats.html */
function message(type: string, ...body: Buffer[]): Buffer {
  const whole = Buffer.concat(body);
  return Buffer.concat([Buffer.from(type), int(whole.length + 4), whole]);
}

type Said = Buffer | ((heard: Buffer) => Buffer);

/** What a server answers to the first thing it hears, the second, and so on. */
export const ODD_ANSWERS: Record<string, Said[]> = {
  'a message shorter than it says': [message('R')],
  'a message of less than nothing': [Buffer.from('54ffffff9c', 'hex')],
  'rows nobody described': [
    Buffer.concat([message('R', int(0)), message('Z', Buffer.from('I')), message('D', Buffer.from([0, 5]))]),
  ],
  'a password to be hashed for ever': [
    message('R', int(10), Buffer.from('SCRAM-SHA-256\0\0')),
    (heard) => {
      const nonce = /r=([^,\0]+)/.exec(heard.toString('latin1'))?.[1] ?? '';
      return message('R', int(11), Buffer.from(`r=${nonce}xyz,s=QUJD,i=99999999`));
    },
  ],
};

/** What calls itself PostgreSQL, and is none. */
export async function startOddPostgres(answers: readonly Said[]): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer((socket) => {
    const rest = [...answers];
    socket.on('error', () => undefined);
    socket.on('data', (heard) => {
      const next = rest.shift();
      if (next) socket.write(typeof next === 'function' ? next(heard) : next);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    const closed = once(server, 'close');
    server.close();
    await closed;
  };
  return { port, close };
}
