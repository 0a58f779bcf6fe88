import { describe, expect, it, vi } from "vitest";
import { Generator } from "../core/random.ts";
import { keep, memory, ones, scope, type Tensor } from "../tensor/index.ts";
import { ModuleList, Sequential } from "./containers.ts";
import { initialize } from "./init.ts";
import { Linear } from "./linear.ts";
import { Module } from "./module.ts";
import { isTapped, tap } from "./observe.ts";
import { patch, patched } from "./patch.ts";
import { replaced } from "./replaced.ts";
import { trace, traced } from "./trace.ts";

class Net extends Module {
  layers: ModuleList<Linear> = new ModuleList([new Linear(2, 2), new Linear(2, 2)]);
  spare: Linear = new Linear(2, 2);
  forward(x: Tensor): Tensor {
    for (const layer of this.layers) x = tap("between", layer.call(x)); // [b, d]
    return x;
  }
}
const ready = (seed = 1): Net => {
  const net = new Net();
  initialize(net, new Generator(seed));
  return net;
};
const x = ones([1, 2]);
const run = (net: Net, input = x) => {
  using output = net.call(input);
  return [...output.dataSync()];
};
const turn = () => new Promise<void>((resolve) => setTimeout(resolve));
const zero = (y: Tensor) => y.zerosLike();

describe("patched", () => {
  it("holds over awaits, for its own model only, whatever runs in between", async () => {
    const [one, two] = [ready(1), ready(2)];
    const [plainOne, plainTwo] = [run(one), run(two)];
    const blind = async () => {
      using _ = patched(one, { "layers.1": zero });
      await turn();
      expect(run(one)).toEqual([0, 0]);
      await turn();
      return run(one);
    };
    const other = async () => {
      await turn();
      expect(run(two)).toEqual(plainTwo);
      using _ = patched(two, { "": (y) => y.mul(2) });
      await turn();
      return run(two);
    };
    expect(await Promise.all([blind(), other()])).toEqual([[0, 0], plainTwo.map((v) => v * 2)]);
    expect([run(one), run(two)]).toEqual([plainOne, plainTwo]);
  });

  it("nests, ends in any order and only once, and ends after an error", async () => {
    const net = ready();
    const plain = run(net);
    const [add, double] = [patched(net, { "": (y) => y.add(1) }), patched(net, { "": (y) => y.mul(2) })];
    expect(run(net)).toEqual(plain.map((v) => Math.fround(Math.fround(v + 1) * 2)));
    add[Symbol.dispose]();
    add[Symbol.dispose]();
    expect(run(net)).toEqual(plain.map((v) => v * 2));
    double[Symbol.dispose]();
    expect(run(net)).toEqual(plain);
    const failing = async () => {
      using _ = patched(net, { "": zero });
      await turn();
      run(net);
      throw new Error("elsewhere");
    };
    await expect(failing()).rejects.toThrow("elsewhere");
    expect(run(net)).toEqual(plain);
  });

  it("reaches a module that is put in while it holds", () => {
    const net = ready();
    using _ = patched(net, { "layers.1": (y) => y.add(1) });
    expect(run(net)).not.toEqual([1, 1]);
    net.layers[1] = Object.assign(new Linear(2, 2), { forward: zero });
    expect(run(net)).toEqual([1, 1]);
  });

  it("says at once that no module has such a path, and at the end that nothing ran as it says", () => {
    const net = ready();
    expect(() => patched(net, { "layers.7": zero })).toThrow(
      'patched: nothing that ran matches "layers.7"; paths: layers',
    );
    const held = (path: string, then: () => void) => () => {
      using _ = patched(net, { [path]: zero });
      then();
    };
    expect(held("spare", () => run(net))).toThrow('patched: "spare" did not run, though this Net has it');
    expect(held("**:attn", () => run(net))).toThrow('patched: nothing that ran matches "**:attn"; taps: :between');
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    expect(held("spare", () => {})).not.toThrow();
    expect(warn.mock.calls.flat()).toEqual(["patched: nothing of this Net ran before the end of the block; await inside of it what is to run"]); // biome-ignore format: one line
    warn.mockRestore();
    expect(() => patch(net, { spare: zero }, () => run(net))).toThrow('patch: "spare" did not run');
    expect(() => patch(net, { spare: zero }, () => 0)).toThrow(
      'patch: nothing of this Net ran, so nothing matched "spare"',
    );
  });

  it("is what `patch` names when its function is asynchronous", () => {
    const net = ready();
    const later = async () => {
      await turn();
      return run(net);
    };
    expect(() => patch(net, { "": zero }, later)).toThrow(
      "over awaits hold it in a block: using p = patched(model, {…})",
    );
  });
});

