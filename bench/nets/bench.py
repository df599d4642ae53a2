#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Training steps of three-layer networks beside PyTorch, in one run.

bench.py --thalweg BUILD/thalweg --plugins BUILD/.libs --peer PYTHON-with-torch [--seconds S] [--rounds N]

784 inputs, two hidden layers, 10 classes, batch 64, single precision: forward, backward and SGD step. Each
program runs alone in turn, several times; the best of each counts. Prints a table."""
import argparse
import json
import os
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
WIDTHS, BATCH = (1000, 2000, 4000), 64


def flops(width):
    """The first layer needs no derivative by its input."""
    return 2.0 * BATCH * (2 * 784 * width + 3 * width * width + 3 * 10 * width)


def ours(a, width, threads):
    with tempfile.TemporaryDirectory() as tmp:
        out = os.path.join(tmp, "run")
        steps = max(20, int(a.seconds / (flops(width) / 5e10)) // 10 * 10)
        cmd = [a.thalweg, "run", os.path.join(HERE, "mlp.cfg"), "--quiet", "--out", out]
        for s in ("run.threads=%d" % threads, "model.width=%d" % width, "stop.passes=%d.0" % (steps // 10)):
            cmd += ["--set", s]
        env = dict(os.environ, THALWEG_PLUGIN_PATH=a.plugins)
        subprocess.run(cmd, check=True, env=env, stdout=subprocess.DEVNULL)
        with open(os.path.join(out, "metrics.jsonl")) as f:
            records = [json.loads(line) for line in f]
        first, last = records[0], records[-1]
        return (last["method_seconds"] - first["method_seconds"]) * BATCH / (
            last["gradients"] - first["gradients"])


def peer(a, width, threads):
    env = dict(os.environ, OMP_NUM_THREADS=str(threads))
    out = subprocess.run([a.peer, os.path.join(HERE, "peer.py"), str(width), str(BATCH), str(threads),
                          str(a.seconds)], check=True, env=env, stdout=subprocess.PIPE, text=True).stdout.split()
    return float(out[0]), out[1]


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--thalweg", required=True)
    p.add_argument("--plugins", required=True)
    p.add_argument("--peer", required=True)
    p.add_argument("--seconds", type=float, default=2.0)
    p.add_argument("--rounds", type=int, default=2)
    a = p.parse_args()
    print("| width | threads | thalweg, ms | PyTorch, ms | ratio | GF/s of ours |\n"
          "| --- | --- | --- | --- | --- | --- |")
    version = ""
    for threads in sorted({1, os.cpu_count()}):
        for width in WIDTHS:
            mine = theirs = 1e9
            for _ in range(a.rounds):
                mine = min(mine, ours(a, width, threads))
                t, version = peer(a, width, threads)
                theirs = min(theirs, t)
            print("| %d | %d | %.2f | %.2f | %.2f | %.0f |" % (
                width, threads, 1e3 * mine, 1e3 * theirs, theirs / mine, flops(width) / mine / 1e9), flush=True)
    print("\nPyTorch %s" % version)


if __name__ == "__main__":
    main()
