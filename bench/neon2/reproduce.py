#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The exponents of Neon2 and of the methods around it, measured against theory.

Searches (bench/neon2/searches.c, on kernels/curvature): gradients to find a direction of curvature
below -delta, and to certify that there is none, over two decades of delta; for those on finite sums
also over n.

Methods (thalweg run on sum.cfg and stream.cfg): gradients from an exact saddle to a point that the
method itself has proved to be an (epsilon, delta)-local minimum, delta = sqrt(epsilon), over a
decade and a half of epsilon; the host's verdict, which is not counted, must agree. Three families:
a fixed function; one whose saddle is always just within reach (smallest eigenvalue -2 delta); and
that one behind a valley along which the gradient is 1.5 epsilon until f has fallen by 1, the worst
case of gradient descent. Accounts of the run say which part of the cost is the search's, which the
tests', and these are fitted by themselves, too. On a staircase of saddles, one after another, the
cost is measured over their number.

Medians over the seeds; an exponent is the slope of a straight line through their logarithms, with
the 95 % interval of that regression (so that a bent line has a wide one). A cell whose predicted
median is beyond --most gradients, the budget of a run, is left out and named.

Needs Python only; the picture gnuplot.
"""

import argparse
import concurrent.futures
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time

from report import (EPSILONS, FAMILIES, FITS, FIXED, HERE, IN_N, METHODS, ON_STAIRS, ROWS, SEARCHES,
                    SHRINKING, STAIRS, SUM_EPSILONS, VALLEY, fit_line, mark,
                    part_fits, plot, raw, report, row, slope, spread)
# ---- searches --------------------------------------------------------------------------------------


def run_series(args, index):
    done = subprocess.run([args.searches, str(args.seeds), str(index)], capture_output=True,
                          text=True)
    if done.returncode == 3:
        return None
    if done.returncode:
        sys.exit(f"{args.searches}: {done.stderr}")
    print(f"  series {index} of the searches", flush=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def searches(args, pool):
    out, index = [], 0
    while True:  # the program says when there are no more
        batch = list(pool.map(lambda i: run_series(args, i), range(index, index + 12)))
        out += [r for part in batch if part for r in part]
        if None in batch:
            return out
        index += 12


def search_cells(rows):
    cells = {}
    for r in rows:
        cells.setdefault((r["search"], r["n"], r["task"]), {}).setdefault(r["delta"], []).append(r)
    out = {}
    for key, by_delta in cells.items():
        want = "found" if key[2] == "find" else "bottom"
        out[key] = {d: spread([r["gradients"] for r in v]) |
                    {"right": sum(r["answer"] == want for r in v), "plan": v[0]["plan"]}
                    for d, v in by_delta.items()}
    return out


def search_fits(cells):
    fits = []
    for (name, n, task), by_delta in cells.items():
        what = f"{name}, {task}" + (f", n = {n}" if SEARCHES[name][1] else "")
        inverse = {1 / d: c for d, c in by_delta.items()}
        fit = fit_line(what, sorted(inverse), inverse, SEARCHES[name][0])
        if task == "certify":
            fit["formula"] = slope(list(inverse), [c["plan"] for c in inverse.values()])[0]
        fits.append(fit)
    by_n = []
    for name in ("vr", "vr (batch by rule)", "svrg"):
        for task in ("find", "certify"):
            mine = {n: c for (s, n, t), c in cells.items() if (s, t) == (name, task)}
            if not mine:
                continue
            for d in sorted(next(iter(mine.values())), reverse=True):
                by_n.append(fit_line(f"{name}, {task}, delta = {d:.2g}", sorted(mine),
                                     {n: c[d] for n, c in mine.items()}, SEARCHES[name][1]))
    return fits, by_n


# ---- methods ---------------------------------------------------------------------------------------


def part_of(accounts, *words):
    return sum(c["gradients"] for name, c in accounts.items()
               if c["budgeted"] and any(w in name for w in words))


def run_method(args, config, settings, epsilon, seed, n=None):
    with tempfile.TemporaryDirectory() as tmp:
        cmd = [args.thalweg, "run", os.path.join(HERE, config + ".cfg"), "--quiet", "--no-plot",
               "--out", os.path.join(tmp, "run")]
        rows = 4096 if config == "stream" else n or (500 if config == "stairs" else 2000)
        values = [*settings, f"run.seed={seed}", f"stop.epsilon={epsilon!r}",
                  *([] if config == "stairs" else [f"stop.delta={math.sqrt(epsilon)!r}"]),
                  f"stop.passes={args.most / rows!r}"]
        if n:
            values.append(f"source.n={n}")
        for v in values:
            cmd += ["--set", v]
        start = time.perf_counter()
        done = subprocess.run(cmd, capture_output=True, text=True)
        took = time.perf_counter() - start
        where = os.path.join(tmp, "run", "result.json")
        if not os.path.exists(where):
            sys.exit(f"{' '.join(cmd)}\n{done.stderr}")
        with open(where) as f:
            r = json.load(f)
    accounts = r["counts"]["accounts"]
    return {"config": config, "epsilon": epsilon, "seed": seed, "n": r["rows"], "seconds": took,
            "status": r["status"], "verdict": r["verdict"]["kind"], "f": r["f"],
            "gradients": part_of(accounts, ""), "test": part_of(accounts, ":test"),
            "search": part_of(accounts, ":search", ":escape")}


def cell_of(rows):
    return spread([r["gradients"] for r in rows]) | {
        "search": statistics.median(r["search"] for r in rows),
        "test": statistics.median(r["test"] for r in rows),
        "right": sum(r["verdict"] == "approximate-local-minimum" for r in rows)}


def ladder(args, pool, name, cells, run):
    """Cells from cheap to dear, each predicted from the two before; what is left out."""
    out, left, medians = {}, [], []
    for x in cells:
        growth = medians[-1] / medians[-2] if len(medians) > 1 else 1
        if left or (medians and medians[-1] * max(growth, 1) > args.most):
            left.append(x)
            continue
        rows = list(pool.map(lambda s: run(x, s), range(1, args.seeds + 1)))
        out[x] = {"rows": rows} | cell_of(rows)
        medians.append(out[x]["median"])
        print(f"  {name} {x:g}: {medians[-1]:.3g} gradients, {out[x]['right']} of {len(rows)}, "
              f"{sum(r['seconds'] for r in rows) / args.jobs:.1f} s", flush=True)
    return out, left


def chosen(args, table):
    return [(name, v) for name, v in table.items() if not args.method or name in args.method]


def shrinking(epsilon):
    delta = math.sqrt(epsilon)
    return f"model.eigenvalues=[{-2 * delta!r},{-1.5 * delta!r},{-1.2 * delta!r}]"


def methods(args, pool, families):
    out, left = {}, []
    for family in families:
        for name, (config, settings, _, _) in chosen(args, METHODS):
            def run(e, seed):
                more, n = [], None
                if family != FIXED:
                    more.append(shrinking(e))
                if family == VALLEY:
                    more.append(f"model.valley={1.5 * e!r}")
                    n = 500 if config == "sum" else None
                return run_method(args, config, [*settings, *more], e, seed, n)

            cells, skipped = ladder(args, pool, name + family,
                                    SUM_EPSILONS if config == "sum" else EPSILONS, run)
            out[name + family] = cells
            left += [f"{name}{family}, epsilon = {e:.3g}" for e in skipped]
    return out, left


def methods_in_n(args, pool):
    out, left = {}, []
    for name, (settings, _) in chosen(args, IN_N):
        cells, skipped = ladder(args, pool, name + ", n =", ROWS,
                                lambda n, s: run_method(args, "sum", settings, 0.01, s, n))
        out[name] = cells
        left += [f"{name} on {n} rows" for n in skipped]
    return out, left


def methods_on_stairs(args, pool):
    out, left = {}, []
    for name, (settings, _) in chosen(args, ON_STAIRS):
        cells, skipped = ladder(args, pool, name + ", saddles", STAIRS, lambda k, s: run_method(
            args, "stairs", [*settings, f"model.stairs={k}", "stop.delta=0.05"], 1e-3, s))
        out[name] = cells
        left += [f"{name} on {k} saddles" for k in skipped]
    return out, left


# ---- pieces ----------------------------------------------------------------------------------------

PIECES = ("searches", "fixed", "shrinking", "valley", "n", "stairs")


def measure(args, pool, piece, data):
    if piece == "searches":
        data["searches"] = searches(args, pool)
        return
    if piece == "n":
        data["methods_n"], left = methods_in_n(args, pool)
    elif piece == "stairs":
        data["methods_stairs"], left = methods_on_stairs(args, pool)
    else:
        cells, left = methods(args, pool, [FAMILIES[PIECES.index(piece) - 1]])
        data["methods"] |= cells
    data["left_out"] += left


KINDS = ("methods", "methods_n", "methods_stairs")


def keep(name, data):
    out = {"searches": data["searches"], "left_out": data["left_out"]}
    for kind in KINDS:
        out[kind] = {m: [[x, c["rows"]] for x, c in cells.items()]
                     for m, cells in data[kind].items()}
    with open(name, "w") as f:
        json.dump(out, f)


def join(name, data):
    with open(name) as f:
        part = json.load(f)
    data["searches"] += part["searches"]
    data["left_out"] += part["left_out"]
    for kind in KINDS:
        for m, cells in part[kind].items():
            data[kind][m] = {x: {"rows": rows} | cell_of(rows) for x, rows in cells}


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--thalweg", default="thalweg", help="the program (plugins must be found)")
    p.add_argument("--searches", default="./neon2_searches")
    p.add_argument("--seeds", type=int, default=10)
    p.add_argument("--jobs", type=int, default=2)
    p.add_argument("--most", type=float, default=1e8, help="budget of a run in gradients")
    p.add_argument("--only", choices=PIECES, help="one piece of the whole, written to --keep")
    p.add_argument("--method", nargs="+", help="these of the piece's methods only")
    p.add_argument("--keep", help="file for that piece")
    p.add_argument("--use", nargs="+", help="such files, together, instead of measuring")
    p.add_argument("--out", default=os.path.join(HERE, "..", "results"))
    args = p.parse_args()
    start = time.perf_counter()
    data = {"searches": [], "methods": {}, "methods_n": {}, "methods_stairs": {}, "left_out": []}
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for piece in PIECES:
            if not args.use and args.only in (None, piece):
                measure(args, pool, piece, data)
    for name in args.use or []:
        join(name, data)
    if args.only:
        if args.keep:
            keep(args.keep, data)
        return 0
    data["search_cells"] = search_cells(data["searches"])
    data["search_fits"], data["search_fits_n"] = search_fits(data["search_cells"])
    data["method_fits"] = []
    for name, cells in data["methods"].items():
        inverse = {1 / e: c for e, c in cells.items()}
        base = name.removesuffix(SHRINKING).removesuffix(VALLEY)
        config, _, theory, _ = METHODS[base]
        data["method_fits"].append(fit_line(f"{base}, {config}{name[len(base):]}", sorted(inverse),
                                            inverse, (theory, theory)) | {"name": base})
    data["method_fits_n"] = [fit_line(name, sorted(cells), cells, IN_N[name][1])
                             for name, cells in data["methods_n"].items()]
    data["part_fits"] = part_fits(data["methods"])
    data["stairs_fits"] = [fit_line(name, sorted(cells), cells, ON_STAIRS[name][1])
                           for name, cells in data["methods_stairs"].items()]
    for f in (f for k in FITS for f in data[k]):
        print(row(f))
    print(f"{time.perf_counter() - start:.0f} s")
    os.makedirs(args.out, exist_ok=True)
    report(args, data)
    raw(args, data)
    plot(args, data)
    wrong = [name for key in ("methods", "methods_n", "methods_stairs")
             for name, cells in data[key].items()
             for c in cells.values() if c["right"] < 0.9 * c["runs"]]
    if wrong:
        print("fewer than 9 of 10 runs end in a local minimum: " + ", ".join(sorted(set(wrong))))
    steep = [f for k in FITS if k != "part_fits" for f in data[k] if mark(f) == "**steeper**"]
    return 1 if wrong or steep else 0


if __name__ == "__main__":
    sys.exit(main())
