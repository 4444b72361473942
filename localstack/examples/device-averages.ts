import { runEventConsole } from './event-console.ts';

process.exitCode = await runEventConsole('device-averages', 'readings.jsonl');
