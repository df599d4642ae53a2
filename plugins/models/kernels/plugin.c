/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/kernels/plugin.c - the component as users see it. */
#include <config.h>

#include "kernels.h"

static const char *const kinds[] = {"ntk2",      "ntk2h",     "ntk2a", "ntk3",     "ntk3h",
                                    "ntk3a",     "ck2",       "ck3",   "gaussian", "laplace",
                                    "features2", "features3", NULL};
static const char *const selects[] = {"cross", "validation", "test", NULL};

static const thw_param params[] = {
    THW_PARAM_ENUM(kr_params, kernel, K_NTK3, kinds,
                   "ntk2, ntk3: tangent kernel of wide two- and three-layer networks, hidden "
                   "weights trained; with h: their biases too; with a: everything. ck2, ck3: last "
                   "layer trained (arc-cosine kernels). gaussian exp(-|x-z|^2/h), laplace "
                   "exp(-|x-z|/h). features2, features3: last hidden layer of a random network."),
    THW_PARAM_REAL(kr_params, beta, 1, 0, 1e6, 0, NULL,
                   "Variance of the networks' biases in units of that of their weights."),
    THW_PARAM_REALS(kr_params, lambda, "1e-10 1e-8 1e-6 1e-4 1e-3 1e-2 1e-1 1 10", 0, THW_NO_BOUND,
                    THW_P_MIN_OPEN, NULL,
                    "Ridges to try, in units of the mean of the kernel matrix's diagonal."),
    THW_PARAM_REALS(kr_params, bandwidth, "0.05 0.1 0.2 0.5 1", 0, THW_NO_BOUND, THW_P_MIN_OPEN,
                    NULL, "Bandwidths h to try (gaussian, laplace)."),
    THW_PARAM_INT(kr_params, width, 1000, 1, 20000, "units",
                  "Units in a layer of the random network (features2, features3)."),
    THW_PARAM_ENUM(
        kr_params, select, SELECT_CROSS, selects,
        "What lambda and the bandwidth are chosen by: cross-validation over the training "
        "rows, the set \"valid\", or the set \"test\" (the published protocol: in the "
        "kernels' favour)."),
    THW_PARAM_INT(kr_params, folds, 5, 2, 1000, NULL, "Parts in cross-validation."),
    THW_PARAM_INT(
        kr_params, max_rows, 8000, 1, 100000, "rows",
        "Training rows at most: time grows with their cube, memory with their square (0.5 "
        "GB twice at 8,000)."),
    THW_PARAM_BOOL(kr_params, unit_rows, 0, "Scale each row to length 1 first."),
};

static const thw_slot slots[] = {
    {"source", THW_SOURCE, 1, NULL, "rows, dense or sparse, with labels"},
};

static const char *const offers[] = {THW_EXT_SOLVE_MODEL, THW_EXT_FLOOR_MODEL, THW_EXT_REPORT,
                                     NULL};

static const thw_component component = {
    THW_COMPONENT_HEAD(THW_MODEL),
    .id = "kernel-ridge",
    .version = PACKAGE_VERSION,
    .summary = "kernel ridge regression: tangent kernels, arc-cosine, Gaussian, random features",
    .doc =
        "The rivals of trained networks. Predicts sum_i K(x, x_i) a_i over the training rows; "
        "f(a) = |K a - Y|^2 / (2N) + lambda t a'K a / (2N), t the mean of the diagonal of K. The "
        "optimizer \"newton\" goes to the minimiser, found by Cholesky's factorisation; any "
        "other one may descend on f instead.\n\n"
        "lambda and the bandwidth are chosen from their grids before anything else; what was "
        "chosen is in every record (model.lambda), and in the log when it lies at the edge of "
        "its grid or when a matrix was not positive definite. Use run.precision = "
        "\"double\".\n\n"
        "Metrics: error is the sum over the outputs of (output - target)^2, mean over rows; "
        "relative_error divides it by that of the zero predictor; accuracy with classes.",
    .reference =
        "Y. Cho, L. Saul, NIPS 2009 (arc-cosine kernels); A. Jacot, F. Gabriel, C. Hongler, "
        "NeurIPS 2018 (tangent kernel); A. Rahimi, B. Recht, NIPS 2007 (random features)",
    THW_PARAMS(params, kr_params),
    THW_SLOTS(slots),
    .offers = offers,
    .ops = &kr_ops,
    .create = kr_create,
    .destroy = kr_destroy,
    .ext = kr_ext,
};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "kernels",   .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
