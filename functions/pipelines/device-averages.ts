import { avg, foreachBatch, kinesis, pipeline, tumbling } from 'rivulet';
import { finite, number, object, pipe, string } from 'valibot';
import { batchTable, doubleText, windowText } from './printing/console.ts';

const Reading = object({
  device_id: string(),
  /** Degrees Celsius. */
  temperature: pipe(number(), finite()),
  /** Percent. */
  humidity: pipe(number(), finite()),
  /** ISO 8601. */
  timestamp: string(),
});

/** Mean temperature and humidity of each device and five minutes; all windows after each batch. */
export default pipeline('device-averages')
  .from(kinesis('readings', { schema: Reading }).partitionedBy('device_id'))
  .withWatermark('timestamp', '10 minutes', { unit: 'iso' })
  .keyBy('device_id')
  .window(tumbling('5 minutes'))
  .aggregate({ avg_temperature: avg('temperature'), avg_humidity: avg('humidity') })
  .to(
    foreachBatch('console', (rows, batchId) => {
      type Row = (typeof rows)[number];
      const columns = {
        window: windowText,
        device_id: ({ device_id }: Row) => device_id,
        avg_temperature: ({ avg_temperature }: Row) => doubleText(avg_temperature),
        avg_humidity: ({ avg_humidity }: Row) => doubleText(avg_humidity),
      };
      console.log(batchTable(batchId, rows, { columns, truncate: false }));
    }),
    { mode: 'complete' },
  );
