import type { DType } from "../../core/dtype.ts";
import { InfimmError } from "../../core/errors.ts";
import { type Lost, type Narrowing, quote } from "./weightFile.ts";

/** Which of `values` the narrower `stored` lost. `isInfinite` and `isZero` look at one stored element. */
export function narrowingOf<Stored extends ArrayLike<number>>(
  values: ArrayLike<number>,
  stored: Stored,
  to: DType,
  isInfinite: (element: number) => boolean,
  isZero: (element: number) => boolean,
): Narrowing | undefined {
  let [beyond, vanished]: (Lost | undefined)[] = [];
  const add = (lost: Lost | undefined, element: number): Lost => ({
    element: lost?.element ?? element,
    value: lost?.value ?? values[element],
    count: (lost?.count ?? 0) + 1,
  });
  for (let i = 0; i < values.length; i++) {
    if (isZero(stored[i])) {
      if (values[i] !== 0) vanished = add(vanished, i);
    } else if (isInfinite(stored[i]) && Number.isFinite(values[i])) beyond = add(beyond, i);
  }
  return beyond || vanished ? { to, beyond, vanished } : undefined;
}

const LARGEST: Partial<Record<DType, string>> = { f32: "3.4028e38", bf16: "3.3895e38", f16: "65504" };
const WAY_OUT: Partial<Record<DType, string>> = {
  f16: "use bf16, which has the range of f32",
  bf16: "use f32",
  f32: "we hold F64 as f32: clamp it before it is saved, in PyTorch t.clamp(-3.4e38, 3.4e38)",
};

/** @throws InfimmError for finite numbers that became infinite: an infinite weight would ruin every answer */
export function refuseBeyond(narrowing: Narrowing | undefined, name: string, file?: string): void {
  if (!narrowing?.beyond) return;
  const { to, beyond } = narrowing;
  const others = beyond.count > 1 ? ` (and ${beyond.count - 1} more)` : "";
  throw new InfimmError(
    `${file ? `${file}: ` : ""}tensor ${quote(name)}: element ${beyond.element} is ${beyond.value}${others}, ` +
      `and ${to} ends at ${LARGEST[to]}; ${WAY_OUT[to]}`,
  );
}
