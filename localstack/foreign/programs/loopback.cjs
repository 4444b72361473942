// Preloaded into the node processes that LocalStack starts itself, of which its Kinesis is one: they
// listen on 127.0.0.1 alone, for which they have no option, and end when LocalStack is gone.

const net = require('node:net');

const WATCH_MS = 500;
const LOOPBACK = '127.0.0.1';

const { listen } = net.Server.prototype;
const parent = process.ppid;

/** Its forms: `listen(options, …)`, `listen(port, host, …)` and `listen(port, …)`. */
net.Server.prototype.listen = function listenOnLoopback(target, ...rest) {
  if (target !== null && typeof target === 'object' && target.port !== undefined) {
    return listen.call(this, { ...target, host: LOOPBACK }, ...rest);
  }
  if (!/^\d+$/.test(String(target))) return listen.call(this, target, ...rest);
  const others = typeof rest[0] === 'string' ? rest.slice(1) : rest;
  return listen.call(this, target, LOOPBACK, ...others);
};

setInterval(() => {
  if (process.ppid !== parent) process.exit(0);
}, WATCH_MS).unref();
