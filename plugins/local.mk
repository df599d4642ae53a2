# SPDX-License-Identifier: BSD-3-Clause
# One line per plugin: its folder's fragment says the rest.
