import { deflateRawSync } from 'node:zlib';
import { parseSinkTargets } from '../../functions/environment.ts';
import {
  decodeAttempt,
  decodeCommitItem,
  decodePointer,
  encodeCommitItem,
  type Item,
} from '../../lib/adapters/aws/commit-item.ts';
import type { CommitHeader, OutboxEntry, Pointer } from '../../lib/model/commit.ts';
import { EngineError } from '../../lib/model/errors.ts';
import { asArrivalTimeMs, asBatchNumber, asCommitId } from '../../lib/model/ids.ts';
import { BODY_BYTES_MAX } from '../../lib/model/limits.ts';
import { comparePositions } from '../../lib/model/record.ts';
import { GroupWatermarks } from '../../lib/operators/group-watermarks.ts';
import { decodeItemKey, encodePk, encodeSk } from '../../lib/operators/sinks/item-key.ts';
import { decideRefusedAppend } from '../../lib/protocol/append.ts';
import { followChain } from '../../lib/protocol/chain.ts';
import { decidePace } from '../../lib/protocol/isolation.ts';
import {
  compress,
  decodeCommitBody,
  decompress,
  encodeCommitBody,
} from '../../lib/runtime/commit-body.ts';
import { describeBatch, encodeLineage } from '../../lib/runtime/lineage.ts';
import {
  decodeManifest,
  encodeManifest,
  type Manifest,
  referenceTo,
} from '../../lib/runtime/manifest.ts';
import { sha256Hex } from '../../lib/state/digest.ts';
import { aHeader, aPosition } from '../support/headers.ts';
import type { FuzzTarget } from './fuzz.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { mutateJson, mutateMembers } from './mutate-json.ts';

const isData = (error: unknown) => error instanceof EngineError && error.kind === 'data';
const isInvalid = (error: unknown) => error instanceof EngineError && error.kind === 'invalid';

const bytesOf = (text: string) => Buffer.from(text, 'utf8');
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8');
const jsonOf = (value: unknown) => bytesOf(JSON.stringify(value));

/** Headers with and without everything that may be absent. */
const someHeaders: readonly CommitHeader[] = [
  aHeader(),
  aHeader({
    batchNumber: asBatchNumber(1_234_567),
    ringSize: 1_024,
    base: 77,
    previousCommitId: asCommitId('AAAAAAAAAAAAAAAAAAAAA0'),
    watermarkMs: -600_000,
    floors: [
      { firstKeyGroup: 0, lastKeyGroup: 127, watermarkMs: 1_700_000_000_000 },
      { firstKeyGroup: 128, lastKeyGroup: 255, watermarkMs: null },
    ],
    snapshot: { batchNumber: asBatchNumber(1_234_300), fold: asCommitId('BBBBBBBBBBBBBBBBBBBBBB') },
    gap: { kind: 'lost', after: aPosition(1), before: aPosition(2, 4) },
  }),
  aHeader({ firstPosition: null, arrival: null, positions: {} }),
  aHeader({
    positions: { 'web/shardId-000000000007': { ...aPosition(7), arrivedAtMs: asArrivalTimeMs(5) } },
    tables: { 'static-join-1': '0123456789abcdef' },
  }),
];

/** A header that was read goes through every decision that is taken on one. */
function useHeader(header: CommitHeader): void {
  const watermarks = GroupWatermarks.of(header.watermarkMs, header.floors);
  watermarks.rangesClosedAt(0);
  const positions = [...Object.values(header.positions), header.firstPosition, header.gap?.after];
  for (const position of positions) if (position) comparePositions(position, aPosition(5));
  decideRefusedAppend(aHeader(), header);
  const body = { kind: 'inline' as const, bytes: new Uint8Array() };
  const { ringSize } = header;
  followChain({ batchNumber: 0, commitId: null }, [{ header, body }], { ringSize, complete: true });
  describeBatch(header, []);
}

/** Items travel as JSON here; bytes are base64, as DynamoDB's own JSON has them. */
const encodeItem = (item: Item) =>
  bytesOf(
    JSON.stringify(item, (_, value) =>
      value?.B instanceof Uint8Array ? { B: Buffer.from(value.B).toString('base64') } : value,
    ),
  );

