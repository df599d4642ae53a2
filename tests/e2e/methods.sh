#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Every optimizer of the tree, on real components: cut by its budget and resumed, it ends in the same
# bits as the run that had the larger budget from the start; and the same bits at any number of
# threads.
. "$top_srcdir/tests/e2e/lib.sh"
THALWEG_PLUGIN_PATH=$top_builddir/.libs

cat >common.cfg <<'END'
source: { type = "sparse-planted"; n = 400; d = 30; nnz = 6; };
model: { type = "logistic"; l2 = 1e-3; };
oracle: { type = "finite-sum"; };
stop: { passes = 23.0; epsilon = 0.0; };
END
cat >gd.cfg <<'END'
optimizer: { type = "gd"; rule = "backtracking"; };
END
cat >gd-bb.cfg <<'END'
optimizer: { type = "gd"; rule = "barzilai-borwein"; };
END
cat >gd-accelerated.cfg <<'END'
optimizer: { type = "gd"; momentum = "accelerated"; };
END
cat >lbfgs.cfg <<'END'
optimizer: { type = "lbfgs"; };
END
cat >newton.cfg <<'END'
optimizer: { type = "newton"; };
END
cat >sgd.cfg <<'END'
optimizer: { type = "sgd"; step = 0.1; momentum = "nesterov"; };
END
cat >adam.cfg <<'END'
optimizer: { type = "adam"; };
END
cat >svrg.cfg <<'END'
optimizer: { type = "svrg"; };
END
cat >svrg-random.cfg <<'END'
optimizer: { type = "svrg"; snapshot = "random"; batch = 4; };
END
cat >catalyst.cfg <<'END'
optimizer: { type = "catalyst"; inner: { type = "svrg"; }; };
END

# One that is cut by the budget on its way, one that is cut in its search.
cat >neon2.cfg <<'END'
model: { type = "geman-mcclure"; };
optimizer: { type = "neon2"; epsilon = 1e-9; delta = 1e-2; inner: { type = "svrg"; }; };
END
cat >neon2-sgd.cfg <<'END'
model: { type = "geman-mcclure"; };
optimizer: { type = "neon2"; epsilon = 1.0; delta = 1e-4; inner: { type = "sgd"; }; };
END
cat >cubic.cfg <<'END'
optimizer: { type = "cubic"; };
END
cat >perturbed-gd.cfg <<'END'
optimizer: { type = "perturbed-gd"; threshold = 1e-3; };
END
cat >spider.cfg <<'END'
optimizer: { type = "spider"; };
END
cat >spider-perturb.cfg <<'END'
optimizer: { type = "spider"; escape = "perturb"; threshold = 1e-3; };
END

for method in gd gd-bb gd-accelerated lbfgs newton sgd adam svrg svrg-random catalyst neon2 neon2-sgd \
  cubic perturbed-gd spider spider-perturb; do
  set -- common.cfg $method.cfg --quiet
  run "$@" --out $method-ref || { fail "$method"; continue; }
  for passes in 2.6 9 16.3; do
    run "$@" --out $method-$passes --set stop.passes=$passes || fail "$method with $passes passes"
    resume $method-$passes --quiet --set stop.passes=23 || fail "resume $method"
    same $method-ref $method-$passes
  done
  OMP_NUM_THREADS=3 run "$@" --out $method-threads
  same $method-ref $method-threads
done
finish
