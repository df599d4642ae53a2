# SPDX-License-Identifier: BSD-3-Clause
"""Training images per second of ResNet-20, beside PyTorch, one after the other in one run.

bench.py --thalweg PROGRAM --data CIFAR-FILE --peer PYTHON [--threads 1,2] [--batch 128]
         [--steps 16] [--rounds 2]
Best of the rounds; memory is the peak of the process, libraries and data included. thalweg's time
is that inside the method (drawing, evaluation, update), without start and records."""
import argparse
import json
import os
import subprocess
import tempfile

a = argparse.ArgumentParser()
a.add_argument("--thalweg", required=True)
a.add_argument("--data", required=True)
a.add_argument("--peer")
a.add_argument("--threads", default="1,2")
a.add_argument("--batch", type=int, default=128)
a.add_argument("--steps", type=int, default=16)
a.add_argument("--rounds", type=int, default=2)
o = a.parse_args()
here = os.path.dirname(os.path.abspath(__file__))


def ours(threads):
    with tempfile.TemporaryDirectory() as tmp:
        cfg, out = os.path.join(tmp, "a.cfg"), os.path.join(tmp, "out")
        with open(cfg, "w") as f:
            f.write(f"""run: {{ name = "b"; seed = 1; threads = {threads}; precision = "single"; }};
source: {{ type = "cifar"; path = "{os.path.abspath(o.data)}"; rows = {o.batch * o.steps}; }};
model: {{ type = "conv-resnet"; depth = 20; }};
oracle: {{ type = "finite-sum"; }};
optimizer: {{ type = "sgd"; step = 0.1; batch = {o.batch}; draw = "epoch"; momentum = "nesterov"; }};
stop: {{ passes = 1.0; verdict = false; }};
monitor: {{ every = 1.0; batch = {o.batch}; }};
""")
        command = [o.thalweg, "run", cfg, "--out", out, "--quiet", "--no-plot"]
        child = subprocess.Popen(command)
        _, status, usage = os.wait4(child.pid, 0)
        if status:
            raise SystemExit("thalweg failed")
        with open(os.path.join(out, "metrics.jsonl")) as f:
            rows = [json.loads(line) for line in f]
        seconds = rows[-1]["method_seconds"] - rows[0]["method_seconds"]
        return rows[-1]["gradients"] / seconds, usage.ru_maxrss / 1024


def theirs(threads, layout):
    command = [o.peer, os.path.join(here, "peer.py"), str(threads), str(o.batch), str(o.steps), layout]
    rate, peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(rate), float(peak)


print("load average", os.getloadavg()[0])
for threads in (int(t) for t in o.threads.split(",")):
    found = {}
    for _ in range(o.rounds):
        cases = [("thalweg", lambda: ours(threads))]
        if o.peer:
            cases += [(f"torch {l}", lambda l=l: theirs(threads, l)) for l in ("default", "channels-last")]
        for name, run in cases:
            rate, peak = run()
            best = found.get(name, (0, 1e9))
            found[name] = (max(best[0], rate), min(best[1], peak))
    for name, (rate, peak) in found.items():
        flop = 3 * 2 * 40.55e6 * rate * 1e-9
        print(f"{threads} threads  {name:20} {rate:8.1f} images/s  {flop:6.1f} GFLOP/s  {peak:6.0f} MB", flush=True)
