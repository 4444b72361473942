// Values as DynamoDB's JSON, written as text at once: an outbox is text, so attribute objects would
// be made only to be written. A row's size is bounded while it is written: first by a cheap upper
// bound, and exactly only where that is above the limit.

import { Decimal } from '../../model/decimal.ts';
import { isWellFormed } from './text.ts';
import { notStorable, type Unstorable } from './unstorable.ts';

/** "Nested attribute depth": lists and maps inside each other, the outermost counted as one. */
const DEPTH_MAX = 32;
/** "DynamoDB item sizes and formats": overhead of a list or map, and of each of its elements. */
const DOCUMENT_BYTES = 3;
const ELEMENT_BYTES = 1;
/** 38 digits, two to a byte, and one or two more. */
const NUMBER_BYTES_MAX = 21;
const UTF8_BYTES_PER_UNIT = 3;
/** Numbers are 0 or between these in magnitude, and have at most 38 significant digits. */
const MAGNITUDE_MIN = 1e-130;
const MAGNITUDE_END = 1e126;
const DIGITS_MAX = 38;

/** How the size of a row is counted: `bounded` never says less than `exact`, and is faster. */
export type Counting = 'bounded' | 'exact';

/** Writes the attributes of one row after the other; `begin` forgets the row before. */
export class AttributeText {
  /** Why the row cannot be stored; `null` as long as it can. */
  refusal: Unstorable | null = null;
  /** Bytes of the row so far, as DynamoDB counts them. */
  byteLength = 0;
  private counting: Counting = 'bounded';
  private field = '';
  private bytesMax = 0;

  begin(counting: Counting, bytesMax: number): void {
    this.refusal = null;
    this.byteLength = 0;
    this.counting = counting;
    this.bytesMax = bytesMax;
  }

  /** The attribute's value as JSON text; meaningless once there is a refusal. */
  attribute(name: string, value: unknown): string {
    this.field = name;
    this.countText(name);
    return this.value(value, 1);
  }

  private value(value: unknown, depth: number): string {
    switch (typeof value) {
      case 'string':
        return this.text(value);
      case 'number':
        return this.number(value);
      case 'boolean':
        this.byteLength += 1;
        return value ? '{"BOOL":true}' : '{"BOOL":false}';
      case 'object':
        return value === null ? this.nothing() : this.object(value, depth);
      default:
        return this.refuse(`is a ${typeof value}, which is no data`);
    }
  }

  private nothing(): string {
    this.byteLength += 1;
    return '{"NULL":true}';
  }

  private text(text: string): string {
    if (!isWellFormed(text)) return this.refuse('holds half of a surrogate pair');
    this.countText(text);
    return `{"S":${JSON.stringify(text)}}`;
  }

  private number(number: number): string {
    const magnitude = Math.abs(number);
    // The comparison is written so that NaN fails it.
    if (!(magnitude < MAGNITUDE_END) || (magnitude < MAGNITUDE_MIN && magnitude !== 0)) {
      return this.refuse('holds a number outside of the range that DynamoDB stores');
    }
    return this.digits(String(number));
  }

  private digits(text: string): string {
    this.byteLength +=
      this.counting === 'bounded' ? NUMBER_BYTES_MAX : numberBytes(significantDigits(text));
    return `{"N":"${text}"}`;
  }

  private object(value: object, depth: number): string {
    if (value instanceof Decimal) return this.decimal(value);
    if (value instanceof Date) return this.date(value);
    if (depth > DEPTH_MAX) return this.refuse(`is nested more than ${DEPTH_MAX} levels deep`);
    this.byteLength += DOCUMENT_BYTES;
    if (Array.isArray(value)) return this.list(value, depth);
    const prototype = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) {
      return this.refuse('holds an object of a class, which is no plain data');
    }
    return this.map(value as Readonly<Record<string, unknown>>, depth);
  }

  private decimal(decimal: Decimal): string {
    const text = decimal.toString();
    if (significantDigits(text) > DIGITS_MAX || Math.abs(Number(text)) >= MAGNITUDE_END) {
      return this.refuse(`holds a decimal of more than ${DIGITS_MAX} digits`);
    }
    return this.digits(text);
  }

  private date(date: Date): string {
    if (Number.isNaN(date.getTime())) return this.refuse('holds an invalid date');
    return this.text(date.toISOString());
  }

  private list(elements: readonly unknown[], depth: number): string {
    let text = '';
    for (let index = 0; index < elements.length && this.goesOn(); index += 1) {
      this.byteLength += ELEMENT_BYTES;
      text += `${index === 0 ? '' : ','}${this.value(elements[index], depth + 1)}`;
    }
    return `{"L":[${text}]}`;
  }

  private map(members: Readonly<Record<string, unknown>>, depth: number): string {
    let text = '';
    for (const name of Object.keys(members)) {
      if (!this.goesOn()) break;
      const member = members[name];
      if (member === undefined) continue;
      if (name === '' || name === '__proto__' || !isWellFormed(name)) {
        return this.refuse('holds a map with a name that no attribute can have');
      }
      this.byteLength += ELEMENT_BYTES;
      this.countText(name);
      text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${this.value(member, depth + 1)}`;
    }
    return `{"M":{${text}}}`;
  }

  /** Stops early, so that a row of any size costs no more than one at the limit. */
  private goesOn(): boolean {
    return this.refusal === null && this.byteLength <= this.bytesMax;
  }

  private countText(text: string): void {
    this.byteLength +=
      this.counting === 'bounded' ? text.length * UTF8_BYTES_PER_UNIT : Buffer.byteLength(text);
  }

  private refuse(what: string): string {
    this.refusal ??= notStorable(this.field, what);
    return '';
  }
}

/** One byte for each two significant digits, and one more. */
const numberBytes = (digitCount: number) => Math.ceil(digitCount / 2) + 1;

/** Digits of a decimal number without the zeros at its ends. */
function significantDigits(text: string): number {
  const mantissa = text.replace(/e.*$/, '').replace(/[-.]/g, '');
  return mantissa.replace(/^0+/, '').replace(/0+$/, '').length;
}
