import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { InfimmError } from "../../core/errors.ts";

/** Who uses the package, and how. */
export interface Consumer {
  /** "esbuild, browser" */
  readonly name: string;
  /** Packages of npm with their versions, which it needs beside infimm. */
  readonly packages: readonly string[];
  /** Builds and runs a small app. @throws with what went wrong; what is returned is shown */
  run(project: Project): Promise<string>;
}

/** The folder of an app that has infimm installed from its tarball. */
export class Project {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  /** Runs a program in the folder. @returns what it writes @throws with what it wrote, if it fails */
  exec(program: string, ...args: string[]): string {
    // nothing of the npm that runs this script may reach the one that plays the user's
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_OPTIONS)/i.test(name)));
    const { status, stdout, stderr, error } = spawnSync(program, args, {
      cwd: this.folder,
      encoding: "utf8",
      env: { ...env, NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: "" },
      maxBuffer: 2 ** 26,
    });
    if (status === 0) return stdout;
    throw new InfimmError(`${[program, ...args].join(" ")}: ${error?.message ?? `${stdout}\n${stderr}`.trim()}`);
  }

  /** Packs this project as npm publishes it, and installs it, with `packages`, as a user would. */
  static install(folder: string, packages: readonly string[]): Project {
    const project = new Project(folder);
    const root = resolve(import.meta.dirname, "../..");
    project.write("package.json", `${JSON.stringify({ name: "app", private: true, type: "module" })}\n`);
    const pack = new Project(root).exec("npm", "pack", "--json", "--pack-destination", folder);
    const [{ filename }] = JSON.parse(pack.slice(pack.search(/^\[/m)));
    // no optional peers: who has none of them must be able to build, too
    project.exec(
      "npm",
      "install",
      "--prefer-offline",
      "--no-audit",
      "--no-fund",
      "--legacy-peer-deps",
      filename,
      ...packages,
    );
    cpSync(join(root, "model/infimm-tiny"), project.path("public/model"), { recursive: true });
    return project;
  }
}
