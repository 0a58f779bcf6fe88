import * as t from "../../../tensor/index.ts";
import { type Argument, type Dtype, numbersOf, type Op } from "../case.ts";
import { dtypeOf } from "../caseFile.ts";
import * as c from "../composed.ts";
import { axisOf, type Call, missing, op, range } from "./arguments.ts";

type Tensor = t.Tensor;
type Like = t.TensorLike;

const listOf = (value: Argument) => value as Tensor[];
const flat = (x: Tensor) => t.reshape(x, [x.size]);
const atLeast = (x: Tensor, rank: number): Tensor => {
  if (rank <= x.rank) return x;
  if (x.rank === 0) return t.reshape(x, Array(rank).fill(1));
  if (rank === 2) return t.unsqueeze(x, 0);
  return x.rank === 1 ? t.reshape(x, [1, x.size, 1]) : t.unsqueeze(x, 2);
};
const each = (rank: number): Op => op((x) => (Array.isArray(x) ? listOf(x).map((y) => atLeast(y, rank)) : atLeast(x, rank))); // biome-ignore format: one line
const joined = (rank: number, dim: number): Op =>
  op((all) => {
    const parts = listOf(all as unknown as Argument).map((x) => atLeast(x, rank));
    return t.concat(parts, dim === 1 && parts[0].rank === 1 ? 0 : dim);
  });

/** i - j along the last two dims: 0 on the diagonal. */
const offsets = (rows: number, columns: number) => t.arange(0, columns).sub(t.unsqueeze(t.arange(0, rows), 1));

function triangle(x: Tensor, diagonal: number, upper: boolean): Tensor {
  const off = offsets(x.shape[x.rank - 2], x.shape[x.rank - 1]);
  return t.where(upper ? off.ge(diagonal) : off.le(diagonal), x, t.zerosLike(x));
}

function diagonal(x: Tensor, offset: number, dim1: number, dim2: number): Tensor {
  const [a, b] = [axisOf(x, dim1), axisOf(x, dim2)];
  const others = range(x.rank).filter((d) => d !== a && d !== b);
  const y = t.permute(x, [...others, a, b]);
  const [rows, columns] = y.shape.slice(-2);
  const count = Math.max(0, Math.min(rows + Math.min(0, offset), columns - Math.max(0, offset)));
  const places = range(count).map((i) => (i - Math.min(0, offset)) * columns + i + Math.max(0, offset));
  return c.pick(t.flatten(y, -2, -1), y.rank - 2, places);
}

/** The last dim on a diagonal of a square, zeros elsewhere. */
function diagEmbed(x: Tensor, offset: number, dim1 = -2, dim2 = -1): Tensor {
  const n = x.shape[x.rank - 1] + Math.abs(offset);
  const wide = t.padAlong(x, -1, Math.max(0, -offset), Math.max(0, offset)); // by row
  const rows = offset >= 0 ? t.padAlong(x, -1, 0, offset) : wide;
  const square = t.where(offsets(n, n).eq(offset), t.unsqueeze(rows, -1), t.zeros([], x.dtype));
  const rank = square.rank;
  const [a, b] = [dim1 < 0 ? dim1 + rank : dim1, dim2 < 0 ? dim2 + rank : dim2];
  const order = range(rank - 2);
  const home: number[] = [];
  for (const d of range(rank)) home.push(d === a ? rank - 2 : d === b ? rank - 1 : order.shift()!);
  return t.permute(square, home);
}

function roll(x: Tensor, shifts: number[], dims: number[]): Tensor {
  if (dims.length === 0) return t.reshape(roll(flat(x), shifts, [0]), x.shape);
  return dims.reduce((y, dim, i) => {
    const size = y.shape[axisOf(y, dim)];
    if (size === 0) return y;
    const by = ((shifts[i] % size) + size) % size;
    return t.concat([t.slice(y, dim, size - by), t.slice(y, dim, 0, size - by)], dim);
  }, x);
}

