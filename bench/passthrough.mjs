/** The least a Nest gateway can do: forward the body, pipe the answer. No auth, no checks, no storage. Prints its port. */
import 'reflect-metadata';
import { Controller, Module, Post, Req, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Agent, request } from 'undici';

const [, , upstream] = process.argv;
const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0 });

class Gateway {
  async forward(req, res) {
    const answer = await request(`${upstream}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(req.body),
      dispatcher,
    });
    res.writeHead(answer.statusCode, { 'content-type': answer.headers['content-type'] });
    answer.body.pipe(res);
  }
}
const method = Object.getOwnPropertyDescriptor(Gateway.prototype, 'forward');
Req()(Gateway.prototype, 'forward', 0);
Res()(Gateway.prototype, 'forward', 1);
Post('chat/completions')(Gateway.prototype, 'forward', method);
Controller('v1')(Gateway);

class App {}
Module({ controllers: [Gateway] })(App);

const app = await NestFactory.create(App, { logger: false });
await app.listen(0, '127.0.0.1');
console.log(`port ${app.getHttpServer().address().port}`);
