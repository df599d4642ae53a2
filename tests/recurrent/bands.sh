#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The quick part of the acceptance table of recurrent networks.
set -u
: "${top_builddir:?}"
exec "$top_builddir/recurrent_table" --quick
