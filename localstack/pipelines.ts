// Finds deployed pipelines in the outputs of their stacks: `RivuletPipelines` lists them, and each has
// outputs that begin with its name in Pascal case (`DelaysStream`, `DelaysTable`, …).

const FIELDS = {
  stream: 'Stream',
  table: 'Table',
  bucket: 'Bucket',
  rowsPrefix: 'RowsPrefix',
  deadLettersPrefix: 'DeadLettersPrefix',
  latePrefix: 'LatePrefix',
} as const;

/**
 * Physical names of what a pipeline reads and writes; what it does not have is left out. `streams` are
 * there by the name of their source where a pipeline has several, and then no `stream`.
 */
export type PipelinePlaces = { readonly [Field in keyof typeof FIELDS]?: string } & {
  readonly streams?: Readonly<Record<string, string>>;
};

/** The places of every pipeline, by its name. */
export function placesOf(
  outputs: Readonly<Record<string, string>>,
): Readonly<Record<string, PipelinePlaces>> {
  const names = (outputs['RivuletPipelines'] ?? '').split(',').filter((name) => name !== '');
  return Object.fromEntries(names.map((name) => [name, placesOfOne(name, outputs)]));
}

function placesOfOne(name: string, outputs: Readonly<Record<string, string>>): PipelinePlaces {
  const entries = Object.entries(FIELDS).flatMap(([field, suffix]) => {
    const value = outputs[`${pascalCase(name)}${suffix}`];
    return value === undefined ? [] : [[field, value]];
  });
  const sources = outputs[`${pascalCase(name)}Sources`];
  const places = Object.fromEntries(entries) as PipelinePlaces;
  return sources === undefined ? places : { ...places, streams: streamsOf(name, sources, outputs) };
}

function streamsOf(
  name: string,
  sources: string,
  outputs: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const prefix = pascalCase(name);
  const streams = sources.split(',').flatMap((source) => {
    const stream = outputs[`${prefix}${pascalCase(source)}Stream`];
    return stream === undefined ? [] : [[source, stream]];
  });
  return Object.fromEntries(streams);
}

function pascalCase(name: string): string {
  return name
    .split(/[^A-Za-z0-9]+/)
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');
}
