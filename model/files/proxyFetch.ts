import { type ClientRequest, type IncomingMessage, request as httpRequest, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { proxyFor } from "./proxyFor.ts";

const MOST_REDIRECTS = 20;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Headers that are for one host only. */
const PRIVATE = ["authorization", "cookie", "proxy-authorization"];

/**
 * GET by way of the environment's proxies (Node), with the answers and errors of `fetch`: a TypeError, whose cause tells
 * more, for whatever is wrong with the network. An https address is reached through a tunnel (CONNECT), so the proxy sees
 * nothing but its host. Private headers do not follow a redirect to another origin.
 */
export async function proxyFetch(address: string, { headers, signal }: RequestInit = {}): Promise<Response> {
  const sent = new Headers(headers);
  let url = new URL(address);
  for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
    const answer = await getOnce(url, sent, signal ?? undefined);
    const location = answer.headers.location;
    if (!REDIRECTS.has(answer.statusCode ?? 0) || location === undefined) return toResponse(answer, url, signal);
    answer.destroy();
    const next = new URL(location, url);
    if (next.origin !== url.origin) for (const name of PRIVATE) sent.delete(name);
    url = next;
  }
  throw failed(new Error("redirect count exceeded"));
}

const failed = (cause: unknown): TypeError => new TypeError("fetch failed", { cause });

async function getOnce(url: URL, headers: Headers, signal: AbortSignal | undefined): Promise<IncomingMessage> {
  signal?.throwIfAborted();
  const proxy = proxyFor(url, process.env);
  try {
    return await answerTo(await requestFor(url, proxy, Object.fromEntries(headers), signal));
  } catch (cause) {
    signal?.throwIfAborted();
    throw failed(cause);
  }
}

/** A request that is not sent yet: direct, through a tunnel, or to the proxy with the whole address. */
async function requestFor(
  url: URL,
  proxy: URL | undefined,
  headers: Record<string, string>,
  signal: AbortSignal | undefined,
): Promise<ClientRequest> {
  const host = hostOf(url);
  if (url.protocol === "https:") {
    const tunnel = proxy && (await tunnelTo(url, proxy, signal));
    const servername = isIP(host) ? undefined : host;
    const createConnection = tunnel && (() => connectTls({ socket: tunnel, servername }));
    return httpsRequest(url, { headers, signal, agent: false, ...(createConnection && { createConnection }) });
  }
  if (!proxy) return httpRequest(url, { headers, signal, agent: false });
  const path = url.href.slice(0, url.href.length - url.hash.length);
  return requestTo(proxy, { path, headers: { Host: url.host, ...headers, ...authorization(proxy) }, signal });
}

/** A connection to a host by way of a proxy. */
async function tunnelTo(url: URL, proxy: URL, signal: AbortSignal | undefined): Promise<Socket> {
  const target = `${url.hostname}:${url.port || 443}`;
  const request = requestTo(proxy, {
    method: "CONNECT",
    path: target,
    headers: { Host: target, ...authorization(proxy) },
    signal,
  });
  const answer = new Promise<[IncomingMessage, Socket]>((resolve, reject) => {
    request.on("connect", (response, socket) => resolve([response, socket as Socket]));
    request.on("response", (response) => {
      response.destroy();
      reject(new Error(`the proxy ${proxy.host} makes no tunnel`));
    });
    request.on("error", (error: NodeJS.ErrnoException) =>
      reject(new Error(`the proxy ${proxy.host} cannot be reached: ${error.code ?? error.message}`, { cause: error })),
    );
  });
  request.end();
  const [response, socket] = await answer;
  if (response.statusCode === 200) return socket;
  socket.destroy();
  throw new Error(
    `the proxy ${proxy.host} answers ${response.statusCode} ${response.statusMessage} to CONNECT ${target}`,
  );
}

function requestTo(proxy: URL, options: RequestOptions): ClientRequest {
  const send = proxy.protocol === "https:" ? httpsRequest : httpRequest;
  const port = proxy.port || (proxy.protocol === "https:" ? 443 : 80);
  return send({ host: hostOf(proxy), port, agent: false, ...options });
}

function authorization({ username, password }: URL): Record<string, string> {
  if (username === "") return {};
  const pair = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  return { "Proxy-Authorization": `Basic ${pair.toString("base64")}` };
}

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, "");

function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on("response", resolve);
    request.on("error", reject);
    request.end();
  });
}

function toResponse(answer: IncomingMessage, url: URL, signal: AbortSignal | null | undefined): Response {
  const status = answer.statusCode ?? 502;
  const headers = new Headers();
  for (let i = 0; i < answer.rawHeaders.length; i += 2) headers.append(answer.rawHeaders[i], answer.rawHeaders[i + 1]);
  const hasBody = ![204, 205, 304].includes(status);
  const response = new Response(hasBody ? streamOf(answer, signal) : null, {
    status,
    statusText: answer.statusMessage,
    headers,
  });
  return Object.defineProperty(response, "url", { value: url.href });
}

/** What comes, chunk by chunk as it is asked for. */
function streamOf(answer: IncomingMessage, signal: AbortSignal | null | undefined): ReadableStream<Uint8Array> {
  const chunks = answer[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await chunks.next();
          if (done) controller.close();
          else controller.enqueue(new Uint8Array(value));
        } catch (cause) {
          controller.error(signal?.aborted ? signal.reason : new TypeError("terminated", { cause }));
        }
      },
      cancel() {
        answer.destroy();
      },
    },
    { highWaterMark: 0 },
  );
}
