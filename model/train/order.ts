import { InfimmError } from "../../core/errors.ts";
import { fnv1a, mulberry32 } from "../../core/random.ts";

const ROUNDS = 4;

/**
 * The order of `length` records in epoch `epoch`: a pseudo-random permutation that is evaluated at any position, so that
 * a place in it is one number. It is a Feistel network of four rounds on the bits that `length - 1` needs: a position's
 * upper half (the smaller one, of an odd number of bits) and its lower half change places each round, the upper xor
 * `mulberry32(fnv1a("order <seed> <epoch> <round>"), lower half)`, of which as many low bits are taken as it has.
 * What falls outside of the records is sent through again.
 *
 * @returns position -> index, both from 0 to `length - 1`
 */
export function epochOrder(length: number, seed: number | string, epoch: number): (position: number) => number {
  if (!Number.isSafeInteger(length) || length < 1 || length > 2 ** 52) {
    throw new InfimmError(`order: expected a whole number of records, 1 or more, got ${length}`);
  }
  const keys = Array.from({ length: ROUNDS }, (_, round) => fnv1a(`order ${seed} ${epoch} ${round}`));
  let bits = 0;
  while (2 ** bits < length) bits++;
  const upper = 2 ** Math.floor(bits / 2);
  const lower = 2 ** Math.ceil(bits / 2);
  const network = (value: number): number => {
    let [high, low, highSize, lowSize] = [Math.floor(value / lower), value % lower, upper, lower];
    for (const key of keys) {
      const mixed = (high ^ (mulberry32(key, low) % highSize)) >>> 0;
      [high, low, highSize, lowSize] = [low, mixed, lowSize, highSize];
    }
    return high * lowSize + low;
  };
  return (position) => {
    if (!(Number.isInteger(position) && position >= 0 && position < length)) {
      throw new InfimmError(`order: there is no position ${position} among ${length} records`);
    }
    let value = network(position);
    while (value >= length) value = network(value);
    return value;
  };
}
