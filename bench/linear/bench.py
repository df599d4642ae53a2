#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Regularised logistic regression: thalweg beside its peers, on the same file.

Objective, the same for all: sum_i log(1 + exp(-y_i a_i.w)) + 0.5 |w|^2 (C = 1), no intercept.

  time to target   seconds of optimisation (reading the file not counted, for anybody) until the
                   objective is within a relative 1e-6 of the optimum
  pass cost        seconds for n component gradients, SVRG against SAGA

Peers have no clock inside, so each is run with growing iteration limits (tolerance 0) until the
target is met, and then timed with exactly that limit; thalweg's records carry the time of the
optimiser alone. Runs of all competitors are interleaved and the median is reported.

Needs numpy, scipy, scikit-learn; cyanure and liblinear's `train` are used where present.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

TARGET = 1e-6


def load(path):
    """Rows, labels in {-1, +1}."""
    import gzip

    from sklearn.datasets import load_svmlight_file

    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rb") as f:
        x, y = load_svmlight_file(f)
    classes = sorted(set(y))
    if len(classes) != 2:
        sys.exit(f"{path}: two classes expected, found {len(classes)}")
    import numpy as np

    x = x.tocsr()
    x.indices, x.indptr = x.indices.astype(np.int32), x.indptr.astype(np.int32)
    return x, np.where(y == classes[1], 1.0, -1.0)


def objective(x, y, w):
    import numpy as np

    z = y * (x @ w)
    return float(np.logaddexp(0, -z).sum() + 0.5 * w @ w)


def optimum(x, y):
    """Newton's method to working precision: the reference that nobody is timed against."""
    import numpy as np

    xd = x.toarray() if hasattr(x, "toarray") else x
    w = np.zeros(x.shape[1])
    for _ in range(60):
        z = y * (xd @ w)
        p = 1 / (1 + np.exp(z))
        g = -xd.T @ (y * p) + w
        h = xd.T @ (xd * (p * (1 - p))[:, None]) + np.eye(len(w))
        step = np.linalg.solve(h, g)
        t = 1.0
        while objective(x, y, w - t * step) > objective(x, y, w) and t > 1e-10:
            t /= 2
        w = w - t * step
        if np.linalg.norm(g) < 1e-10:
            break
    return objective(x, y, w)


class Sklearn:
    def __init__(self, solver):
        self.name = f"scikit-learn {solver}"
        self.solver = solver

    def fit(self, x, y, limit):
        from sklearn.linear_model import LogisticRegression

        kw = {"tol": 0.0} if self.solver != "liblinear" else {"tol": 10.0 ** -limit, "random_state": 1}
        model = LogisticRegression(
            C=1.0, fit_intercept=False, solver=self.solver,
            max_iter=limit if self.solver != "liblinear" else 100000,
            **({"random_state": 1} if self.solver in ("sag", "saga") else {}), **kw)
        start = time.perf_counter()
        model.fit(x, y)
        return model.coef_.ravel(), time.perf_counter() - start

    def limits(self):
        if self.solver == "liblinear":
            return range(1, 14)
        return sorted({int(round(1.25 ** k)) for k in range(0, 42)})


class Cyanure:
    name = "cyanure auto"

    def fit(self, x, y, limit):
        import numpy as np
        from cyanure.estimators import LogisticRegression

        n = x.shape[0]
        model = LogisticRegression(penalty="l2", lambda_1=1.0 / n, fit_intercept=False,
                                   max_iter=limit, tol=1e-300, duality_gap_interval=10 ** 6,
                                   verbose=False, n_threads=int(os.environ["OMP_NUM_THREADS"]))
        start = time.perf_counter()
        model.fit(x, y)
        took = time.perf_counter() - start
        return np.asarray(model.coef_).ravel(), took

    def limits(self):
        return sorted({int(round(1.25 ** k)) for k in range(0, 36)})


class Liblinear:
    """liblinear's own program, primal trust-region Newton; the time is that of the whole process
    less that of a run that stops at once, since it does not report the two apart."""

    def __init__(self, program, file, s):
        self.name = f"liblinear -s {s}"
        self.program, self.file, self.s = program, file, s

    def run(self, eps):
        import numpy as np

        with tempfile.NamedTemporaryFile() as out:
            start = time.perf_counter()
            subprocess.run([self.program, "-q", "-s", str(self.s), "-c", "1", "-e", str(eps),
                            self.file, out.name], check=True, stdout=subprocess.DEVNULL)
            took = time.perf_counter() - start
            lines = open(out.name).read().split("\n")
        at = lines.index("w")
        label = [l for l in lines if l.startswith("label")][0].split()
        w = np.array([float(v) for v in lines[at + 1:] if v.strip()])
        return (w if float(label[1]) > 0 else -w), took

    def fit(self, x, y, limit):
        _, idle = self.run(1e10)
        w, took = self.run(10.0 ** -limit)
        return w, max(took - idle, 1e-4)

    def limits(self):
        return range(1, 14)