function movedim(x: Tensor, from: number[], to: number[]): Tensor {
  const [source, target] = [from.map((d) => axisOf(x, d)), to.map((d) => axisOf(x, d))];
  const rest = range(x.rank).filter((d) => !source.includes(d));
  return t.permute(
    x,
    range(x.rank).map((d) => (target.includes(d) ? source[target.indexOf(d)] : rest.shift()!)),
  );
}

function split(x: Tensor, sections: Argument, dim: number): Tensor[] {
  const axis = axisOf(x, dim);
  const size = x.shape[axis];
  if (typeof sections === "number" || (sections as Tensor).rank === 0) {
    const [count] = numbersOf(sections);
    const [whole, more] = [Math.floor(size / count), size % count];
    return t.split(x, range(count).map((i) => whole + Number(i < more)), axis); // biome-ignore format: one line
  }
  const bounds = [0, ...numbersOf(sections), Number.MAX_SAFE_INTEGER];
  return range(bounds.length - 1).map((i) => t.slice(x, axis, bounds[i], Math.max(bounds[i], bounds[i + 1])));
}

function meshgrid(tensors: Tensor[], call: Call): Tensor[] {
  const swap = call.text(9, "indexing", "ij") === "xy" && tensors.length > 1;
  const order = swap ? [tensors[1], tensors[0], ...tensors.slice(2)] : tensors;
  const shape = order.map((x) => x.size);
  const grids = order.map((x, i) => t.expand(t.reshape(x, shape.map((_, d) => (d === i ? x.size : 1))), shape)); // biome-ignore format: one line
  const back = swap ? [grids[1], grids[0], ...grids.slice(2)] : grids;
  return back;
}

/** Padding from the last dim backwards, as torch.nn.functional.pad's list. */
function padded(x: Tensor, amounts: number[], mode: string, value: number): Tensor {
  return range(amounts.length / 2).reduce((y, i) => {
    const dim = y.rank - 1 - i;
    const [before, after] = [amounts[2 * i], amounts[2 * i + 1]];
    if (mode === "constant") {
      const cut = t.slice(y, dim, Math.max(0, -before), y.shape[dim] - Math.max(0, -after));
      return t.padAlong(cut, dim, Math.max(0, before), Math.max(0, after), value);
    }
    return c.pick(y, dim, places(y.shape[dim], before, after, mode));
  }, x);
}

function places(size: number, before: number, after: number, mode: string): number[] {
  return range(before + size + after).map((n) => {
    const at = n - before;
    if (mode === "replicate") return Math.min(size - 1, Math.max(0, at));
    if (mode === "circular") return ((at % size) + size) % size;
    const period = Math.max(1, 2 * (size - 1));
    const turn = ((at % period) + period) % period;
    return turn < size ? turn : period - turn;
  });
}

const pad: Op = op((x, call) =>
  padded(x, numbersOf(call.list[1]), call.text(2, "mode", "constant"), call.number(3, "value", 0)),
);

/** x's shape with a new size at `dim`, and places in it: indexAdd and its kin along one dim. */
function alongDim(x: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
  return t.expand(c.perChannel(index, x.rank, axisOf(x, dim)), source.shape);
}

function indexFill(x: Tensor, call: Call): Tensor {
  const dim = axisOf(x, call.number(1, "dim", 0));
  const index = call.tensor(2, "index");
  const hit = new Set(numbersOf(index).map((i) => (i < 0 ? i + x.shape[dim] : i)));
  const flags = t.tensor(range(x.shape[dim]).map((i) => hit.has(i)), "bool"); // biome-ignore format: one line
  return t.where(c.perChannel(flags, x.rank, dim), call.list[3] as Like, x).to(x.dtype);
}

