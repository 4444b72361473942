export { StreamingPipeline, type StreamingPipelineProps } from './streaming-pipeline.ts';
