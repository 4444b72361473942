import { EngineError } from '../lib/model/errors.ts';

// Takes the place of the SDK's event streams when functions are bundled: they read shards by
// iterator and never select from objects. The names are those by which the SDK imports them.

export const resolveEventStreamSerdeConfig = <Config>(config: Config): Config => config;

export const eventStreamSerdeProvider = (): never => {
  throw new EngineError('internal', 'a function asked for an event stream, which is not bundled');
};
