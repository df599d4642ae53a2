/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/problems/plugin.c - the table of problems with known saddles: problems.so. */
#include "problem.h"

static const char *const starts[] = {"saddle", "random", NULL};
static const char *const activations[] = {"tanh", "softplus", NULL};

#define START(T, scale_, saddle_)                                                                  \
  {"start",                                                                                        \
   THW_P_ENUM,                                                                                     \
   0,                                                                                              \
   (uint32_t)offsetof(T, s.start),                                                                 \
   0,                                                                                              \
   0,                                                                                              \
   0,                                                                                              \
   START_SADDLE,                                                                                   \
   0,                                                                                              \
   NULL,                                                                                           \
   starts,                                                                                         \
   NULL,                                                                                           \
   "Where an optimizer begins: \"saddle\" " saddle_ "; \"random\" at start_scale N(0, I).",        \
   NULL},                                                                                          \
      {"start_scale",                                                                              \
       THW_P_REAL,                                                                                 \
       THW_P_LOG,                                                                                  \
       (uint32_t)offsetof(T, s.start_scale),                                                       \
       0,                                                                                          \
       0,                                                                                          \
       1e3,                                                                                        \
       0,                                                                                          \
       scale_,                                                                                     \
       NULL,                                                                                       \
       NULL,                                                                                       \
       NULL,                                                                                       \
       "Size of the random part of the starting point.",                                           \
       NULL},                                                                                      \
  {                                                                                                \
    "radius", THW_P_REAL, THW_P_LOG, (uint32_t)offsetof(T, s.radius), 0, 0, 1e6, 0, 0.0, NULL,     \
        NULL, NULL,                                                                                \
        "Tells optimizers bounds of L and L2 that hold for |x| up to this (formulas above); 0: "   \
        "they are not told and estimate what they need.",                                          \
        NULL                                                                                       \
  }

#define NOISE(T)                                                                                   \
  {"hessian_noise",                                                                                \
   THW_P_REAL,                                                                                     \
   THW_P_LOG,                                                                                      \
   (uint32_t)offsetof(T, noise.hessian_noise),                                                     \
   0,                                                                                              \
   0,                                                                                              \
   1e6,                                                                                            \
   0,                                                                                              \
   0.0,                                                                                            \
   NULL,                                                                                           \
   NULL,                                                                                           \
   NULL,                                                                                           \
   "tauH: row i adds tauH/2 sum_j s_ij x_j^2 with random signs s_ij; V_H is its square.",          \
   NULL},                                                                                          \
  {                                                                                                \
    "gradient_noise", THW_P_REAL, THW_P_LOG, (uint32_t)offsetof(T, noise.gradient_noise), 0, 0,    \
        1e6, 0, 0.0, NULL, NULL, NULL,                                                             \
        "taub: row i adds taub c_i.x with c_i ~ N(0, I/d); V at 0 is its square.", NULL            \
  }

#define NOISE_DOC                                                                                  \
  "\n\nRows come from the source \"rows\". With hessian_noise or gradient_noise each row adds a "  \
  "planted term of its own; row i + n/2 has the negative of row i's, so that the mean over all "   \
  "rows is f exactly, with V_H = hessian_noise^2 and V = gradient_noise^2 + hessian_noise^2 "      \
  "|x|^2. Rows of a stream (n = 0) are independent."

static const thw_param quartic_table[] = {
    THW_PARAM_INT(quartic_params, d, 100, 1, 1e5, NULL, "Dimension."),
    THW_PARAM_REALS(quartic_params, eigenvalues, "-0.4 -0.2 -0.1", -1e6, 1e6, 0, NULL,
                    "The first eigenvalues of A, the smallest of which is the Hessian's at 0."),
    THW_PARAM_REAL(quartic_params, rest_min, 0.0, -1e6, 1e6, 0, NULL,
                   "The other eigenvalues are uniform from here"),
    THW_PARAM_REAL(quartic_params, rest_max, 1.0, -1e6, 1e6, 0, NULL, "to here."),
    THW_PARAM_BOOL(
        quartic_params, rotate, 1,
        "A is rotated at random (d up to 4096); else diagonal, where f is a sum over the "
        "coordinates with the minimum -sum lam^2/4 over the negative lam."),
    THW_PARAM_REAL(quartic_params, valley, 0.0, 0.0, 1e3, THW_P_LOG, NULL,
                   "Slope s of a valley before the saddle: one coordinate t more, without noise, "
                   "which begins at 1/s and brings s (sqrt(1 + t^2) - 1), a gradient of s for "
                   "L/s^2 steps of 1/L; 0: none."),
    NOISE(quartic_params),
    START(quartic_params, 0.01, "at x = 0 (the valley's coordinate at 1/s)"),
};

