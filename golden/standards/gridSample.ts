import * as t from "../../tensor/index.ts";

type Tensor = t.Tensor;

export interface GridSampling {
  readonly mode: "linear" | "nearest" | "cubic";
  readonly padding: "zeros" | "border" | "reflection";
  readonly corners: boolean;
}

/** A neighbour of a coordinate along one dim: how far it is, and what it counts. */
interface Tap {
  readonly at: Tensor;
  readonly weight: Tensor;
}

const near = t.elementwise("tableCubicNear(x, a) = ((a + 2) * x - (a + 3)) * x * x + 1");
const far = t.elementwise("tableCubicFar(x, a) = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a");

function tapsOf(x: Tensor, mode: GridSampling["mode"]): Tap[] {
  if (mode === "nearest") {
    const at = t.round(x);
    return [{ at, weight: t.onesLike(at) }];
  }
  const low = t.floor(x);
  const rest = x.sub(low);
  if (mode === "linear") return [{ at: low, weight: t.sub(1, rest) }, { at: low.add(1), weight: rest }]; // biome-ignore format: one line
  const a = -0.75;
  return [
    { at: low.sub(1), weight: far(rest.add(1), a) },
    { at: low, weight: near(rest, a) },
    { at: low.add(1), weight: near(t.sub(1, rest), a) },
    { at: low.add(2), weight: far(t.sub(2, rest), a) },
  ];
}

/** A tap inside of the picture: moved there, or counting nothing. */
function held({ at, weight }: Tap, size: number, { padding, corners }: GridSampling): Tap {
  const inside = t.clamp(at, 0, size - 1);
  if (padding === "border") return { at: inside, weight };
  if (padding === "zeros") return { at: inside, weight: t.where(at.eq(inside), weight, 0) };
  if (corners && size === 1) return { at: inside, weight };
  const period = corners ? 2 * (size - 1) : 2 * size;
  const turn = t.remainder(at, period);
  return { at: t.where(turn.ge(size), t.sub(corners ? period : period - 1, turn), turn), weight };
}

/**
 * x at the places that a grid names, from -1 to 1, as torch.nn.functional.grid_sample.
 * @param x [n, c, …], any number of spatial dims
 * @param grid [n, …, dims], the last dim's coordinate first
 */
export function gridSample(x: Tensor, grid: Tensor, options: GridSampling): Tensor {
  const [n, channels, ...sizes] = x.shape;
  const places = grid.shape.slice(1, -1);
  const count = places.reduce((a, b) => a * b, 1);
  let parts: Tap[] = [{ at: t.zeros([n, count]), weight: t.ones([n, count]) }];
  sizes.forEach((size, i) => {
    const g = t.reshape(t.select(grid, -1, sizes.length - 1 - i), [n, count]);
    const at = options.corners ? g.add(1).mul((size - 1) / 2) : g.add(1).mul(size).sub(1).div(2);
    const taps = tapsOf(at, options.mode).map((tap) => held(tap, size, options));
    parts = parts.flatMap((part) =>
      taps.map((tap) => ({ at: part.at.mul(size).add(tap.at), weight: part.weight.mul(tap.weight) })),
    );
  });
  const flat = t.reshape(x, [n, channels, -1]);
  const taken = parts.map(({ at, weight }) => {
    const index = t.expand(t.unsqueeze(at.to("i32"), 1), [n, channels, count]);
    return t.gather(flat, 2, index).mul(t.unsqueeze(weight, 1));
  });
  return t.reshape(taken.reduce((a, b) => a.add(b)), [n, channels, ...places]); // biome-ignore format: one line
}
