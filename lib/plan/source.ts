import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { SourceNode } from './plan.ts';
import type { FieldOf, Scalar } from './row-types.ts';

declare const event: unique symbol;

/** A Kinesis stream of JSON events of type `Event`. */
export interface KinesisSource<out Event> {
  readonly spec: SourceSpec;
  readonly [event]?: () => Event;
}

/** What a source states of itself, before it has a place in a plan. */
type SourceSpec = Omit<SourceNode, 'uid' | 'inputs'>;

/** A source that can still be declared to be partitioned. */
export interface UnpartitionedKinesisSource<Event> extends KinesisSource<Event> {
  /**
   * Declares that producers use these fields as the partition key: the text of one field, or the
   * JSON array of several, so that one shard holds all of a key. `.keyBy` of fields that include
   * these then needs no shuffle. A record that breaks the declaration is a dead letter.
   *
   * @example
   * kinesis<Departure>('departures').partitionedBy('origin');
   */
  partitionedBy(
    ...fields: readonly [FieldOf<Event, Scalar>, ...FieldOf<Event, Scalar>[]]
  ): KinesisSource<Event>;
  /**
   * The same by a function of the event; `.keyBy` must be given the very same function.
   *
   * @example
   * const userOf = (click: Click) => click.user.id;
   * kinesis<Click>('clicks').partitionedBy(userOf);
   */
  partitionedBy(select: (event: Event) => Scalar): KinesisSource<Event>;
}

/**
 * Reads a Kinesis stream of JSON records. With a schema (any Standard Schema validator) events are
 * its output, and what it rejects becomes a dead letter; without one any JSON value passes, and
 * `Event` is your word for its type.
 *
 * @example
 * const checked = kinesis('departures', { schema: Departure }).partitionedBy('origin');
 * const unchecked = kinesis<{ origin: string }>('departures');
 */
export function kinesis<Schema extends StandardSchemaV1>(
  name: string,
  options: { readonly schema: Schema },
): UnpartitionedKinesisSource<StandardSchemaV1.InferOutput<Schema>>;
export function kinesis<Event = unknown>(name: string): UnpartitionedKinesisSource<Event>;
export function kinesis(
  name: string,
  options: { readonly schema?: StandardSchemaV1 } = {},
): UnpartitionedKinesisSource<Record<string, never>> {
  const spec: SourceSpec = {
    kind: 'kinesis-source',
    name,
    schema: options.schema ?? null,
    partitionedBy: null,
  };
  return {
    spec,
    partitionedBy(...key: readonly (string | ((event: never) => unknown))[]) {
      const [select] = key;
      return typeof select === 'function'
        ? { spec: { ...spec, partitionedByFunction: select } }
        : { spec: { ...spec, partitionedBy: key as readonly string[] } };
    },
  };
}
