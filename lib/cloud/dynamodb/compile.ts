// Expressions by their text. A pipeline sends the same few texts for ever, so each is parsed once.

import type { Condition, ExpressionLabel, Parsed, Path, UpdateAction } from './expression.ts';
import { parseCondition, parseProjection, parseUpdate } from './parse-expression.ts';

/** Texts remembered; when there are more, all are forgotten and parsed again as they come. */
const TEXTS_MAX = 2_000;

export interface Compiler {
  condition(label: ExpressionLabel, text: string | undefined): Parsed<Condition> | undefined;
  update(text: string | undefined): Parsed<readonly UpdateAction[]> | undefined;
  projection(text: string | undefined): Parsed<readonly Path[]> | undefined;
}

export function createCompiler(): Compiler {
  const conditions = remember(parseCondition);
  const updates = remember((_label, text) => parseUpdate(text));
  const projections = remember((_label, text) => parseProjection(text));
  return {
    condition: conditions,
    update: (text) => updates('UpdateExpression', text),
    projection: (text) => projections('ProjectionExpression', text),
  };
}

function remember<T>(parse: (label: ExpressionLabel, text: string) => T) {
  const byLabel = new Map<ExpressionLabel, Map<string, T>>();
  return (label: ExpressionLabel, text: string | undefined): T | undefined => {
    if (text === undefined) return undefined;
    let parsed = byLabel.get(label);
    if (parsed === undefined || parsed.size >= TEXTS_MAX) {
      parsed = new Map();
      byLabel.set(label, parsed);
    }
    const known = parsed.get(text);
    if (known !== undefined) return known;
    const fresh = parse(label, text);
    parsed.set(text, fresh);
    return fresh;
  };
}
