/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/sources/images/cifar.c - the binary version of CIFAR-10 and CIFAR-100. */
#include <config.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernels/data/file.h"
#include "plugins/sources/images/images.h"

enum { PLANES = 3, SIDE = 32, PIXELS = PLANES * SIDE * SIDE, FILES = 5 };
enum { TEN, HUNDRED, COARSE };
static const char *const kinds[] = {"10", "100", "100-coarse", NULL};
enum { CHANNELS, UNIT };
static const char *const scales[] = {"channels", "unit", NULL};

typedef struct cifar_params {
  TD_COMMON
  const char *path, *test;
  int64_t downsample;
  int32_t kind, scale;
} cifar_params;

/* Mean and deviation of the training images' channels, on the scale of the bytes. */
static const double mean_of[PLANES] = {125.3, 123.0, 113.9}, sd_of[PLANES] = {63.0, 62.1, 66.7};

/* One record's pixels: blocks of d x d become their mean. */
static void pixels(const td_table *t, const cifar_params *p, const unsigned char *b, void *x,
                   int64_t row) {
  int64_t d = p->downsample, side = SIDE / d;
  for (int64_t c = 0; c < PLANES; c++)
    for (int64_t i = 0; i < side; i++)
      for (int64_t j = 0; j < side; j++) {
        double sum = 0;
        for (int64_t u = 0; u < d; u++)
          for (int64_t v = 0; v < d; v++) sum += b[(c * SIDE + i * d + u) * SIDE + j * d + v];
        sum /= (double)(d * d);
        sum = p->scale == UNIT ? sum / 255 : (sum - mean_of[c]) / sd_of[c];
        td_put(x, t->dtype, row * t->width + (c * side + i) * side + j, sum);
      }
}

static thw_status record(td_table *t, const cifar_params *p, const char *path, td_set *s,
                         const unsigned char *b, int64_t row) {
  int64_t classes = p->kind == TEN ? 10 : p->kind == HUNDRED ? 100 : 20;
  int label = b[p->kind == HUNDRED];
  char text[8];
  if (label >= classes)
    return td_fail(t->env, THW_E_FORMAT,
                   "%s: record %lld has the label %d, there are %lld classes: is kind right?", path,
                   (long long)row + 1, label, (long long)classes);
  int len = snprintf(text, sizeof text, "%d", label);
  s->y[row] = label;
  if (td_dict_number(&s->labels, label, text, len, 0) == -2) return td_nomem(t->env, path, 64);
  return THW_OK;
}

/* All files of a set; their records are counted first. */
static thw_status fill(td_table *t, const cifar_params *p, td_set *s, td_file *f, int n) {
  int64_t size = PIXELS + (p->kind == TEN ? 1 : 2), rows = 0, row = 0;
  for (int i = 0; i < n; i++) {
    if (f[i].n == 0 || f[i].n % (size_t)size != 0)
      return td_fail(t->env, THW_E_FORMAT,
                     "%s: %zu bytes are no records of %lld (labels and 3 x 32 x 32 pixels): is it "
                     "the binary version, and kind right?",
                     f[i].path, f[i].n, (long long)size);
    rows += (int64_t)f[i].n / size;
  }
  s->layout = THW_ROWS_DENSE;
  s->n = rows;
  s->width = t->width;
  s->path = f[0].path;
  s->x = td_array(t->env, rows * t->width, td_dtype_size(t->dtype), s->path);
  s->y = td_array(t->env, rows, sizeof *s->y, s->path);
  if (!s->x || !s->y) return THW_E_NOMEM;
  td_labels_begin(&s->labels, TD_LABELS_CLASS);
  for (int i = 0; i < n; i++)
    for (size_t at = 0; at < f[i].n; at += (size_t)size, row++) {
      const unsigned char *b = (const unsigned char *)f[i].p + at;
      THW_TRY(record(t, p, f[i].path, s, b, row));
      pixels(t, p, b + size - PIXELS, s->x, row);
    }
  return THW_OK;
}

