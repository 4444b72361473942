import { expect, test } from 'vitest';
import { sha256Hex } from '../../../lib/state/digest.ts';

test('a digest is SHA-256 in hex, over the parts as if they were joined', () => {
  const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
  expect(sha256Hex(Buffer.from('abc'))).toBe(abc);
  expect(sha256Hex(Buffer.from('a'), new Uint8Array(), Buffer.from('bc'))).toBe(abc);
  expect(sha256Hex()).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});
