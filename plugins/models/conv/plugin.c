/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/conv/plugin.c - convolutional residual networks: conv.so. */
#include <config.h>

#include "conv.h"

static const char *const families[] = {"resnet", "wide", NULL};
static const char *const shortcuts[] = {"A", "B", NULL};
static const char *const activations[] = {"relu", "softplus", "gelu", "tanh", NULL};
static const char *const statistics[] = {"running", "recompute", NULL};

static const thw_param params[] = {
    THW_PARAM_ENUM(cn_params, family, CN_RESNET, families,
                   "resnet: convolution, normalisation, activation; wide: normalisation, "
                   "activation, convolution, and widen times the channels."),
    THW_PARAM_INT(cn_params, depth, 20, 8, 1000, "layers",
                  "Layers: 6n+2 for resnet (20, 32, 44, 56, 110), 6n+4 for wide (10, 16, 28)."),
    THW_PARAM_INT(cn_params, widen, 1, 1, 16, NULL, "Of wide: channels are this many times more."),
    THW_PARAM_INT(cn_params, channels, 16, 1, 256, NULL,
                  "Channels of the first layer; the stages have this many, twice and four times "
                  "as many."),
    THW_PARAM_ENUM(cn_params, shortcut, CN_SHORTCUT_A, shortcuts,
                   "Of resnet, where the shape changes. A: every second row and column, padded "
                   "with channels of zeros; B: a 1x1 convolution with normalisation."),
    THW_PARAM_ENUM(cn_params, activation, THWC_RELU, activations,
                   "Between the layers; all but relu make the objective smooth."),
    THW_PARAM_INT(cn_params, group, 256, 2, 65536, "rows",
                  "Batches with more rows are normalised in parts of at most this size, so that "
                  "the whole sum has a meaning and fits into memory."),
    THW_PARAM_REAL(cn_params, bn_momentum, 0.1, 0, 1, THW_P_MIN_OPEN, NULL,
                   "Weight of the newest batch in the running statistics."),
    THW_PARAM_REAL(cn_params, bn_eps, 1e-5, 0, THW_NO_BOUND, THW_P_MIN_OPEN | THW_P_LOG, NULL,
                   "Added to the variance."),
    THW_PARAM_ENUM(cn_params, bn_eval, CN_RUNNING, statistics,
                   "Statistics for metrics and predictions: running, of the batches that the steps "
                   "used; recompute: of the first bn_rows training rows at the point."),
    THW_PARAM_INT(cn_params, bn_rows, 5000, 2, THW_NO_BOUND, "rows",
                  "Training rows for recomputed statistics."),
    THW_PARAM_REAL(cn_params, act_noise, 0, 0, THW_NO_BOUND, 0, NULL,
                   "Standard deviation of normal noise added before each activation in training: "
                   "one number for each position, shared by channels and images."),
    THW_PARAM_REAL(cn_params, act_noise_passes, 0, 0, THW_NO_BOUND, 0, "passes",
                   "The noise ends after this many passes; 0: never."),
    THW_PARAM_REAL(cn_params, label_smoothing, 0, 0, 1, THW_P_MAX_OPEN, NULL,
                   "Part of the target that is spread evenly over the classes, in training."),
    THW_PARAM_REAL(cn_params, l2, 0, 0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "Weight decay: l2/2 |x|^2 over all parameters is part of the loss."),
};

static const thw_slot slots[] = {
    {"source", THW_SOURCE, 1, NULL, "The images that tell shape and classes."}};

static const char *const offers[] = {THW_EXT_STATE, THW_EXT_STEP_MODEL, NULL};

static thw_status check(const thw_host *h, thw_ctx *c, const void *p_) {
  const cn_params *p = p_;
  if (p->family == CN_RESNET && p->depth % 6 != 2)
    return h->fail(c, THW_E_ARG, "the depth of a resnet is 6n+2: 8, 14, 20, 32, 44, 56 or 110");
  if (p->family == CN_WIDE && (p->depth % 6 != 4 || p->depth < 10))
    return h->fail(c, THW_E_ARG, "the depth of a wide network is 6n+4: 10, 16, 22, 28 or 40");
  if (p->family == CN_RESNET && p->widen != 1)
    return h->fail(c, THW_E_ARG, "widen is for family = \"wide\": use channels for a resnet");
  if (p->family == CN_WIDE && p->shortcut != CN_SHORTCUT_A)
    return h->fail(c, THW_E_ARG,
                   "shortcut is for family = \"resnet\": wide networks use a 1x1 convolution where "
                   "the shape changes");
  return THW_OK;
}

static const thw_component conv_resnet = {
    THW_COMPONENT_HEAD(THW_MODEL),
    .id = "conv-resnet",
    .version = PACKAGE_VERSION,
    .summary = "convolutional residual networks for small images: ResNet-20 to 110, WideResNet",
    .doc =
        "Three stages of residual blocks of 3x3 convolutions with batch normalisation, global "
        "average pooling, a linear layer; softmax cross-entropy for classes, squared error for "
        "numbers. Images are rows with a shape (channels x height x width): sources cifar, idx, "
        "npy, or one that wraps them (augment, patch).\n\n"
        "Batch normalisation makes the loss of a batch a function of the whole batch: f is the "
        "mean over the batch, normalised by its own statistics, the same bits for the same point "
        "and batch. A batch of more than `group` rows is normalised in parts of nearly equal size, "
        "in the order of its rows; that is what the whole sum, its gradient and the verdict on it "
        "mean here. Metrics and predictions use fixed statistics (bn_eval). The running ones move "
        "with the gradients of the method's own steps only, and are saved with a checkpoint; "
        "methods that evaluate a batch at several points should recompute them.\n\n"
        "Parameters have names (s1b2.conv1.K is out x in x 3 x 3). Convolutions start as normal "
        "numbers of variance 2/(9 out). All layers run on our own kernels, channels innermost, "
        "image by image, so that normalisation, activation and shortcuts happen in the cache.\n\n"
        "Metrics: accuracy (mse) and loss, without penalty and smoothing.",
    .reference = "K. He, X. Zhang, S. Ren, J. Sun: Deep residual learning for image recognition. "
                 "CVPR 2016; S. Zagoruyko, N. Komodakis: Wide residual networks. BMVC 2016; S. "
                 "Ioffe, C. Szegedy: Batch normalization. ICML 2015",
    THW_PARAMS(params, cn_params),
    THW_SLOTS(slots),
    .offers = offers,
    .ops = &cn_ops,
    .check = check,
    .create = cn_create,
    .destroy = cn_destroy,
    .ext = cn_ext,
};

static const thw_component *const components[] = {&conv_resnet};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "conv",      .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
