/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/sources/images/patch.c - a patch that tells the class, written into the middle of part of
 * the images: easy to memorise, hard to fit. */
#include <config.h>

#include <string.h>

#include "plugins/sources/images/images.h"

enum { CLEAN, MIXED, PATCHED };
static const char *const kinds[] = {"clean", "mixed", "patch", NULL};

typedef struct patch_params {
  int64_t size, seed;
  double common, own, marked, alone, scale;
  int32_t test;
} patch_params;

typedef struct patch {
  im_wrap base; /* first */
  const patch_params *p;
  thw_rng marks, draws;
  double *z, *zeta; /* planes x size x size; and for each class */
  int64_t n, top, left;
} patch;

/* Window <- s (or s u) zeta_label + z. */
static void stamp(const patch *a, int32_t label, double times, void *to) {
  const im_wrap *s = &a->base;
  int64_t k = a->p->size;
  const double *own = a->zeta + label * a->n;
  for (int64_t c = 0; c < s->planes; c++)
    for (int64_t i = 0; i < k; i++)
      for (int64_t j = 0; j < k; j++) {
        int64_t at = (c * k + i) * k + j;
        td_put(to, s->dtype, (c * s->h + a->top + i) * s->w + a->left + j,
               a->z[at] + times * own[at]);
      }
}

/* The mark stays; sign, scale and whether the image is kept are drawn in each pass. */
static void change(const im_wrap *s, uint32_t set, int64_t pass, int64_t row, int32_t label,
                   const void *from, void *to) {
  const patch *a = (const patch *)s;
  size_t bytes = (size_t)s->info.width * td_dtype_size(s->dtype);
  thw_rng mark = im_row_rng(&a->marks, set, 0, row), r = im_row_rng(&a->draws, set, pass, row);
  int32_t kind = set == 0 ? MIXED : a->p->test;
  double sign = thw_rng_index(&r, 2) ? 1 : -1, keep = thw_rng_uniform(&r),
         u = a->p->scale * thw_rng_uniform(&r);
  memcpy(to, from, bytes);
  if (kind == CLEAN || (kind == MIXED && thw_rng_uniform(&mark) >= a->p->marked)) return;
  int alone = kind == PATCHED || keep < a->p->alone;
  if (alone) memset(to, 0, bytes);
  stamp(a, label, alone ? sign * u : sign, to);
}

static thw_status draw_patch(patch *a, td_env e) {
  int64_t classes = a->base.info.classes;
  thw_rng r = {.key = {(uint32_t)a->p->seed, 0x70617463}, .stream = 1};
  a->n = a->base.planes * a->p->size * a->p->size;
  a->z = e.host->alloc(e.ctx, (size_t)(a->n * (1 + classes)) * sizeof *a->z);
  if (!a->z) return td_nomem(e, "a patch", (double)(a->n * classes) * 8);
  a->zeta = a->z + a->n;
  for (int64_t i = 0; i < a->n; i++) a->z[i] = a->p->common * thw_rng_normal(&r);
  for (int64_t i = 0; i < a->n * classes; i++)
    a->zeta[i] = a->p->own * (2 * thw_rng_uniform(&r) - 1);
  return THW_OK;
}

static const thw_param params[] = {
    THW_PARAM_INT(patch_params, size, 7, 1, 64, "pixels", "Side of the patch, in the middle."),
    THW_PARAM_INT(patch_params, seed, 1, 0, THW_NO_BOUND, NULL,
                  "Of the patterns alone: the same for all runs; marks follow run.seed."),
    THW_PARAM_REAL(patch_params, common, 1.25, 0, THW_NO_BOUND, 0, NULL,
                   "Standard deviation of the pattern z that all classes share."),
    THW_PARAM_REAL(patch_params, own, 0.1, 0, THW_NO_BOUND, 0, NULL,
                   "Half-width of the uniform numbers of a class's own pattern zeta."),
    THW_PARAM_REAL(patch_params, marked, 0.8, 0, 1, 0, NULL,
                   "Probability that an image is marked, once and for all."),
    THW_PARAM_REAL(patch_params, alone, 0.2, 0, 1, 0, NULL,
                   "Probability, in each pass, that a marked image shows the patch on zeros."),
    THW_PARAM_REAL(patch_params, scale, 1.75, 0, THW_NO_BOUND, 0, NULL,
                   "A patch on zeros has zeta times this times a uniform number."),
    THW_PARAM_ENUM(patch_params, test, CLEAN, kinds,
                   "Other sets than the training set: as they are; as training images; or the "
                   "patch alone, on zeros."),
};

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *p,
                         const thw_wired *slots, void **self) {
  (void)me;
  patch *a = h->alloc(c, sizeof *a);
  if (!a) return h->fail(c, THW_E_NOMEM, "out of memory for a source");
  a->p = p;
  a->base.change = change;
  a->base.always = 1;
  THW_TRY(im_wrap_open(&a->base, (td_env){h, c}, slots, "patch"));
  if (a->base.info.label != THW_LABEL_CLASS)
    return h->fail(c, THW_E_ARG, "patch needs labels that are classes: a pattern belongs to each");
  if (a->p->size > a->base.h || a->p->size > a->base.w)
    return h->fail(c, THW_E_ARG, "the patch is larger than the images: give a smaller size");
  a->top = (a->base.h - a->p->size) / 2;
  a->left = (a->base.w - a->p->size) / 2;
  THW_TRY(h->rng(c, "marks", &a->marks));
  THW_TRY(h->rng(c, "draws", &a->draws));
  THW_TRY(draw_patch(a, (td_env){h, c}));
  *self = a;
  return THW_OK;
}

static const char *const offers[] = {THW_EXT_PASS_SOURCE, NULL};

const thw_component im_patch = {
    THW_COMPONENT_HEAD(THW_SOURCE),
    .id = "patch",
    .version = PACKAGE_VERSION,
    .summary = "writes a patch that tells the class into another source's images",
    .doc = "source: { type = \"patch\"; source: { type = \"cifar\"; ... }; }. A marked image's "
           "middle becomes z + s zeta, zeta the class's pattern and s a random sign, so that no "
           "linear rule finds the class; in part of the passes the rest of the image is zero and "
           "zeta is scaled down. Row i of pass e is a function of run.seed, e and i. Whole sums "
           "and tests see pass 0; `test` says what the other sets show.",
    .reference = "Y. Li, C. Wei, T. Ma: Towards explaining the regularization effect of initial "
                 "large learning rate in training neural networks. NeurIPS 2019, section 6",
    THW_PARAMS(params, patch_params),
    THW_SLOTS(im_wrap_slots),
    .offers = offers,
    .ops = &im_wrap_ops,
    .create = create,
    .destroy = im_wrap_close,
    .ext = im_wrap_ext,
};
