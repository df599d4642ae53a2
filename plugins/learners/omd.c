/* SPDX-License-Identifier: BSD-3-Clause */
/* Online mirror descent with projection-and-decomposition. */
#include <config.h>
#include <math.h>
#include <string.h>

#include "plugins/learners/improper.h"

enum { ADAPTIVE, FIXED };
static const char *const steps[] = {"adaptive", "fixed", NULL};
static const char *const mirrors[] = {"euclid", "entropy", "hypentropy", NULL};
static const char *const projections[] = {"cutting-planes", "ellipsoid", NULL};

struct omd_params {
  int32_t step, mirror, projection;
  double step_scale, radius, loss_bound, eps_scale, beta;
  int64_t horizon;
  PAD_FIELDS
};

static const thw_param params[] = {
    THW_PARAM_ENUM(struct omd_params, step, ADAPTIVE, steps,
                   "adaptive: D over the root of the sum of |f_t|^2 so far, for any number of "
                   "rounds; fixed: D/(G sqrt(T)), for a known number."),
    THW_PARAM_ENUM(struct omd_params, mirror, ON_EUCLID, mirrors,
                   "Geometry of the descent. entropy: for costs and decisions of few entries in "
                   "many coordinates, multiplicative updates, D is a bound on |x|_1 and G one on "
                   "|f_t|_inf; hypentropy: the same for entries of any sign, rewards too."),
    THW_PARAM_REAL(struct omd_params, beta, 0.0, 0.0, THW_NO_BOUND, 0, NULL,
                   "hypentropy: entries well below it count as in euclid; 0: D/n."),
    THW_PARAM_ENUM(struct omd_params, projection, ON_CUTTING_PLANES, projections,
                   "How points are projected: cutting-planes is exact, and keeps half-spaces from "
                   "round to round; ellipsoid has a polylogarithmic number of calls in the worst "
                   "case, for at most about 8 coordinates, up to a tolerance of eps_scale D/T."),
    THW_PARAM_REAL(struct omd_params, step_scale, 1.0, 0.0, THW_NO_BOUND,
                   THW_P_MIN_OPEN | THW_P_LOG, NULL, "The step is multiplied by it."),
    THW_PARAM_REAL(struct omd_params, eps_scale, 0.1, 0.0, 10.0, THW_P_MIN_OPEN | THW_P_LOG, NULL,
                   "Tolerance of the decomposition, in D/sqrt(T); larger: fewer calls."),
    THW_PARAM_REAL(struct omd_params, radius, 0.0, 0.0, THW_NO_BOUND, 0, NULL,
                   "D, a bound on |x| over alpha K (|x|_1 but for euclid); 0: alpha times the "
                   "oracle's bound."),
    THW_PARAM_REAL(
        struct omd_params, loss_bound, 0.0, 0.0, THW_NO_BOUND, 0, NULL,
        "fixed: G, a bound on |f_t| (|f_t|_inf but for euclid); 0: what the rounds promise."),
    THW_PARAM_INT(struct omd_params, horizon, 0, 0, THW_NO_BOUND, "rounds",
                  "fixed: T; 0: stop.rounds."),
    PAD_PARAMS(struct omd_params),
};

typedef struct omd {
  on_env e;
  const struct omd_params *p;
  thw_game game;
  on_pad pad;
  double *y;
  double D, G, T;
  double spread;  /* D_phi(x, z_1) over alpha K, in D times its scale: eta is its root, ... */
  double squares; /* ... over that of the sum of |f_t|^2 */
  int64_t t;      /* rounds seen */
  int64_t ready;  /* the projection of this round is made */
} omd;

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *slots, void **self) {
  on_env e = {h, c};
  omd *s = NULL;
  (void)me, (void)slots;
  THW_TRY(ON_NEW(e, s, 1));
  s->e = e;
  s->p = params_;
  *self = s;
  return THW_OK;
}

static void destroy(void *self) {
  omd *s = self;
  on_pad_free(&s->pad);
  on_free(s->e, s->y);
  on_free(s->e, s);
}

/* D for the maps that live in the 1-norm. */
static thw_status radius1(omd *s) {
  const thw_linear_facts *f = s->game.oracle;
  double alpha = isfinite(f->factor) ? f->factor : 1;
  s->D = s->p->radius > 0 ? s->p->radius : alpha * f->norm1;
  if (s->D > 0 && isfinite(s->D)) return THW_OK;
  return on_fail(s->e, THW_E_ARG,
                 "this oracle does not say how long its decisions are in the 1-norm: set radius to "
                 "a bound on |x|_1 over alpha K");
}

