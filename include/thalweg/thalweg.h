/* SPDX-License-Identifier: BSD-3-Clause */
/* thalweg/thalweg.h - all of the plugin contract. See thalweg-plugin(7). */
#ifndef THALWEG_THALWEG_H
#define THALWEG_THALWEG_H

#include "base.h"
#include "component.h"
#include "learner.h"
#include "linear.h"
#include "model.h"
#include "optimizer.h"
#include "oracle.h"
#include "rng.h"
#include "rounds.h"
#include "source.h"
#include "vec.h"

#endif
