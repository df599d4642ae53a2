#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The verdict on a hundred points of each kind whose smallest eigenvalue is known; `make
# verdict-quality` does the same with many more.
set -u
: "${top_builddir:?}"
exec "$top_builddir/verdict_quality" --quick
