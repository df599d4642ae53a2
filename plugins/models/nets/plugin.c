/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/nets/plugin.c - the components as users see them. */
#include <config.h>

#include <string.h>

#include "nets.h"

static const char *const activations[] = {"relu", "tanh", "softplus", "gelu", "identity", NULL};
static const char *const losses[] = {"auto", "squared", "logistic", "softmax", NULL};
static const char *const inits[] = {"paper", "hierarchical", "he", "glorot", "lecun", NULL};
static const char *const forms[] = {"full", "factored", NULL};

#define VARIANCE(name, what)                                                                       \
  THW_PARAM_REAL(nets_params, name, 0, 0, THW_NO_BOUND, THW_P_LOG, NULL,                           \
                 "Variance of the initial " what "; 0: by init.")

#define TRAIN(more)                                                                                \
  THW_PARAM_STR(nets_params, train, "hidden", 0,                                                   \
                "Blocks that are trained: hidden (all but the output layer), hidden-weights (no "  \
                "biases), last (the output layer), all" more                                       \
                ", or names of blocks with blanks between them; the others stay as drawn.")

#define COMMON_PARAMS                                                                              \
  THW_PARAM_INT(nets_params, width, 200, 1, 1e6, "units", "Units in a hidden layer."),             \
      THW_PARAM_ENUM(nets_params, activation, THWN_RELU, activations,                              \
                     "Of the hidden units. relu is not smooth: no verdict on curvature."),         \
      THW_PARAM_ENUM(nets_params, loss, LOSS_AUTO, losses,                                         \
                     "squared (half the sum of squares over the outputs), logistic (two "          \
                     "classes), softmax; auto: by the labels."),                                   \
      VARIANCE(init_w, "weights of the first layer"),                                              \
      VARIANCE(init_v, "weights of later hidden layers"), VARIANCE(init_a, "output weights"),      \
      VARIANCE(init_b, "biases of the hidden layers"),                                             \
      THW_PARAM_BOOL(nets_params, bias, 1, "Hidden layers have biases."),                          \
      THW_PARAM_REAL(nets_params, output_scale, 1, 0, THW_NO_BOUND, THW_P_MIN_OPEN | THW_P_LOG,    \
                     NULL, "The network's outputs are multiplied by it (lambda of the theory)."),  \
      THW_PARAM_REAL(nets_params, l2, 0, 0, THW_NO_BOUND, THW_P_LOG, NULL,                         \
                     "l2/2 |x|^2 over all trained weights, biases left out: weight decay."),       \
      THW_PARAM_REAL(nets_params, label_smoothing, 0, 0, 1, THW_P_MAX_OPEN, NULL,                  \
                     "Part of the wanted probability that is spread over all classes (logistic, "  \
                     "softmax)."),                                                                 \
      THW_PARAM_BOOL(nets_params, linearised, 0,                                                   \
                     "Train the first-order expansion at the start in place of the network: the "  \
                     "tangent kernel of this width.")

static const thw_param mlp_params[] = {
    THW_PARAM_INT(nets_params, depth, 3, 2, NETS_DEPTH, "layers",
                  "Layers, the output layer counted."),
    THW_PARAM_INTS(nets_params, hidden, NULL, 1, 1e6, 0, "units",
                   "Units of each hidden layer, in place of depth and width."),
    COMMON_PARAMS,
    THW_PARAM_ENUM(nets_params, init, INIT_PAPER, inits,
                   "Variances of the start: paper (1/m for hidden layers of m units and their "
                   "biases, 1 for the output), hierarchical (1/inputs, 1/m, output 1/m), he, "
                   "glorot, lecun (these with biases 0)."),
    TRAIN(""),
    THW_PARAM_BOOL(nets_params, output_bias, 0, "The output layer has a bias, c."),
    THW_PARAM_REAL(nets_params, perturb_w, 0, 0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "Standard deviation of normal numbers added to the first layer's weights, fresh "
                   "for each batch."),
    THW_PARAM_REAL(nets_params, perturb_v, 0, 0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "The same for later hidden layers."),
    THW_PARAM_BOOL(
        nets_params, signs, 0,
        "Turn over the way of random units from their start, fresh for each batch: row i "
        "of W' and column i of V' (depth 3)."),
    THW_PARAM_REAL(nets_params, reg_w4, 0, 0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "lambda_w of lambda_w lambda^2 sum_i |w'_i|^4, over the rows of the way of W "
                   "from its start."),
    THW_PARAM_REAL(nets_params, reg_v2, 0, 0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "lambda_v of lambda_v lambda |V'|^2."),
};