static const thw_param factor_table[] = {
    THW_PARAM_INT(factor_params, d, 40, 1, 4096, NULL, "Order of M."),
    THW_PARAM_REALS(factor_params, eigenvalues, "1 0.8 0.6 0.4", 0.0, 1e6, THW_P_MIN_OPEN, NULL,
                    "Eigenvalues of M other than 0."),
    THW_PARAM_INT(factor_params, columns, 0, 0, 4096, NULL,
                  "Columns of U; 0: as many as there are eigenvalues."),
    NOISE(factor_params),
    START(factor_params, 0.05,
          "with a first column of start_scale N(0, I) and zeros in the others"),
};

static const thw_param tensor_table[] = {
    THW_PARAM_INT(tensor_params, d, 10, 1, 1024, NULL, "Dimension, and number of components."),
    THW_PARAM_INT(tensor_params, support, 0, 0, 1024, NULL,
                  "Number m of components that are mixed at the saddle of the start; 0: all."),
    NOISE(tensor_params),
    START(tensor_params, 0.01, "at the symmetric combination of m = support components"),
};

static const thw_param staircase_table[] = {
    THW_PARAM_INT(staircase_params, stairs, 8, 1, 500, NULL, "Saddles one after another."),
    THW_PARAM_INT(staircase_params, d, 0, 0, 1e5, NULL, "Dimension, at least stairs; 0: stairs."),
    THW_PARAM_REAL(staircase_params, gamma, 0.25, 1e-6, 1e3, THW_P_LOG, NULL,
                   "Each saddle has the least eigenvalue -gamma."),
    THW_PARAM_REAL(
        staircase_params, hold, 1.0, 1e-6, 1e3, THW_P_LOG, NULL,
        "Curvature that holds the later coordinates at 0; 1 + hold/gamma is the factor by "
        "which each stair takes gradient descent longer."),
    NOISE(staircase_params),
    START(staircase_params, 0.1,
          "near 0, the first of the saddles, at uniform numbers up to start_scale"),
};

static const thw_param sensing_table[] = {
    THW_PARAM_INT(sensing_params, d, 20, 1, 4096, NULL, "Rows of U."),
    THW_PARAM_INT(sensing_params, columns, 2, 1, 64, NULL, "Columns of U."),
    THW_PARAM_REALS(sensing_params, weights, "1 0.6", 0.0, 1e6, THW_P_MIN_OPEN, NULL,
                    "Eigenvalues of the planted matrix U*U*'."),
    START(sensing_params, 0.2,
          "with a first column of start_scale N(0, I) and zeros in the others"),
};

static const thw_param phase_table[] = {
    THW_PARAM_INT(sensing_params, d, 50, 1, 4096, NULL, "Dimension."),
    START(sensing_params, 0.2, "at x = 0, where every row's gradient vanishes"),
};

static const thw_param layer_table[] = {
    THW_PARAM_INT(layer_params, d, 10, 1, 4096, NULL, "Inputs."),
    THW_PARAM_INT(layer_params, hidden, 3, 1, 64, NULL, "Hidden units of the network."),
    THW_PARAM_INT(layer_params, teachers, 3, 1, 64, NULL,
                  "Hidden units of the network that made the targets."),
    THW_PARAM_ENUM(layer_params, activation, 0, activations, "Of the hidden units."),
    THW_PARAM_REAL(layer_params, teacher_scale, 1.5, 1e-6, 1e3, THW_P_LOG, NULL,
                   "Length of the weight vectors that made the targets."),
    START(layer_params, 0.2, "with all hidden units alike, at start_scale N(0, I)"),
};

static const thw_slot slots[] = {
    {"source", THW_SOURCE, 1, NULL, "tells how many rows there are: the source \"rows\""}};

/* The memory is the context's. */
static void destroy(void *self) {
  (void)self;
}