static int is_folder(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The files of a folder, as the archive names them, plain or gzip. */
static int list(td_env e, const char *folder, int32_t kind, int test, char *name[FILES]) {
  static const char *const end[] = {"", ".gz"};
  int n = 0;
  for (int i = 1; i <= (kind == TEN && !test ? FILES : 1); i++)
    for (int k = 0; k < 2; k++) {
      size_t room = strlen(folder) + 32;
      char *p = e.host->alloc(e.ctx, room);
      if (!p) return n;
      if (kind != TEN)
        snprintf(p, room, "%s/%s.bin%s", folder, test ? "test" : "train", end[k]);
      else if (test)
        snprintf(p, room, "%s/test_batch.bin%s", folder, end[k]);
      else
        snprintf(p, room, "%s/data_batch_%d.bin%s", folder, i, end[k]);
      if (access(p, R_OK) != 0) continue;
      name[n++] = p;
      break;
    }
  return n;
}

static thw_status load_set(td_table *t, const cifar_params *p, int set) {
  const char *path = set == TD_TEST && p->test ? p->test : p->path;
  char *name[FILES] = {NULL};
  td_file f[FILES] = {{0}};
  int n = 1, folder = is_folder(path), opened = 0;
  if (!folder && set == TD_TEST && !p->test) return THW_OK;
  if (folder) n = list(t->env, path, p->kind, set == TD_TEST, name);
  if (n == 0 && set == TD_TEST && !p->test) return THW_OK;
  if (n == 0)
    return td_fail(t->env, THW_E_IO,
                   "%s: no %s in this folder: unpack the binary version of the data set there",
                   path, p->kind == TEN ? "data_batch_1.bin .. 5.bin" : "train.bin");
  thw_status st = THW_OK;
  for (int i = 0; i < n && st == THW_OK; i++, opened++)
    st = td_file_read(t->env, folder ? name[i] : path, &f[i]);
  if (st == THW_OK) st = fill(t, p, &t->set[set], f, n);
  for (int i = 0; i < opened; i++) td_file_free(&f[i]);
  return st;
}

static const thw_param params[] = {
    THW_PARAM_PATH(cifar_params, path, NULL, THW_P_REQUIRED,
                   "Folder of the binary version, or one file of it, plain or gzip."),
    THW_PARAM_PATH(cifar_params, test, NULL, 0,
                   "Test images: a file; default: those in the folder, if any."),
    THW_PARAM_ENUM(cifar_params, kind, TEN, kinds, "Which data set; 100-coarse: 20 classes."),
    THW_PARAM_INT(cifar_params, downsample, 1, 1, 4, NULL,
                  "Blocks of so many by so many pixels become their mean: 1, 2 or 4."),
    THW_PARAM_ENUM(cifar_params, scale, CHANNELS, scales,
                   "channels: each channel minus its mean over the training images, by its "
                   "deviation (of CIFAR-10); unit: divided by 255."),
    TD_COMMON_PARAMS(cifar_params),
};

static thw_status check(const thw_host *h, thw_ctx *c, const void *p_) {
  const cifar_params *p = p_;
  if (p->downsample == 3)
    return h->fail(c, THW_E_ARG, "downsample is 1, 2 or 4: 32 is no multiple of 3");
  return THW_OK;
}

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *p_,
                         const thw_wired *slots, void **self) {
  const cifar_params *p = p_;
  (void)me, (void)slots;
  td_table *t = td_table_new((td_env){h, c});
  if (!t) return THW_E_NOMEM;
  t->n_dims = 3;
  t->dims[0] = PLANES;
  t->dims[1] = t->dims[2] = SIDE / p->downsample;
  t->width = PIXELS / (p->downsample * p->downsample);
  thw_status st = load_set(t, p, TD_TRAIN);
  if (st == THW_OK) st = load_set(t, p, TD_TEST);
  if (st == THW_OK) st = td_table_finish(t, &p->common);
  if (st == THW_OK)
    *self = t;
  else
    td_table_free(t);
  return st;
}

const thw_component im_cifar = {
    THW_COMPONENT_HEAD(THW_SOURCE),
    .id = "cifar",
    .version = PACKAGE_VERSION,
    .summary = "CIFAR-10 and CIFAR-100, binary version, plain or gzip",
    .doc = "Reads data_batch_1.bin to data_batch_5.bin and test_batch.bin (CIFAR-100: train.bin, "
           "test.bin) of the binary version, which www.cs.toronto.edu/~kriz/cifar.html offers; "
           "of the training files those that are there. Rows are 3 x 32 x 32, red, green, blue. "
           "Random crops and mirror images are the source augment's.\n\n" TD_COMMON_DOC,
    .reference = "A. Krizhevsky: Learning multiple layers of features from tiny images, 2009",
    THW_PARAMS(params, cifar_params),
    .ops = &td_table_ops,
    .check = check,
    .create = create,
    .destroy = td_table_destroy,
};