/** Every attribute has a value of some type: that much the service promises. */
function decodeItem(bytes: Uint8Array): Item {
  const item = JSON.parse(textOf(bytes), (name, value) =>
    name === 'B' && typeof value === 'string' ? Buffer.from(value, 'base64') : value,
  );
  const attributes = Object.entries(item ?? {}).filter(
    ([, value]) => typeof value === 'object' && value !== null,
  );
  return Object.fromEntries(attributes) as Item;
}

const commitItems = someHeaders.flatMap((header) => [
  encodeCommitItem({ header, body: { kind: 'inline', bytes: Buffer.from('body') } }),
  encodeCommitItem({
    header,
    body: { kind: 'spilled', object: referenceTo('bodies/x', bytesOf('spilled')) },
  }),
]);

const checkpoint = (batchNumber: number): Pointer['newest'] => ({
  batchNumber: asBatchNumber(batchNumber),
  commitId: asCommitId('AAAAAAAAAAAAAAAAAAAAA1'),
  fold: asCommitId('BBBBBBBBBBBBBBBBBBBBBB'),
  manifest: referenceTo('manifests/x.json', bytesOf('manifest')),
});
const pointerItems = [
  { ptr: { S: JSON.stringify({ newest: checkpoint(512), previous: checkpoint(256) }) } },
  {
    ptr: { S: JSON.stringify({ newest: checkpoint(1), previous: null }) },
    att: { S: JSON.stringify({ head: 1, first: '49601:0', attempts: 3, pending: 10 }) },
  },
];

const entry = (target: OutboxEntry['target'], payload: OutboxEntry['payload']): OutboxEntry => ({
  sinkUid: 'delays',
  role: 'rows',
  target,
  rowCount: 2,
  payload,
});
const table = { kind: 'dynamodb', tableName: 'delays' } as const;
const file = {
  kind: 's3',
  bucketName: 'rows',
  key: 'rows/delays/dt=2001-01-01/x-0.ndjson',
} as const;
const someBodies = [
  { delta: bytesOf('delta'), outbox: [] },
  {
    delta: Buffer.alloc(300, 'abc'),
    outbox: [
      entry(table, { kind: 'inline', bytes: bytesOf('{"put":{}}\n') }),
      entry(file, { kind: 'staged', object: referenceTo('staged/x', bytesOf('staged')) }),
      entry(file, { kind: 'inline', bytes: bytesOf('{"a":1}\n{"a":2}\n') }),
    ],
  },
].map((content) => Buffer.from(encodeCommitBody(content)));
const plainBodies = someBodies.map((body) => decompress(body, BODY_BYTES_MAX));

/** The index of the outbox stands between two lengths, so that it is mutated by itself. */
function bodyOfIndex(index: Uint8Array): Uint8Array {
  const words = Buffer.alloc(8);
  words.writeUInt32LE(index.length, 4);
  const payloads = bytesOf('{"put":{}}\n{"a":1}\n{"a":2}\n');
  return compress(Buffer.concat([words, index, payloads]), BODY_BYTES_MAX);
}

const outboxIndex = jsonOf([
  { sinkUid: 'delays', role: 'rows', target: table, rowCount: 1, payload: inline(11) },
  { sinkUid: 'files', role: 'late', target: file, rowCount: 2, payload: inline(16) },
]);

function inline(byteLength: number) {
  return { kind: 'inline', byteLength };
}

/** What was deflated stands under its own digest, so that the damage reaches the inflater. */
export function sealDeflated(deflated: Uint8Array): Uint8Array {
  const digest = Buffer.from(sha256Hex(deflated).slice(0, 32), 'hex');
  return Buffer.concat([Uint8Array.of(1), digest, deflated]);
}

export const someManifests: readonly Manifest[] = someHeaders.map((header, index) => ({
  formatVersion: 1,
  header,
  segments: Array.from({ length: index }, (_, at) => ({
    ...referenceTo(`segments/x-${at}`, bytesOf(`segment ${at}`)),
    firstKeyGroup: at * 128,
    lastKeyGroup: at * 128 + 127,
  })),
  lineage: index === 0 ? null : referenceTo('lineage/x.json', bytesOf('lineage')),
}));

function useManifest(manifest: Manifest): void {
  useHeader(manifest.header);
  encodeLineage(manifest.header.log, [describeBatch(manifest.header, [])]);
  manifest.segments.reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (
    !Buffer.from(encodeManifest(decodeManifest(encodeManifest(manifest)))).equals(
      encodeManifest(manifest),
    )
  ) {
    throw new Error('the manifest does not come back from its bytes');
  }
}

