/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/recurrent/plugin.c - the table of recurrent models: recurrent.so. */
#include "recurrent.h"

static const char *const activations[] = {"relu", "tanh", "identity", NULL};
static const char *const inits[] = {"gauss",   "gauss-m", "orthogonal", "identity",
                                    "uniform", "glorot",  "he",         NULL};
static const char *const losses[] = {"squared", "huber", "softmax", NULL};
static const char *const places[] = {"every", "last", "mask", NULL};
static const char *const steps[] = {"sum", "mean", NULL};

#define SIZES                                                                                      \
  THW_PARAM_INT(rec_params, hidden, 256, 1, 65536, "units", "Units of a layer."),                  \
      THW_PARAM_INT(rec_params, layers, 1, 1, THWR_LAYERS, NULL,                                   \
                    "Layers on top of one another: each reads the states of the one below."),      \
      THW_PARAM_INT(rec_params, outputs, 0, 0, 1 << 24, NULL,                                      \
                    "Outputs of a step; 0: as many as the source's targets ask for.")

#define START(init_)                                                                               \
  THW_PARAM_ENUM(rec_params, init, init_, inits,                                                   \
                 "Initial weights. gauss, gauss-m: W ~ N(0, gain/hidden); orthogonal: gain Q; "    \
                 "identity: gain I; uniform: all of them in +-1/sqrt(hidden); glorot: W "          \
                 "orthogonal, the others by fan; he: variance 2/fan-in."),                         \
      THW_PARAM_REAL(rec_params, gain, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,                    \
                     "Of W, see init; 0: 2 for gauss and gauss-m, else 1."),                       \
      THW_PARAM_REAL(rec_params, input_variance, 2.0, 0.0, THW_NO_BOUND,                           \
                     THW_P_MIN_OPEN | THW_P_LOG, NULL,                                             \
                     "Entries of A have this variance divided by hidden."),                        \
      THW_PARAM_REAL(rec_params, output_variance, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,         \
                     "Variance of the entries of Bo; 0: 1/outputs for gauss, else 1/hidden.")

#define CARRY                                                                                      \
  THW_PARAM_BOOL(rec_params, carry_state, 0,                                                       \
                 "Rows that continue others (text in chunks) start from the state at their end; "  \
                 "needs the rows in order."),                                                      \
      THW_PARAM_REAL(rec_params, state_cap, 0.0, 0.0, THW_NO_BOUND, 0, NULL,                       \
                     "A carried state with a larger norm becomes zero; 0: off.")

#define LOSS                                                                                       \
  THW_PARAM_REAL(rec_params, output_scale, 1.0, 0.0, THW_NO_BOUND, THW_P_MIN_OPEN | THW_P_LOG,     \
                 NULL, "The prediction is this times the output."),                                \
      THW_PARAM_BOOL(rec_params, centre, 0,                                                        \
                     "Subtracts the output that the initial weights give from the prediction."),   \
      THW_PARAM_ENUM(rec_params, loss, 0, losses,                                                  \
                     "squared: |prediction - target|^2/2; huber: the same up to distance 1, then " \
                     "distance - 1/2; softmax: -log of the class's probability."),                 \
      THW_PARAM_ENUM(rec_params, loss_at, 0, places,                                               \
                     "Steps that carry a loss: every one from loss_from on, the last, or those "   \
                     "that the source marks."),                                                    \
      THW_PARAM_INT(rec_params, loss_from, 2, 1, THW_NO_BOUND, "steps",                            \
                    "The first step with a loss, for loss_at = \"every\". Without a state before " \
                    "it the first step's output does not depend on W."),                           \
      THW_PARAM_ENUM(rec_params, over_steps, 0, steps,                                             \
                     "The loss of a sequence is the sum, or the mean, over its steps.")

static const thw_param rnn_params[] = {
    SIZES,
    THW_PARAM_ENUM(rec_params, activation, 0, activations, "phi in h' = phi(W h + A x)."),
    START(INIT_GAUSS),
    THW_PARAM_BOOL(rec_params, calibrate, 0,
                   "Divides W by the growth of |h| per step without input (relu, identity)."),
    THW_PARAM_BOOL(rec_params, bias, 0, "Gives the states and the outputs constant terms."),
    THW_PARAM_STR(rec_params, train, "W", 0,
                  "Blocks that are trained, separated by spaces: of W, A, Bo, bh, by; W2 for one "
                  "layer; or all. The others keep their initial values."),
    LOSS,
    CARRY};

static const thw_param linear_params[] = {
    SIZES, START(INIT_GAUSS),
    THW_PARAM_BOOL(rec_params, calibrate, 0,
                   "Divides W by the growth of |h| per step without input."),
    THW_PARAM_BOOL(rec_params, bias, 0, "Gives the states and the outputs constant terms."), LOSS};

static const thw_param lstm_params[] = {
    SIZES,
    START(INIT_UNIFORM),
    THW_PARAM_REAL(rec_params, forget_bias, 1.0, -THW_NO_BOUND, THW_NO_BOUND, 0, NULL,
                   "Added to the initial biases of the forget gates."),
    THW_PARAM_BOOL(rec_params, bias, 1, "Gives the gates and the outputs constant terms."),
    THW_PARAM_STR(rec_params, train, "all", 0,
                  "Blocks that are trained, separated by spaces: of W, A, Bo, bh, by; W2 for one "
                  "layer; or all."),
    LOSS,
    CARRY};

