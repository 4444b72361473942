// DynamoDB and S3 order text by its UTF-8 bytes; JavaScript compares UTF-16 code units, which puts
// surrogate pairs before U+E000. Sortable text is the same text with its code units moved so that
// `<` gives the order of the bytes. The mapping is one to one.

const SURROGATES_FIRST = 0xd800;
const SURROGATES_LAST = 0xdfff;
const NEEDS_MOVING = /[\ud800-\uffff]/;

/** Text whose order under `<` is the order of the UTF-8 bytes of `text`. */
export function sortableText(text: string): string {
  if (!NEEDS_MOVING.test(text)) return text;
  let sortable = '';
  for (let index = 0; index < text.length; index += 1) {
    sortable += String.fromCharCode(movedUnit(text.charCodeAt(index)));
  }
  return sortable;
}

/** The least text that is above every text beginning with `prefix`; `undefined` when there is none. */
export function afterPrefix(prefix: string): string | undefined {
  let end = prefix.length;
  while (end > 0 && prefix.charCodeAt(end - 1) === 0xffff) end -= 1;
  if (end === 0) return undefined;
  return prefix.slice(0, end - 1) + String.fromCharCode(prefix.charCodeAt(end - 1) + 1);
}

// Surrogates go to the top of the range, what was above them moves down by their number.
function movedUnit(unit: number): number {
  if (unit < SURROGATES_FIRST) return unit;
  if (unit > SURROGATES_LAST) return unit - 0x800;
  return unit + 0x2000;
}
