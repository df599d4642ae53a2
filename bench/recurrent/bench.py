#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Training steps per second of recurrent networks beside PyTorch, in one run.

bench.py --thalweg BUILD/thalweg --plugins BUILD/.libs --peer PYTHON-with-torch [--busy] [--json FILE]

Each program runs alone in turn, several times; the best of each counts. --busy keeps every core
occupied by another process meanwhile. bench.py --report OUT.md FILE... writes the tables."""
import argparse
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = [("relu", 28, 128, 28), ("tanh", 28, 128, 28), ("relu", 64, 256, 50),
         ("relu", 64, 512, 50), ("lstm", 28, 128, 28), ("gru", 28, 128, 28)]
BATCH, OUTPUTS = 64, 10


def flops(kind, d, h, t):
    gates = {"lstm": 4, "gru": 3}.get(kind, 1)
    return 6 * t * BATCH * h * (gates * (h + d) + OUTPUTS)


def ours(a, case, threads, steps):
    """Seconds per step, by the run's own record of the time inside the method."""
    kind, d, h, t = case
    with tempfile.TemporaryDirectory() as tmp:
        out = os.path.join(tmp, "run")
        sets = ["run.threads=%d" % threads, "source.dim=%d" % d, "source.length=%d" % t,
                "model.hidden=%d" % h, "stop.passes=%d.0" % steps,
                'model.type="%s"' % (kind if kind in ("lstm", "gru") else "rnn")]
        if kind in ("relu", "tanh"):
            sets.append('model.activation="%s"' % kind)
        cmd = [a.thalweg, "run", os.path.join(HERE, "rnn.cfg"), "--quiet", "--out", out]
        for s in sets:
            cmd += ["--set", s]
        env = dict(os.environ, THALWEG_PLUGIN_PATH=a.plugins)
        subprocess.run(cmd, check=True, env=env, stdout=subprocess.DEVNULL)
        with open(os.path.join(out, "metrics.jsonl")) as f:
            records = [json.loads(line) for line in f]
        first, last = records[0], records[-1]
        return (last["method_seconds"] - first["method_seconds"]) / (last["step"] - first["step"])


def peer(a, case, threads):
    kind, d, h, t = case
    env = dict(os.environ, OMP_NUM_THREADS=str(threads))
    out = subprocess.run([a.peer, os.path.join(HERE, "peer.py"), kind] +
                         [str(v) for v in (d, h, t, BATCH, OUTPUTS, threads, a.seconds)],
                         check=True, env=env, stdout=subprocess.PIPE, text=True).stdout.split()
    return float(out[0]), out[1]


def measure(a):
    rows, version, most = [], "", peak(a)
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"])
            for _ in range(os.cpu_count() if a.busy else 0)]
    try:
        for threads in sorted({1, os.cpu_count()}):
            for case in CASES:
                mine, theirs = 1e9, 1e9
                for _ in range(a.rounds):
                    guess = flops(*case) / 5e10
                    mine = min(mine, ours(a, case, threads, max(8, int(a.seconds / guess))))
                    t, version = peer(a, case, threads)
                    theirs = min(theirs, t)
                rows.append({"case": case, "threads": threads, "ours": mine, "peer": theirs})
                print(rows[-1], flush=True)
    finally:
        for p in busy:
            p.kill()
    with open(a.json, "w") as f:
        json.dump({"busy": a.busy, "version": version, "peak": most, "rows": rows}, f, indent=1)


def report(files, out):
    with open(out, "w") as f:
        f.write("<!-- SPDX-License-Identifier: BSD-3-Clause -->\n# Recurrent networks beside PyTorch\n\n"
                "`bench/recurrent/bench.py`; forward, backward and SGD step on a batch of %d, single\n"
                "precision, sequences per second, the best of the rounds.\n" % BATCH)
        for name in files:
            with open(name) as g:
                data = json.load(g)
            f.write("\n## %s\n\nPyTorch %s. A product of 1024 x 1024 by PyTorch on one thread: %.0f GF/s.\n\n" % (
                "Beside one busy process per core" if data["busy"] else "Alone on the machine",
                data["version"], data["peak"]))
            f.write("| model | input, hidden, steps | threads | thalweg | PyTorch | ratio | GF/s of ours |\n"
                    "| --- | --- | --- | --- | --- | --- | --- |\n")
            for r in data["rows"]:
                kind, d, h, t = r["case"]
                f.write("| %s | %d, %d, %d | %d | %.0f | %.0f | %.2f | %.0f |\n" % (
                    kind, d, h, t, r["threads"], BATCH / r["ours"], BATCH / r["peer"],
                    r["peer"] / r["ours"], flops(kind, d, h, t) / r["ours"] / 1e9))


def peak(a):
    """GF/s of a large product on one thread."""
    code = ("import torch, time; torch.set_num_threads(1); x = torch.randn(1024, 1024); b = 1e9\n"
            "for _ in range(30):\n"
            "    t = time.perf_counter(); x @ x; b = min(b, time.perf_counter() - t)\n"
            "print(2 * 1024 ** 3 / b / 1e9)")
    return float(subprocess.run([a.peer, "-c", code], check=True, stdout=subprocess.PIPE,
                                text=True).stdout)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--thalweg")
    p.add_argument("--plugins")
    p.add_argument("--peer")
    p.add_argument("--json", default="recurrent.json")
    p.add_argument("--seconds", type=float, default=1.0)
    p.add_argument("--rounds", type=int, default=2)
    p.add_argument("--busy", action="store_true")
    p.add_argument("--report", nargs="+", metavar="FILE")
    a = p.parse_args()
    if a.report:
        report(a.report[1:], a.report[0])
    else:
        measure(a)


if __name__ == "__main__":
    main()
