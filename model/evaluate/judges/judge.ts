import { createHash } from "node:crypto";

/** A question for a judge. */
export interface JudgeRequest {
  readonly system?: string;
  readonly prompt: string;
  readonly maxTokens: number;
  readonly temperature: number;
}

/** Whoever decides what no rule can. */
export interface Judge {
  /** For headers and records: "none", "file", … */
  readonly name: string;
  /**
   * The answers, in order. There is no silent fallback: a judge that cannot answer throws.
   * @throws InfimmError that says what to do
   */
  ask(requests: readonly JudgeRequest[]): Promise<readonly string[]>;
}

export function requestDigest({ system = "", prompt, maxTokens, temperature }: JudgeRequest): string {
  return createHash("sha256")
    .update(JSON.stringify([system, prompt, maxTokens, temperature]))
    .digest("hex")
    .slice(0, 16);
}