function scatter(x: Tensor, call: Call): Tensor {
  const [dim, index, source] = [axisOf(x, call.number(1, "dim", 0)), call.tensor(2, "index"), call.list[3]];
  const reduce = call.text(9, "reduce", "none");
  const values = typeof source === "object" ? fitted(source as Tensor, index) : t.full(index.shape, Number(source), x.dtype); // biome-ignore format: one line
  if (reduce === "add") return t.scatterAdd(x, dim, index, values);
  if (reduce !== "none" || x.dtype === "bool") return missing(`scatter of ${x.dtype}, ${reduce}`);
  return t.scatterAdd(x, dim, index, values.sub(t.gather(x, dim, index)));
}

/** The part of a larger source that an index of smaller shape takes. */
const fitted = (source: Tensor, index: Tensor) =>
  index.shape.reduce((y, size, d) => (y.shape[d] === size ? y : t.slice(y, d, 0, size)), source);

/** The elements that a mask picks. */
function picked(x: Tensor, mask: Tensor): Tensor {
  const { shape } = t.add(x.to("f32"), mask.to("f32"));
  const flags = t.expand(mask, shape).dataSync();
  const found = Array.from(flags).flatMap((flag, i) => (flag ? [i] : []));
  return c.pick(flat(t.expand(x, shape)), 0, found);
}

const created = (fill: (call: Call) => number, shapeOf: (x: Argument, call: Call) => number[]): Op =>
  op((x, call) => {
    const wanted = call.named.dtype as Dtype | undefined;
    const like = (x as unknown as Argument) instanceof t.Tensor ? x.dtype : "f32";
    return t.full(shapeOf(x as unknown as Argument, call), fill(call), wanted ? dtypeOf(wanted.dtype) : like);
  });
const same = (x: Argument) => (x as Tensor).shape as number[];

const CREATION: Record<string, Op> = {
  arange: op((_, call) => {
    const given = call.list.map(Number);
    const [from, to, step = 1] = given.length === 1 ? [0, given[0]] : given;
    const count = Math.max(0, Math.ceil((to - from) / step));
    return call.dtype(t.tensor(range(count).map((i) => from + i * step), "f32")); // biome-ignore format: one line
  }),
  eye: op((_, call) => {
    const rows = call.number(0, "n", 1);
    return call.dtype(
      offsets(rows, call.number(1, "m", rows))
        .eq(0)
        .to("f32"),
    );
  }),
  fill: created((call) => call.number(1, "value", 0), same),
  full: created((call) => call.number(1, "fill_value", 0), numbersOf),
  full_like: created((call) => call.number(1, "fill_value", 0), same),
  linspace: op((_, call) => {
    const [from, to, n] = call.list.slice(0, 3).map((v) => numbersOf(v)[0]);
    const step = n > 1 ? (to - from) / (n - 1) : 0;
    const values = range(n).map((i) => (i < n / 2 ? from + i * step : to - (n - 1 - i) * step));
    return call.dtype(t.tensor(values, "f32"));
  }),
  ones: created(() => 1, numbersOf),
  ones_like: created(() => 1, same),
  scalar_tensor: op((_, call) => call.dtype(t.tensor(Number(call.list[0]), "f32"))),
  zero_: created(() => 0, same),
  zeros: created(() => 0, numbersOf),
  zeros_like: created(() => 0, same),
};
CREATION["linspace.tensor_overload"] = CREATION.linspace;

const CASTS: Record<string, Op> = {
  bool: op((x) => x.to("bool")),
  clone: op((x) => x.add(0).to(x.dtype)),
  contiguous: op((x) => x.contiguous()),
  float: op((x) => x.to("f32")),
  int: op((x) => x.to("i32")),
  item: op(async (x) => await x.item()),
  long: op((x) => x.to("i32")),
};

