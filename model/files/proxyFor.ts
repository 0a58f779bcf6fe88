import { BlockList, isIP } from "node:net";
import { InfimmError } from "../../core/errors.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** A variable's value, by its lower-case name first, as curl and Python have it. */
function variable(env: Environment, name: string): string {
  return env[name] || env[name.toUpperCase()] || "";
}

/**
 * The proxy that the environment wants for an http or https address: HTTPS_PROXY or HTTP_PROXY, else ALL_PROXY, in upper
 * or lower case; undefined without one, and for hosts in NO_PROXY.
 * @throws InfimmError for a proxy that is none of http or https
 */
export function proxyFor(url: URL, env: Environment): URL | undefined {
  const names = [url.protocol === "https:" ? "https_proxy" : "http_proxy", "all_proxy"];
  const name = names.find((one) => variable(env, one) !== "");
  if (name === undefined || isExempt(url, variable(env, "no_proxy"))) return undefined;
  const text = variable(env, name);
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const proxy = URL.canParse(address) ? new URL(address) : undefined;
  if (proxy?.protocol === "http:" || proxy?.protocol === "https:") return proxy;
  const kind = proxy ? `a proxy of the kind ${proxy.protocol}//` : "no address";
  throw new InfimmError(`${name.toUpperCase()} is ${kind}; expected http://HOST:PORT`); // not the value: it may hold a password
}

/** NO_PROXY is a list of hosts, with all that end in them, each perhaps with a port, and of networks; `*` is all. */
function isExempt({ hostname, port, protocol }: URL, list: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, "").toLowerCase();
  const itsPort = port || (protocol === "https:" ? "443" : "80");
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .some((entry) => {
      if (entry === "*" || isWithin(host, entry)) return true;
      const [, bracketed, plain, wantedPort] = /^(?:\[(.+)\]|(.*?))(?::(\d+))?$/.exec(entry) ?? [];
      const name = (entry.split(":").length > 2 && !bracketed ? entry : (bracketed ?? plain)).replace(/^\*?\./, "");
      const isOfPort = wantedPort === undefined || name === entry || wantedPort === itsPort;
      return isOfPort && (host === name || host.endsWith(`.${name}`));
    });
}

/** Whether a host is an address of a network such as 10.0.0.0/8 or fd00::/8, as curl and Python's requests have it. */
function isWithin(host: string, entry: string): boolean {
  const [network, bits, ...more] = entry.split("/");
  const kind = isIP(network);
  if (kind === 0 || isIP(host) !== kind || more.length > 0 || !/^\d+$/.test(bits)) return false;
  if (Number(bits) > (kind === 4 ? 32 : 128)) return false;
  const family = kind === 4 ? "ipv4" : "ipv6";
  const list = new BlockList();
  list.addSubnet(network, Number(bits), family);
  return list.check(host, family);
}
