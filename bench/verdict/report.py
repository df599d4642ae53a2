#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Verdict quality: runs verdict_quality and sets its cost beside Lanczos on gradient differences.

Two opponents judge the same spectra, each product with the Hessian a difference of two gradients
(so a product costs n component gradients, and the gradient at the point n once):

  ARPACK    scipy's eigsh for the smallest eigenvalue, stopped when its residual is at most delta/2.
            It has no confidence: the residual says that some eigenvalue is near, not that it is the
            smallest.
  Lanczos   with the verdict's own claim: "saddle" at the first step whose Ritz value is at most
            -delta/2, else "minimum" after the number of steps after which the smallest Ritz value is
            within delta/2 of the smallest eigenvalue with the stated confidence (Kuczynski,
            Wozniakowski 1992, theorem 4.2), given the width of the spectrum for nothing.

The Lanczos process sees rotations not at all when it starts in a random direction, so that a
spectrum is all that it needs to be given; the third derivatives of the `function` points are kept.
Needs numpy and scipy.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys

import numpy as np
import scipy
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

SPECTRA = ("isolated", "clustered", "spread")


class Differences:
    """Products with the Hessian of f(z) = z'Az/2 + sum z_j^3/6 at 0, by differences."""

    def __init__(self, eigenvalues, rng):
        d = len(eigenvalues)
        q, r = np.linalg.qr(rng.standard_normal((d, d)))
        q *= np.sign(np.diag(r))
        self.a = (q * eigenvalues) @ q.T
        self.products = 0
        self.q = 1e-8

    def __call__(self, w):
        self.products += 1
        w = np.asarray(w).ravel()
        size = np.linalg.norm(w)
        z = w * (self.q / size)
        return (self.a @ z + z * z / 2) * (size / self.q)


def arpack(eigenvalues, delta, rng):
    """Products, and what it says of the smallest eigenvalue."""
    hv = Differences(eigenvalues, rng)
    d = len(eigenvalues)
    # ARPACK's tolerance is relative to the eigenvalue sought: 1 - H keeps that away from zero.
    op = LinearOperator((d, d), matvec=lambda w: np.asarray(w).ravel() - hv(w), dtype=float)
    largest = 1 - min(eigenvalues)
    try:
        theta = eigsh(op, k=1, which="LA", tol=0.5 * delta / largest, v0=rng.standard_normal(d),
                      return_eigenvectors=False)[0]
    except ArpackNoConvergence:
        return hv.products, math.nan
    return hv.products, 1 - theta


def steps_for(d, width, accuracy, p):
    """Lanczos steps after which the error exceeds `accuracy` with probability at most p."""
    return math.ceil(0.5 * (1 + math.log(1.648 * math.sqrt(d) / p) / math.sqrt(accuracy / width)))


def lanczos(eigenvalues, delta, p, rng):
    hv = Differences(eigenvalues, rng)
    d = len(eigenvalues)
    most = min(d, steps_for(d, max(eigenvalues) - min(eigenvalues), delta / 2, p))
    v = rng.standard_normal(d)
    basis = [v / np.linalg.norm(v)]
    alpha, beta = [], []
    for k in range(most):
        w = hv(basis[-1])
        alpha.append(w @ basis[-1])
        t = np.diag(alpha) + np.diag(beta, 1) + np.diag(beta, -1)
        if np.linalg.eigvalsh(t)[0] <= -delta / 2:
            return k + 1, "saddle"
        for _ in range(2):
            for b in basis:
                w -= (w @ b) * b
        size = np.linalg.norm(w)
        if size < 1e-6:
            break
        beta.append(size)
        basis.append(w / size)
    return most, "minimum"


def opponents(cell, at_most):
    rng = np.random.default_rng(7)
    rows = []
    for point in cell["listed"][:at_most]:
        lam = np.array(point["eigenvalues"])
        products, smallest = arpack(lam, cell["delta"], rng)
        own, word = lanczos(lam, cell["delta"], 1 - cell["confidence"], rng)
        n = 1 if cell["n"] < 0 else cell["n"]
        wrong = cell["place"] <= -1 and not smallest <= -cell["delta"] / 2
        rows.append({"verdict": point["gradients"], "arpack": n * (products + 1),
                     "arpack_wrong": int(wrong), "lanczos": n * (own + 1),
                     "lanczos_wrong": int(cell["place"] <= -1 and word == "minimum")})
    return rows


def by_spectrum(cells, at_most):
    """One line for each problem, delta, confidence and spectrum: medians over all its points, each
    of the five places of the smallest eigenvalue with the same weight."""
    out = []
    for key in dict.fromkeys((c["kind"], c["delta"], c["confidence"], c["spectrum"])
                             for c in cells if c["kind"] != "stream"):
        mine = [c for c in cells
                if (c["kind"], c["delta"], c["confidence"], c["spectrum"]) == key]
        parts = {c["place"]: opponents(c, at_most) for c in mine}
        line = dict(zip(("kind", "delta", "confidence", "spectrum"), key))
        line["n"] = mine[0]["n"]
        for name, places in (("negative", (-2, -1)), ("none", (-0.5, 0, 1)),
                             ("all", (-2, -1, -0.5, 0, 1))):
            rows = [r for p in places for r in parts[p]]
            mean = {k: statistics.fmean(r[k] for r in rows)
                    for k in ("verdict", "arpack", "lanczos")}
            line[name] = mean | {"of_arpack": mean["verdict"] / mean["arpack"],
                                 "of_lanczos": mean["verdict"] / mean["lanczos"]}
        rows = parts[-2] + parts[-1]
        line["arpack_wrong"] = sum(r["arpack_wrong"] for r in rows)
        line["lanczos_wrong"] = sum(r["lanczos_wrong"] for r in rows)
        line["negative_points"] = len(rows)
        out.append(line)
        print("  compared with Lanczos: " + ", ".join(str(k) for k in key), flush=True)
    return out