const VIEWS: Record<string, Op> = {
  H: op((x) => t.transpose(x, 0, 1)),
  T: op((x) => t.permute(x, range(x.rank).reverse())),
  atleast_1d: each(1),
  atleast_2d: each(2),
  atleast_3d: each(3),
  broadcast_tensors: op((_, call) => {
    const all = call.list as Tensor[];
    const { shape } = all.map((x) => x.to("f32")).reduce((a, b) => a.add(b));
    return all.map((x) => t.expand(x, shape));
  }),
  broadcast_to: op((x, call) => t.expand(x, numbersOf(call.list[1]))),
  diagonal: op((x, call) => diagonal(x, call.number(1, "offset", 0), call.number(2, "dim1", 0), call.number(3, "dim2", 1))), // biome-ignore format: one line
  expand: op((x, call) => t.expand(x, numbersOf(call.list[1]))),
  expand_as: op((x, call) => t.expand(x, call.tensor(1).shape)),
  flatten: op((x, call) => t.flatten(x, call.number(1, "start_dim", 0), call.number(2, "end_dim", -1))),
  mH: op((x) => t.transpose(x, -2, -1)),
  mT: op((x) => t.transpose(x, -2, -1)),
  movedim: op((x, call) => movedim(x, numbersOf(call.list[1]), numbersOf(call.list[2]))),
  narrow: op((x, call) => {
    const [start] = numbersOf(call.list[2]);
    const from = start < 0 ? start + x.shape[axisOf(x, call.number(1, "dim", 0))] : start;
    return t.slice(x, call.number(1, "dim", 0), from, from + call.number(3, "length", 0));
  }),
  permute: op((x, call) => t.permute(x, numbersOf(call.list[1]))),
  ravel: op(flat),
  reshape: op((x, call) => t.reshape(x, numbersOf(call.list[1]))),
  reshape_as: op((x, call) => t.reshape(x, call.tensor(1).shape)),
  select: op((x, call) => t.select(x, call.number(1, "dim", 0), call.number(2, "index", 0))),
  slice: op((x, call) => t.slice(x, call.number(1, "dim", 0), call.number(2, "start", 0))),
  squeeze: op((x, call) => {
    if (call.list.length > 1) return t.squeeze(x, call.number(1, "dim", 0));
    return t.reshape(x, x.shape.filter((size) => size !== 1)); // biome-ignore format: one line
  }),
  "squeeze.multiple": op((x, call) => {
    const dims = numbersOf(call.list[1]).map((d) => axisOf(x, d));
    return t.reshape(x, x.shape.filter((size, d) => size !== 1 || !dims.includes(d))); // biome-ignore format: one line
  }),
  t: op((x) => (x.rank < 2 ? x : t.transpose(x, 0, 1))),
  transpose: op((x, call) => t.transpose(x, call.number(1, "dim0", 0), call.number(2, "dim1", 0))),
  unflatten: op((x, call) => {
    const dim = axisOf(x, call.number(1, "dim", 0));
    const sizes = numbersOf(call.list[2]);
    const known = sizes.filter((s) => s !== -1).reduce((a, b) => a * b, 1);
    const filled = sizes.map((s) => (s === -1 ? x.shape[dim] / known : s));
    return t.reshape(x, [...x.shape.slice(0, dim), ...filled, ...x.shape.slice(dim + 1)]);
  }),
  unfold: op((x, call) => t.unfold(x, call.number(1, "", 0), call.number(2, "", 1), call.number(3, "", 1))),
  unsqueeze: op((x, call) => t.unsqueeze(x, call.number(1, "dim", 0))),
};
VIEWS.view = VIEWS.reshape;
VIEWS.view_as = VIEWS.reshape_as;

