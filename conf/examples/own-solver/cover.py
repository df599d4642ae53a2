#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Vertex covers of at most twice the least weight: a solver of one's own for thalweg.

usage: cover.py EDGES      a file of "A B" lines
"""
import sys

edges, number = [], {}
for line in open(sys.argv[1]):
    ends = line.split("#")[0].split()
    if len(ends) >= 2:
        edges.append([number.setdefault(name, len(number)) for name in ends[:2]])


def cover(cost):
    left, bound = list(cost), 0.0
    for a, b in edges:  # both ends of an edge pay what the cheaper one has left
        pay = min(left[a], left[b])
        left[a], left[b], bound = left[a] - pay, left[b] - pay, bound + pay
    return [v for v in range(len(cost)) if left[v] <= 1e-12 * max(cost)], bound


for line in sys.stdin:
    word = line.split()
    if word[0] == "hello":
        print("ready 1", len(number), "cost 2 binary names")
        print("\n".join("name " + name for name in number))
    elif word[0] == "query":
        chosen, bound = cover([float.fromhex(c) for c in word[3:]])
        print("point", word[1], len(chosen), *["%d 1" % v for v in chosen], "bound", bound.hex())
    sys.stdout.flush()
