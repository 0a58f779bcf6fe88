import type { Asked, Known } from "../worker/protocol.ts";

/** What an address says of the state: `?p=fruit&q=What+is+this%3F#w=4`, several `p` for several pictures. */
export interface Place {
  readonly asked: Asked;
  readonly word: number | null;
}

/** Own pictures and scenes are as long as this at most, so that links stay links. */
const MOST = 12_000;

/** Read an address. What it does not say, or what is unknown, is as in `otherwise`. */
export function readAddress(search: string, hash: string, otherwise: Asked, known: Known): Place {
  const query = new URLSearchParams(search);
  const pictures = query.getAll("p").filter((ref) => isPicture(ref, known));
  const question = query.get("q")?.trim();
  const word = Number.parseInt(new URLSearchParams(hash.slice(1)).get("w") ?? "", 10);
  return {
    asked: {
      pictures: pictures.length > 0 ? pictures : otherwise.pictures,
      question: question || otherwise.question,
    },
    word: word >= 0 ? word : null,
  };
}

/** The address of a state, from `?` on; what is as in `otherwise` is left out. */
export function addressOf({ asked, word }: Place, otherwise: Asked, hash: string): string {
  const query = new URLSearchParams();
  const isSame = JSON.stringify(asked.pictures) === JSON.stringify(otherwise.pictures);
  if (!isSame) for (const ref of asked.pictures) query.append("p", ref);
  if (asked.question !== otherwise.question) query.set("q", asked.question);
  return `${query.size > 0 ? `?${query}` : ""}${hashOf(word, hash)}`;
}

/** What a figure has put behind the `#` for itself stays, and so does a heading as long as no word is chosen. */
function hashOf(word: number | null, hash: string): string {
  const isHeading = /^#[^=]*$/.test(hash);
  if (word === null && isHeading) return hash;
  const parts = new URLSearchParams(isHeading ? "" : hash.slice(1));
  if (word === null) parts.delete("w");
  else parts.set("w", String(word));
  return parts.size > 0 ? `#${parts}` : "";
}

function isPicture(ref: string, known: Known): boolean {
  return known.pictures.includes(ref) || (/^(i:[\w-]+|s:[\w.-]+)$/.test(ref) && ref.length <= MOST);
}
