"""How NumPy shows arrays of float32, int32 and bool, for core/showArray.test.ts.

    python golden/export/export_numpy_text.py > core/showArray.json
"""

import json

import numpy as np

rng = np.random.default_rng(0)
f = lambda *values: np.array(values, dtype=np.float32)
arrays = [
    f(1, 2.5), f(1, 2, 3), f(0.1, 0.2, 0.3), f(-1.5, 10), f(0), f(-0.0, 0), f(np.nan, 1), f(np.inf, -np.inf, 2.25),
    f(1e-5, 1), f(1e8, 1), f(1, 2000), f(1, 1000), f(1 / 3, 2 / 3), f(123456.789), f(1e-4), f(9.9e-5), f(1e10, -1e-10),
    np.array(1.5, dtype=np.float32), np.array([], dtype=np.float32), np.zeros((0, 3), np.float32), np.zeros((2, 3), np.float32),
    np.array([[1, 2.5], [3, 4]], dtype=np.float32), np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    np.arange(16, dtype=np.float32).reshape(2, 2, 2, 2) / 4, rng.standard_normal((3, 4)).astype(np.float32),
    rng.standard_normal(30).astype(np.float32), np.arange(1200, dtype=np.float32), np.arange(1200, dtype=np.float32).reshape(30, 40),
    rng.standard_normal((12, 100)).astype(np.float32), rng.standard_normal((11, 10, 10)).astype(np.float32),
    np.array([1, -20, 300], dtype=np.int32), np.arange(60, dtype=np.int32), np.arange(6, dtype=np.int32).reshape(2, 3),
    np.array([True, False]), np.array([[True], [False]]), np.array(7, dtype=np.int32), np.full((1, 1, 1), 3, np.float32),
    (rng.standard_normal(8) * 1e-6).astype(np.float32), (10.0 ** np.arange(-3, 4)).astype(np.float32),
]
shown = lambda a: [v if np.isfinite(v) else str(v) for v in a.flatten().tolist()]
print(json.dumps([{"dtype": str(a.dtype), "shape": list(a.shape), "data": shown(a), "text": str(a)} for a in arrays]))
