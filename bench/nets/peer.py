#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""One peer's training step (forward, backward, SGD) in PyTorch: prints seconds per step, the best of
several stretches. peer.py WIDTH BATCH THREADS SECONDS"""
import sys
import time

import torch

width, batch, threads = map(int, sys.argv[1:4])
seconds = float(sys.argv[4])
torch.set_num_threads(threads)
torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Linear(784, width), torch.nn.ReLU(),
                          torch.nn.Linear(width, width), torch.nn.ReLU(), torch.nn.Linear(width, 10))
x, t = torch.randn(640, 784), torch.randint(0, 10, (640,))
optimizer = torch.optim.SGD(net.parameters(), lr=1e-3)
loss_of = torch.nn.CrossEntropyLoss()
at = 0


def step():
    global at
    optimizer.zero_grad(set_to_none=True)
    loss_of(net(x[at:at + batch]), t[at:at + batch]).backward()
    optimizer.step()
    at = (at + batch) % 640


for _ in range(3):
    step()
best = 1e9
for _ in range(4):
    begin, n = time.perf_counter(), 0
    while n == 0 or time.perf_counter() - begin < seconds / 4:
        step()
        n += 1
    best = min(best, (time.perf_counter() - begin) / n)
print(best, torch.__version__)
