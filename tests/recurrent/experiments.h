/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TESTS_RECURRENT_EXPERIMENTS_H
#define TESTS_RECURRENT_EXPERIMENTS_H

#include "tests/recurrent/initial.h"
#include "tests/recurrent/kernel.h"
#include "tests/recurrent/learn.h"
#include "tests/recurrent/memorise.h"
#include "tests/recurrent/recipes.h"

#endif
