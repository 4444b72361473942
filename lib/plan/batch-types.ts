// Arguments and rows of operators over batches, as types.

import type { Duration } from '../time/duration.ts';
import type { KeyFields } from './join-types.ts';
import type { FieldOf, FieldValue, Flat } from './row-types.ts';

export interface WindowLengths {
  readonly length: Duration;
  readonly slide: Duration;
}

export type Combine<Value> = (left: Value, right: Value) => Value;

export type ValueArgument<Row> = FieldOf<Row, unknown> | ((row: Row) => unknown);

export type ValueBy<Row, By> = By extends (row: never) => infer Value
  ? Value
  : By extends string
    ? FieldValue<Row, By>
    : never;

export type Keyed<Row, Key, Value> = Flat<KeyFields<Row, Key> & { readonly value: Value }>;

export type LeftKey<Row, On> = On extends string
  ? KeyFields<Row, On>
  : On extends { readonly left: infer Select }
    ? KeyFields<Row, Select>
    : On extends readonly string[]
      ? KeyFields<Row, On>
      : On extends readonly (readonly [infer Left, string])[]
        ? KeyFields<Row, Left>
        : never;
