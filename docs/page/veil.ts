/**
 * Darken the picture where the model did not look.
 * @param map shares of a square grid, row by row; only their proportions count
 */
export function drawVeil(canvas: HTMLCanvasElement, map: readonly number[]): void {
  const cells = Math.sqrt(map.length);
  const most = Math.max(...map) || 1;
  const pixels = new ImageData(cells, cells);
  for (const [i, share] of map.entries()) pixels.data[4 * i + 3] = Math.round(225 * (1 - share / most));
  canvas.width = canvas.height = cells; // the style sheet stretches it, and browsers smooth it
  canvas.getContext("2d")!.putImageData(pixels, 0, 0);
  canvas.hidden = false;
}
