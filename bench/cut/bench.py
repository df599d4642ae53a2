#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The relaxation of maximum cut beside CSDP and the plain Mixing method, in CPU seconds.

bench.py --relax BUILD/cut_relax --data DIR [--csdp csdp] [--repeat 3] GRAPH...
"""
import argparse
import os
import re
import resource
import statistics
import subprocess
import tempfile


def sdpa(graph, out):
    """max <L/4, X>, X_ii = 1, in the sparse format of SDPA."""
    words = open(graph).read().split()
    n, m = int(words[0]), int(words[1])
    degree, entry = [0.0] * (n + 1), {}
    for k in range(m):
        i, j, w = int(words[2 + 3 * k]), int(words[3 + 3 * k]), float(words[4 + 3 * k])
        degree[i] += w
        degree[j] += w
        key = (min(i, j), max(i, j))
        entry[key] = entry.get(key, 0.0) - w / 4
    with open(out, "w") as f:
        print(n, 1, n, " ".join(["1"] * n), sep="\n", file=f)
        for i in range(1, n + 1):
            print(0, 1, i, i, degree[i] / 4, file=f)
        for (i, j), w in sorted(entry.items()):
            print(0, 1, i, j, w, file=f)
        for i in range(1, n + 1):
            print(i, 1, i, i, 1, file=f)


def cpu(command):
    """CPU seconds and output of a command on one thread."""
    env = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime), done.stdout


def median(command, repeat):
    runs = [cpu(command) for _ in range(repeat)]
    return statistics.median(t for t, _ in runs), runs[0][1]


def field(text, name):
    found = re.search(name + r" ([-+0-9.e]+)", text)
    return found.group(1) if found else "-"


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--relax", required=True)
    p.add_argument("--data", required=True)
    p.add_argument("--csdp", default="csdp")
    p.add_argument("--repeat", type=int, default=3)
    p.add_argument("graph", nargs="+")
    a = p.parse_args()
    print("| graph | bound | gap | thalweg, s | Mixing, same proof, s | CSDP, s | CSDP / thalweg |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name in a.graph:
        path = os.path.join(a.data, name)
        ours, text = median([a.relax, path, "0", "1e-6"], a.repeat)
        plain, _ = median([a.relax, path, "0", "1e-6", "plain"], a.repeat)
        with tempfile.TemporaryDirectory() as folder:
            problem = os.path.join(folder, "problem.dat-s")
            sdpa(path, problem)
            peer, _ = median([a.csdp, problem], 1)
        print(f"| {name} | {field(text, 'bound')} | {field(text, 'gap')} | {ours:.3f} | {plain:.3f} "
              f"| {peer:.2f} | {peer / ours:.0f} |", flush=True)


main()
