#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Training steps per second of recurrent networks beside PyTorch, in one run.

bench.py --thalweg BUILD/thalweg --plugins BUILD/.libs --peer PYTHON-with-torch [--busy] [--json FILE]

The two programs take turns; medians count, and the best stretches. --busy keeps every core occupied by another process
meanwhile. --cases relu:28:128:28,... --threads 1,2 choose. What is in the JSON file already stays,
unless it is measured again. bench.py --report OUT.md OUT.svg FILE... writes the tables."""
import argparse
import ctypes
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = [("relu", 28, 128, 28), ("tanh", 28, 128, 28), ("relu", 64, 256, 50), ("tanh", 64, 256, 50),
         ("relu", 64, 512, 50), ("relu", 64, 1024, 50), ("lstm", 28, 128, 28), ("gru", 28, 128, 28)]
BATCH, OUTPUTS, STRETCHES = 64, 10, 10


def flops(kind, d, h, t):
    gates = {"lstm": 4, "gru": 3}.get(kind, 1)
    return 6 * t * BATCH * h * (gates * (h + d) + OUTPUTS)


def ours(a, case, threads, steps):
    """Seconds per step in each stretch, by the run's own records of the time inside the method."""
    kind, d, h, t = case
    with tempfile.TemporaryDirectory() as tmp:
        out = os.path.join(tmp, "run")
        sets = ["run.threads=%d" % threads, "source.dim=%d" % d, "source.length=%d" % t,
                "model.hidden=%d" % h, "stop.passes=%d.0" % steps,
                "monitor.every=%d.0" % max(1, steps // STRETCHES),
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
        return [(y["method_seconds"] - x["method_seconds"]) / (y["step"] - x["step"])
                for x, y in zip(records, records[1:]) if y["step"] > x["step"]]


def peer(a, case, threads):
    kind, d, h, t = case
    env = dict(os.environ, OMP_NUM_THREADS=str(threads))
    out = subprocess.run([a.peer, os.path.join(HERE, "peer.py"), kind] +
                         [str(v) for v in (d, h, t, BATCH, OUTPUTS, threads, a.seconds)],
                         check=True, env=env, stdout=subprocess.PIPE, text=True).stdout.split()
    return [float(v) for v in out[1:]], out[0]


def ratio_of(r, which=statistics.median):
    return which(r["peer"]) / which(r["ours"])


def measure(a):
    data = {"rows": []}
    if os.path.exists(a.json):
        with open(a.json) as f:
            data = json.load(f)
    cases = [tuple(int(v) if v.isdigit() else v for v in c.split(":")) for c in a.cases.split(",")] \
        if a.cases else CASES
    threads = [int(v) for v in a.threads.split(",")] if a.threads else sorted({1, os.cpu_count()})
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"])
            for _ in range(os.cpu_count() if a.busy else 0)]
    try:
        for n in threads:
            for case in cases:
                row = {"case": list(case), "threads": n, "busy": a.busy, "ours": [], "peer": [],
                       "peak": [] if a.busy else [peak(a), peak(a)]}
                for _ in range(a.rounds):
                    steps = max(4, int(a.seconds * 5e10 / flops(*case)))
                    row["ours"] += ours(a, case, n, steps)
                    t, data["version"] = peer(a, case, n)
                    row["peer"] += t
                data["rows"] = [r for r in data["rows"] if r["case"] != row["case"]
                                or r["threads"] != n or r["busy"] != a.busy] + [row]
                print(case, n, "%.2f %.2f" % (ratio_of(row), ratio_of(row, min)), "ms %.2f %.2f" % (
                    1e3 * min(row["ours"]), 1e3 * min(row["peer"])), row["peak"], flush=True)
                with open(a.json, "w") as f:
                    json.dump(data, f, indent=1)
    finally:
        for p in busy:
            p.kill()


def peak(a):
    """GF/s of OpenBLAS on one thread, 1024 x 1024: the best of several products."""
    blas = ctypes.CDLL(a.blas)
    blas.openblas_set_num_threads(1)
    n, times = 1024, []
    x = (ctypes.c_float * (n * n))(*([0.5] * (n * n)))
    y, z = (ctypes.c_float * (n * n)).from_buffer_copy(x), (ctypes.c_float * (n * n))()
    one, zero = ctypes.c_float(1.0), ctypes.c_float(0.0)
    for _ in range(15):
        t = time.perf_counter()
        blas.cblas_sgemm(101, 111, 111, n, n, n, one, x, n, y, n, zero, z, n)
        times.append(time.perf_counter() - t)
    return 2 * n ** 3 / min(times) / 1e9


def find(rows, like, busy):
    for r in rows:
        if (r["case"], r["threads"], r["busy"]) == (like["case"], like["threads"], busy):
            return r
    return None


def report(out, picture, files):
    rows, version = [], ""
    for name in files:
        with open(name) as f:
            data = json.load(f)
        rows, version = rows + data["rows"], data["version"]
    rows.sort(key=lambda r: (r["threads"], ["relu", "tanh", "lstm", "gru"].index(r["case"][0]), r["case"][2]))
    alone = [r for r in rows if not r["busy"]]
    with open(out, "w") as f:
        f.write("<!-- SPDX-License-Identifier: BSD-3-Clause -->\n# Recurrent networks beside PyTorch\n\n"
                "`bench/recurrent/bench.py`: forward, backward and SGD step on a batch of %d, single precision,\n"
                "PyTorch %s. The programs take turns; a round of each is cut into stretches of about a tenth of a\n"
                "second: medians over these, and in brackets the ratio of the best of them, which other work on the\n"
                "machine disturbs least. Peak: OpenBLAS sgemm, 1024 x 1024, in the same run, best of 15 for best,\n"
                "times the threads.\n\n"
                "| model | input, hidden, steps | threads | thalweg, sequences/s | PyTorch | ratio (of the best) | GF/s of our best | of the peak |\n"
                "| --- | --- | --- | --- | --- | --- | --- | --- |\n" % (BATCH, version))
        for r in alone:
            kind, d, h, t = r["case"]
            m, p = statistics.median(r["ours"]), statistics.median(r["peer"])
            best = flops(kind, d, h, t) / min(r["ours"]) / 1e9
            f.write("| %s | %d, %d, %d | %d | %.0f | %.0f | %.2f (%.2f) | %.0f | %.0f %% |\n" % (
                kind, d, h, t, r["threads"], BATCH / m, BATCH / p, p / m,
                ratio_of(r, min), best,
                100 * best / r["threads"] / max(r["peak"])))
        f.write("\n## Beside one busy process per core\n\nHow many times as long a step takes as on the idle machine: 2 is the fair\n"
                "share of a core that another process uses too.\n\n"
                "| model | input, hidden, steps | threads | thalweg | PyTorch | ratio of the speeds |\n"
                "| --- | --- | --- | --- | --- | --- |\n")
        for r in alone:
            b = find(rows, r, True)
            if not b:
                continue
            kind, d, h, t = r["case"]
            f.write("| %s | %d, %d, %d | %d | %.1f | %.1f | %.1f |\n" % (
                kind, d, h, t, r["threads"], statistics.median(b["ours"]) / statistics.median(r["ours"]),
                statistics.median(b["peer"]) / statistics.median(r["peer"]), ratio_of(b)))
    plot(alone, picture)


def plot(rows, picture):
    """Sequences per second, PyTorch's as 1."""
    import matplotlib
    matplotlib.use("svg")
    import matplotlib.pyplot as plt
    plt.rcParams["svg.hashsalt"] = "thalweg"
    fig, ax = plt.subplots(figsize=(8, 3.6))
    for i, r in enumerate(rows):
        ax.bar(i, ratio_of(r), color="#2a6f97" if r["threads"] == 1 else "#e07a3f")
    ax.set_xticks(range(len(rows)), ["%s\n%d, %d thr." % (r["case"][0], r["case"][2], r["threads"])
                                     for r in rows], fontsize=6.5)
    ax.axhline(1.0, color="black", lw=0.8)
    ax.axhline(1.5, color="black", lw=0.8, ls=":")
    ax.set_ylabel("sequences per second over PyTorch's")
    fig.tight_layout()
    fig.savefig(picture, metadata={"Date": None})


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--thalweg")
    p.add_argument("--plugins")
    p.add_argument("--peer")
    p.add_argument("--json", default="recurrent.json")
    p.add_argument("--seconds", type=float, default=1.0)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--busy", action="store_true")
    p.add_argument("--cases")
    p.add_argument("--threads")
    p.add_argument("--blas", default="libopenblas.so.0")
    p.add_argument("--report", nargs="+", metavar="FILE")
    a = p.parse_args()
    if a.report:
        report(a.report[0], a.report[1], a.report[2:])
    else:
        measure(a)


if __name__ == "__main__":
    main()
