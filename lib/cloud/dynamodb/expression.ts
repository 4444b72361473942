// What the parser makes of an expression's text. Placeholders stay placeholders, so that one parsed
// text serves every request that uses it.

/** Parameters that hold an expression. */
export type ExpressionLabel =
  | 'ConditionExpression'
  | 'FilterExpression'
  | 'KeyConditionExpression'
  | 'UpdateExpression'
  | 'ProjectionExpression';

/** A step of a document path; `placeholder` is written `#name` and stands for a name. */
export type Segment =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'placeholder'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number };

/** A document path such as `a.#b[2]`. */
export type Path = readonly Segment[];

/** A term that has a value: a path, a value placeholder, or a function of such terms. */
export type Operand =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'value'; readonly name: string }
  | { readonly kind: 'call'; readonly name: string; readonly operands: readonly Operand[] };

/** The six comparators of conditions. */
export type Comparator = '=' | '<>' | '<' | '<=' | '>' | '>=';

/** A condition, filter or key condition. */
export type Condition =
  | { readonly kind: 'or' | 'and'; readonly left: Condition; readonly right: Condition }
  | { readonly kind: 'not'; readonly inner: Condition }
  | {
      readonly kind: 'compare';
      readonly comparator: Comparator;
      readonly left: Operand;
      readonly right: Operand;
    }
  | {
      readonly kind: 'between';
      readonly operand: Operand;
      readonly lower: Operand;
      readonly upper: Operand;
    }
  | { readonly kind: 'in'; readonly operand: Operand; readonly choices: readonly Operand[] }
  | { readonly kind: 'call'; readonly name: string; readonly operands: readonly Operand[] };

/** The right side of a SET action. */
export type SetValue =
  | Operand
  | { readonly kind: 'sum' | 'difference'; readonly left: Operand; readonly right: Operand };

/** One action of an update expression; ADD and DELETE name their value's placeholder. */
export type UpdateAction =
  | { readonly kind: 'set'; readonly path: Path; readonly value: SetValue }
  | { readonly kind: 'remove'; readonly path: Path }
  | { readonly kind: 'add' | 'delete'; readonly path: Path; readonly value: string };

/** A parsed text with the placeholders that occur in it, each with its `#` or `:`. */
export interface Parsed<T> {
  /** The parameter that holds the text; refusals name it. */
  readonly label: ExpressionLabel;
  readonly tree: T;
  readonly names: ReadonlySet<string>;
  readonly values: ReadonlySet<string>;
}