const PARTS: Record<string, Op> = {
  chunk: op((x, call) => t.chunk(x, call.number(1, "chunks", 1), call.number(2, "dim", 0))),
  dsplit: op((x, call) => split(x, call.list[1], 2)),
  hsplit: op((x, call) => split(x, call.list[1], x.rank === 1 ? 0 : 1)),
  split: op((x, call) => t.split(x, call.number(1, "", 1), call.number(2, "dim", 0))),
  "split.list_args": op((x, call) => t.split(x, numbersOf(call.list[1]), call.number(2, "dim", 0))),
  tensor_split: op((x, call) => split(x, call.list[1], call.number(2, "dim", 0))),
  unbind: op((x, call) => {
    const dim = call.number(1, "dim", 0);
    return range(x.shape[axisOf(x, dim)]).map((i) => t.select(x, dim, i));
  }),
  vsplit: op((x, call) => split(x, call.list[1], 0)),
};
PARTS.split_with_sizes = PARTS["split.list_args"];

const JOINS: Record<string, Op> = {
  block_diag: op((_, call) => {
    const blocks = (call.list as Tensor[]).map((x) => (x.rank < 2 ? t.reshape(x, [1, x.size]) : x));
    const width = blocks.reduce((sum, b) => sum + b.shape[1], 0);
    let at = 0;
    const rows = blocks.map((b) => t.padAlong(b, 1, at, width - (at += b.shape[1])));
    return t.concat(rows, 0);
  }),
  cartesian_prod: op((x, call) => {
    const all = call.list as Tensor[];
    if (all.length === 1) return x;
    return t.stack(meshgrid(all, call).map(flat), 1);
  }),
  cat: op((all, call) => t.concat(listOf(all as unknown as Argument), call.number(1, "dim", 0))),
  column_stack: op((all) => t.concat(listOf(all as unknown as Argument).map((x) => (x.rank < 2 ? t.reshape(x, [x.size, 1]) : x)), 1)), // biome-ignore format: one line
  dstack: joined(3, 2),
  hstack: joined(1, 1),
  "meshgrid.list_of_tensors": op((all, call) => meshgrid(listOf(all as unknown as Argument), call)),
  "meshgrid.variadic_tensors": op((_, call) => meshgrid(call.list as Tensor[], call)),
  stack: op((all, call) => t.stack(listOf(all as unknown as Argument), call.number(1, "dim", 0))),
  vstack: joined(2, 0),
};

const PADDING: Record<string, Op> = {
  constant_pad_nd: op((x, call) => padded(x, numbersOf(call.list[1]), "constant", call.number(2, "value", 0))),
  "nn.functional.pad.circular": pad,
  "nn.functional.pad.constant": pad,
  "nn.functional.pad.reflect": pad,
  "nn.functional.pad.replicate": pad,
  "nn.functional.pad.replicate_negative": pad,
};