describe("replaced", () => {
  it("puts parameters back, the very same, whatever was set in the meantime", async () => {
    const net = ready();
    const [plain, state] = [run(net), [...net.stateDict()]];
    const [zeros, before] = [ones([2]).mul(0), memory()];
    const other = async () => {
      using _ = replaced(net, { "layers.0.bias": zeros, "layers.1.bias": zeros });
      await turn();
      net.setTensor("layers.1.bias", ones([2]));
      return run(net);
    };
    expect(await other()).not.toEqual(plain);
    expect([...net.stateDict()]).toEqual(state);
    for (const [path, tensor] of state) expect(net.stateDict().get(path)).toBe(tensor);
    expect(run(net)).toEqual(plain);
    expect([...zeros.dataSync()]).toEqual([0, 0]);
    expect(memory()).toEqual(before);
  });

  it("changes nothing if one of them does not fit", () => {
    const net = ready();
    const [plain, bias, before] = [run(net), ones([2]), memory()];
    expect(() => replaced(net, { "layers.0.bias": bias, "layers.1.bias": x })).toThrow(
      "layers.1.bias: expected shape [2], got [1, 2]",
    );
    expect(() => replaced(net, { "layers.0.bias": bias, "layers.7.bias": bias })).toThrow('no child "7"');
    expect(run(net)).toEqual(plain);
    expect(memory()).toEqual(before);
  });
});

describe("traced", () => {
  it("keeps the last run or all, over awaits, and frees them when its block ends", async () => {
    const [net, other] = [ready(), ready(2)];
    const input = x.mul(3);
    const last = run(net, input);
    const before = memory();
    const look = async (runs: "last" | "all") => {
      using t = traced(net, { keep: ["layers.*", ":between"], runs });
      for (const scale of [1, 3]) {
        scope(() => void net.call(x.mul(scale)));
        await turn();
        run(other); // of another model it sees nothing
      }
      expect([...t.acts.keys()]).toEqual(["layers.0", "layers.1", ":between"]);
      for (const path of ["layers.1", ":between"]) expect([...t.acts.get(path)!.dataSync()]).toEqual(last);
      return [...t.runs.values()].map((all) => all.length);
    };
    expect(await look("last")).toEqual([1, 1, 1]);
    expect(await look("all")).toEqual([2, 2, 4]);
    expect(memory()).toEqual(before);
  });

  it("leaves what was kept, and what others own", () => {
    const net = ready();
    const before = memory();
    const held = () => {
      using t = traced(net, { keep: ["**"] });
      const output = net.call(x); // the memory of "" and of layers.1, too
      output.dispose(); // its maker lets go, the trace does not
      expect([...t.acts.get("")!.dataSync()]).toEqual([...t.acts.get("layers.1")!.dataSync()]);
      return keep(t.acts.get("layers.1")!);
    };
    const kept = held();
    expect([...kept.dataSync()]).toEqual(run(net));
    expect(memory().storages).toBe(before.storages + 1);
    kept.dispose();
    expect(memory()).toEqual(before);
  });

  it("frees what it has when its block fails, and says what matched nothing", () => {
    const net = ready();
    const before = memory();
    const look = (keep: string[], then: (acts: () => unknown) => void) => () => {
      using t = traced(net, { keep });
      then(() => t.acts);
    };
    expect(look(["layer"], () => {})).toThrow('traced: nothing that ran matches "layer"; paths: layers');
    const spare = look(["layers.0", "spare"], (acts) => {
      expect(acts).not.toThrow(); // nothing has run yet
      run(net);
      acts();
    });
    expect(spare).toThrow();
    expect(memory()).toEqual(before);
    expect(run(net)).toEqual(run(net)); // nobody looks any more
  });

  it("asks for no tap but those it wants", () => {
    class Asks extends Module {
      asked: boolean | undefined;
      forward(x: Tensor): Tensor {
        this.asked = isTapped("attn");
        return tap("attn", x); // [b, d]
      }
    }
    const pair = new Sequential(new Asks(), new Asks());
    trace(pair, x, { keep: ["1:attn"] });
    expect([pair[0], pair[1]].map((one) => (one as Asks).asked)).toEqual([false, true]);
    patch(pair, { "0:attn": zero }, () => pair.call(x));
    expect([pair[0], pair[1]].map((one) => (one as Asks).asked)).toEqual([true, false]);
  });
});

describe("what a trace keeps", () => {
  it("is read and freed in one loop, also where several names share memory", async () => {
    const net = new Sequential(new Sequential(new Linear(2, 2)), new Sequential());
    initialize(net, new Generator(1));
    const before = memory();
    const { output, acts } = trace(net, x, { keep: ["**"] });
    const read: number[][] = [];
    for (const [, act] of acts) {
      read.push([...(await act.data())] as number[]);
      act.dispose();
      act.dispose();
    }
    expect(read).toEqual(new Array(4).fill([...output.dataSync()]));
    output.dispose();
    expect(memory()).toEqual(before);
  });
});
