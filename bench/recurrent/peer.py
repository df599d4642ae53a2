#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""One peer's training step (forward, backward, SGD) in PyTorch: prints PyTorch's version and
seconds per step in ten stretches. peer.py KIND INPUT HIDDEN STEPS BATCH OUTPUTS THREADS SECONDS"""
import sys
import time

import torch

kind, seconds = sys.argv[1], float(sys.argv[8])
dim, hidden, steps, batch, outputs, threads = map(int, sys.argv[2:8])
torch.set_num_threads(threads)
torch.manual_seed(0)
if kind == "lstm":
    net = torch.nn.LSTM(dim, hidden)
elif kind == "gru":
    net = torch.nn.GRU(dim, hidden)
else:
    net = torch.nn.RNN(dim, hidden, nonlinearity=kind)
head = torch.nn.Linear(hidden, outputs)
x, t = torch.randn(steps, batch, dim), torch.randn(steps, batch, outputs)
optimizer = torch.optim.SGD(list(net.parameters()) + list(head.parameters()), lr=1e-4)


def step():
    optimizer.zero_grad(set_to_none=True)
    loss = ((head(net(x)[0]) - t) ** 2).mean()
    loss.backward()
    optimizer.step()


for _ in range(3):
    step()
times = []
for _ in range(10):
    begin, n = time.perf_counter(), 0
    while time.perf_counter() - begin < seconds / 10:
        step()
        n += 1
    times.append((time.perf_counter() - begin) / n)
print(torch.__version__, *times)
