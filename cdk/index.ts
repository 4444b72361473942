export type { StaticTablePlace } from './static-tables.ts';
export {
  type SourceProps,
  StreamingPipeline,
  type StreamingPipelineProps,
} from './streaming-pipeline.ts';
