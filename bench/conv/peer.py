# SPDX-License-Identifier: BSD-3-Clause
"""ResNet-20 (shortcut A) in PyTorch: images per second of training steps.

peer.py THREADS BATCH STEPS LAYOUT prints "images/s peak-MB"; LAYOUT is default or channels-last."""
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, n, m, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(n, m, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(m)
        self.conv2 = nn.Conv2d(m, m, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(m)
        self.pad = (m - n) // 2

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)), inplace=True)))
        if self.pad:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.pad, self.pad))
        return F.relu(y + x, inplace=True)


def net():
    layers, n = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(True)], 16
    for stage in range(3):
        for block in range(3):
            m = 16 << stage
            layers.append(Block(n, m, 2 if stage and not block else 1))
            n = m
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


threads, batch, steps, layout = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
torch.set_num_threads(threads)
torch.manual_seed(0)
model, x = net(), torch.randn(batch, 3, 32, 32)
y = torch.randint(0, 10, (batch,))
assert sum(p.numel() for p in model.parameters()) == 269722
if layout == "channels-last":
    model, x = model.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
sgd = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9, nesterov=True)
for i in range(steps + 2):
    if i == 2:
        start = time.perf_counter()
    sgd.zero_grad()
    F.cross_entropy(model(x), y).backward()
    sgd.step()
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"{batch * steps / seconds:.1f} {peak:.0f}")
