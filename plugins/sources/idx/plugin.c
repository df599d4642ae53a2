/* SPDX-License-Identifier: BSD-3-Clause */
/* MNIST and its relatives as a source. */
#include <config.h>

#include "kernels/data/arrays.h"
#include "plugins/sources/idx/idx.h"

static const thw_param params[] = {
    TD_ARRAYS_PARAMS("idx file with the images", "idx file with the labels", TD_BYTES_UNIT),
};

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *p,
                         const thw_wired *slots, void **self) {
  (void)me;
  (void)slots;
  return td_arrays_create((td_env){h, c}, idx_parse, p, self);
}

static const thw_component idx = {
    THW_COMPONENT_HEAD(THW_SOURCE),
    .id = "idx",
    .version = PACKAGE_VERSION,
    .summary = "images and labels in the format of MNIST, plain or gzip",
    .doc = "Reads idx files such as train-images-idx3-ubyte.gz (x) and train-labels-idx1-ubyte.gz "
           "(y). The shape of a row is that of an image, 28 x 28 for MNIST. Pixels are divided by "
           "255 unless scale = \"none\".\n\n" TD_COMMON_DOC,
    .reference = "Y. LeCun, C. Cortes, C. Burges: The MNIST database of handwritten digits, 1998",
    THW_PARAMS(params, td_arrays_params),
    .ops = &td_table_ops,
    .create = create,
    .destroy = td_table_destroy,
};

static const thw_component *const components[] = {&idx};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "idx",       .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
