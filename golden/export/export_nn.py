"""Outputs of torch.nn modules on small inputs, for nn/torchModules.test.ts.

    python golden/export/export_nn.py > nn/torchModules.json
"""

import json

import torch

torch.manual_seed(0)
numbers = lambda t: {"shape": list(t.shape), "data": [float(x) for x in t.flatten()]}
x, y = torch.randn(2, 3, 8), torch.randn(2, 5, 8)
attention = torch.nn.MultiheadAttention(8, 2, batch_first=True).double()
torch.nn.init.normal_(attention.in_proj_bias)
torch.nn.init.normal_(attention.out_proj.bias)
norm = torch.nn.GroupNorm(4, 8).double()
torch.nn.init.normal_(norm.weight)
torch.nn.init.normal_(norm.bias)
image = torch.randn(2, 8, 3, 3)
state = lambda m: {name: numbers(t) for name, t in m.state_dict().items()}
xd, yd = x.double(), y.double()
with torch.no_grad():
    cases = {
        "MultiheadAttention": {
            "state": state(attention),
            "query": numbers(x),
            "key": numbers(y),
            "self": numbers(attention(xd, xd, xd)[0]),
            "cross": numbers(attention(xd, yd, yd)[0]),
        },
        "GroupNorm": {"state": state(norm), "x": numbers(image), "output": numbers(norm(image.double()))},
    }
print(json.dumps(cases))
