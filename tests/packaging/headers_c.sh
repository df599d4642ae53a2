#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
"$top_srcdir/tests/packaging/headers.sh" c99 && exec "$top_srcdir/tests/packaging/headers.sh" c11
