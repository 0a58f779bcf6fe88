const N = 624;
const M = 397;

/** MT19937 (Matsumoto and Nishimura, 1998), which NumPy's legacy generator, Python's `random` and torch's CPU share. */
export class Mt19937 {
  readonly #state = new Uint32Array(N);
  #next = N;

  private constructor() {}

  /** `init_genrand`: how `np.random.seed` and `torch.manual_seed` begin. */
  static bySeed(seed: number): Mt19937 {
    const made = new Mt19937();
    made.#seed(seed);
    return made;
  }

  /** `init_by_array`: how Python's `random.seed` begins, with the 32-bit words of the number, lowest first. */
  static byArray(key: readonly number[]): Mt19937 {
    const made = new Mt19937();
    made.#seed(19650218);
    const state = made.#state;
    let i = 1;
    const step = (factor: number, add: number, sign: 1 | -1) => {
      const before = state[i - 1];
      const mixed = state[i] ^ Math.imul(before ^ (before >>> 30), factor);
      state[i] = (sign === 1 ? mixed + add : mixed - add) >>> 0;
      if (++i < N) return;
      state[0] = state[N - 1];
      i = 1;
    };
    for (let k = 0, j = 0; k < Math.max(N, key.length); k++, j = (j + 1) % key.length) {
      step(1664525, (key[j] >>> 0) + j, 1);
    }
    for (let k = 0; k < N - 1; k++) step(1566083941, i, -1);
    state[0] = 0x80000000;
    return made;
  }

  #seed(seed: number): void {
    this.#state[0] = seed;
    for (let i = 1; i < N; i++) {
      const before = this.#state[i - 1];
      this.#state[i] = Math.imul(1812433253, before ^ (before >>> 30)) + i;
    }
  }

  /** 32 random bits, as a number from 0 to 2 ** 32 - 1. */
  next(): number {
    if (this.#next === N) this.#twist();
    let y = this.#state[this.#next++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  #twist(): void {
    const state = this.#state;
    for (let i = 0; i < N; i++) {
      const y = (state[i] & 0x80000000) | (state[(i + 1) % N] & 0x7fffffff);
      state[i] = state[(i + M) % N] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#next = 0;
  }
}
