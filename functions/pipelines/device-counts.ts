import { count, foreachBatch, kinesis, pipeline, sliding } from 'rivulet';
import { object, string } from 'valibot';
import { batchTable, windowText } from './printing/console.ts';

const DeviceEvent = object({
  deviceId: string(),
  /** ISO 8601. */
  timestamp: string(),
});

/** Events of each device in windows of five minutes, one every minute; all windows after each batch. */
export default pipeline('device-counts')
  .from(kinesis('device-events', { schema: DeviceEvent }).partitionedBy('deviceId'))
  .withWatermark('timestamp', '10 minutes', { unit: 'iso' })
  .keyBy('deviceId')
  .window(sliding('5 minutes', '1 minute'))
  .aggregate({ count: count() })
  .to(
    foreachBatch('console', (rows, batchId) => {
      type Row = (typeof rows)[number];
      const columns = {
        window: windowText,
        deviceId: ({ deviceId }: Row) => deviceId,
        count: ({ count }: Row) => String(count),
      };
      console.log(batchTable(batchId, rows, { columns, truncate: true }));
    }),
    { mode: 'complete' },
  );
