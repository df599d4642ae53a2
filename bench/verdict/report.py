#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Verdict quality: runs verdict_quality and sets its cost beside Lanczos on gradient differences.

Three opponents judge the same spectra, each product with the Hessian a difference of two gradients
(so a product costs n component gradients, and the gradient at the point n once). They are given the
probe radius for nothing:

  ARPACK    scipy's eigsh for the smallest eigenvalue as it comes (20 Lanczos vectors), stopped when
            its residual is at most delta/2: the loosest that tells -delta from -delta/2. It has no
            confidence: the residual says that some eigenvalue is near, not that it is the smallest.
  tuned     the same in hindsight: of several numbers of vectors and tolerances the cheapest that
            takes no larger share of the points at -delta for minima than the verdict is allowed,
            over the three spectra together. Nobody who judges a point could choose so.
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


DEFAULT = (20, 0.5)
SETTINGS = tuple((ncv, tol) for ncv in (4, 6, 8, 10, 14, 20) for tol in (0.5, 1.0, 2.0))


def arpack(eigenvalues, delta, rng, setting=DEFAULT):
    """Products, and what it says of the smallest eigenvalue, for a number of vectors and a tolerance
    in units of delta."""
    hv = Differences(eigenvalues, rng)
    d = len(eigenvalues)
    # ARPACK's tolerance is relative to the eigenvalue sought: 1 - H keeps that away from zero.
    op = LinearOperator((d, d), matvec=lambda w: np.asarray(w).ravel() - hv(w), dtype=float)
    largest = 1 - min(eigenvalues)
    try:
        theta = eigsh(op, k=1, which="LA", ncv=setting[0], tol=setting[1] * delta / largest,
                      v0=rng.standard_normal(d), return_eigenvectors=False)[0]
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


def trials(cells, delta, setting, at_most):
    """Mean gradients of each spectrum over its places, and the share of points at -delta that are
    taken for minima, over all of them."""
    rng = np.random.default_rng(8)
    cost, wrong = {}, []
    for c in cells:
        n = 1 if c["n"] < 0 else c["n"]
        for point in c["listed"][:at_most]:
            products, smallest = arpack(np.array(point["eigenvalues"]), delta, rng, setting)
            cost.setdefault(c["spectrum"], []).append(n * (products + 1))
            if c["place"] == -1:
                wrong.append(not smallest <= -delta / 2)
    return {k: statistics.fmean(v) for k, v in cost.items()}, statistics.fmean(wrong)


def tuned(cells, at_most):
    """For each problem, delta and confidence: the setting, and its mean gradients by spectrum."""
    out, known = {}, {}
    for c in cells:
        key = (c["kind"], c["delta"], c["confidence"])
        if c["kind"] == "stream" or key in out:
            continue
        if key[:2] not in known: # the points are the same for each confidence
            mine = [x for x in cells if (x["kind"], x["delta"], x["confidence"]) == key]
            known[key[:2]] = [(s, *trials(mine, key[1], s, at_most)) for s in SETTINGS]
        fit = [t for t in known[key[:2]] if t[2] <= 1 - key[2] + 1e-9]
        out[key] = min(fit, key=lambda t: statistics.fmean(t[1].values()))
        print("  ARPACK tuned: " + ", ".join(str(k) for k in (*key, *out[key])), flush=True)
    return out


def by_spectrum(cells, at_most):
    """One line for each problem, delta, confidence and spectrum: medians over all its points, each
    of the five places of the smallest eigenvalue with the same weight."""
    out, hindsight = [], tuned(cells, at_most)
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
        setting, gradients, share = hindsight[key[:3]]
        line["tuned"] = {"vectors": setting[0], "tolerance": setting[1], "wrong": share,
                         "gradients": gradients[key[3]],
                         "of_tuned": line["all"]["verdict"] / gradients[key[3]]}
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
    head = ["| problem | delta | confidence | spectrum | verdict | verdict / ARPACK: all | negative |"
            " none | verdict / Lanczos: all | negative | none | ARPACK wrong | Lanczos wrong |"
            " verdict / tuned | tuned to |", "|" + "---|" * 15]
    rows = []
    for r in lines_:
        cells = [f"{r[part][of]:.2f}" for of in ("of_arpack", "of_lanczos")
                 for part in ("all", "negative", "none")]
        n = r["negative_points"]
        t = r["tuned"]
        rows.append(f"| {r['kind']} | {r['delta']:g} | {r['confidence']:g} | {r['spectrum']} |"
                    f" {r['all']['verdict']:.4g} | " +
                    " | ".join(cells) + f" | {r['arpack_wrong']} of {n} | {r['lanczos_wrong']} of"
                    f" {n} | {t['of_tuned']:.2f} | {t['vectors']} vectors, {t['tolerance']:g} delta,"
                    f" wrong {100 * t['wrong']:.1f} % |")
    return head + rows + [""]


def notes():
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "notes.md")) as f:
        return f.read().splitlines()[3:]  # after licence and title


def write(cells, lines_, out):
    lost = [r for r in lines_ if r["all"]["of_arpack"] > 1]
    close = [r for r in lines_ if r["tuned"]["of_tuned"] > 1]
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
             " minima. \"Verdict\": its mean gradients. \"Tuned\": ARPACK with the number of vectors and"
             " the tolerance that turn out to be the cheapest which err no more often at -delta than"
             " the verdict may, over the three spectra together.", "",
             f"Against ARPACK the verdict costs no more in {len(lines_) - len(lost)} of"
             f" {len(lines_)} lines, against ARPACK tuned in hindsight in"
             f" {len(lines_) - len(close)}.", ""]
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
