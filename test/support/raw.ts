import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { within } from './until';
import { type TestUser } from './user';

/** A POST whose answer nobody reads yet. */
export async function rawPost({ parley, headers }: TestUser, path: string, body: object): Promise<Socket> {
  const { hostname, port } = new URL(parley.url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  const payload = JSON.stringify(body);
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: ${hostname}`,
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(payload)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.pause();
  socket.write(`${head.join('\r\n')}\r\n\r\n${payload}`);
  return socket;
}

/** What is still to come: how much, and how it ends. */
export async function rest(socket: Socket): Promise<{ bytes: number; tail: string }> {
  const read = { bytes: 0, tail: '' };
  socket.on('data', (chunk: Buffer) => {
    read.bytes += chunk.length;
    read.tail = (read.tail + chunk.toString('latin1')).slice(-1024);
  });
  socket.resume();
  await within(20_000, once(socket, 'end'));
  return read;
}
