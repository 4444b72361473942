// The entry file of a pipeline: the bundler puts it in the place of this name.
declare module 'virtual:pipeline' {
  import type { Pipeline } from '../lib/index.ts';

  const pipeline: Pipeline;
  export default pipeline;
}
