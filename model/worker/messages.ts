import type { PretrainedOptions } from "../checkpoint/checkpoint.ts";
import type { AnswerOptions } from "../generate/answerOptions.ts";
import type { UnreadInput } from "../processor/pictures/readPictures.ts";

/** What can be asked of the worker, and what it returns at the end. */
export interface Calls {
  open: { args: readonly [source: string, options: PretrainedOptions]; result: undefined };
  reply: { args: readonly [conversation: UnreadInput, options: AnswerOptions]; result: undefined };
  replies: { args: readonly [conversations: readonly UnreadInput[], options: AnswerOptions]; result: string[][] };
}

/** To the worker. Functions among the options stay outside: `hears` names those that want to hear. */
export type Request =
  | {
      [Name in keyof Calls]: { id: number; call: Name; args: Calls[Name]["args"]; hears: readonly string[] };
    }[keyof Calls]
  | { id: number; call: "abort" };

/** From the worker, about the request of that id. */
export type Reply =
  | { id: number; event: "piece"; piece: string }
  | { id: number; event: "heard"; name: string; args: readonly unknown[] }
  | { id: number; event: "end"; result: unknown }
  | { id: number; event: "error"; name: string; message: string };
