import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { InfiMM, Processor, type Tensor } from "../index.ts";
import { PROTOTYPES } from "./prototypes/list.ts";
import { errorRatio } from "./prototypes/parity.ts";
import { QFormerLayer } from "./prototypes/q-former.ts";
import { prepared } from "./prototypes/prepared.ts";
import { losses } from "./prototypes/train.ts";

const trained = await InfiMM.fromPretrained("model/infimm-tiny", { backend: "wasm" });
const processor = await Processor.fromPretrained("model/infimm-tiny");
const { losses: measured } = JSON.parse(readFileSync("docs/prototypes/losses.json", "utf8"));

test.each(Object.entries(PROTOTYPES))(
  "%s is made in under 60 lines, trains, and learns what its page says",
  async (name, prototype) => {
    expect(readFileSync(`docs/prototypes/${name}.ts`, "utf8").split("\n").length).toBeLessThan(60);
    const { model, learns } = prepared(trained, prototype);
    expect(learns.size).toBeGreaterThan(0);
    expect(Object.keys(measured)).toContain(name);
    const [first, second] = await losses(model, learns, processor, 2);
    expect(first).toBeGreaterThan(0);
    expect(second).toBeGreaterThan(0);
    model.dispose();
  },
);

/** The golden that the page's own Python writes. */
test("a changed module is held to its twin in PyTorch", async () => {
  const golden = "docs/prototypes/q-former-layer.safetensors";
  expect(await errorRatio(new QFormerLayer(16, 4), golden, ["q", "picture"])).toBeLessThan(4);
  class Wrong extends QFormerLayer {
    override forward(q: Tensor, picture: Tensor): Tensor {
      return super.forward(q.mul(1.001), picture);
    }
  }
  expect(await errorRatio(new Wrong(16, 4), golden, ["q", "picture"])).toBeGreaterThan(100);
});
