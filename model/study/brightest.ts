/** The patch that counts most in a map of a square grid, row by row; its row and column are counted from 1. */
export function brightest(map: ArrayLike<number>): { row: number; column: number } {
  const values = Array.from(map);
  const at = values.indexOf(Math.max(...values));
  const side = Math.sqrt(values.length);
  return { row: Math.floor(at / side) + 1, column: (at % side) + 1 };
}
