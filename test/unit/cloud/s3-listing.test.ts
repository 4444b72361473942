import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aBucket, refusalOf } from './s3-fixture.ts';

type Call = ReturnType<typeof aBucket>['call'];

/** Keys and common prefixes of all pages, each page in its order. */
function listed(call: Call, input: object): { keys: string[]; prefixes: string[]; pages: number } {
  const result = { keys: [] as string[], prefixes: [] as string[], pages: 0 };
  let token: string | undefined;
  do {
    const next = token === undefined ? {} : { ContinuationToken: token };
    const page = call('ListObjectsV2', { ...input, ...next });
    for (const { Key } of page['Contents']) result.keys.push(Key);
    for (const { Prefix } of page['CommonPrefixes'] ?? []) result.prefixes.push(Prefix);
    expect(page['KeyCount']).toBe(page['Contents'].length + (page['CommonPrefixes'] ?? []).length);
    result.pages += 1;
    token = page['NextContinuationToken'];
  } while (token !== undefined);
  return result;
}

const byBytes = (one: string, other: string) =>
  Buffer.compare(Buffer.from(one), Buffer.from(other));

describe('a listing', () => {
  it('has keys in the order of their UTF-8 bytes, whatever order they came in', () => {
    const { call, put } = aBucket();
    const keys = ['b', 'a/2', 'a', '\u{1F600}', '\uFFFD', 'á', 'a/10', 'A', 'a\u0000'];
    for (const key of keys) put(key);
    expect(listed(call, {}).keys).toEqual([...keys].sort(byBytes));
    expect(call('ListObjectsV2')['Contents'][0]).toMatchObject({
      Key: 'A',
      Size: 1,
      StorageClass: 'STANDARD',
      ETag: expect.stringMatching(/^"[0-9a-f]{32}"$/),
    });
  });

  it('comes in pages of at most 1,000', () => {
    const { call, put } = aBucket();
    for (let index = 0; index < 2_500; index += 1) put(`p/${String(index).padStart(5, '0')}`);
    put('q');
    const { keys, pages } = listed(call, { Prefix: 'p/', MaxKeys: 5_000 });
    expect(pages).toBe(3);
    expect(keys).toHaveLength(2_500);
    expect(call('ListObjectsV2', { MaxKeys: 0 })).toMatchObject({
      KeyCount: 0,
      IsTruncated: false,
    });
    expect(call('ListObjectsV2', { Prefix: 'p/', StartAfter: 'p/02497' })).toMatchObject({
      Contents: [{ Key: 'p/02498' }, { Key: 'p/02499' }],
      IsTruncated: false,
      StartAfter: 'p/02497',
    });
  });

  it('folds what follows a delimiter, across pages', () => {
    const { call, put } = aBucket();
    for (const key of ['a/1', 'a/2', 'a/b/3', 'b', 'c/4', 'c/5', 'd']) put(key);
    for (const MaxKeys of [1, 2, 3, 100]) {
      expect(listed(call, { Delimiter: '/', MaxKeys })).toMatchObject({
        keys: ['b', 'd'],
        prefixes: ['a/', 'c/'],
      });
      expect(listed(call, { Delimiter: '/', Prefix: 'a/', MaxKeys })).toMatchObject({
        keys: ['a/1', 'a/2'],
        prefixes: ['a/b/'],
      });
    }
    expect(call('ListObjectsV2', { Delimiter: '/', MaxKeys: 2 })).toMatchObject({
      IsTruncated: true,
      MaxKeys: 2,
    });
  });

  it('is in its old form resumed by a marker', () => {
    const { call, put } = aBucket();
    for (const key of ['a', 'b/1', 'b/2', 'c']) put(key);
    expect(call('ListObjects', { MaxKeys: 2 })).toMatchObject({
      IsTruncated: true,
      Contents: [{ Key: 'a' }, { Key: 'b/1' }],
    });
    expect(call('ListObjects', { MaxKeys: 2 })).not.toHaveProperty('NextMarker');
    expect(call('ListObjects', { Marker: 'b/1' })['Contents']).toMatchObject([
      { Key: 'b/2' },
      { Key: 'c' },
    ]);
    const folded = call('ListObjects', { Delimiter: '/', MaxKeys: 2 });
    expect(folded).toMatchObject({ NextMarker: 'b/', CommonPrefixes: [{ Prefix: 'b/' }] });
    const rest = call('ListObjects', { Delimiter: '/', Marker: folded['NextMarker'] });
    expect(rest['Contents']).toMatchObject([{ Key: 'c' }]);
  });

  it('can encode keys for XML', () => {
    const { call, put } = aBucket();
    put('a b/é\u0001');
    const page = call('ListObjectsV2', { EncodingType: 'url', Prefix: 'a b' });
    expect(page).toMatchObject({
      Prefix: 'a%20b',
      EncodingType: 'url',
      Contents: [{ Key: 'a%20b/%C3%A9%01' }],
    });
    expect(refusalOf(() => call('ListObjectsV2', { EncodingType: 'hex' })).code).toBe(
      'InvalidArgument',
    );
    expect(refusalOf(() => call('ListObjectsV2', { ContinuationToken: 'x' })).code).toBe(
      'InvalidArgument',
    );
    expect(refusalOf(() => call('ListObjectsV2', { MaxKeys: -1 })).code).toBe('InvalidArgument');
  });

  it('agrees with a naive listing, for any keys, prefix, delimiter and page', () => {
    const piece = fc.constantFrom('a', 'b', '/', '\u{1F600}', '\uFFFD', 'é');
    const key = fc.array(piece, { minLength: 1, maxLength: 5 }).map((pieces) => pieces.join(''));
    const keys = fc.uniqueArray(key, { maxLength: 40, size: 'max' });
    const prefix = fc.array(piece, { maxLength: 2 }).map((pieces) => pieces.join(''));
    const delimiter = fc.constantFrom(undefined, '/', 'a', '\u{1F600}');
    fc.assert(
      fc.property(
        keys,
        prefix,
        delimiter,
        fc.integer({ min: 1, max: 7 }),
        (members, Prefix, Delimiter, MaxKeys) => {
          const { call, put } = aBucket();
          for (const member of members) put(member);
          const expected = { keys: [] as string[], prefixes: new Set<string>() };
          for (const member of [...members]
            .sort(byBytes)
            .filter((name) => name.startsWith(Prefix))) {
            const at = Delimiter === undefined ? -1 : member.indexOf(Delimiter, Prefix.length);
            if (at < 0) expected.keys.push(member);
            else expected.prefixes.add(member.slice(0, at + Delimiter!.length));
          }
          const input = { Prefix, MaxKeys, ...(Delimiter === undefined ? {} : { Delimiter }) };
          const { keys: found, prefixes, pages } = listed(call, input);
          expect(found).toEqual(expected.keys);
          expect(prefixes).toEqual([...expected.prefixes]);
          expect(pages).toBe(Math.max(1, Math.ceil((found.length + prefixes.length) / MaxKeys)));
        },
      ),
    );
  });
});
