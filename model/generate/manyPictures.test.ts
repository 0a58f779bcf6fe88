import { expect, test } from "vitest";
import { createWasmBackend, type WasmBackend } from "../../backends/wasm/wasm.ts";
import { Assistant } from "./assistant.ts";

const FOLDER = "model/infimm-tiny";
const pictures = ["dog", "fruit", "garden", "pets", "sea", "space", "stars"].map((name) => ({ image: `${FOLDER}/pictures/${name}.png` })); // biome-ignore format: one list
const conversations = [
  [{ role: "user" as const, content: [...pictures, "What is in the last picture?"] }],
  [{ role: "user" as const, content: [pictures[0], "What is this?"] }],
];

test("seven pictures in one prompt and one in another, with three threads as with one", async () => {
  const ask = async (backend: WasmBackend, options: object) => {
    const assistant = await Assistant.fromPretrained(FOLDER, { backend });
    const answers = await assistant.replies(conversations, { maxNewTokens: 6, ...options });
    assistant.model.dispose();
    return answers;
  };
  const threaded = createWasmBackend({ threads: 3 });
  for (const options of [{}, { beams: 4, numReturnSequences: 2 }]) {
    expect(await ask(threaded, options), JSON.stringify(options)).toEqual(
      await ask(createWasmBackend({ threads: 1 }), options),
    );
  }
});
