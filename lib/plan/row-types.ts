// Types that say what a row's fields may be used for, and the form of a refusal at compile time.

import type { Decimal } from '../model/decimal.ts';

/** A plan that cannot run: the compiler shows `Message`, which says what to change. */
export interface Invalid<Message extends string> {
  readonly 'invalid pipeline': Message;
}

/** A value that can be a key. */
export type Scalar = string | number | boolean | null;

/** Names of the fields of `Row` whose values, where there are any, are of type `Value`. */
export type FieldOf<Row, Value> = keyof {
  [Name in keyof Row as Name extends string
    ? string extends Name
      ? never
      : Exclude<Row[Name], undefined> extends Value
        ? Name
        : never
    : never]: true;
};

/** The value of a field once it is known to be there. */
export type FieldValue<Row, Name extends PropertyKey> = Name extends keyof Row
  ? Exclude<Row[Name], undefined>
  : never;

/** One flat object type in place of an intersection, so that rows read well in an editor. */
export type Flat<Row> = { [Name in keyof Row]: Row[Name] };

/** A row as it reads back once it was stored: decimals and dates are text. */
export type StoredRow<Row> = unknown extends Row
  ? Row
  : Row extends Scalar | undefined
    ? Row
    : Row extends Decimal | Date
      ? string
      : { [Name in keyof Row]: StoredRow<Row[Name]> };
