# SPDX-License-Identifier: BSD-3-Clause
pkgconfigdir = $(libdir)/pkgconfig
nodist_pkgconfig_DATA = %D%/thalweg.pc
