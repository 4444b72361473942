/** Structured lines; never a record's bytes or keys. */
export interface Logger {
  info(message: string, fields: Readonly<Record<string, string | number | boolean | null>>): void;
  warn(message: string, fields: Readonly<Record<string, string | number | boolean | null>>): void;
}
