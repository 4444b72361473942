import { avg, count, dynamodb, kinesis, max, pipeline, s3, tumbling } from 'rivulet';
import { finite, number, object, pipe, string } from 'valibot';

/** One departure of a flight. */
const Departure = object({
  /** Milliseconds since 1970 UTC. */
  departedAt: pipe(number(), finite()),
  origin: string(),
  destination: string(),
  /** Minutes; negative when it left early. */
  delay: pipe(number(), finite()),
  /** Miles. */
  distance: pipe(number(), finite()),
});

/** Departures, mean and worst delay by origin airport and hour of event time. */
export default pipeline('delays')
  .from(kinesis('departures', { schema: Departure }).partitionedBy('origin'))
  .withWatermark('departedAt', '10 minutes')
  .keyBy('origin')
  .window(tumbling('1 hour'))
  .aggregate({ flights: count(), meanDelay: avg('delay'), worstDelay: max('delay') })
  .onLate(s3('late'))
  .to(dynamodb('delays'), { mode: 'update' })
  .to(s3('delays'), { mode: 'append' });
