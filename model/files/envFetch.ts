import { isNode } from "./isNode.ts";

/**
 * `fetch`, by way of the proxy that the environment names (Node: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY), which
 * Node's own fetch does not heed. Browsers know their proxies themselves.
 */
export const envFetch: typeof fetch = async (input, init) => {
  if (!isNode || !Object.keys(process.env).some((name) => /^(https?|all)_proxy$/i.test(name)))
    return fetch(input, init);
  const { proxyFetch } = await import("./proxyFetch.ts"); // with Node's http, which browsers lack
  return proxyFetch(input instanceof Request ? input.url : String(input), init);
};
