import * as t from "../../../tensor/index.ts";
import type { Op } from "../case.ts";
import { type Attributes, op } from "./arguments.ts";

type Tensor = t.Tensor;

const NEVER = Number.NEGATIVE_INFINITY;

/** [b, h, s, d] of what may be [b, s, h · d]. */
const heads = (x: Tensor, count: number) => (x.rank === 4 ? x : t.rearrange(x, "b s (h d) -> b h s d", { h: count }));

/** Each head of keys for all the heads of queries that share it. */
const shared = (x: Tensor, times: number) => (times === 1 ? x : t.repeat(x, "b h s d -> b (h r) s d", { r: times }));

/** What is added to the scores [b, h, i, j]: 0 where a query may look, else -infinity, or what the mask says. */
function biasOf(inputs: Tensor[], attributes: Attributes, queries: number, keys: number): Tensor {
  const [, , , mask, past, , lengths] = inputs;
  let bias = t.zeros([queries, keys]);
  if (mask) {
    const wide = t.padAlong(mask, -1, 0, keys - mask.shape[mask.rank - 1], mask.dtype === "bool" ? 0 : NEVER);
    bias = wide.dtype === "bool" ? t.where(wide, bias, NEVER) : bias.add(wide);
  }
  const places = t.arange(0, keys);
  // how many keys stand before the first query: in each row of the batch, or in all
  const before = lengths && !past ? t.reshape(lengths, [-1, 1, 1, 1]).sub(queries) : (past?.shape[2] ?? 0);
  const at = t.unsqueeze(t.arange(0, queries), 1).add(before); // [(b, 1,) i, 1]
  const hide = (hidden: Tensor) => {
    bias = t.where(hidden, NEVER, bias);
  };
  if (attributes.flag("is_causal")) hide(places.gt(at));
  const [left, right] = [attributes.number("left_window_size", -1), attributes.number("right_window_size", -1)];
  if (left >= 0) hide(places.lt(at.sub(left)));
  if (right >= 0) hide(places.gt(at.add(right)));
  if (lengths) hide(places.ge(t.reshape(lengths, [-1, 1, 1, 1])));
  return bias;
}

function attention(inputs: Tensor[], attributes: Attributes): Tensor[] {
  const [query, key, value, , pastKey, pastValue] = inputs;
  const q = heads(query, attributes.number("q_num_heads", 1));
  const [newKeys, newValues] = [key, value].map((x) => heads(x, attributes.number("kv_num_heads", 1)));
  const k = pastKey ? t.concat([pastKey, newKeys], 2) : newKeys;
  const v = pastValue ? t.concat([pastValue, newValues], 2) : newValues;
  const times = q.shape[1] / k.shape[1];
  const scale = attributes.number("scale", 1 / Math.sqrt(q.shape[3]));
  const raw = t.matmul(q, t.transpose(shared(k, times), -2, -1)).mul(scale); // [b, h, i, j]
  const cap = attributes.number("softcap", 0);
  const capped = cap > 0 ? raw.div(cap).tanh().mul(cap) : raw;
  const masked = capped.add(biasOf(inputs, attributes, q.shape[2], k.shape[2]));
  const probabilities = t.safeSoftmax(masked, -1);
  const y = t.matmul(probabilities, shared(v, times));
  const shown = [raw, capped, masked, probabilities][attributes.number("qk_matmul_output_mode", 0)];
  return [query.rank === 3 ? t.rearrange(y, "b h s d -> b s (h d)") : y, k, v, shown];
}

export const ATTENTION: Record<string, Op> = { Attention: op(attention) };