#define MODEL(var, kind_, id_, table, T, ops_, summary_, doc_, reference_)                         \
  static thw_status var##_create(const thw_component *me, const thw_host *h, thw_ctx *c,           \
                                 const void *params, const thw_wired *wired, void **self) {        \
    (void)me;                                                                                      \
    return problem_create(&kind_, h, c, params, wired, self);                                      \
  }                                                                                                \
  static const thw_component var = {                                                               \
      THW_COMPONENT_HEAD(THW_MODEL), .id = id_,         .version = "0.1.0",                        \
      .summary = summary_,           .doc = doc_,       .reference = reference_,                   \
      THW_PARAMS(table, T),          THW_SLOTS(slots),  .ops = &ops_,                              \
      .create = var##_create,        .destroy = destroy};

MODEL(quartic, problem_quartic, "quartic-saddle", quartic_table, quartic_params,
      problem_planted_ops, "a saddle at 0 with a given spectrum: x'Ax/2 + sum x_j^4/4",
      "f(x) = x'Ax/2 + sum_j x_j^4/4, A = R diag(lam) R' with a random rotation R and the given "
      "eigenvalues. x = 0 is a critical point whose Hessian is A: a saddle of known curvature when "
      "an eigenvalue is negative, the only minimum when none is. f falls below 0 along every "
      "direction of negative curvature; where the minima lie is known only for rotate = false (see "
      "there), and f >= -d lam_min^2/4.\n\n"
      "L = max(|lam_min|, lam_max + 3 r^2) and L2 = 6 r for |x| <= r: near 0, L = max "
      "|lam|. With valley > 0 gradient descent first has to go down a slope that is as long as the "
      "theory allows." NOISE_DOC,
      "Z. Allen-Zhu, Y. Li: NEON2: Finding Local Minima via First-Order Oracles. NeurIPS 2018 (the "
      "setting of its theorems)")

MODEL(
    factor, problem_factor, "matrix-factorisation", factor_table, factor_params,
    problem_planted_ops, "symmetric low-rank factorisation |UU' - M|^2/4",
    "f(U) = |UU' - M|_F^2/4 for a positive semidefinite M = R diag(eigenvalues) R' of order d. "
    "Every minimum is global: UU' is the best approximation of M with that many columns, and f = 0 "
    "when there are as many as eigenvalues, else a quarter of the sum of the other eigenvalues' "
    "squares. A critical point that misses an eigenvector of eigenvalue lam, in favour of smaller "
    "ones or of none, is a saddle with curvature -lam + (the smaller one) or below. Columns that "
    "are zero stay zero for every first-order method.\n\n"
    "For |U|_F <= r: L = max(r^2, lam_max) + 2 r^2, L2 = 6 r; the Hessian is nowhere below "
    "-lam_max." NOISE_DOC,
    "R. Ge, C. Jin, Y. Zheng: No Spurious Local Minima in Nonconvex Low Rank Problems. ICML 2017")

MODEL(
    tensor, problem_tensor, "tensor-ica", tensor_table, tensor_params, problem_planted_ops,
    "decomposition of a fourth-order tensor with orthogonal components",
    "f(u) = -T(u,u,u,u)/4 + |u|^4/2 - |u|^2/2, T = sum_i a_i^(x4) with an orthonormal basis a_i: "
    "the contrast of independent component analysis, with a term instead of the sphere. The minima "
    "are the 2d points +-a_i, with f = -1/4 and a Hessian of eigenvalues 1 and 2. All other "
    "critical points are u = sum over m of the a_i with weights +-1/sqrt(2m - 1): saddles for m > "
    "1 with f = -m/(4(2m - 1)) and the least eigenvalue -2/(2m - 1), and the maximum u = 0 with "
    "f = 0.\n\n"
    "For |u| <= r: L = max(6 r^2, 1 + r^2), L2 = 18 r." NOISE_DOC,
    "R. Ge, F. Huang, C. Jin, Y. Yuan: Escaping From Saddle Points: Online Stochastic Gradient for "
    "Tensor Decomposition. COLT 2015, section 4")

MODEL(
    staircase, problem_staircase, "staircase", staircase_table, staircase_params,
    problem_planted_ops, "a chain of saddles that takes gradient descent exponential time",
    "f(x) = hold |x|^2/2 - sum_i D(x_i) prod_{j<i} s(x_j). The gate s goes from s(0) = 0 to 1 at "
    "|t| = 1 and is even; D is such that h(t) = hold t^2/2 - D(t) has curvature -gamma at 0 and "
    "its "
    "minima at t = +-1. The critical points are m coordinates of +-1 followed by zeros: for each m "
    "below `stairs` a saddle with f = -m v and the least eigenvalue -gamma, and for m = stairs the "
    "minima, all global, with f = -stairs v, where v = -h(1): 0.06095 for gamma = 0.25 and hold = "
    "1.\n\n"
    "While gradient descent waits at a saddle for one coordinate to grow, it shrinks all later "
    "ones, so that each stair takes 1 + hold/gamma times as long as all before it: exponential in "
    "the number of stairs from any start near 0, and without end once a coordinate is 0 in "
    "floating point. A method with a search for negative curvature pays for one search per "
    "stair.\n\n"
    "f is three times continuously differentiable. L and L2 are bounded everywhere by a bound that "
    "grows with the square and the cube of the number of stairs and is told where radius > 0; "
    "along the way down, where all later coordinates are near 0, L is about max(hold, "
    "gamma)." NOISE_DOC,
    "S. Du, C. Jin, J. Lee, M. Jordan, B. Poczos, A. Singh: Gradient Descent Can Take Exponential "
    "Time to Escape Saddle Points. NeurIPS 2017, section 4 (another function with the same "
    "mechanism, smooth on all of R^d)")

MODEL(
    sensing, problem_sensing, "matrix-sensing", sensing_table, sensing_params, problem_ridge_ops,
    "a low-rank matrix from random quadratic measurements",
    "f_i(U) = (|a_i'U|^2 - y_i)^2/4 with a_i ~ N(0, I) and y_i = |a_i'U*|^2, U* orthonormal "
    "columns times the roots of `weights`. A point is stored column by column. With at least as "
    "many columns as weights the minimum is f = 0 at UU' = U*U*', and with n well above the number "
    "of parameters there is no other local minimum. Where a column is zero all rows' gradients by "
    "it vanish, so that every plain method stays there and ends in a saddle.\n\n"
    "For many rows f is near |tr M|^2/4 + |M|_F^2/2, M = UU' - U*U*': L is about 6 max(weights) at "
    "the minimum, and the Hessian at 0 is -(sum of weights) - 2 max(weights) at the least. For "
    "|U|_F <= r: L <= max(3 r^2 E|a|^4, E y|a|^2), L2 <= 6 r E|a|^4, means over the rows (far "
    "above what is met).",
    "R. Ge, C. Jin, Y. Zheng: No Spurious Local Minima in Nonconvex Low Rank Problems. ICML 2017")

MODEL(
    phase, problem_phase, "phase-retrieval", phase_table, sensing_params, problem_ridge_ops,
    "a vector from the squares of random projections",
    "f_i(x) = ((a_i.x)^2 - y_i)^2/4 with a_i ~ N(0, I), y_i = (a_i.x*)^2 and |x*| = 1: matrix "
    "sensing with one column. The minima are +-x* with f = 0; x = 0 is a critical point of every "
    "row's f_i, with the least eigenvalue near -3, along x*, so that no plain method leaves "
    "it.\n\n"
    "For many rows f is near 3/4 (1 + |x|^4) - |x|^2/2 - (x.x*)^2; saddles lie on the sphere |x|^2 "
    "= 1/3 orthogonal to x*, and L is 6 at the minimum. For |x| <= r: L <= max(3 r^2 E|a|^4, E "
    "y|a|^2), L2 <= 6 r E|a|^4.",
    "J. Sun, Q. Qu, J. Wright: A Geometric Analysis of Phase Retrieval. Foundations of "
    "Computational Mathematics 18, 2018")

MODEL(
    layer, problem_layer, "two-layer", layer_table, layer_params, problem_ridge_ops,
    "a two-layer network at its symmetric saddle, learning from another",
    "f_i(W) = (sum_c act(w_c.a_i) - y_i)^2/2 with a_i ~ N(0, I): a soft committee machine whose "
    "output weights are 1, and targets y_i of another one with orthogonal weight vectors t_c of "
    "length teacher_scale. With hidden = teachers the minimum is f = 0, at the teacher's vectors "
    "in "
    "any order; a larger network reaches 0 in more ways. Hidden units that begin alike get the "
    "same gradient from every row and stay alike: plain methods converge to the best network with "
    "equal units, a saddle whose directions of negative curvature tell the units apart, the "
    "plateau of the theory of online learning.\n\n"
    "With m_p the mean of |a|^p and k = hidden: for tanh L <= m_2 (k + 0.77 (k + teachers)) and L2 "
    "<= m_3 (2.31 sqrt(k) + 2 (k + teachers)) everywhere; for softplus and |W|_F <= r, L <= k m_2 "
    "+ (r sqrt(k) m_3 + 0.7 k m_2 + E y|a|^2)/4.",
    "D. Saad, S. Solla: Exact Solution for On-Line Learning in Multilayer Neural Networks. "
    "Physical "
    "Review Letters 74, 1995")

static const thw_component *const components[] = {&factor,    &sensing, &phase, &quartic,
                                                  &staircase, &tensor,  &layer};

static const thw_plugin plugin = {THW_PLUGIN_HEAD,
                                  .id = "problems",
                                  .version = "0.1.0",
                                  .license = "BSD-3-Clause",
                                  .n_components = sizeof components / sizeof components[0],
                                  .components = components};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
