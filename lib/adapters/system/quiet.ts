/** Resolves when every promise that needs no further input or output is settled. */
export const quiet = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
