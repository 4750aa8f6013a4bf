/** Zip archives, as NumPy's .npz files use them: written stored, read stored or deflated. */

/** The part of node:zlib used here. */
interface Zlib {
  inflateRawSync(bytes: Uint8Array): Uint8Array;
  gunzipSync(bytes: Uint8Array): Uint8Array;
}

/** node:zlib, loaded at first use: an import would cost every program its start-up time. */
export function zlib(): Zlib {
  const { process } = globalThis as unknown as {
    process: { getBuiltinModule(name: string): Zlib };
  };
  return process.getBuiltinModule("node:zlib");
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const STORED = 0;
const DEFLATED = 8;
/** 1980-01-01, the first day that a zip archive knows: equal contents give equal files. */
const DATE = 0x0021;

/**
 * An archive of these files, stored.
 *
 * @throws RangeError: beyond 4 GiB.
 */
export function zip(
  files: Readonly<Record<string, Uint8Array>>,
): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(files).map(([name, content]) => ({
    name: new TextEncoder().encode(name),
    content,
    crc: crc32(content),
  }));
  const size = entries.reduce(
    (sum, { name, content }) => sum + 76 + 2 * name.length + content.length,
    22,
  );
  if (size >= 2 ** 32) {
    throw new RangeError(
      `Cannot write a zip archive: ${size} bytes, at most 2^32 - 1`,
    );
  }
  const out = new Writer(size);
  const starts = entries.map(({ name, content, crc }) => {
    const start = out.at;
    out.words(LOCAL);
    out.halves(20, 0, STORED, 0, DATE);
    out.words(crc, content.length, content.length);
    out.halves(name.length, 0);
    out.bytes(name);
    out.bytes(content);
    return start;
  });
  const directory = out.at;
  entries.forEach(({ name, content, crc }, i) => {
    out.words(CENTRAL);
    out.halves(20, 20, 0, STORED, 0, DATE);
    out.words(crc, content.length, content.length);
    out.halves(name.length, 0, 0, 0, 0);
    out.words(0, starts[i]!);
    out.bytes(name);
  });
  const length = out.at - directory;
  out.words(END);
  out.halves(0, 0, entries.length, entries.length);
  out.words(length, directory);
  out.halves(0);
  return out.content;
}

/**
 * The files of an archive.
 *
 * @throws TypeError: it is no zip archive, or packed in another way.
 * @throws RangeError: it is damaged, or beyond 4 GiB.
 */
export function unzip(archive: Uint8Array): Record<string, Uint8Array> {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.length);
  const end = findEnd(view);
  const files: Record<string, Uint8Array> = {};
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    if (at + 46 > archive.length || view.getUint32(at, true) !== CENTRAL) {
      throw new RangeError(
        "Cannot read a zip archive: its directory is damaged",
      );
    }
    const half = (offset: number) => view.getUint16(at + offset, true);
    const word = (offset: number) => view.getUint32(at + offset, true);
    const method = half(10),
      crc = word(16),
      packed = word(20),
      local = word(42);
    const name = new TextDecoder().decode(
      archive.subarray(at + 46, at + 46 + half(28)),
    );
    if (packed === 0xffffffff || local === 0xffffffff) {
      throw new RangeError(
        `Cannot read a zip archive: ${name} is beyond 4 GiB`,
      );
    }
    if (local + 30 > archive.length || view.getUint32(local, true) !== LOCAL) {
      throw new RangeError(
        `Cannot read a zip archive: the header of ${name} is damaged`,
      );
    }
    const start = local + 30 + view.getUint16(local + 26, true) +
      view.getUint16(local + 28, true);
    const content = unpack(
      name,
      method,
      archive.subarray(start, start + packed),
    );
    if (crc32(content) !== crc) {
      throw new RangeError(`Cannot read a zip archive: ${name} is damaged`);
    }
    Object.defineProperty(files, name, { value: content, enumerable: true });
    at += 46 + half(28) + half(30) + half(32);
  }
  return files;
}

function unpack(name: string, method: number, packed: Uint8Array): Uint8Array {
  if (method === STORED) return packed;
  if (method !== DEFLATED) {
    throw new TypeError(
      `Cannot read a zip archive: ${name} is packed by method ${method}`,
    );
  }
  try {
    return zlib().inflateRawSync(packed);
  } catch {
    throw new RangeError(`Cannot read a zip archive: ${name} is damaged`);
  }
}

/** The record at the archive's end; a comment of up to 64 KiB may follow it. */
function findEnd(view: DataView): number {
  const first = Math.max(0, view.byteLength - 22 - 65535);
  for (let at = view.byteLength - 22; at >= first; at--) {
    if (view.getUint32(at, true) === END) return at;
  }
  throw new TypeError("Cannot read a zip archive: it has no directory");
}

/** Little-endian integers and bytes, one after the other. */
class Writer {
  at = 0;
  readonly content: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;

  constructor(size: number) {
    this.content = new Uint8Array(size);
    this.#view = new DataView(this.content.buffer);
  }

  halves(...values: readonly number[]): void {
    for (const value of values) {
      this.#view.setUint16(this.at, value, true);
      this.at += 2;
    }
  }

  words(...values: readonly number[]): void {
    for (const value of values) {
      this.#view.setUint32(this.at, value, true);
      this.at += 4;
    }
  }

  bytes(values: Uint8Array): void {
    this.content.set(values, this.at);
    this.at += values.length;
  }
}

let table: Uint32Array | undefined;

/** The checksum of zip archives: CRC-32 with the reflected polynomial 0xedb88320. */
function crc32(bytes: Uint8Array): number {
  table ??= Uint32Array.from({ length: 256 }, (_, n) => {
    for (let bit = 0; bit < 8; bit++) {
      n = n & 1 ? n >>> 1 ^ 0xedb88320 : n >>> 1;
    }
    return n;
  });
  let crc = -1;
  for (let i = 0; i < bytes.length; i++) {
    crc = crc >>> 8 ^ table[(crc ^ bytes[i]!) & 255]!;
  }
  return ~crc >>> 0;
}