static const thw_param gru_params[] = {
    SIZES,
    START(INIT_UNIFORM),
    THW_PARAM_BOOL(rec_params, bias, 1, "Gives the gates and the outputs constant terms."),
    THW_PARAM_STR(rec_params, train, "all", 0,
                  "Blocks that are trained, separated by spaces: of W, A, Bo, bh, by; W2 for one "
                  "layer; or all."),
    LOSS,
    CARRY};

static const char *const offers[] = {THW_EXT_PROBE, THW_EXT_STATE, THW_EXT_GENERATE, NULL};
static const char *const linear_offers[] = {THW_EXT_PROBE, THW_EXT_STATE, NULL};

static const thw_slot slots[] = {
    {"source", THW_SOURCE, 1, NULL, "The sequences that tell width, targets and classes."}};

static thw_status check(const thw_host *h, thw_ctx *c, const void *params) {
  const rec_params *p = params;
  if (p->calibrate && p->activation == THWR_TANH)
    return h->fail(c, THW_E_ARG,
                   "calibrate makes W neither grow nor shrink a relu's states: tanh has no use "
                   "for it, leave it away");
  return THW_OK;
}

#define SEQUENCES                                                                                  \
  "\n\nSequences may have different lengths, steps may be vectors or tokens, targets belong to "   \
  "the sequence or to each step. f is the mean over the sequences of a batch; whether the loss "   \
  "of one is a sum or a mean over its steps is said by over_steps. A batch is cut into shards of " \
  "32 sequences, each run through all steps by one thread.\n\n"                                    \
  "Metrics: accuracy and bits per step for softmax; mse and nmse (relative to the targets' mean "  \
  "square) else, over the steps that carry a loss. predict gives the output of the last step.\n\n" \
  "carry_state trains on text in chunks (truncated back-propagation): the objective then depends " \
  "on the batches before, the states are part of the run's state, and whole sets are evaluated "   \
  "chunk by chunk from zero, which is also what a verdict speaks of."

#define MODEL(var, id_, table, offers_, summary_, doc_, reference_)                                \
  static const thw_component var = {THW_COMPONENT_HEAD(THW_MODEL),                                 \
                                    .id = id_,                                                     \
                                    .version = "0.1.0",                                            \
                                    .summary = summary_,                                           \
                                    .doc = doc_ SEQUENCES,                                         \
                                    .reference = reference_,                                       \
                                    THW_PARAMS(table, rec_params),                                 \
                                    THW_SLOTS(slots),                                              \
                                    .offers = offers_,                                             \
                                    .ops = &rec_ops,                                               \
                                    .check = check,                                                \
                                    .create = rec_create,                                          \
                                    .destroy = rec_destroy,                                        \
                                    .ext = rec_ext}

MODEL(gru, "gru", gru_params, offers, "gated recurrent units, one layer or several",
      "r, z = s(W h + A x + b), n = tanh(A x + b + r (W h + bq)), h' = (1 - z) n + z h; "
      "prediction = output_scale (Bo h + by). W, A and b hold the rows of r, z, n one after "
      "another, b those of bq behind them.",
      "K. Cho et al.: Learning phrase representations using RNN encoder-decoder. EMNLP 2014");
MODEL(lstm, "lstm", lstm_params, offers, "long short-term memory, one layer or several",
      "i, f, g, o = W h + A x + b, c' = s(f) c + s(i) tanh(g), h' = s(o) tanh(c'); prediction = "
      "output_scale (Bo h + by). W, A and b hold the rows of i, f, g, o one after another.",
      "S. Hochreiter, J. Schmidhuber: Long short-term memory. Neural Computation 9, 1997");
MODEL(rnn, "rnn", rnn_params, offers, "Elman's recurrent network: h' = phi(W h + A x)",
      "h' = phi(W h + A x + bh) from h = 0, prediction = output_scale (Bo h + by). By default "
      "only W is trained, from W, A ~ N(0, 2/hidden), Bo ~ N(0, 1/outputs): the setting in which "
      "gradient descent provably memorises random labels and learns a class of functions of the "
      "sequence.\n\n"
      "With relu the objective is not smooth: Hessian products are those of one side of the "
      "kinks, and the verdict makes no claim about curvature. With tanh it does.",
      "Z. Allen-Zhu, Y. Li, Z. Song: On the convergence rate of training recurrent neural "
      "networks. NeurIPS 2019; Z. Allen-Zhu, Y. Li: Can SGD learn recurrent neural networks with "
      "provable generalization? NeurIPS 2019");
MODEL(rnn_linear, "rnn-linear", linear_params, linear_offers,
      "the relu network of rnn, linearised at its initial weights",
      "The point V is an increment of W: the prediction is output_scale (y + J V), where y and J "
      "are the output and its derivative by W at the initial weights, with the units' signs and "
      "the states frozen there. It is linear in V, so the loss is convex; centre drops y.",
      "Z. Allen-Zhu, Y. Li: Can SGD learn recurrent neural networks with provable "
      "generalization? NeurIPS 2019");

static const thw_component *const components[] = {&gru, &lstm, &rnn, &rnn_linear};

static const thw_plugin plugin = {THW_PLUGIN_HEAD,
                                  .id = "recurrent",
                                  .version = "0.1.0",
                                  .license = "BSD-3-Clause",
                                  .n_components = sizeof components / sizeof components[0],
                                  .components = components};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
