// The two checksums of S3 that Node does not have: CRC-32C (Castagnoli) and CRC-64/NVME, both
// reflected, begun and ended with all bits inverted. 64 bits are kept as two words of 32.

const CASTAGNOLI = 0x82f63b78;
const NVME_HIGH = 0x9a6c9329;
const NVME_LOW = 0xac4bc9b5;

const castagnoli = new Int32Array(256);
const nvmeHigh = new Int32Array(256);
const nvmeLow = new Int32Array(256);

for (let byte = 0; byte < 256; byte += 1) {
  let [word, high, low] = [byte, 0, byte];
  for (let bit = 0; bit < 8; bit += 1) {
    word = (word >>> 1) ^ (word & 1 ? CASTAGNOLI : 0);
    const odd = low & 1;
    low = (low >>> 1) | (high << 31);
    high >>>= 1;
    if (odd) {
      low ^= NVME_LOW;
      high ^= NVME_HIGH;
    }
  }
  castagnoli[byte] = word;
  nvmeHigh[byte] = high;
  nvmeLow[byte] = low;
}

/** CRC-32C of `bytes`, big-endian. */
export function crc32c(bytes: Uint8Array): Buffer {
  let crc = -1;
  for (let index = 0; index < bytes.length; index += 1) {
    crc = (crc >>> 8) ^ castagnoli[(crc ^ bytes[index]!) & 0xff]!;
  }
  return words(~crc);
}

/** CRC-64/NVME of `bytes`, big-endian. */
export function crc64nvme(bytes: Uint8Array): Buffer {
  let [high, low] = [-1, -1];
  for (let index = 0; index < bytes.length; index += 1) {
    const entry = (low ^ bytes[index]!) & 0xff;
    low = ((low >>> 8) | (high << 24)) ^ nvmeLow[entry]!;
    high = (high >>> 8) ^ nvmeHigh[entry]!;
  }
  return words(~high, ~low);
}

/** Words of 32 bits as bytes, big-endian. */
export function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, index * 4);
  return bytes;
}
