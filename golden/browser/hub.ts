/** What hub.test.ts calls in a page. */
import "../../backends/register.ts";
import { Assistant } from "../../model/generate/assistant.ts";
import { decodeImage } from "../../model/processor/pictures/decodeImage.ts";

export const hub = {
  /** The answer of a model from `source`, and how many of its bytes were here before. */
  async ask(source: string, endpoint: string, picture: string, question: string) {
    let before: number | undefined;
    const onDownload = ({ bytes }: { bytes: number }) => void (before ??= bytes);
    const assistant = await Assistant.fromPretrained(source, { endpoint, token: "secret", onDownload });
    const image = await decodeImage(new Uint8Array(await (await fetch(picture)).arrayBuffer()));
    let answer = "";
    for await (const piece of assistant.ask(question, [image])) answer += piece;
    return { answer, before };
  },
};
Object.assign(globalThis, { hub });
