import { latin1 } from "./latin1.ts";

/** How many bytes of a file's beginning `whatIsIt` looks at. */
export const BEGINNING_BYTES = 1024;

type Test = (start: Uint8Array, text: string) => boolean;

const begins =
  (mark: string): Test =>
  (_, text) =>
    text.startsWith(mark);

const JSON_TEXT = "it is JSON";
const TEXT = "it is text";

/** What files are that come in the place of others, in words that say what to do. The first that fits is it. */
const KINDS: [Test, string][] = [
  [(start) => start.length === 0, "it is empty; is the download complete?"],
  [
    (start) => start.length >= 64 && start.every((byte) => byte === 0),
    "it begins with zeros; was a download broken off?",
  ],
  [
    begins("version https://git-lfs"),
    'it is a git-lfs pointer: the repository was cloned without its large files. Run "git lfs pull" in it, or download the file',
  ],
  [
    (_, text) => /^\s*<(!doctype html|html|head|body)/i.test(text),
    "it is a web page, not the file itself: an address with /blob/ in it shows a page, and /resolve/ sends the file; or a server asked for a login",
  ],
  [
    (_, text) => /^\s*<\?xml|^\s*<Error>/i.test(text),
    "it is XML, such as a storage server sends in place of a file that it refuses",
  ],
  [
    (_, text) => /^\s*\{\s*"(error|message|detail|code|status)"/.test(text),
    "it is a server's error message, kept in place of the file; download it again",
  ],
  [begins("GGUF"), "it is a GGUF file, of llama.cpp; take the original checkpoint, in safetensors"],
  [begins("ggml"), "it is a GGML file, of llama.cpp; take the original checkpoint, in safetensors"],
  [begins("\x89HDF\r\n"), "it is an HDF5 file, of Keras or TensorFlow; take the PyTorch weights"],
  [(_, text) => text.startsWith("TFL3", 4), "it is a TensorFlow Lite model; take the PyTorch weights"],
  [isOnnx, "it is an ONNX model: a graph, not a state dict; take the PyTorch weights"],
  [isFlax, "it is a msgpack file, as Flax saves weights; take the PyTorch weights"],
  [begins("\x93NUMPY"), "it is a NumPy array (.npy)"],
  [begins("PK\x03\x04"), "it is a zip archive, as torch.save writes it; a PyTorch file is called .bin, .pt or .pth"],
  [begins("\x1f\x8b"), "it is compressed with gzip; unpack it first: gunzip FILE"],
  [begins("\x28\xb5\x2f\xfd"), "it is compressed with zstd; unpack it first: unzstd FILE"],
  [begins("7z\xbc\xaf"), "it is a 7z archive; unpack it first"],
  [begins("\xfd7zXZ"), "it is compressed with xz; unpack it first: unxz FILE"],
  [(_, text) => text.startsWith("ustar", 257), "it is a tar archive; unpack it first: tar -xf FILE"],
  [isSafetensors, "it is a safetensors file under another name; call it .safetensors, as it is found by its name"],
  [
    (start) => start[0] === 0x80 && start[1] >= 2 && start[1] <= 5,
    "it is a Python pickle, but not of torch.save. Load it in Python, and save a state dict with torch.save",
  ],
  [(start, text) => /^\s*[{[]/.test(text) && isText(start), JSON_TEXT],
  [isText, TEXT],
];

/**
 * What a file is that is not what it should be, by its first bytes, and what to do about it. Undefined if it is nothing
 * that is known, or begins as it should: then it is damaged further on.
 */
export function whatIsIt(start: Uint8Array, expected?: "safetensors" | "JSON"): string | undefined {
  const text = latin1(start.subarray(0, BEGINNING_BYTES));
  if (expected === "safetensors" && isSafetensors(start)) return undefined;
  const what = KINDS.find(([test]) => test(start, text))?.[1];
  return expected === "JSON" && (what === JSON_TEXT || what === TEXT) ? undefined : what;
}

/** ModelProto of onnx.proto: its version, then who made it, a short text. */
function isOnnx(start: Uint8Array): boolean {
  return start[0] === 8 && start[1] > 0 && start[1] < 32 && start[2] === 0x12 && start[3] < 64 && start[4] >= 0x20;
}

/** msgpack: a map of few or of many entries, the first of which has a short name. */
function isFlax(start: Uint8Array): boolean {
  const at = start[0] > 0x80 && start[0] <= 0x8f ? 1 : start[0] === 0xde ? 3 : 0;
  return at > 0 && start[at] > 0xa0 && start[at] <= 0xbf && /[A-Za-z_]/.test(String.fromCharCode(start[at + 1]));
}

/** A length of 8 bytes that is no more than 100 MB, and the beginning of a JSON object. */
function isSafetensors(start: Uint8Array): boolean {
  return start[3] < 6 && start.subarray(4, 8).every((byte) => byte === 0) && start[8] === 0x7b;
}

function isText(bytes: Uint8Array): boolean {
  return (
    bytes.every((byte) => byte >= 0x20 || byte === 9 || byte === 10 || byte === 13) &&
    /[\x20-\x7e]{4}/.test(latin1(bytes))
  );
}
