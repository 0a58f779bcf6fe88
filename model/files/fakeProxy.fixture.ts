import { createServer, request } from "node:http";
import { type AddressInfo, connect } from "node:net";

/** A proxy on the loopback: tunnels for CONNECT, whole addresses for http. It asks for `credentials` if there are any. */
export async function fakeProxy(credentials?: string) {
  const seen: string[] = [];
  const isRefused = (header: string | undefined): boolean =>
    credentials !== undefined && header !== `Basic ${Buffer.from(credentials).toString("base64")}`;
  const server = createServer((asked, answer) => {
    seen.push(`GET ${asked.url}`);
    if (isRefused(asked.headers["proxy-authorization"])) return void answer.writeHead(407).end();
    const { "proxy-authorization": _, ...headers } = asked.headers;
    const onward = request(asked.url!, { headers }, (got) => {
      answer.writeHead(got.statusCode!, got.headers);
      got.pipe(answer);
      got.on("close", () => got.complete || answer.destroy());
    });
    onward.on("error", () => answer.writeHead(502).end());
    onward.end();
  });
  server.on("connect", (asked, socket) => {
    seen.push(`CONNECT ${asked.url}`);
    if (isRefused(asked.headers["proxy-authorization"]))
      return void socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    const [host, port] = asked.url!.split(":");
    const onward = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      onward.pipe(socket).pipe(onward);
    });
    for (const end of [socket, onward]) end.on("error", () => void [socket.destroy(), onward.destroy()]);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    seen,
    url: `http://${credentials ? `${credentials}@` : ""}${host}`,
    host,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