static const thw_param resnet_params[] = {
    COMMON_PARAMS,
    THW_PARAM_ENUM(nets_params, init, INIT_HIERARCHICAL, inits,
                   "Variances of the start: hierarchical (W 1/inputs; V, U, A and the biases 1/m), "
                   "paper, he, glorot, lecun."),
    THW_PARAM_ENUM(nets_params, form, 1, forms,
                   "factored: the second block sees the first one's outputs, k numbers; full: its "
                   "units, m numbers."),
    THW_PARAM_BOOL(nets_params, skip, 1,
                   "The first block's outputs are added to those of the second; false: a plain "
                   "network of the same shape."),
    TRAIN(", first (W, b1), second (V or U, b2)"),
};

static const thw_slot slots[] = {
    {"source", THW_SOURCE, 1, NULL, "rows, dense or sparse, with labels"},
};

static const char *const offers[] = {THW_EXT_PROBE, NULL};

#define DOC_METRICS                                                                                \
  "Metrics: error is the sum over the outputs of (output - target)^2, mean over rows, without "    \
  "the "                                                                                           \
  "half that the loss has; relative_error divides it by that of the zero predictor; coef_F and "   \
  "the like, where the source tells its targets' parts, are how much of each part has been "       \
  "learned. With classes: accuracy, and cross_entropy in nats. Numbers as labels make one "        \
  "output, or as many as the source's targets have.\n\n"                                           \
  "The probe tells how far each block has gone (drift_W), how evenly over the units (spread: 1 "   \
  "to "                                                                                            \
  "the number of units), the mean |W| of each input, the units that changed their sign (flips), "  \
  "and how much of the change of the outputs is linear in the way (linear_part, "                  \
  "nonlinear_part).\n\n"                                                                           \
  "Frozen blocks are no parameters: they are drawn again from run.seed and their name. The bits "  \
  "do not depend on the number of threads. Hessian products are exact (Pearlmutter's)."

#define COMPONENT                                                                                  \
  .version = PACKAGE_VERSION, THW_SLOTS(slots), .offers = offers, .ops = &nets_ops,                \
  .create = nets_create, .destroy = nets_destroy, .ext = nets_ext

static const thw_component mlp = {
    THW_COMPONENT_HEAD(THW_MODEL),
    .id = "mlp",
    .summary = "fully connected networks: two, three or more layers, any of them trained",
    .doc = "out = A act(V act(W x + b1) + b2), with depth = 2 without V, with more layers W1, W2, "
           "... By default the hidden layers are trained and A stays as drawn, with the "
           "initialisation of the papers on over-parameterised networks: then a step length of "
           "c / width does the same at every width. For classification of real data, train = "
           "\"all\" and init = \"he\" are the usual choice.\n\n"
           "perturb_w, perturb_v, signs, reg_w4 and reg_v2 are the stochastic objective of the "
           "theory: noise is a function of the batch's rows, the whole sum and the metrics see "
           "none.\n\n" DOC_METRICS,
    .reference = "Z. Allen-Zhu, Y. Li, Y. Liang, NeurIPS 2019 (arXiv:1811.04918); B. Pearlmutter, "
                 "Neural Computation 6 (1994) (Hessian products)",
    THW_PARAMS(mlp_params, nets_params),
    COMPONENT,
};

static const thw_component resnet = {
    THW_COMPONENT_HEAD(THW_MODEL),
    .id = "resnet-mlp",
    .summary = "three-layer residual network that learns F(x) + alpha G(F(x)) layer by layer",
    .doc = "factored: o = A act(W x + b1), out = o + A act(V o + b2). full: h = act(W x + b1), "
           "out = A (h + act(U h + b2)). A is not trained. The factored form is the one that "
           "learns hierarchically: the first block finds F, the second G on top of it.\n\n"
           "train = \"first\" or \"second\" trains one block alone, the other as "
           "drawn.\n\n" DOC_METRICS,
    .reference = "Z. Allen-Zhu, Y. Li, NeurIPS 2019 (arXiv:1905.10337)",
    THW_PARAMS(resnet_params, nets_params),
    COMPONENT,
};

static const thw_component *const components[] = {&mlp, &resnet};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "nets",      .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 2, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
