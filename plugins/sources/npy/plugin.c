/* SPDX-License-Identifier: BSD-3-Clause */
/* NumPy arrays as a source. */
#include <config.h>

#include "kernels/data/arrays.h"

static const thw_param params[] = {
    TD_ARRAYS_PARAMS(".npy file with the features", ".npy file with the labels",
                     TD_BYTES_AS_THEY_ARE),
};

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *p,
                         const thw_wired *slots, void **self) {
  (void)me;
  (void)slots;
  return td_arrays_create((td_env){h, c}, npy_parse, p, self);
}

static const thw_component npy = {
    THW_COMPONENT_HEAD(THW_SOURCE),
    .id = "npy",
    .version = PACKAGE_VERSION,
    .summary = "dense rows from NumPy .npy arrays",
    .doc = "The first dimension of x counts the rows, the others are the shape of a row; y has one "
           "number per row. Elements may be f4, f8, signed or unsigned integers of 1 to 8 bytes or "
           "bool, in either byte order, in C or Fortran order; format versions 1 to 3; plain or "
           "gzip. Arrays with a NaN or an infinity are refused.\n\n"
           "numpy.save(\"x.npy\", X); numpy.save(\"y.npy\", y) writes them.\n\n" TD_COMMON_DOC,
    .reference = "NumPy Enhancement Proposal 1: A Simple File Format for NumPy Arrays",
    THW_PARAMS(params, td_arrays_params),
    .ops = &td_table_ops,
    .create = create,
    .destroy = td_table_destroy,
};

static const thw_component *const components[] = {&npy};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "npy",       .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
