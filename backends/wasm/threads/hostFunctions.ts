/**
 * What kernels call for single numbers, as C has it: JavaScript's 1 ** NaN is NaN, and its % has the dividend's sign.
 * And `thread`: the number of the thread that runs the kernel, 0 for the one that posts tasks, for scratch of its own.
 * Like `workerMain` it goes to workers as text, so it knows nothing but its own body.
 */
export function hostFunctions(thread: number) {
  return {
    thread: () => thread,
    pow: (a: number, b: number) => (a === 1 || (a === -1 && Math.abs(b) === 1 / 0) ? 1 : a ** b), // as C99
    wholePow(a: number, b: number) {
      if (b < 0) return a === 1 || a === -1 ? a ** (b & 1) : 0;
      let result = 1;
      for (let [square, rest] = [a, b]; rest > 0; rest >>= 1) {
        if (rest & 1) result = Math.imul(result, square);
        square = Math.imul(square, square);
      }
      return result;
    },
    remainder(a: number, b: number) {
      const rest = a % b;
      return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
    },
    sin: Math.sin,
    cos: Math.cos,
  };
}
