/**
 * SHA-256 of bytes that come piece by piece (FIPS 180-4). Browsers' own crypto wants all of a file at once, which a
 * checkpoint of gigabytes cannot be.
 */
export class Sha256 {
  readonly #state = INITIAL.slice();
  readonly #block = new Uint8Array(64);
  readonly #words = new Uint32Array(64);
  #length = 0;

  update(bytes: Uint8Array): this {
    let done = 0;
    const filled = this.#length % 64;
    this.#length += bytes.length;
    if (filled > 0) {
      done = Math.min(64 - filled, bytes.length);
      this.#block.set(bytes.subarray(0, done), filled);
      if (filled + done < 64) return this;
      this.#compress(this.#block, 0);
    }
    for (; done + 64 <= bytes.length; done += 64) this.#compress(bytes, done);
    this.#block.set(bytes.subarray(done));
    return this;
  }

  /** The digest; nothing can be added after it. */
  hex(): string {
    const bits = BigInt(this.#length) * 8n;
    const padding = new Uint8Array(72 - ((this.#length + 8) % 64)); // 0x80, zeros, and the count of bits end a block
    padding[0] = 0x80;
    new DataView(padding.buffer).setBigUint64(padding.length - 8, bits);
    this.update(padding);
    return Array.from(this.#state, (word) => word.toString(16).padStart(8, "0")).join("");
  }

  #compress(bytes: Uint8Array, at: number): void {
    const w = this.#words;
    for (let i = 0; i < 16; i++, at += 4)
      w[i] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15];
      const y = w[i - 2];
      const s0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3);
      const s1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10);
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    let [a, b, c, d, e, f, g, h] = this.#state;
    for (let i = 0; i < 64; i++) {
      const choice = (e & f) ^ (~e & g);
      const majority = (a & b) ^ (a & c) ^ (b & c);
      const t1 = (h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + choice + ROUND[i] + w[i]) | 0;
      const t2 = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + majority) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    const s = this.#state;
    [a, b, c, d, e, f, g, h].forEach((word, i) => {
      s[i] += word;
    });
  }
}

const rotate = (x: number, by: number): number => (x >>> by) | (x << (32 - by));

/** The first 32 bits of the fractions of the roots of the first primes: cube roots for rounds, square roots to begin. */
const PRIMES = firstPrimes(64);
const fraction = (root: number): number => Math.floor((root % 1) * 2 ** 32);
const ROUND = Uint32Array.from(PRIMES, (prime) => fraction(Math.cbrt(prime)));
const INITIAL = Uint32Array.from(PRIMES.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));

function firstPrimes(count: number): number[] {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  return primes;
}
