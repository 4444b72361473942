import { dynamodb, kinesis, noop, pipeline, s3, tumbling } from 'rivulet';

interface Flight {
  readonly departedAt: number;
  readonly origin: string;
  readonly destination: string;
  readonly delay: number;
}

/** The most delayed flight of each origin and destination, day by day. */
export default pipeline('worst-flights')
  .from(kinesis<Flight>('departures').partitionedBy('origin', 'destination'))
  .withWatermark((flight) => flight.departedAt, 'PT1H')
  .keyBy('origin', 'destination')
  .window(tumbling('1 day'))
  .reduce((worst, next) => (next.delay > worst.delay ? next : worst))
  .to(dynamodb('worst-flights'), { mode: 'append' })
  .to(s3('worst-flights', { partitionBy: 'none' }), { mode: 'append' })
  .to(noop(), { mode: 'update' });
