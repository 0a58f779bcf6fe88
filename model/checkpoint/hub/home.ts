import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { isTrue } from "./settings.ts";

/** Where Hugging Face's tools keep things on this machine (Node), by the variables that Python's huggingface_hub reads. */

/** A path of the environment: `~` and variables in it are filled in. */
function expanded(path: string): string {
  return path
    .replace(/^~(?=$|[/\\])/, homedir())
    .replace(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced, plain) => process.env[braced ?? plain] ?? whole);
}

function home(): string {
  const { HF_HOME, XDG_CACHE_HOME } = process.env;
  return HF_HOME
    ? expanded(HF_HOME)
    : join(XDG_CACHE_HOME ? expanded(XDG_CACHE_HOME) : join(homedir(), ".cache"), "huggingface");
}

/** The cache of models: HF_HUB_CACHE, HF_HOME/hub, or ~/.cache/huggingface/hub. */
export function defaultCache(): string {
  const { HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE } = process.env;
  const named = HF_HUB_CACHE || HUGGINGFACE_HUB_CACHE;
  return named ? expanded(named) : join(home(), "hub");
}

/**
 * The token that `hf auth login` stored: in HF_TOKEN_PATH, or HF_HOME/token. None where the environment has one, which
 * comes first, or forbids it (HF_HUB_DISABLE_IMPLICIT_TOKEN).
 */
export async function storedToken(): Promise<string | undefined> {
  const { HF_TOKEN, HUGGING_FACE_HUB_TOKEN, HF_TOKEN_PATH, HF_HUB_DISABLE_IMPLICIT_TOKEN } = process.env;
  if (HF_TOKEN || HUGGING_FACE_HUB_TOKEN || isTrue(HF_HUB_DISABLE_IMPLICIT_TOKEN)) return undefined;
  const path = HF_TOKEN_PATH ? expanded(HF_TOKEN_PATH) : join(home(), "token");
  return readFile(path, "utf8").catch(() => undefined);
}
