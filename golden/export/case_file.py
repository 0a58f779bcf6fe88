"""The cases of an outside table, as golden/standards reads them: NAME.json lists them, NAME.bin holds their numbers."""

import json
from pathlib import Path

import numpy as np

# how each kind of number is stored; whole numbers of every width become int32, where they fit
STORED = {"f": np.float32, "i": np.int32, "u": np.int32, "b": np.uint8}
DTYPES = {"f": "f32", "i": "i32", "u": "i32", "b": "bool"}


class Unfit(Exception):
    """A value that no tensor of ours can hold, such as a string or a number beyond int32."""


class CaseFile:
    def __init__(self):
        self.cases = []
        self.chunks = []
        self.length = 0

    def tensor(self, array):
        """Keeps an array, and gives what stands for it in the list: its dtype here and there, its shape, its place."""
        array = np.asarray(array)
        source = str(array.dtype)
        if source == "bfloat16" or source == "float16":
            array = array.astype(np.float32)
        kind = array.dtype.kind
        if kind not in STORED:
            raise Unfit(source)
        stored = array.astype(STORED[kind])
        if kind in "iu" and not np.array_equal(stored.astype(object), array.astype(object)):
            raise Unfit("a number beyond int32")
        at = self.length
        data = np.ascontiguousarray(stored).tobytes()
        data += b"\0" * (-len(data) % 4)
        self.chunks.append(data)
        self.length += len(data)
        return {"tensor": [at, list(array.shape)], "dtype": DTYPES[kind], "source": source}

    def write(self, out):
        """Returns how many cases there are."""
        out = Path(out)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.with_suffix(".json").write_text("\n".join(["[", ",\n".join(json.dumps(c) for c in self.cases), "]", ""]))
        out.with_suffix(".bin").write_bytes(b"".join(self.chunks))
        return len(self.cases)
