// Tests of pipelines: the public entry `rivulet/testing`.

export type { ArrivalOrder, EventArrival } from './arrivals.ts';
export type { Cause } from './causes.ts';
export { type Arriving, type ArrivingOptions, arriving } from './events.ts';
export type { FaultPlan } from './faults/fault-plan.ts';
export {
  type DriveOptions,
  type Driver,
  drive,
  type PushedEvents,
  type PushOptions,
} from './kit/drive.ts';
export type { DeadLetterRow } from './kit/published.ts';
export type { StateRow } from './kit/state-rows.ts';
export type { SimulationFailure, SimulationReport } from './simulate.ts';
export { simulate } from './simulate.ts';
export type { SimulateOptions, SimulationPlan } from './simulate-options.ts';
export type { PipelineWithEffects, Simulated } from './subject.ts';
