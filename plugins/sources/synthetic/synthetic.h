/* SPDX-License-Identifier: BSD-3-Clause */
/* The components of the plugin `synthetic`: rows made from random numbers. */
#ifndef THALWEG_SOURCES_SYNTHETIC_H
#define THALWEG_SOURCES_SYNTHETIC_H

#include <thalweg/thalweg.h>

#include "kernels/data/env.h"

extern const thw_component rows_component;

#endif