def confusion(cells):
    lines = []
    for key in dict.fromkeys((c["kind"], c["delta"], c["confidence"]) for c in cells):
        mine = [c for c in cells if (c["kind"], c["delta"], c["confidence"]) == key]
        n = mine[0]["n"]
        what = {"function": "one function (n = 1)", "sum": f"sum of {n} rows", "stream": "stream"}
        lines += [f"### {what[key[0]]}, delta = {key[1]:g}, confidence {key[2]:g}", "",
                  "| spectrum | smallest / delta | points | approximate-local-minimum | saddle |"
                  " not-stationary | unknown | true v'Hv / delta of saddles | gradients, median |"
                  " most |", "|---|---|---|---|---|---|---|---|---|---|"]
        for c in mine:
            span = f"{c['least']:.3f} .. {c['most']:.3f}" if "least" in c else ""
            lines.append(f"| {c['spectrum']} | {c['place']:g} | {c['points']} | {c['minimum']} |"
                         f" {c['saddle']} | {c['not_stationary']} | {c['unknown']} | {span} |"
                         f" {c['median']:.0f} | {c['max']:.0f} |")
        lines.append("")
    return lines


def false_minima(cells):
    lines = ["| problem | delta | confidence | allowed | " +
             " | ".join(f"{s}: false of points" for s in SPECTRA) + " |",
             "|---|---|---|---|---|---|---|"]
    for key in dict.fromkeys((c["kind"], c["delta"], c["confidence"]) for c in cells):
        at = {c["spectrum"]: c for c in cells if c["place"] == -1 and
              (c["kind"], c["delta"], c["confidence"]) == key}
        lines.append(f"| {key[0]} | {key[1]:g} | {key[2]:g} | {100 * (1 - key[2]):.0f} % | " +
                     " | ".join(f"{at[s]['minimum']} of {at[s]['points']}" for s in SPECTRA) + " |")
    return lines + [""]


def comparison(lines_):
    head = ["| problem | delta | confidence | spectrum | verdict / ARPACK: all | negative | none |"
            " verdict / Lanczos: all | negative | none | ARPACK wrong | Lanczos wrong |",
            "|" + "---|" * 12]
    rows = []
    for r in lines_:
        cells = [f"{r[part][of]:.2f}" for of in ("of_arpack", "of_lanczos")
                 for part in ("all", "negative", "none")]
        n = r["negative_points"]
        rows.append(f"| {r['kind']} | {r['delta']:g} | {r['confidence']:g} | {r['spectrum']} | " +
                    " | ".join(cells) + f" | {r['arpack_wrong']} of {n} | {r['lanczos_wrong']} of"
                    f" {n} |")
    return head + rows + [""]


def notes():
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "notes.md")) as f:
        return f.read().splitlines()[3:]  # after licence and title


def write(cells, lines_, out):
    lost = [r for r in lines_ if r["all"]["of_arpack"] > 1]
    text = ["<!-- SPDX-License-Identifier: BSD-3-Clause -->", "# Verdict quality", "",
            "Made by `make verdict-quality` (bench/verdict/quality.c and report.py: see there for"
            " the protocol). Gradients are component gradients, estimates of constants and the"
            " test of the gradient included; they do not depend on the machine. ARPACK: scipy "
            f"{scipy.__version__}.", "",
            "## False minima at -delta", "",
            "A verdict of `approximate-local-minimum` where the smallest eigenvalue is -delta"
            " exactly: the hardest case. Tested one-sided at 99 % against the allowed rate.", ""]
    text += false_minima(cells)
    text += ["## Cost against Lanczos on gradient differences", "",
             "Mean gradients of the verdict over those of the opponent at the same points, for all"
             " five places of the smallest eigenvalue, for those at -2 delta and -delta"
             " (\"negative\") and for the others (\"none\"). Below 1 the verdict is cheaper."
             " \"Wrong\": of the points at -2 delta and -delta, those that the opponent took for"
             " minima.", "",
             f"Against ARPACK the verdict costs no more in {len(lines_) - len(lost)} of"
             f" {len(lines_)} lines.", ""]
    text += comparison(lines_) + notes() + [""]
    text += ["## Confusion tables", "",
             "At -delta/2 either word is right, provided that a saddle's direction has"
             " v'Hv <= -delta/2.", ""]
    text += confusion(cells)
    with open(os.path.join(out, "verdict.md"), "w") as f:
        f.write("\n".join(text).rstrip() + "\n")
    for c in cells:
        del c["listed"]
    with open(os.path.join(out, "verdict.json"), "w") as f:
        f.write('{"cells": [\n' + ",\n".join(map(json.dumps, cells)) + '\n], "lanczos": [\n' +
                ",\n".join(map(json.dumps, lines_)) + "\n]}\n")


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--program", default="./verdict_quality")
    p.add_argument("--measured", help="what --json of the program wrote, instead of running it")
    p.add_argument("--lanczos-points", type=int, default=40, help="of each cell, at most 40")
    p.add_argument("--out", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "..",
                                                 "results"))
    args = p.parse_args()
    os.makedirs(args.out, exist_ok=True)
    status = 0
    where = args.measured
    if not where:
        where = os.path.join(args.out, "verdict.raw.json")
        status = subprocess.run([args.program, "--json", where], check=False).returncode
        if status not in (0, 1):
            sys.exit(f"{args.program} ended with status {status}")
    with open(where) as f:
        cells = json.load(f)
    if not args.measured:
        os.remove(where)
    write(cells, by_spectrum(cells, args.lanczos_points), args.out)
    return status


if __name__ == "__main__":
    sys.exit(main())
