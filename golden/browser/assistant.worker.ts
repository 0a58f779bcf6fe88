/** What `infimm/worker/serve` does, from the sources. */
import "../../backends/register.ts";
import { serveAssistant } from "../../model/worker/serveAssistant.ts";

serveAssistant();
