/** How one family of checkpoints writes a conversation. */
export interface ChatStyle {
  /** Jinja template over `messages`, `bos_token`, `eos_token` and `add_generation_prompt`; BOS in front is not its job. */
  template: string;
  /** What stands for a picture. */
  image: string;
  /** Whether a conversation without a system message gets an empty one. */
  emptySystemMessage: boolean;
}

/** What a style cannot write is refused, not left out. */
const KNOWN_ROLE = `
{%- if message.role not in ["system", "user", "assistant"] -%}
{{ raise_exception("the role " ~ message.role ~ " is none of system, user, assistant") }}
{%- endif -%}`;
const SYSTEM_FIRST = `
{%- if message.role == "system" and loop.index0 > 0 -%}
{{ raise_exception("a system message can only be the first") }}
{%- endif -%}`;

const ZEPHYR = `
{%- for message in messages -%}${KNOWN_ROLE}
{{ "<|" + message.role + "|>\\n" + message.content + eos_token + "\\n" }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ "<|assistant|>\\n" }}{%- endif -%}`;

/** Meta's Llama-2 chat format. The system message stands inside the first question; rounds after the first open with BOS. */
const LLAMA2 = `
{%- set ns = namespace(system="", round=0) -%}
{%- for message in messages -%}${KNOWN_ROLE}${SYSTEM_FIRST}
{%- if message.role == "system" and message.content | trim != "" -%}
{%- set ns.system = "<<SYS>>\\n" + message.content | trim + "\\n<</SYS>>\\n\\n" -%}
{%- elif message.role == "user" -%}
{{ (bos_token if ns.round > 0 else "") + "[INST] " + ns.system + message.content | trim + " [/INST]" }}
{%- set ns.system = "" -%}
{%- set ns.round = ns.round + 1 -%}
{%- elif message.role == "assistant" -%}
{{ " " + message.content | trim + " " + eos_token }}
{%- endif -%}
{%- endfor -%}`;

const VICUNA_SYSTEM =
  "A chat between a curious user and an artificial intelligence assistant. " +
  "The assistant gives helpful, detailed, and polite answers to the user's questions.";

/** Vicuna 1.1. `closing` (a Jinja expression) ends an answer, `joint` leads from there to the next question. */
const vicuna = (closing: string, joint: string) => `
{%- if messages[0].role == "system" and messages[0].content != "" -%}{{ messages[0].content }}
{%- else -%}{{ "${VICUNA_SYSTEM}" }}{%- endif -%}
{%- set ns = namespace(joint=" ") -%}
{%- for message in messages -%}${KNOWN_ROLE}${SYSTEM_FIRST}
{%- if message.role == "user" -%}{{ ns.joint + "USER: " + message.content }}{%- set ns.joint = "${joint}" -%}
{%- elif message.role == "assistant" -%}{{ " ASSISTANT: " + message.content + ${closing} }}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ " ASSISTANT:" }}{%- endif -%}`;

/**
 * The families. Zephyr's is certain (its repository); InfiMM-HD's follows the published training demo; Llama's and
 * Vicuna's wording is not public, so they are the language models' own chat formats with Zephyr's picture text.
 */
export const CHAT_STYLES = {
  zephyr: { template: ZEPHYR, image: "<|endofchunk|><image>", emptySystemMessage: true },
  llama2: { template: LLAMA2, image: "<|endofchunk|><image>", emptySystemMessage: false },
  vicuna: { template: vicuna("eos_token", ""), image: "<|endofchunk|><image>", emptySystemMessage: false },
  hd: { template: vicuna('"<|endofchunk|>"', " "), image: "<image>", emptySystemMessage: false },
} as const satisfies Record<string, ChatStyle>;

/** How a checkpoint writes conversations, by name. */
export type ChatStyleName = keyof typeof CHAT_STYLES;

/** The family, by the names in a `config.json`; Zephyr if they do not tell. */
export function styleOf(config: Record<string, unknown>): ChatStyleName {
  const language = config.language as { _name_or_path?: string } | undefined;
  const names = `${config.model_type ?? ""} ${language?._name_or_path ?? ""}`.toLowerCase();
  if (/\bhd\b/.test(names)) return "hd";
  if (names.includes("vicuna")) return "vicuna";
  return names.includes("llama") ? "llama2" : "zephyr";
}
