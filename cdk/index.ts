export type { SourceProps } from './source-streams.ts';
export type { StaticTablePlace } from './static-tables.ts';
export { StreamingPipeline, type StreamingPipelineProps } from './streaming-pipeline.ts';
