import { expect, test } from "vitest";
import { type Tensor, tensor, zeros } from "../tensor/index.ts";
import { Dropout } from "./dropout.ts";
import { Linear } from "./linear.ts";
import { Module } from "./module.ts";

const x = tensor([[1, 2]]);
function filled(module: Linear): Linear {
  for (const [path, value] of module.stateDict()) module.setTensor(path, zeros(value.shape, "f32", x.backend));
  return module;
}

class Private extends Module {
  readonly #inner: Linear | Dropout;
  constructor(make: () => Linear | Dropout) {
    super();
    this.#inner = make();
  }
  forward(value: Tensor): Tensor {
    return this.#inner.call(value);
  }
}

class Outer extends Module {
  part = new Private(() => filled(new Linear(2, 2)));
  forward(value: Tensor): Tensor {
    return this.part.call(value);
  }
}

test("a module in a #private field is named when it is called, at any depth", () => {
  const message = /Outer calls a Linear that is none of its modules, .* hold it in a public field/;
  expect(() => new Outer().call(x)).toThrow(message);
  const direct = new Private(() => filled(new Linear(2, 2)));
  expect(() => direct.call(x)).toThrow("Private calls a Linear");
  expect(() => direct.call(x)).toThrow("Private calls a Linear"); // and not only once
});

test("what has no parameters, comes as an argument, or was there before, is nobody's to find", () => {
  expect(new Private(() => new Dropout(0)).call(x).shape).toEqual([1, 2]);
  const teacher = filled(new Linear(2, 2));
  expect(new Private(() => teacher).call(x).shape).toEqual([1, 2]);
  class Takes extends Module {
    forward(value: Tensor, other: Module): Tensor {
      return (other as Linear).call(value);
    }
  }
  expect(new Takes().call(x, filled(new Linear(2, 2))).shape).toEqual([1, 2]);
});

test("a part that is put in later is one of its modules", () => {
  class Net extends Module {
    layer = filled(new Linear(2, 2));
    forward(value: Tensor): Tensor {
      return this.layer.call(value);
    }
  }
  const net = new Net();
  net.layer = filled(new Linear(2, 3));
  expect(net.call(x).shape).toEqual([1, 3]);
  net.layer = filled(new Linear(2, 4));
  expect(net.call(x).shape).toEqual([1, 4]);
});
