#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What neon2 around svrg costs in wall time where no saddle is met: a9a, logistic loss with the
non-convex regulariser, the same epsilon, one thread.

Three readings, medians over interleaved runs, each a ratio to its own base:

  path    time until the gradient is small: the reduction's tests and guard on top of svrg (the goal
          is a ratio of at most 1.15)
  proof   the same and one proof that the point is a local minimum: neon2 brings its own, for svrg
          it is the host's verdict; so neon2 runs without the verdict, svrg with
  all     neon2 with its proof against svrg with none: what the proof costs one who does not want it

Times are those of the optimizer, monitoring left out (method_seconds), plus, where it counts, that
of the verdict. Needs Python only.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def run(args, settings):
    with tempfile.TemporaryDirectory() as tmp:
        cmd = [args.thalweg, "run", os.path.join(HERE, "overhead.cfg"), "--quiet", "--no-plot",
               "--out", os.path.join(tmp, "run")]
        for v in [f"source.path={os.path.abspath(args.data)}", f"stop.epsilon={args.epsilon!r}",
                  f"stop.delta={args.delta!r}", *settings]:
            cmd += ["--set", v]
        done = subprocess.run(cmd, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{' '.join(cmd)}\n{done.stderr}")
        with open(os.path.join(tmp, "run", "metrics.jsonl")) as f:
            records = [json.loads(line) for line in f]
        with open(os.path.join(tmp, "run", "result.json")) as f:
            return records, json.load(f)


def alone(args, verdict):
    records, result = run(args, ["optimizer.type=svrg", f"stop.verdict={verdict}"])
    return {"path": result["method_seconds"], "run": result["seconds"],
            "passes": records[-1]["passes"], "grad_norm": result["grad_norm"]}


def around(args):
    """The search is the last step, so the record before it has the time of the path."""
    records, result = run(args, ["optimizer.type=neon2", "optimizer.inner.type=svrg",
                                 "stop.verdict=false"])
    last = records[-1]
    if last.get("optimizer.curvature_steps") != 0 or last.get("optimizer.certified") != 1:
        sys.exit("a saddle was met, or no minimum was proved: choose another epsilon or delta")
    before = [r for r in records if not r.get("optimizer.searches")][-1]
    return {"path": before["method_seconds"], "all": result["method_seconds"],
            "passes": before["passes"], "grad_norm": before["grad_norm"]}


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--thalweg", default="thalweg", help="the program (plugins must be found)")
    p.add_argument("--data", required=True, help="the file a9a")
    p.add_argument("--epsilon", type=float, default=1e-5)
    p.add_argument("--delta", type=float, default=1e-2)
    p.add_argument("--repeats", type=int, default=11)
    p.add_argument("--out", default=os.path.join(HERE, "..", "results"))
    args = p.parse_args()
    plain, proved, ours = [], [], []
    for _ in range(args.repeats):
        plain.append(alone(args, "false"))
        ours.append(around(args))
        proved.append(alone(args, "true"))
    med = lambda rows, key: statistics.median(r[key] for r in rows)
    svrg, neon2 = med(plain, "path"), med(ours, "path")
    verdict = statistics.median(b["path"] + b["run"] - a["run"] for a, b in zip(plain, proved))
    lines = [f"a9a, logistic loss with non-convex regulariser, epsilon = {args.epsilon:g}, delta = "
             f"{args.delta:g}, one thread, medians of {args.repeats} interleaved runs:", "",
             "| | svrg | neon2(svrg) | ratio |", "|---|---|---|---|",
             f"| path: until the gradient is small | {1000 * svrg:.1f} ms, {plain[0]['passes']:.1f}"
             f" passes | {1000 * neon2:.1f} ms, {ours[0]['passes']:.1f} passes |"
             f" {neon2 / svrg:.3f} |",
             f"| proof: and proved once | {1000 * verdict:.1f} ms | {1000 * med(ours, 'all'):.1f} ms"
             f" | {med(ours, 'all') / verdict:.3f} |",
             f"| all: proved against not | {1000 * svrg:.1f} ms | {1000 * med(ours, 'all'):.1f} ms |"
             f" {med(ours, 'all') / svrg:.3f} |"]
    print("\n".join(lines))
    os.makedirs(args.out, exist_ok=True)
    with open(os.path.join(args.out, "neon2-overhead.md"), "w") as f:
        f.write("<!-- SPDX-License-Identifier: BSD-3-Clause -->\n"
                "# neon2 around svrg where no saddle is met\n\nMade by `bench/neon2/overhead.py` "
                "(see there for the three readings).\n\n" + "\n".join(lines) + "\n")
    return 0 if neon2 / svrg <= 1.15 else 1


if __name__ == "__main__":
    sys.exit(main())