static thw_status constants(omd *s) {
  const struct omd_params *p = s->p;
  int euclid = p->mirror == ON_EUCLID;
  double n = (double)s->game.n;
  THW_TRY(euclid ? improper_radius(s->e, p->radius, s->game.oracle, &s->D) : radius1(s));
  s->spread = euclid ? s->D * s->D : p->mirror == ON_ENTROPY ? 2 * log(fmax(n, 2)) : log(1 + 2 * n);
  s->T = (double)(p->horizon > 0 ? p->horizon : s->game.horizon);
  s->G = p->loss_bound > 0 ? p->loss_bound : euclid ? s->game.loss_norm : s->game.loss_norminf;
  if (p->step != FIXED && p->projection != ON_ELLIPSOID) return THW_OK;
  if (!(s->T > 0))
    return on_fail(s->e, THW_E_ARG,
                   "step = \"fixed\" and projection = \"ellipsoid\" need the number of rounds: set "
                   "stop.rounds or horizon, or leave them");
  if (p->step == FIXED && !(s->G > 0))
    return on_fail(s->e, THW_E_ARG,
                   "step = \"fixed\" needs a bound on the losses, which these "
                   "rounds do not promise: set loss_bound");
  return THW_OK;
}

/* The entropy needs x > 0, and the sum of x below D for its bound. */
static thw_status begin_entropy(omd *s) {
  const thw_linear_facts *f = s->game.oracle;
  if (f->sense != THW_COST || !(f->flags & THW_LINEAR_ORTHANT))
    return on_fail(s->e, THW_E_ARG,
                   "mirror = \"entropy\" is for costs and decisions without negative entries: use "
                   "\"hypentropy\"");
  for (int64_t i = 0; i < s->game.n; i++) s->y[i] = -1;
  THW_TRY(on_pad_known(&s->pad, s->y, -s->D));
  for (int64_t i = 0; i < s->game.n; i++) s->y[i] = log(s->D / (double)s->game.n);
  return THW_OK;
}

/* Begins at alpha times the decision that is best for equal losses, or in the middle. y is the dual
 * of a point. */
static thw_status start(void *self, const thw_object *oracle, const thw_game *game) {
  omd *s = self;
  on_pad_options o = PAD_OPTIONS(s->p);
  s->game = *game;
  THW_TRY(constants(s));
  o.projection = s->p->projection;
  o.mirror.kind = s->p->mirror;
  o.mirror.beta = s->p->beta > 0 ? s->p->beta : s->D / (double)game->n;
  on_pad_free(&s->pad);
  on_free(s->e, s->y);
  s->y = NULL;
  s->squares = 0;
  s->t = s->ready = 0;
  THW_TRY(ON_NEW(s->e, s->y, game->n));
  THW_TRY(on_pad_init(&s->pad, s->e, oracle, game->oracle, &o));
  if (s->p->mirror == ON_ENTROPY) THW_TRY(begin_entropy(s));
  THW_TRY(on_pad_first(&s->pad));
  if (s->p->mirror != ON_EUCLID) return THW_OK;
  double alpha = isfinite(game->oracle->factor) ? game->oracle->factor : 1;
  for (int64_t i = 0; i < game->n; i++) s->y[i] = alpha * s->pad.v.row[i];
  return THW_OK;
}

/* |y_1 - x|^2/(2 eta) + eta G^2 T/2 + eps G T; in the orthant |y_1 - x|^2 <= 2 D^2. With the
 * entropy D ln(n)/eta + eta D G^2 T/2, and |f| <= sqrt(n) G. */
static thw_status facts(void *self, thw_learner_facts *out) {
  omd *s = self;
  double scale = s->p->step_scale, far = s->pad.orthant ? 1 : 2, n = (double)s->game.n;
  out->feedback = THW_FEEDBACK_FULL;
  out->rate = 0.5;
  if (s->p->mirror == ON_HYPENTROPY) {
    out->formula = "O(D G sqrt(T log n))";
    return THW_OK;
  }
  if (s->p->mirror == ON_ENTROPY) {
    double root = sqrt(2 * log(fmax(n, 2)));
    out->formula =
        "((1/s + s) sqrt(ln(n)/2) + c sqrt(n)) D G sqrt(T), s = step_scale, c = eps_scale";
    if (s->p->step == FIXED)
      out->bound =
          ((1 / scale + scale) * root / 2 + s->p->eps_scale * sqrt(n)) * s->D * s->G * sqrt(s->T);
    return THW_OK;
  }
  out->formula = s->pad.orthant ? "(1/s + s/2 + c) D G sqrt(T), s = step_scale, c = eps_scale"
                                : "(2/s + s/2 + c) D G sqrt(T), s = step_scale, c = eps_scale";
  if (s->p->step == FIXED)
    out->bound = (far / scale + scale / 2 + s->p->eps_scale) * s->D * s->G * sqrt(s->T);
  return THW_OK;
}

