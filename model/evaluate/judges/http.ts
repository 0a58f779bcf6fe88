import { InfimmError } from "../../../core/errors.ts";
import type { Judge, JudgeRequest } from "./judge.ts";

const TRIES = 3;
const TIMEOUT_MS = 120_000;

/** Options of httpJudge: `model` is the name that the address knows it by. */
export interface HttpJudgeOptions {
  readonly model: string;
  /** Sent as a bearer token; it is written nowhere. */
  readonly key?: string;
}

/** An OpenAI-style endpoint at an address that the user names: POST `<address>/chat/completions`. */
export function httpJudge(address: string, { model, key }: HttpJudgeOptions): Judge {
  const url = `${address.replace(/\/$/, "")}/chat/completions`;
  const headers = { "content-type": "application/json", ...(key ? { authorization: `Bearer ${key}` } : {}) };
  const once = async ({ system, prompt, maxTokens, temperature }: JudgeRequest): Promise<string> => {
    const messages = [...(system ? [{ role: "system", content: system }] : []), { role: "user", content: prompt }];
    const body = JSON.stringify({ model, messages, max_tokens: maxTokens, temperature });
    const response = await fetch(url, { method: "POST", headers, body, signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    const { choices } = (await response.json()) as { choices?: { message?: { content?: string } }[] };
    const content = choices?.[0]?.message?.content;
    if (typeof content !== "string") throw new Error("the answer has no choices[0].message.content");
    return content;
  };
  const patiently = async (request: JudgeRequest): Promise<string> => {
    for (let tries = 1; ; tries++) {
      try {
        return await once(request);
      } catch (cause) {
        if (tries < TRIES) continue;
        throw new InfimmError(`judge at ${url}: ${(cause as Error).message} (${TRIES} tries)`, { cause });
      }
    }
  };
  return {
    name: `http ${url} ${model}`,
    async ask(requests) {
      const answers: string[] = [];
      for (const request of requests) answers.push(await patiently(request));
      return answers;
    },
  };
}
