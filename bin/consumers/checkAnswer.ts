import { InfimmError } from "../../core/errors.ts";

/** What an app must have answered, as JSON on the last line of `output`. @throws with what it answered instead */
export function checkAnswer(output: string): string {
  const line = output.trim().split("\n").at(-1) ?? "";
  const { text, message } = JSON.parse(line) as { text: string; message: string };
  if (text !== "A dog.") throw new InfimmError(`expected the answer "A dog.", got ${text}`);
  if (!message.includes("in Linear, called with")) {
    throw new InfimmError(`expected a message that names the class Linear, got ${message}`);
  }
  return text;
}
