// Looks at where processes really listen. An emulator of a cloud checks no credentials: on another
// address than 127.0.0.1 everyone in the same network could run code through its Lambda.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** `address:port` of each listener of these processes that others in the network can reach. */
export function exposedListeners(pids: readonly number[]): readonly string[] {
  return listenersOf(pids).filter((listener) => !/^(127\.|\[::1\]|localhost:)/.test(listener));
}

/** Whether one of these processes listens on the port. */
export function isListening(pids: readonly number[], port: number): boolean {
  return listenersOf(pids).some((listener) => listener.endsWith(`:${port}`));
}

function listenersOf(pids: readonly number[]): readonly string[] {
  return existsSync('/proc/self/net/tcp') ? listenersOfLinux(pids) : listenersByCommand(pids);
}

const LISTEN = '0A';

function listenersOfLinux(pids: readonly number[]): readonly string[] {
  const sockets = new Set(pids.flatMap(socketsOf));
  return ['/proc/self/net/tcp', '/proc/self/net/tcp6']
    .filter((path) => existsSync(path))
    .flatMap((path) => readFileSync(path, 'utf8').trim().split('\n').slice(1))
    .flatMap((line) => {
      const fields = line.trim().split(/\s+/);
      const [, local = '', , state] = fields;
      return state === LISTEN && sockets.has(fields[9] ?? '') ? [addressOf(local)] : [];
    });
}

/** Inode numbers. */
function socketsOf(pid: number): readonly string[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).flatMap((name) => {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(linkOf(`${folder}/${name}`)) ?? [];
      return inode === undefined ? [] : [inode];
    });
  } catch {
    return []; // It ended meanwhile.
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // It was closed meanwhile.
  }
}

/** From the kernel's words of 32 bits in the machine's byte order; addresses of IPv4 in IPv6 as IPv4. */
function addressOf(field: string): string {
  const [words = '', port = ''] = field.split(':');
  const bytes = [...Buffer.from(words, 'hex')];
  const address = [];
  for (let at = 0; at < bytes.length; at += 4) address.push(...bytes.slice(at, at + 4).reverse());
  const number = Number.parseInt(port, 16);
  const last = address.slice(-4).join('.');
  if (address.length === 4) return `${last}:${number}`;
  const prefix = Buffer.from(address.slice(0, 12)).toString('hex');
  if (prefix === '00000000000000000000ffff') return `${last}:${number}`;
  const hex = Buffer.from(address).toString('hex');
  if (/^0{31}1$/.test(hex)) return `[::1]:${number}`;
  return /^0+$/.test(hex) ? `[::]:${number}` : `[${hex.match(/.{4}/g)?.join(':')}]:${number}`;
}

/** Where there is no `/proc`, as on macOS. */
function listenersByCommand(pids: readonly number[]): readonly string[] {
  const { stdout, error } = spawnSync(
    'lsof',
    ['-nP', '-iTCP', '-sTCP:LISTEN', '-a', '-p', pids.join(','), '-Fn'],
    { encoding: 'utf8' },
  );
  if (error) {
    throw new Error(
      `cannot tell where the cloud listens (${error.message}): install lsof, so that it can be checked`,
    );
  }
  return stdout.split('\n').flatMap((line) => (line.startsWith('n') ? [line.slice(1)] : []));
}
