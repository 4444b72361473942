// Reads an expression token by token and notes the placeholders it meets. The grammars of conditions,
// updates and projections stand on it.

import type { ExpressionLabel, Operand, Parsed, Path, Segment } from './expression.ts';
import { validationError } from './refusals.ts';
import { isReservedWord } from './reserved-words.ts';

/** "Expression parameters" of the service quotas: 4 KB. */
const EXPRESSION_BYTES_MAX = 4096;
const TOKEN = /\s*(<>|<=|>=|[=<>+\-()[\],.]|[#:][A-Za-z0-9_]+|[A-Za-z][A-Za-z0-9_]*|\d+|\S)/y;

/** The tokens of one expression; `label` names the parameter in refusals. */
export class ExpressionReader {
  readonly label: ExpressionLabel;
  readonly names = new Set<string>();
  readonly values = new Set<string>();
  readonly #text: string;
  readonly #tokens: readonly { readonly text: string; readonly at: number }[];
  #position = 0;

  constructor(label: ExpressionLabel, text: string) {
    this.label = label;
    this.#text = text;
    this.#tokens = tokensOf(text);
    if (this.#tokens.length === 0) throw this.refusal('The expression can not be empty;');
    if (Buffer.byteLength(text) > EXPRESSION_BYTES_MAX) {
      throw this.refusal(
        'Expression size has exceeded the maximum allowed size; ' +
          `expression size: ${Buffer.byteLength(text)}`,
      );
    }
  }

  /** The next token, `ahead` of it further on; empty at the end. */
  peek(ahead = 0): string {
    return this.#tokens[this.#position + ahead]?.text ?? '';
  }

  /** Steps over the next token if it is `token`; keywords are compared without regard to case. */
  accept(token: string): boolean {
    if (this.peek().toUpperCase() !== token) return false;
    this.#position += 1;
    return true;
  }

  expect(token: string): void {
    if (!this.accept(token)) throw this.syntaxError();
  }

  take(): string {
    const token = this.peek();
    this.#position += 1;
    return token;
  }

  /** The parsed text; whatever follows is a syntax error. */
  finish<T>(tree: T): Parsed<T> {
    if (this.peek() !== '') throw this.syntaxError();
    return { label: this.label, tree, names: this.names, values: this.values };
  }

  /** `item, item, …`, at least one. */
  list<T>(item: () => T): readonly T[] {
    const items = [item()];
    while (this.accept(',')) items.push(item());
    return items;
  }

  path(): Path {
    const path: Segment[] = [this.#segment()];
    for (;;) {
      if (this.accept('.')) path.push(this.#segment());
      else if (this.accept('[')) {
        if (!/^\d+$/.test(this.peek())) throw this.syntaxError();
        path.push({ kind: 'index', index: Number(this.take()) });
        this.expect(']');
      } else return path;
    }
  }

  /** The placeholder of a value, such as `:v`. */
  value(): string {
    if (!this.peek().startsWith(':') || this.peek().length < 2) throw this.syntaxError();
    this.values.add(this.peek());
    return this.take();
  }

  /** A path, a value or a function call; a parenthesis may stand around it. */
  operand(): Operand {
    if (this.accept('(')) {
      const inner = this.operand();
      this.expect(')');
      return inner;
    }
    if (this.peek().startsWith(':')) return { kind: 'value', name: this.value() };
    if (this.peek(1) === '(') return this.call();
    return { kind: 'path', path: this.path() };
  }

  call(): Extract<Operand, { kind: 'call' }> {
    if (!isIdentifier(this.peek())) throw this.syntaxError();
    const name = this.take();
    this.expect('(');
    const operands = this.list(() => this.operand());
    this.expect(')');
    return { kind: 'call', name, operands };
  }

  refusal(detail: string): Error {
    return validationError(`Invalid ${this.label}: ${detail}`);
  }

  syntaxError(): Error {
    const shown = this.peek() === '' ? '<EOF>' : this.peek();
    const from = this.#tokens[Math.max(0, this.#position - 1)]?.at ?? 0;
    const to = this.#tokens[this.#position + 1];
    const near = this.#text.slice(from, to === undefined ? undefined : to.at + to.text.length);
    return this.refusal(`Syntax error; token: "${shown}", near: "${near.trim()}"`);
  }

  #segment(): Segment {
    const token = this.peek();
    if (token.startsWith('#') && token.length > 1) {
      this.names.add(token);
      this.#position += 1;
      return { kind: 'placeholder', name: token };
    }
    if (!isIdentifier(token)) throw this.syntaxError();
    if (isReservedWord(token)) {
      throw this.refusal(`Attribute name is a reserved keyword; reserved keyword: ${token}`);
    }
    this.#position += 1;
    return { kind: 'name', name: token };
  }
}

// A name that begins with an underscore has to be written as a placeholder.
function isIdentifier(token: string): boolean {
  return /^[A-Za-z]/.test(token);
}

function tokensOf(text: string): { text: string; at: number }[] {
  const tokens: { text: string; at: number }[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
    tokens.push({ text: match[1]!, at: TOKEN.lastIndex - match[1]!.length });
  }
  return tokens;
}
