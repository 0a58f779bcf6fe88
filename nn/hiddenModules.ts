import { InfimmError } from "../core/errors.ts";

/** What this needs of a module: the class itself would be a circle of imports. */
interface Module {
  parameters(): ReadonlyMap<string, unknown>;
}

/** When each module was made. */
const made = new WeakMap<Module, number>();
let clock = 0;

/** Called by every module's constructor. */
export function remember(module: Module): void {
  made.set(module, clock++);
}

/** Those whose first call, as the outermost, went through. */
const sound = new WeakSet<Module>();
/** All modules below the outermost one that runs for the first time. */
let known: ReadonlySet<Module> | undefined;

/**
 * Refuses a module that the outermost one calls, that was made after it, and that is none of its fields: one in a #private
 * field or a closure, whose parameters nobody would find. Looked at in the first call only. What comes as an argument is
 * the caller's.
 *
 * @param running the modules that run, the outermost first, the newest last
 */
export function refuseHidden(running: readonly Module[], args: readonly unknown[], forward: () => unknown): unknown {
  const [outermost, ...others] = running;
  const module = others.at(-1);
  if (!module) return sound.has(outermost) ? forward() : firstCall(outermost, args, forward);
  if (known && !known.has(module) && made.get(module)! > made.get(outermost)! && module.parameters().size > 0) {
    throw new InfimmError(
      `${outermost.constructor.name} calls a ${module.constructor.name} that is none of its modules, so that its parameters are ` +
        "neither trained nor saved: hold it in a public field (nobody sees into #private ones), or pass it as an argument",
    );
  }
  return forward();
}

function firstCall(outermost: Module, args: readonly unknown[], forward: () => unknown): unknown {
  known = below([outermost, ...args.filter(isModule)]);
  try {
    const output = forward();
    sound.add(outermost);
    return output;
  } finally {
    known = undefined;
  }
}

/** These and all that they hold. Fields are not read, only looked for: a report watches which parameters a forward reads. */
function below(modules: readonly Module[], found = new Set<Module>()): ReadonlySet<Module> {
  for (const module of modules) {
    if (found.has(module)) continue;
    found.add(module);
    const fields = Object.values(Object.getOwnPropertyDescriptors(module)).map(({ value }) => value);
    below(fields.filter(isModule), found);
  }
  return found;
}

const isModule = (value: unknown): value is Module =>
  typeof value === "object" && value !== null && made.has(value as Module);
