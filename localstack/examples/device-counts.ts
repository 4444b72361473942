import { runEventConsole } from './event-console.ts';

process.exitCode = await runEventConsole('device-counts', 'device-events.jsonl');
