#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Framework overhead: SVRG through the host against the same method as a plain C loop.

Dense logistic regression, d = 100, one thread; both run the same number of epochs with the same
step; runs are interleaved and medians of seconds per pass compared. Needs numpy and a C compiler.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile

import numpy as np


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--thalweg", default="thalweg")
    p.add_argument("--rows", type=int, default=20000)
    p.add_argument("--columns", type=int, default=100)
    p.add_argument("--epochs", type=int, default=10)
    p.add_argument("--repeats", type=int, default=9)
    p.add_argument("--out", default=os.path.join(here, "..", "results"))
    args = p.parse_args()

    rng = np.random.default_rng(1)
    x = rng.standard_normal((args.rows, args.columns)) / np.sqrt(args.columns)
    y = np.where(x @ rng.standard_normal(args.columns) + 0.3 * rng.standard_normal(args.rows) > 0,
                 1.0, -1.0)
    step = 1.0 / (0.25 * float((x * x).sum(1).max()) + 1 / args.rows) / 3
    times = {"plain C": [], "thalweg": [], "thalweg, plain path": []}
    values = {}
    with tempfile.TemporaryDirectory() as tmp:
        plain = os.path.join(tmp, "plain")
        subprocess.run([os.environ.get("CC", "cc"), "-O3", "-march=native", "-o", plain,
                        os.path.join(here, "plain_svrg.c"), "-lm"], check=True)
        x.tofile(os.path.join(tmp, "x.f64"))
        y.tofile(os.path.join(tmp, "y.f64"))
        np.save(os.path.join(tmp, "x.npy"), x)
        np.save(os.path.join(tmp, "y.npy"), y)
        for k in range(args.repeats):
            out = subprocess.run([plain, str(args.rows), str(args.columns), repr(step),
                                  str(args.epochs), tmp + "/x.f64", tmp + "/y.f64"],
                                 check=True, capture_output=True, text=True).stdout.split()
            times["plain C"].append(float(out[0]))
            values["plain C"] = float(out[1])
            for who, fused in (("thalweg", "true"), ("thalweg, plain path", "false")):
                run = os.path.join(tmp, f"run-{k}-{fused}")
                subprocess.run(
                    [args.thalweg, "run", os.path.join(here, "svrg.cfg"), "--quiet", "--no-plot",
                     "--out", run, "--set", f"source.x={tmp}/x.npy", "--set",
                     f"source.y={tmp}/y.npy", "--set", f"optimizer.step={step!r}", "--set",
                     f"stop.passes={5.0 * args.epochs}", "--set", f"optimizer.fused={fused}",
                     "--set", f"optimizer.epoch={2 * args.rows}"],
                    check=True)
                r = [json.loads(line) for line in open(run + "/metrics.jsonl")]
                times[who].append((r[-1]["method_seconds"] - r[0]["method_seconds"])
                                  / (r[-1]["passes"] - r[0]["passes"]))
                values[who] = r[-1]["f"]
    base = statistics.median(times["plain C"])
    lines = [f"SVRG, dense {args.rows} x {args.columns}, float64, one thread; medians of "
             f"{args.repeats} interleaved runs", "",
             "| | ms per pass | of plain C | final f |", "| --- | --- | --- | --- |"]
    for who, t in times.items():
        m = statistics.median(t)
        lines.append(f"| {who} | {1000 * m:.3f} | {m / base:.3f} | {values[who]:.12f} |")
    print("\n".join(lines))
    os.makedirs(args.out, exist_ok=True)
    with open(os.path.join(args.out, "overhead.md"), "w") as f:
        f.write("<!-- SPDX-License-Identifier: BSD-3-Clause -->\n"
                "# What the framework costs\n\nMade by `bench/overhead/run.py`.\n\n"
                + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
