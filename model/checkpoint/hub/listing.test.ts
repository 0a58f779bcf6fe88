import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { fakeHub } from "./fakeHub.fixture.ts";
import { HubError } from "./hubError.ts";
import { listRepository } from "./listing.ts";
import { hubFor } from "./settings.ts";

const NAMES = ["a.json", "b.json", "c.json", "additional_chat_templates/x.jinja", "additional_chat_templates/y.jinja"];

let server: Awaited<ReturnType<typeof fakeHub>>;
beforeAll(async () => {
  server = await fakeHub(Object.fromEntries(NAMES.map((name) => [name, Buffer.from(name)])));
});
afterAll(() => server.close());
beforeEach(() => {
  server.pageSize = Number.POSITIVE_INFINITY;
  server.apiHeaders = {};
  server.requests.length = 0;
});

const pagesOf = (entries: number, pageSize: number) => Math.max(1, Math.ceil(entries / pageSize));

const list = () => listRepository(hubFor("owner/tiny", { endpoint: server.endpoint, token: "secret" }));

it.each([Number.POSITIVE_INFINITY, 4, 2, 1])("lists the top and the chat templates, %s a page", async (pageSize) => {
  server.pageSize = pageSize;
  const { files } = await list();
  expect(files.map(({ path }) => path).sort()).toEqual([...NAMES].sort());
  expect(server.requests.length).toBe(1 + pagesOf(4, pageSize) + pagesOf(2, pageSize));
  expect(new Set(server.requests.map(({ authorization }) => authorization))).toEqual(new Set(["Bearer secret"]));
});

it("takes its token to no other address, whatever a list says", async () => {
  server.apiHeaders = { Link: '<https://elsewhere.example/more>; rel="next"' };
  await expect(list()).rejects.toThrow(HubError);
  await expect(list()).rejects.toThrow("its list goes on elsewhere, at https://elsewhere.example");
});