static double tolerance(const omd *s, int64_t t) {
  if (s->p->projection == ON_ELLIPSOID) return s->p->eps_scale * s->D / s->T;
  return s->p->eps_scale * s->D / sqrt(s->p->step == FIXED ? s->T : (double)(t + 1));
}

static thw_status commit(void *self, int64_t t, thw_play *out) {
  omd *s = self;
  if (!s->ready) {
    THW_TRY(on_pad_project(&s->pad, s->y, tolerance(s, t)));
    s->ready = 1;
  }
  improper_show(&s->pad, out);
  return THW_OK;
}

static thw_status observe(void *self, const thw_feedback *fb) {
  omd *s = self;
  const on_mirror *m = &s->pad.o.mirror;
  double root = s->p->step_scale * sqrt(s->spread), eta = root / (s->G * sqrt(s->T));
  double squares = 0, most = on_largest(fb->f, s->game.n, 0);
  for (int64_t i = 0; i < s->game.n; i++) squares += fb->f[i] * fb->f[i];
  s->squares += m->kind == ON_EUCLID ? squares : most * most;
  if (s->p->step == ADAPTIVE) eta = s->squares > 0 ? root / sqrt(s->squares) : 0;
  for (int64_t i = 0; i < s->game.n; i++) s->y[i] = on_mirror_dual(m, s->pad.z[i]) - eta * fb->f[i];
  s->t++;
  s->ready = 0;
  return THW_OK;
}

static const thw_learner_ops ops = {.size = sizeof(thw_learner_ops),
                                    .start = start,
                                    .facts = facts,
                                    .commit = commit,
                                    .observe = observe};

/* ---- extensions ------------------------------------------------------------------------------ */

static thw_status save(void *self, thw_writer *w) {
  omd *s = self;
  THW_TRY(w->i64(w, "t", s->t));
  THW_TRY(w->i64(w, "ready", s->ready));
  THW_TRY(w->f64(w, "squares", s->squares));
  THW_TRY(w->f64(w, "T", s->T));
  THW_TRY(w->blob(w, "y", s->y, (size_t)s->game.n * sizeof *s->y));
  return on_pad_save(&s->pad, w);
}

static thw_status load(void *self, thw_reader *r) {
  omd *s = self;
  THW_TRY(r->i64(r, "t", &s->t));
  THW_TRY(r->i64(r, "ready", &s->ready));
  THW_TRY(r->f64(r, "squares", &s->squares));
  THW_TRY(r->f64(r, "T", &s->T));
  THW_TRY(learn_load_vector(s->e, r, "y", s->y, s->game.n));
  if (s->t < 0)
    return on_fail(s->e, THW_E_STATE, "the checkpoint does not hold the state of this learner");
  return on_pad_load(&s->pad, r);
}

static thw_status report_(void *self, thw_sink *k) {
  omd *s = self;
  on_pad_report(&s->pad, k);
  return THW_OK;
}

static const thw_ext_state state = {sizeof(thw_ext_state), 1, save, load};
static const thw_ext_report report = {.size = sizeof(thw_ext_report), .report = report_};

static const void *ext(void *self, const char *id) {
  (void)self;
  if (strcmp(id, THW_EXT_STATE) == 0) return &state;
  if (strcmp(id, THW_EXT_REPORT) == 0) return &report;
  return NULL;
}

static const char *const offers[] = {THW_EXT_STATE, THW_EXT_REPORT, NULL};

const thw_component improper_omd = {
    THW_COMPONENT_HEAD(THW_LEARNER),
    .id = "improper-omd",
    .version = PACKAGE_VERSION,
    .summary = "online descent with projection-and-decomposition by an approximation oracle",
    .doc =
        "In each round the iterate y is projected onto the half-spaces that the oracle's answers "
        "have proved to contain alpha K, and the projection z is decomposed into decisions: a "
        "distribution over them costs no more than z, whatever the losses are. Then y = z - eta "
        "f. Its alpha-regret is at most a constant times D G sqrt(T).\n\n"
        "Answers and half-spaces are kept from round to round, which turns a handful of calls "
        "per round into a handful per run when few decisions matter.\n\n"
        "With mirror = entropy the descent is multiplicative and the projection is in relative "
        "entropy: alpha-regret at most D1 G sqrt(2 T ln n) with bounds in the 1-norm and the "
        "largest entry. hypentropy does the same for entries of any sign.",
    .reference =
        "E. Hazan, W. Hu, Y. Li, Z. Li, Online Improper Learning with an Approximation "
        "Oracle, NeurIPS 2018, arXiv:1804.07837, algorithm of section 4; U. Ghai, E. Hazan, "
        "Y. Singer, Exponentiated Gradient Meets Gradient Descent, ALT 2020 (hypentropy)",
    THW_PARAMS(params, struct omd_params),
    .offers = offers,
    .ops = &ops,
    .create = create,
    .destroy = destroy,
    .ext = ext,
};
