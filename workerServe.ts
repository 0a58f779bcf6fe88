/**
 * infimm/worker/serve: imported by a worker's file, serves an assistant to whoever started the worker (infimm/worker).
 */
import "./backends/register.ts";
import { serveAssistant } from "./model/worker/serveAssistant.ts";

serveAssistant();
