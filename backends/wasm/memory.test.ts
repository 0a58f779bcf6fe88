import { afterEach, expect, test, vi } from "vitest";
import { Memory } from "./memory.ts";
import { TUNED } from "./tuning.ts";

const memory = () => new Memory(TUNED.arenaBytes, () => {});

afterEach(() => vi.restoreAllMocks());

test("what does not fit says what to do: a tensor, a kernel's scratch, and more than the system gives", () => {
  const own = memory();
  expect(() => own.alloc(4 * 2 ** 30)).toThrow("a tensor of 4294967296 bytes does not fit a memory of 4 GiB; split it, or use cpu"); // biome-ignore format: one line
  const { arena } = own.alloc(100);
  expect(() => own.allocIn(arena, 4 * 2 ** 30)).toThrow(/a kernel needs 4294967296 bytes beside its operands.*4 GiB.*fewer samples at once/); // biome-ignore format: one line
  vi.spyOn(WebAssembly.Memory.prototype, "grow").mockImplementation(() => {
    throw new RangeError("no");
  });
  expect(() => memory().alloc(2 ** 26)).toThrow(/the system refuses 67108864 bytes more; dispose of tensors.*"q8"/);
});
