import { avg, dynamodb, kinesis, pipeline, tumbling } from 'rivulet';

interface Reading {
  readonly device_id: string;
  readonly temperature: number;
  readonly humidity: number;
  readonly timestamp: number;
}

/** Mean temperature and humidity of each device and five minutes, the whole table after each batch. */
export default pipeline('climate')
  .from(kinesis<Reading>('climate').partitionedBy('device_id'))
  .withWatermark('timestamp', '10 minutes', { unit: 'seconds' })
  .keyBy('device_id')
  .window(tumbling('5 minutes'))
  .aggregate({ temperature: avg('temperature'), humidity: avg('humidity') })
  .to(dynamodb('climate'), { mode: 'complete' });
