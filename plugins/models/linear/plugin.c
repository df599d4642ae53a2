/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/linear/plugin.c - the table of linear models: linear.so. */
#include "linear.h"

#define REGULARISERS(nonconvex_)                                                                   \
  THW_PARAM_REAL(linear_params, l2, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,                       \
                 "Adds l2/2 |w|^2 to the mean loss; the intercept is left out."),                  \
      THW_PARAM_REAL(linear_params, c, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,                    \
                     "Instead of l2, liblinear's C: c sum loss + |w|^2/2, that is l2 = 1/(c n); "  \
                     "0: not used."),                                                              \
      THW_PARAM_REAL(linear_params, nonconvex, nonconvex_, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,     \
                     "Adds nonconvex sum_j w_j^2 / (1 + w_j^2), a non-convex regulariser."),       \
      THW_PARAM_BOOL(linear_params, intercept, 0,                                                  \
                     "Gives the model a constant term, which is not regularised.")

static const char *const inits[] = {"zero", "normal", NULL};

#define START                                                                                      \
  THW_PARAM_ENUM(linear_params, init, 0, inits,                                                    \
                 "Where the weights start: at zero, or at small normal numbers."),                 \
      THW_PARAM_REAL(linear_params, init_scale, 0.01, 0.0, THW_NO_BOUND, 0, NULL,                  \
                     "Standard deviation of the numbers of init = \"normal\".")

static const thw_param plain[] = {REGULARISERS(0.0), START};
static const thw_param bumpy[] = {REGULARISERS(0.1), START};
static const thw_param scaled[] = {
    THW_PARAM_REAL(linear_params, scale, 1.0, 0.0, THW_NO_BOUND, THW_P_MIN_OPEN | THW_P_LOG, NULL,
                   "Residuals well below it count as squares, those well above hardly more than "
                   "scale^2/2."),
    REGULARISERS(0.0), START};

static const thw_slot slots[] = {
    {"source", THW_SOURCE, 1, NULL, "The rows that tell width, labels and classes."}};

/* What a model of one weight vector has. With more an instance has no dense Hessian after all: who
 * wants one asks the instance. */
static const char *const fused[] = {THW_EXT_VR_MODEL, THW_EXT_HESSIAN_MODEL, NULL};
static const char *const curved[] = {THW_EXT_VR_MODEL, THW_EXT_FLOOR_MODEL, THW_EXT_HESSIAN_MODEL,
                                     NULL};

static thw_status check(const thw_host *h, thw_ctx *c, const void *params) {
  const linear_params *p = params;
  if (p->l2 > 0.0 && p->c > 0.0)
    return h->fail(c, THW_E_ARG,
                   "l2 and c are two ways to say the same thing: give one of them (l2 = 1/(c n))");
  return THW_OK;
}

#define ROWS                                                                                       \
  "\n\nRows may be dense or sparse. The gradient is exact, the Hessian-vector product too, and a " \
  "difference of gradients is one pass over the rows. Facts are guaranteed bounds, worked out "    \
  "when a method asks for them: the largest "                                                      \
  "eigenvalue of A'A/n is computed for up to 512 features and bounded by power iteration on the "  \
  "absolute values beyond. The variance-reduced inner loop is fused, at a cost of the row's "      \
  "non-zeros per step, times the classes; with the non-convex regulariser at a cost of all "       \
  "weights per step, because that moves each of them each time."

#define MODEL(var, id_, table, offers_, summary_, doc_, reference_)                                \
  static const thw_component var = {THW_COMPONENT_HEAD(THW_MODEL),                                 \
                                    .id = id_,                                                     \
                                    .version = "0.1.0",                                            \
                                    .summary = summary_,                                           \
                                    .doc = doc_ ROWS,                                              \
                                    .reference = reference_,                                       \
                                    THW_PARAMS(table, linear_params),                              \
                                    THW_SLOTS(slots),                                              \
                                    .offers = offers_,                                             \
                                    .ops = &linear_ops,                                            \
                                    .check = check,                                                \
                                    .create = linear_create,                                       \
                                    .destroy = linear_destroy,                                     \
                                    .ext = linear_ext}

MODEL(geman_mcclure, "geman-mcclure", scaled, fused,
      "robust regression: t^2 / (2 (1 + t^2/scale^2))",
      "With t = a.w - y the loss of a row is t^2 / (2 (1 + t^2/scale^2)). It is a square near zero "
      "and flat far out, so that rows with a wrong y lose their influence; the price is that the "
      "objective is not convex.",
      "S. Geman, D. McClure: Statistical methods for tomographic image reconstruction. Bull. ISI "
      "52, 1987");
MODEL(least_squares, "least-squares", plain, fused, "linear regression: (a.w - y)^2 / 2",
      "With classes as labels it fits their numbers.", NULL);
MODEL(logistic, "logistic", plain, fused, "logistic regression, two classes or more (softmax)",
      "Two classes have one weight vector: the loss of a row is log(1 + exp(-y a.w)), where y is "
      "-1 for the first class and +1 for the second. k > 2 classes have one weight vector each: "
      "the loss is log sum_c exp(a.w_c) - a.w_label.",
      NULL);
MODEL(logistic_nonconvex, "logistic-nonconvex", bumpy, curved,
      "logistic regression with the regulariser sum w^2/(1+w^2)",
      "The model logistic with nonconvex = 0.1 unless said otherwise: a standard test problem of "
      "non-convex finite sums.",
      NULL);
MODEL(sigmoid, "sigmoid", plain, fused, "smooth 0-1 loss of two classes: 1 / (1 + exp(y a.w))",
      "The loss of a row lies between 0 and 1 and is close to the number of mistakes, so rows far "
      "on the wrong side do not pull; it is not convex. y is -1 for the first class and +1 for the "
      "second.",
      "L. Mason, J. Baxter, P. Bartlett, M. Frean: Boosting algorithms as gradient descent. NIPS "
      "1999, section 3");
MODEL(squared_hinge, "squared-hinge", plain, fused, "L2-loss support vector machine, two classes",
      "The loss of a row is max(0, 1 - y a.w)^2, where y is -1 for the first class and +1 for the "
      "second. The gradient is continuous, the Hessian is not: Hessian-vector products use the "
      "generalised one, and no claim about curvature can be made.",
      "S. Keerthi, D. DeCoste: A modified finite Newton method for fast solution of large scale "
      "linear SVMs. JMLR 6, 2005");

static const thw_component *const components[] = {
    &geman_mcclure, &least_squares, &logistic, &logistic_nonconvex, &sigmoid, &squared_hinge};

static const thw_plugin plugin = {THW_PLUGIN_HEAD,
                                  .id = "linear",
                                  .version = "0.1.0",
                                  .license = "BSD-3-Clause",
                                  .n_components = sizeof components / sizeof components[0],
                                  .components = components};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
