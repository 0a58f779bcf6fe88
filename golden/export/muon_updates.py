"""Prints what nn/optim/optim.test.ts expects of Muon: three updates by torch.optim.Muon, its iteration in f32, not bf16.

    python muon_updates.py
"""

import torch

torch.Tensor.bfloat16 = lambda self: self.float()  # what torch.optim.Muon rounds its iteration with


def matrix(rows, columns, top, divisor, at):
    """The same matrix as the test's: whole numbers from -top to top, divided."""
    return torch.tensor([[(at(i, j) % (2 * top + 1) - top) / divisor for j in range(columns)] for i in range(rows)])


wide = torch.nn.Parameter(matrix(3, 5, 5, 4, lambda i, j: 7 * i + 3 * j))
tall = torch.nn.Parameter(matrix(4, 2, 3, 4, lambda i, j: 5 * i + 2 * j))
bias = torch.nn.Parameter(torch.tensor([0.5, -1.25, 2.0]))
muon = torch.optim.Muon([wide, tall], lr=0.01, weight_decay=0.1, momentum=0.95, adjust_lr_fn="match_rms_adamw")
adamw = torch.optim.AdamW([bias], lr=0.01, weight_decay=0.1)
for step in range(3):
    wide.grad = matrix(3, 5, 3, 8, lambda i, j: 3 * i + 5 * j + step)
    tall.grad = matrix(4, 2, 2, 8, lambda i, j: 2 * i + 3 * j + 2 * step)
    bias.grad = torch.tensor([0.1 * (step + 1), -0.3, 1 / (step + 1)])
    muon.step()
    adamw.step()
for name, parameter in {"wide": wide, "tall": tall, "bias": bias}.items():
    print(name, [float(f"{x:.8g}") for x in parameter.flatten().tolist()])
