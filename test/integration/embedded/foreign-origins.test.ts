// A page of any web site can make a browser send requests to 127.0.0.1. The cloud checks no credentials
// and runs code, so it must not take them.

import { request } from 'node:http';
import { connect } from 'node:http2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type EmbeddedCloud,
  startEmbeddedCloud,
} from '../../../localstack/embedded/embedded-cloud.ts';

let cloud: EmbeddedCloud;
let port: string;

beforeAll(async () => {
  cloud = await startEmbeddedCloud({ port: 0 });
  port = new URL(cloud.endpoint).port;
});
afterAll(() => cloud.stop());

/** What a form of a web page sends when it is submitted. */
const FORM = 'Action=ListStacks&Version=2010-05-15';
const FORM_TYPE = 'application/x-www-form-urlencoded';

async function postForm(headers: Readonly<Record<string, string>>) {
  return new Promise<{ statusCode: number | undefined; text: string }>((resolve, reject) => {
    const options = { method: 'POST', headers: { 'content-type': FORM_TYPE, ...headers } };
    const sent = request(cloud.endpoint, options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ statusCode: response.statusCode, text }));
    });
    sent.on('error', reject).end(FORM);
  });
}

describe('a request', () => {
  it.each([
    'https://evil.example',
    'null',
    'http://localhost:3000',
    'http://127.0.0.1',
    'http://evil.localhost:1',
  ])('of a page of %s is refused', async (origin) => {
    const { statusCode, text } = await postForm({ origin });
    expect(statusCode).toBe(403);
    expect(text).toContain('<Code>AccessDenied</Code>');
    expect(text).toContain(origin);
  });

  it.each([
    'evil.example',
    'evil.example:4566',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
  ])('to the host %s is refused, for whatever name led to this address', async (host) => {
    const { statusCode, text } = await postForm({ host });
    expect(statusCode).toBe(403);
    expect(text).toContain(host);
  });

  it.each(['127.0.0.1', 'localhost', 'bucket.localhost', 'LOCALHOST'])(
    'to %s is answered',
    async (name) => {
      expect(await postForm({ host: `${name}:${port}` })).toMatchObject({ statusCode: 200 });
    },
  );

  it('of a page that the endpoint itself shows is answered', async () => {
    expect(await postForm({ origin: cloud.endpoint })).toMatchObject({ statusCode: 200 });
  });

  it('of HTTP/2 is refused as well', async () => {
    const session = connect(cloud.endpoint);
    const stream = session.request({
      ':method': 'POST',
      'content-type': FORM_TYPE,
      origin: 'https://evil.example',
    });
    stream.end(FORM);
    const statusCode = await new Promise((resolve) =>
      stream.on('response', (headers) => resolve(headers[':status'])),
    );
    session.destroy();
    expect(statusCode).toBe(403);
  });
});