const MOVES: Record<string, Op> = {
  diag: op((x, call) => {
    const offset = call.number(1, "diagonal", 0);
    return x.rank === 1 ? diagEmbed(x, offset) : diagonal(x, offset, 0, 1);
  }),
  diag_embed: op((x, call) => diagEmbed(x, call.number(1, "offset", 0), call.number(2, "dim1", -2), call.number(3, "dim2", -1))), // biome-ignore format: one line
  diagflat: op((x, call) => diagEmbed(flat(x), call.number(1, "offset", 0))),
  flip: op((x, call) => (call.dims(1, "dims") ?? []).reduce((y, dim) => t.flip(y, dim), x)),
  fliplr: op((x) => t.flip(x, 1)),
  flipud: op((x) => t.flip(x, 0)),
  repeat: op((x, call) => c.tile(x, numbersOf(call.list[1]))),
  repeat_interleave: op((x, call) => {
    const repeats = numbersOf(call.at(1, "repeats"));
    const dim = call.dims(2);
    const y = dim ? x : flat(x);
    const axis = dim ? axisOf(x, dim[0]) : 0;
    const times = (i: number) => repeats[repeats.length === 1 ? 0 : i];
    return c.pick(y, axis, range(y.shape[axis]).flatMap((i) => Array(times(i)).fill(i))); // biome-ignore format: one line
  }),
  roll: op((x, call) => roll(x, numbersOf(call.list[1]), call.dims(2, "dims") ?? [])),
  rot90: op((x, call) => {
    const [a, b] = call.dims(2, "dims") ?? [0, 1];
    const turns = ((call.number(1, "k", 1) % 4) + 4) % 4;
    return range(turns).reduce((y) => t.flip(t.transpose(y, a, b), a), x);
  }),
  tile: op((x, call) => {
    const counts = numbersOf(call.list[1]);
    return c.tile(x, [...Array(Math.max(0, x.rank - counts.length)).fill(1), ...counts]);
  }),
  tril: op((x, call) => triangle(x, call.number(1, "diagonal", 0), false)),
  triu: op((x, call) => triangle(x, call.number(1, "diagonal", 0), true)),
  "nn.functional.channel_shuffle": op((x, call) => {
    const groups = call.number(1, "groups", 1);
    const apart = t.reshape(x, [x.shape[0], groups, x.shape[1] / groups, ...x.shape.slice(2)]);
    return t.reshape(t.transpose(apart, 1, 2), x.shape);
  }),
  "nn.functional.pixel_shuffle": op((x, call) => {
    const r = call.number(1, "upscale_factor", 1);
    return t.rearrange(x, "... (c p q) h w -> ... c (h p) (w q)", { p: r, q: r });
  }),
  "nn.functional.pixel_unshuffle": op((x, call) => {
    const r = call.number(1, "downscale_factor", 1);
    return t.rearrange(x, "... c (h p) (w q) -> ... (c p q) h w", { p: r, q: r });
  }),
};

const INDEXING: Record<string, Op> = {
  gather: op((x, call) => t.gather(x, call.number(1, "dim", 0), call.tensor(2))),
  index_add: op((x, call) => {
    const [dim, index, source] = [call.number(1, "dim", 0), call.tensor(2), call.tensor(3)];
    const scaled = source.mul(call.number(4, "alpha", 1)).to(source.dtype);
    return t.scatterAdd(x, dim, alongDim(x, dim, index, scaled), scaled);
  }),
  index_fill: op(indexFill),
  index_select: op((x, call) => t.indexSelect(x, call.number(1, "dim", 0), call.tensor(2))),
  masked_fill: op((x, call) => t.where(call.tensor(1), call.list[2] as Like, x).to(x.dtype)),
  masked_select: op((x, call) => picked(x, call.tensor(1))),
  scatter: op(scatter),
  scatter_add: op((x, call) => t.scatterAdd(x, call.number(1, "dim", 0), call.tensor(2), fitted(call.tensor(3), call.tensor(2)))), // biome-ignore format: one line
  "scatter_reduce.sum": op((x, call) => {
    const [dim, index] = [call.number(1, "dim", 0), call.tensor(2)];
    if (!call.flag(5, "include_self", true)) return missing("scatter without what is there");
    return t.scatterAdd(x, dim, index, fitted(call.tensor(3), index));
  }),
  take: op((x, call) => {
    const index = call.tensor(1);
    const places = numbersOf(index).map((i) => (i < 0 ? i + x.size : i));
    return t.reshape(c.pick(flat(x), 0, places), index.shape);
  }),
  take_along_dim: op((x, call) => {
    const index = call.tensor(1);
    if (call.list.length < 3) return t.gather(flat(x), 0, flat(index));
    const dim = axisOf(x, call.number(2, "dim", 0));
    const shape = range(x.rank).map((d) => (d === dim ? index.shape[d] : Math.max(x.shape[d], index.shape[d])));
    const wide = t.expand(x, shape.map((size, d) => (d === dim ? x.shape[d] : size))); // biome-ignore format: one line
    return t.gather(wide, dim, t.expand(index, shape));
  }),
};

export const SHAPING: Record<string, Op> = {
  ...CREATION,
  ...CASTS,
  ...VIEWS,
  ...PARTS,
  ...JOINS,
  ...PADDING,
  ...MOVES,
  ...INDEXING,
};