const isUtf8 = (value: unknown): value is string =>
  typeof value === 'string' && textOf(bytesOf(value)) === value;

const itemKeys = [['a'], [''], ['~'], [1.5], [null], ['a', 2, false], ['x'.repeat(3_000)]].flatMap(
  (values) =>
    [null, '2001-01-01T00:00:00.000Z', '-', '~x'].map((start) => [
      encodePk(values)!,
      encodeSk(start),
    ]),
);

export const storedTargets: readonly FuzzTarget[] = [
  {
    name: 'commit item',
    seeds: commitItems.map(encodeItem),
    mutate: mutateMembers,
    read(bytes) {
      const commit = decodeCommitItem(decodeItem(bytes));
      useHeader(commit.header);
      const again = decodeCommitItem(encodeCommitItem(commit));
      if (JSON.stringify(again) !== JSON.stringify(commit))
        throw new Error('it does not come back');
    },
    refuses: isData,
  },
  {
    name: 'pointer item',
    seeds: pointerItems.map(encodeItem),
    mutate: mutateMembers,
    read(bytes) {
      const item = decodeItem(bytes);
      const pointer = decodePointer(item);
      if (pointer !== null) pointer.newest.manifest.key.trim();
      pointer?.previous?.manifest.sha256.trim();
      const attempt = decodeAttempt(item);
      const start = { head: asBatchNumber(1), first: '49601:0', pending: 10 };
      const { recordsMax } = decidePace(attempt, start);
      if (!(recordsMax >= 1)) throw new Error(`a pace of ${recordsMax}`);
    },
    refuses: isData,
  },
  {
    name: 'pointer',
    seeds: pointerItems.map(({ ptr }) => bytesOf(ptr.S)),
    mutate: mutateJson,
    read: (bytes) => void decodePointer({ ptr: { S: textOf(bytes) } })!.newest.manifest.key.trim(),
    refuses: isData,
  },
  {
    name: 'commit body under its digest',
    seeds: someBodies,
    mutate: mutateBytes,
    read(bytes) {
      decodeCommitBody(bytes);
      if (!someBodies.some((body) => body.equals(bytes))) throw new Error('its digest was forged');
    },
    refuses: isData,
  },
  {
    name: 'commit body',
    seeds: plainBodies,
    mutate: mutateBytes,
    read: (bytes) => void decodeCommitBody(compress(bytes, BODY_BYTES_MAX)),
    refuses: isData,
  },
  {
    name: 'deflated body',
    seeds: plainBodies.map((plain) => deflateRawSync(plain, { level: 1 })),
    mutate: mutateBytes,
    read: (bytes) => void decodeCommitBody(sealDeflated(bytes)),
    refuses: isData,
  },
  {
    name: 'outbox index',
    seeds: [outboxIndex],
    mutate: mutateJson,
    read(bytes) {
      const { outbox } = decodeCommitBody(bodyOfIndex(bytes));
      describeBatch(aHeader(), outbox);
    },
    refuses: isData,
  },
  {
    name: 'manifest',
    seeds: someManifests.map(encodeManifest),
    mutate: mutateJson,
    read: (bytes) => useManifest(decodeManifest(bytes)),
    refuses: isData,
  },
  {
    name: 'item key',
    seeds: itemKeys.map(jsonOf),
    mutate: mutateMembers,
    read(bytes) {
      const { pk, sk } = Object(JSON.parse(textOf(bytes)));
      // Attributes of a key are text: that much the service promises.
      if (!isUtf8(pk) || !isUtf8(sk)) return;
      const decoded = decodeItemKey({ pk, sk });
      if (decoded.kind === 'values' && encodePk(decoded.values) === null) throw new Error('no key');
    },
    refuses: isData,
  },
  {
    name: 'sink targets',
    seeds: [
      jsonOf({
        'dead-letters': { kind: 's3', bucketName: 'rows', prefix: 'dead-letters/' },
        delays: table,
      }),
    ],
    mutate: mutateJson,
    read(bytes) {
      for (const target of Object.values(parseSinkTargets(textOf(bytes)))) {
        (target.kind === 's3' ? target.bucketName + target.prefix : target.tableName).trim();
      }
    },
    refuses: isInvalid,
  },
];
