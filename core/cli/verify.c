/* SPDX-License-Identifier: BSD-3-Clause */
/* thalweg verify: does a plugin keep the contract? */
#include <stdlib.h>
#include <string.h>

#include "core/cli/command.h"
#include "core/verify/verify.h"
