import { nodeModule } from "../../core/nodeModule.ts";
import { ModuleBuilder } from "./assembler/module.ts";
import { i32 } from "./assembler/scalar.ts";
import { f32x4, v128 } from "./assembler/simd.ts";

/** Whether the engine has WebAssembly with 128-bit vectors and shared memory: all browsers since 2023, all Nodes we run on. */
export function hasWasm(): boolean {
  if (typeof WebAssembly === "undefined") return false;
  const m = new ModuleBuilder();
  m.export("run", {}, "void", (f) => f.emit(v128.store(i32.const(0), v128.f32(0))));
  try {
    new WebAssembly.Memory({ initial: 0, maximum: 1, shared: true });
    if (!WebAssembly.validate(m.bytes())) return false;
    new WebAssembly.Module(m.bytes()); // a page's policy without 'wasm-unsafe-eval' lets modules be validated, not made
    return true;
  } catch {
    return false; // a security policy may forbid WebAssembly
  }
}

let relaxed: boolean | undefined;

/**
 * Whether the engine has relaxed SIMD, whose fused multiply-add doubles what an instruction does. Node 20 has it
 * behind an experimental flag of V8, which may still be set, for modules compiled from then on.
 */
export function hasRelaxedSimd(): boolean {
  if (relaxed !== undefined) return relaxed;
  const m = new ModuleBuilder();
  const zero = v128.f32(0);
  m.export("run", {}, "void", (f) => f.emit(v128.store(i32.const(0), f32x4.relaxed_madd(zero, zero, zero))));
  const bytes = m.bytes();
  relaxed = WebAssembly.validate(bytes);
  if (!relaxed) {
    // Asked only if needed: newer engines know no such flag, and complain on stderr.
    nodeModule<typeof import("node:v8")>("node:v8")?.setFlagsFromString("--experimental-wasm-relaxed-simd");
    relaxed = WebAssembly.validate(bytes);
  }
  return relaxed;
}