def limit_for(peer, x, y, best):
    """The smallest of the peer's limits that meets the target."""
    for limit in peer.limits():
        w, took = peer.fit(x, y, limit)
        if objective(x, y, w) <= best * (1 + TARGET):
            return limit
        if took > 60:
            break
    return None


def thalweg(program, config, sets, threads):
    """Runs a pipeline; returns its records and its result."""
    with tempfile.TemporaryDirectory() as tmp:
        out = os.path.join(tmp, "run")
        cmd = [program, "run", config, "--quiet", "--no-plot", "--out", out,
               "--set", f"run.threads={threads}"]
        for s in sets:
            cmd += ["--set", s]
        done = subprocess.run(cmd, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{' '.join(cmd)}\n{done.stderr}")
        records = [json.loads(line) for line in open(os.path.join(out, "metrics.jsonl"))]
        return records, json.load(open(os.path.join(out, "result.json")))


def first_below(records, n, best):
    for r in records:
        if r["f"] is not None and n * r["f"] <= best * (1 + TARGET):
            return r["method_seconds"], r["passes"]
    return None, None


def pass_cost(records):
    last = records[-1]
    return (last["method_seconds"] - records[0]["method_seconds"]) / (last["passes"] - records[0]["passes"])


def median(v):
    v = [t for t in v if t is not None]
    return statistics.median(v) if v else None


def one_setting(args, name, file, dense, threads):
    import numpy as np

    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(threads)
    x, y = load(file)
    if dense:
        x = np.asarray(x.todense())
        x = (x - x.mean(0)) / np.where(x.std(0) > 0, x.std(0), 1)
    n = x.shape[0]
    best = optimum(x, y)
    print(f"\n{name}, {threads} thread(s): {n} x {x.shape[1]}, optimum {best:.10g}")

    source = [f"source.type=svmlight", f"source.path={os.path.abspath(file)}"]
    if dense:
        keep = tempfile.mkdtemp()
        np.save(os.path.join(keep, "x.npy"), np.ascontiguousarray(x))
        np.save(os.path.join(keep, "y.npy"), y)
        source = ["source.type=npy", f"source.x={keep}/x.npy", f"source.y={keep}/y.npy"]

    from_here = lambda f: os.path.join(os.path.dirname(os.path.abspath(__file__)), f)
    ours = [m for m in ("svrg", "lbfgs", "catalyst", "newton")
            if os.path.exists(from_here(m + ".cfg"))]
    peers = [Sklearn(s) for s in ("saga", "sag", "lbfgs", "newton-cholesky", "liblinear")]
    try:
        import cyanure  # noqa: F401

        peers.append(Cyanure())
    except ImportError:
        print("  cyanure is not installed: left out")
    program = shutil.which("liblinear-train") or shutil.which("train")
    if program and not dense and not file.endswith(".gz"):
        peers.append(Liblinear(program, file, 0))

    limits = {}
    for p in peers:
        limits[p.name] = limit_for(p, x, y, best)
        if limits[p.name] is None:
            print(f"  {p.name}: did not reach the target")
    saga = Sklearn("saga")

    times = {m: [] for m in ours} | {p.name: [] for p in peers}
    costs = {"svrg": [], "saga": []}
    passes = {}
    for _ in range(args.repeats):
        for m in ours:
            records, _ = thalweg(args.thalweg, from_here(m + ".cfg"), source, threads)
            t, k = first_below(records, n, best)
            times[m].append(t)
            passes[m] = k
            if m == "svrg":
                costs["svrg"].append(pass_cost(records))
        for p in peers:
            if limits[p.name] is not None:
                times[p.name].append(p.fit(x, y, limits[p.name])[1])
        costs["saga"].append((saga.fit(x, y, 22)[1] - saga.fit(x, y, 2)[1]) / 20)

    rows = []
    for who, t in times.items():
        rows.append({"data": name, "threads": threads, "method": ("thalweg " if who in ours else "")
                     + who, "seconds": median(t), "ours": who in ours, "passes": passes.get(who)})
    rows.sort(key=lambda r: (r["seconds"] is None, r["seconds"]))
    for r in rows:
        s = "not reached" if r["seconds"] is None else f"{1000 * r['seconds']:9.2f} ms"
        print(f"  {r['method']:32s} {s}" + (f"   {r['passes']:.1f} passes" if r["passes"] else ""))
    ratio = median(costs["svrg"]) / median(costs["saga"])
    print(f"  pass cost: svrg {1000 * median(costs['svrg']):.3f} ms, saga "
          f"{1000 * median(costs['saga']):.3f} ms, ratio {ratio:.3f}")
    return rows, {"data": name, "threads": threads, "svrg": median(costs["svrg"]),
                  "saga": median(costs["saga"]), "ratio": ratio}


def report(rows, costs, out):
    versions = []
    for m in ("numpy", "scipy", "sklearn", "cyanure"):
        try:
            module = __import__(m)
            versions.append(f"{m} {getattr(module, '__version__', '?')}")
        except ImportError:
            pass
    with open(os.path.join(out, "linear.md"), "w") as f:
        f.write("<!-- SPDX-License-Identifier: BSD-3-Clause -->\n"
                "# Regularised logistic regression, time to relative 1e-6\n\n"
                "Made by `bench/linear/bench.py`; medians; see there for the protocol. "
                f"Peers: {', '.join(versions)}.\n")
        for key in dict.fromkeys((r["data"], r["threads"]) for r in rows):
            f.write(f"\n## {key[0]}, {key[1]} thread(s)\n\n| method | ms | of the best peer |"
                    " passes |\n| --- | --- | --- | --- |\n")
            mine = [r for r in rows if (r["data"], r["threads"]) == key]
            best = min((r["seconds"] for r in mine if not r["ours"] and r["seconds"]), default=None)
            for r in mine:
                s = r["seconds"]
                f.write(f"| {r['method']} | {'not reached' if s is None else f'{1000 * s:.2f}'} | "
                        f"{'' if s is None or best is None else f'{s / best:.2f}'} | "
                        f"{'' if r['passes'] is None else round(r['passes'], 1)} |\n")
        f.write("\n## Cost of one pass, SVRG against scikit-learn's SAGA\n\n"
                "| data | threads | svrg ms | saga ms | ratio |\n| --- | --- | --- | --- | --- |\n")
        for c in costs:
            f.write(f"| {c['data']} | {c['threads']} | {1000 * c['svrg']:.3f} | "
                    f"{1000 * c['saga']:.3f} | {c['ratio']:.3f} |\n")
    with open(os.path.join(out, "linear.json"), "w") as f:
        json.dump({"time_to_target": rows, "pass_cost": costs}, f, indent=1)
    plot(rows, out)


def plot(rows, out):
    if not shutil.which("gnuplot"):
        return
    keys = list(dict.fromkeys((r["data"], r["threads"]) for r in rows))
    script = ["set terminal svg size 1100,%d" % (330 * len(keys)), "set logscale x",
              f"set output '{os.path.join(out, 'linear.svg')}'", "set style fill solid 0.8",
              "unset key", "set xlabel 'milliseconds to relative 1e-6'",
              f"set multiplot layout {len(keys)},1"]
    data = []
    for i, key in enumerate(keys):
        mine = [r for r in rows if (r["data"], r["threads"]) == key and r["seconds"]]
        data.append(f"$d{i} << EOD\n" + "\n".join(
            f"\"{r['method']}\" {1000 * r['seconds']} {1 if r['ours'] else 2}"
            for r in reversed(mine)) + "\nEOD")
        script.append(f"set title '{key[0]}, {key[1]} thread(s)'")
        script.append(f"set yrange [-0.7:{len(mine) - 0.3}]")
        script.append(f"plot $d{i} using 2:0:3:ytic(1) with points pt 7 ps 1.2 lc variable")
    subprocess.run(["gnuplot"], input="\n".join(data + script) + "\n", text=True, check=False)
    picture = os.path.join(out, "linear.svg")
    with open(picture) as f:
        head, rest = f.read().split("\n", 1)
    with open(picture, "w") as f:
        f.write(head + "\n<!-- SPDX-License-Identifier: BSD-3-Clause -->\n" + rest)


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--thalweg", default="thalweg", help="the program (plugins must be found)")
    p.add_argument("--data", required=True, help="folder with a9a, w8a, covtype20k.binary.gz")
    p.add_argument("--out", default=os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                                 "..", "results"))
    p.add_argument("--repeats", type=int, default=7)
    p.add_argument("--only", help="one data set")
    args = p.parse_args()
    warnings.filterwarnings("ignore")
    settings = [("a9a", "a9a", False), ("w8a", "w8a", False),
                ("covtype20k, dense, standardised", "covtype20k.binary.gz", True)]
    rows, costs = [], []
    for name, file, dense in settings:
        if args.only and args.only != file:
            continue
        for threads in sorted({1, os.cpu_count()}):
            # A process of its own, since thread counts are read once.
            pid_rows = run_apart(args, name, os.path.join(args.data, file), dense, threads)
            rows += pid_rows[0]
            costs.append(pid_rows[1])
    os.makedirs(args.out, exist_ok=True)
    report(rows, costs, args.out)


def run_apart(args, *setting):
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(r)
        status = 1
        try:
            result = one_setting(args, *setting)
            with os.fdopen(w, "w") as f:
                json.dump(result, f)
            status = 0
        finally:
            sys.stdout.flush()
            os._exit(status)
    os.close(w)
    with os.fdopen(r) as f:
        text = f.read()
    os.waitpid(pid, 0)
    if not text:
        sys.exit("a setting failed")
    return json.loads(text)


if __name__ == "__main__":
    main()
