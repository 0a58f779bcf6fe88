import { FileFormatError, InfimmError } from "../../../core/errors.ts";

/** Chat templates by name; the one that is taken unless another is asked for is "default". */
export type ChatTemplates = Readonly<Record<string, string>>;

/** The folder of named templates, as transformers 5 saves them. */
export const TEMPLATE_FOLDER = "additional_chat_templates";
/** The files that may hold a template. `processor_config.json` may hold other things, too. */
export const TEMPLATE_FILES = ["processor_config.json", "chat_template.json", "chat_template.jinja"] as const;

/** Where the files of a checkpoint are read. */
export interface TemplateSource {
  /** The text of a file, or undefined if it is not there. */
  text(file: string): Promise<string | undefined>;
  /** The names of the files in a folder, as far as they can be known. */
  names(folder: string): Promise<readonly string[]>;
}

/**
 * The templates that stand in files of their own, or none: then those of `tokenizer_config.json` count. Where several
 * files have one, the order is that of transformers' processors.
 */
export async function readChatTemplates(source: TemplateSource): Promise<ChatTemplates | undefined> {
  const [ofProcessor, legacy, own] = await Promise.all(TEMPLATE_FILES.map((file) => source.text(file)));
  const configured = fieldOf(ofProcessor, TEMPLATE_FILES[0]);
  if (configured !== undefined) return templatesOf(configured, TEMPLATE_FILES[0]);
  const names = (await source.names(TEMPLATE_FOLDER)).filter((name) => name.endsWith(".jinja")).sort();
  const old = fieldOf(legacy, TEMPLATE_FILES[1]);
  if (old !== undefined) {
    if (names.length > 0) {
      throw new FileFormatError(
        `chat_template.json and ${TEMPLATE_FOLDER}/${names[0]} exclude each other; make the first chat_template.jinja`,
      );
    }
    return templatesOf(old, TEMPLATE_FILES[1]);
  }
  const templates: Record<string, string> = {};
  if (own !== undefined) templates.default = own;
  for (const name of names) {
    const template = await source.text(`${TEMPLATE_FOLDER}/${name}`);
    if (template !== undefined) templates[name.replace(/\.jinja$/, "")] = template;
  }
  return Object.keys(templates).length === 0 ? undefined : templates;
}

function fieldOf(json: string | undefined, file: string): unknown {
  if (json === undefined) return undefined;
  try {
    return (JSON.parse(json) as { chat_template?: unknown } | null)?.chat_template ?? undefined;
  } catch (cause) {
    throw new FileFormatError(`${file} is not JSON: ${(cause as Error).message}`, { cause });
  }
}

/** A `chat_template` field: a template, a list of {name, template}, or an object of templates by name. */
export function templatesOf(field: unknown, file: string): ChatTemplates {
  if (field === undefined || field === null) return {};
  if (typeof field === "string") return { default: field };
  const entries: [unknown, unknown][] = Array.isArray(field)
    ? field.map((entry) => [entry?.name, entry?.template])
    : typeof field === "object"
      ? Object.entries(field)
      : [[undefined, undefined]];
  if (!entries.every(([name, template]) => typeof name === "string" && typeof template === "string")) {
    throw new FileFormatError(`${file} cannot be used: chat_template must be a text, or a list of {name, template}`);
  }
  return Object.fromEntries(entries) as Record<string, string>;
}

/**
 * The template to take: the one of that name, or the text itself if it is one; else "tool_use" where there are tools,
 * else "default". Undefined if the checkpoint has none at all.
 */
export function chooseTemplate(
  templates: ChatTemplates,
  wanted: string | undefined,
  hasTools: boolean,
): string | undefined {
  const names = Object.keys(templates);
  if (wanted !== undefined) {
    if (Object.hasOwn(templates, wanted)) return templates[wanted];
    if (wanted.includes("{")) return wanted;
    const known = names.length === 0 ? "the checkpoint has none by name" : `it has ${names.join(", ")}`;
    throw new InfimmError(`prompt: there is no chat template ${JSON.stringify(wanted)}; ${known}`);
  }
  if (hasTools && names.length > 1 && Object.hasOwn(templates, "tool_use")) return templates.tool_use;
  if (names.length === 0 || Object.hasOwn(templates, "default")) return templates.default;
  throw new InfimmError(
    `prompt: the checkpoint has several chat templates and no default; name one in chatTemplate: ${names.join(", ")}`,
  );
}
