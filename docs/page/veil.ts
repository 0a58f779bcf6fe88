/**
 * Darken the picture where it does not count.
 * @param map how much each cell of a square grid counts, row by row; below 0 as 0
 * @param least what is bright at least; default: only proportions count
 */
export function drawVeil(canvas: HTMLCanvasElement, map: ArrayLike<number>, least = 0): void {
  const cells = Math.sqrt(map.length);
  const shares = Array.from(map, (share) => Math.max(0, share));
  const most = Math.max(least, ...shares) || 1;
  const pixels = new ImageData(cells, cells);
  for (const [i, share] of shares.entries()) pixels.data[4 * i + 3] = Math.round(225 * (1 - share / most));
  canvas.width = canvas.height = cells; // the style sheet stretches it, and browsers smooth it
  canvas.getContext("2d")!.putImageData(pixels, 0, 0);
  canvas.hidden = false;
}
