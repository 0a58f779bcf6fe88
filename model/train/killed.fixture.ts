import { lineRun } from "./line.fixture.ts";
import { train } from "./run.ts";

/** A run of its own process, to be killed: `killed.fixture.ts FOLDER UPDATES`. A line for each update. */
const [folder, updates] = process.argv.slice(2);
const onUpdate = ({ update }: { update: number }) => void process.stdout.write(`${update}\n`);
await train({ ...lineRun(), folder, updates: Number(updates), saveEvery: 1, onUpdate });
process.stdout.write("done\n");
