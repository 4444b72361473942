/** An exact decimal number: `units` divided by 10 to the power of `scale`. Money never goes through doubles. */
export class Decimal {
  readonly units: bigint;
  readonly scale: number;

  constructor(units: bigint, scale: number) {
    this.units = units;
    this.scale = scale;
  }

  /**
   * Reads `text` exactly; `undefined` when it is no decimal or has more than `scale` digits after
   * the point that are not zero.
   */
  static parse(text: string, scale: number): Decimal | undefined {
    const match = /^([+-]?)(\d{1,38})(?:\.(\d{0,38}))?$/.exec(text);
    if (match === null) return undefined;
    const [, sign, whole, fraction = ''] = match;
    if (/[^0]/.test(fraction.slice(scale))) return undefined;
    const units = BigInt(whole + fraction.slice(0, scale).padEnd(scale, '0'));
    return new Decimal(sign === '-' ? -units : units, scale);
  }

  plus(other: Decimal): Decimal {
    return new Decimal(this.units + other.units, this.scale);
  }

  /** Divides by a count, rounded half away from zero, with `scale` digits after the point. */
  dividedBy(count: number, scale: number): Decimal {
    const numerator = this.units * 10n ** BigInt(scale - this.scale) * 2n;
    const divisor = BigInt(count) * 2n;
    const half = numerator < 0n ? -BigInt(count) : BigInt(count);
    return new Decimal((numerator + half) / divisor, scale);
  }

  toString(): string {
    const digits = (this.units < 0n ? -this.units : this.units)
      .toString()
      .padStart(this.scale + 1, '0');
    const whole = digits.slice(0, digits.length - this.scale);
    const fraction = digits.slice(digits.length - this.scale);
    return `${this.units < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
  }

  toJSON(): string {
    return this.toString();
  }
}
