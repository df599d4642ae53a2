/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/state.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "core/file.h"

static const char magic[8] = {'t', 'h', 'w', 's', 't', 'a', 't', 'e'};
#define FORMAT 1u
#define ORDER UINT32_C(0x01020304)

/* Types of record. VERSION has no name and opens a section. */
enum { R_VERSION, R_I64, R_F64, R_RNG, R_F32S, R_F64S, R_BLOB, R_TYPES };
static const char *const type_name[R_TYPES] = {
    "version", "integer", "real", "random stream", "float32 vector", "float64 vector", "blob"};

typedef struct file_head {
  char magic[8];
  uint32_t format, order;
  uint32_t size_t_bytes, double_bytes;
  uint64_t bytes; /* of the whole file, the checksum too */
  uint64_t records;
} file_head;

typedef struct record_head {
  uint32_t type, section_len, name_len, reserved;
  uint64_t bytes;
} record_head;

typedef struct record {
  char *section, *name;
  uint32_t type;
  size_t n;
  unsigned char *p;
} record;

typedef struct writer {
  thw_writer head; /* first: the component sees this */
  tw_state *state;
  char *section;
} writer;

typedef struct reader {
  thw_reader head;
  tw_state *state;
  char *section;
} reader;

struct tw_state {
  record *v;
  size_t n, cap;
  writer w;
  reader r;
  char *error;
};

tw_state *tw_state_new(void) {
  return tw_calloc(1, sizeof(tw_state));
}

void tw_state_free(tw_state *s) {
  if (!s) return;
  for (size_t i = 0; i < s->n; i++) {
    free(s->v[i].section);
    free(s->v[i].name);
    free(s->v[i].p);
  }
  free(s->v);
  free(s->w.section);
  free(s->r.section);
  free(s->error);
  free(s);
}

const char *tw_state_error(const tw_state *s) {
  return s->error ? s->error : "the saved state does not fit";
}

static record *find(const tw_state *s, const char *section, const char *name, int version) {
  for (size_t i = 0; i < s->n; i++) {
    record *r = &s->v[i];
    if ((r->type == R_VERSION) == version && strcmp(r->section, section) == 0 &&
        strcmp(r->name, name) == 0)
      return r;
  }
  return NULL;
}

static record *append(tw_state *s) {
  if (s->n == s->cap) {
    s->cap = s->cap ? 2 * s->cap : 32;
    s->v = tw_realloc(s->v, s->cap * sizeof *s->v);
  }
  s->v[s->n] = (record){0};
  return &s->v[s->n++];
}

static thw_status failed(tw_state *s, char *text) {
  free(s->error);
  s->error = text;
  return THW_E_STATE;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* Memory for the payload of a new record, or NULL. A vector may be large: running out of memory is
 * reported, not fatal. */
static void *put(writer *w, const char *name, uint32_t type, size_t n, thw_status *st) {
  if (find(w->state, w->section, name, 0)) {
    *st = failed(w->state, tw_sprintf("record %s/%s is written twice", w->section, name));
    return NULL;
  }
  unsigned char *p = malloc(n ? n : 1);
  if (!p) {
    *st = THW_E_NOMEM;
    return NULL;
  }
  record *r = append(w->state);
  *r = (record){tw_strdup(w->section), tw_strdup(name), type, n, p};
  *st = THW_OK;
  return p;
}

static thw_status put_bytes(thw_writer *head, const char *name, uint32_t type, const void *from,
                            size_t n) {
  thw_status st;
  void *p = put((writer *)(void *)head, name, type, n, &st);
  if (p && n) memcpy(p, from, n);
  return st;
}

static thw_status w_i64(thw_writer *w, const char *name, int64_t v) {
  return put_bytes(w, name, R_I64, &v, sizeof v);
}
static thw_status w_f64(thw_writer *w, const char *name, double v) {
  return put_bytes(w, name, R_F64, &v, sizeof v);
}
static thw_status w_rng(thw_writer *w, const char *name, const thw_rng *r) {
  return put_bytes(w, name, R_RNG, r, sizeof *r);
}
static thw_status w_blob(thw_writer *w, const char *name, const void *p, size_t n) {
  return put_bytes(w, name, R_BLOB, p, n);
}

static size_t element(uint32_t dtype) {
  return dtype == THW_F32 ? sizeof(float) : sizeof(double);
}

static thw_status w_vec(thw_writer *w, const char *name, const thw_vec *v) {
  thw_view view;
  thw_vec *open = (thw_vec *)(uintptr_t)v; /* map changes nothing that a reader could see */
  THW_TRY(v->ops->map(open, THW_READ, &view));
  thw_status st = put_bytes(w, name, view.dtype == THW_F32 ? R_F32S : R_F64S, view.data,
                            (size_t)view.n * element(view.dtype));
  thw_status closed = v->ops->unmap(open, THW_READ);
  return st != THW_OK ? st : closed;
}

thw_writer *tw_state_writer(tw_state *s, const char *section, uint32_t version) {
  writer *w = &s->w;
  free(w->section);
  w->section = tw_strdup(section);
  w->state = s;
  w->head = (thw_writer){sizeof(thw_writer), 0, w_i64, w_f64, w_rng, w_vec, w_blob};
  record *r = find(s, section, "", 1);
  if (!r) {
    r = append(s);
    *r = (record){tw_strdup(section), tw_strdup(""), R_VERSION, sizeof version,
                  tw_calloc(1, sizeof version)};
  }
  memcpy(r->p, &version, sizeof version);
  return &w->head;
}

/* ---- reading -------------------------------------------------------------------------------- */

static thw_status get(thw_reader *head, const char *name, uint32_t type, const record **out) {
  reader *r = (reader *)(void *)head;
  *out = find(r->state, r->section, name, 0);
  if (!*out)
    return failed(r->state, tw_sprintf("the checkpoint has no record %s/%s", r->section, name));
  if ((*out)->type != type)
    return failed(r->state,
                  tw_sprintf("record %s/%s of the checkpoint is a %s where a %s is expected",
                             r->section, name, type_name[(*out)->type], type_name[type]));
  return THW_OK;
}

static thw_status get_bytes(thw_reader *head, const char *name, uint32_t type, void *to, size_t n) {
  const record *rec;
  THW_TRY(get(head, name, type, &rec));
  reader *r = (reader *)(void *)head;
  if (rec->n != n)
    return failed(r->state,
                  tw_sprintf("record %s/%s of the checkpoint has %zu bytes where %zu are expected",
                             r->section, name, rec->n, n));
  if (n) memcpy(to, rec->p, n);
  return THW_OK;
}

static thw_status r_i64(thw_reader *r, const char *name, int64_t *v) {
  return get_bytes(r, name, R_I64, v, sizeof *v);
}
static thw_status r_f64(thw_reader *r, const char *name, double *v) {
  return get_bytes(r, name, R_F64, v, sizeof *v);
}
static thw_status r_rng(thw_reader *r, const char *name, thw_rng *out) {
  thw_rng t;
  THW_TRY(get_bytes(r, name, R_RNG, &t, sizeof t));
  if (t.left > 4)
    return failed(((reader *)(void *)r)->state,
                  tw_sprintf("random stream %s of the checkpoint is malformed", name));
  *out = t;
  return THW_OK;
}
static thw_status r_vec(thw_reader *r, const char *name, thw_vec *v) {
  thw_view view;
  THW_TRY(v->ops->map(v, THW_WRITE, &view));
  thw_status st = get_bytes(r, name, view.dtype == THW_F32 ? R_F32S : R_F64S, view.data,
                            (size_t)view.n * element(view.dtype));
  thw_status closed = v->ops->unmap(v, THW_WRITE);
  return st != THW_OK ? st : closed;
}
static thw_status r_blob(thw_reader *head, const char *name, void *p, size_t *n) {
  const record *rec;
  THW_TRY(get(head, name, R_BLOB, &rec));
  if (rec->n > *n) {
    reader *r = (reader *)(void *)head;
    return failed(r->state, tw_sprintf("record %s/%s of the checkpoint has %zu bytes where room is "
                                       "for %zu",
                                       r->section, name, rec->n, *n));
  }
  *n = rec->n;
  if (rec->n) memcpy(p, rec->p, rec->n);
  return THW_OK;
}

size_t tw_state_length(const tw_state *s, const char *section, const char *name) {
  const record *r = find(s, section, name, 0);
  return r ? r->n : 0;
}

thw_reader *tw_state_reader(tw_state *s, const char *section) {
  record *rec = find(s, section, "", 1);
  if (!rec) return NULL;
  reader *r = &s->r;
  free(r->section);
  r->section = tw_strdup(section);
  r->state = s;
  uint32_t version;
  memcpy(&version, rec->p, sizeof version);
  r->head = (thw_reader){sizeof(thw_reader), version, r_i64, r_f64, r_rng, r_vec, r_blob};
  return &r->head;
}

/* ---- the file ------------------------------------------------------------------------------- */

static uint32_t checksum(uint32_t crc, const void *p, size_t n) {
  const unsigned char *c = p;
  while (n > 0) {
    uInt part = n > UINT_MAX / 2 ? UINT_MAX / 2 : (uInt)n;
    crc = (uint32_t)crc32(crc, c, part);
    c += part, n -= part;
  }
  return crc;
}

static void emit(FILE *f, uint32_t *crc, const void *p, size_t n) {
  if (n == 0) return;
  fwrite(p, 1, n, f);
  *crc = checksum(*crc, p, n);
}

void tw_state_write(const tw_state *s, FILE *f) {
  file_head h = {.format = FORMAT,
                 .order = ORDER,
                 .size_t_bytes = sizeof(size_t),
                 .double_bytes = sizeof(double),
                 .records = s->n};
  memcpy(h.magic, magic, sizeof magic);
  h.bytes = sizeof h + sizeof(uint32_t);
  for (size_t i = 0; i < s->n; i++)
    h.bytes += sizeof(record_head) + strlen(s->v[i].section) + strlen(s->v[i].name) + s->v[i].n;

  uint32_t crc = 0;
  emit(f, &crc, &h, sizeof h);
  for (size_t i = 0; i < s->n; i++) {
    const record *r = &s->v[i];
    record_head rh = {r->type, (uint32_t)strlen(r->section), (uint32_t)strlen(r->name), 0, r->n};
    emit(f, &crc, &rh, sizeof rh);
    emit(f, &crc, r->section, rh.section_len);
    emit(f, &crc, r->name, rh.name_len);
    emit(f, &crc, r->p, r->n);
  }
  fwrite(&crc, 1, sizeof crc, f);
}

thw_status tw_state_save(const tw_state *s, const char *file, tw_diags *d) {
  tw_out out;
  THW_TRY(tw_out_open(&out, file, d));
  tw_state_write(s, out.f);
  return tw_out_commit(&out, d);
}

/* Length of a record's payload, where the type decides it. */
static int fits(uint32_t type, uint64_t n) {
  switch (type) {
  case R_VERSION:
    return n == sizeof(uint32_t);
  case R_I64:
  case R_F64:
    return n == 8;
  case R_RNG:
    return n == sizeof(thw_rng);
  case R_F32S:
    return n % sizeof(float) == 0;
  case R_F64S:
    return n % sizeof(double) == 0;
  default:
    return type < R_TYPES;
  }
}

static char *text_of(const unsigned char *p, size_t n) {
  char *s = tw_calloc(n + 1, 1);
  memcpy(s, p, n);
  return s;
}

/* Reads the records between p and end; 0 when they are not what they should be. Only what would be
 * written back byte for byte is taken. */
static int parse_records(tw_state *s, const unsigned char *p, const unsigned char *end,
                         uint64_t count) {
  for (uint64_t i = 0; i < count; i++) {
    record_head h;
    if ((size_t)(end - p) < sizeof h) return 0;
    memcpy(&h, p, sizeof h);
    p += sizeof h;
    size_t left = (size_t)(end - p);
    if (h.section_len > left || h.name_len > left - h.section_len ||
        h.bytes > left - h.section_len - h.name_len || !fits(h.type, h.bytes) || h.reserved != 0 ||
        memchr(p, '\0', (size_t)h.section_len + h.name_len))
      return 0;
    record *r = append(s);
    r->type = h.type;
    r->section = text_of(p, h.section_len);
    r->name = text_of(p + h.section_len, h.name_len);
    p += h.section_len + h.name_len;
    r->n = (size_t)h.bytes;
    if (!(r->p = malloc(r->n ? r->n : 1))) return 0;
    if (r->n) memcpy(r->p, p, r->n);
    p += h.bytes;
  }
  return p == end;
}

tw_state *tw_state_parse(const void *bytes, size_t n, const char *name, tw_diags *d) {
  file_head h;
  if (n < sizeof h + sizeof(uint32_t) || memcmp(bytes, magic, sizeof magic) != 0) {
    tw_error(d, THW_E_FORMAT, "%s: not a checkpoint of thalweg%s", name,
             n < sizeof h ? " (it is too short)" : "");
    return NULL;
  }
  memcpy(&h, bytes, sizeof h);
  if (h.order != ORDER || h.size_t_bytes != sizeof(size_t) || h.double_bytes != sizeof(double)) {
    tw_error(d, THW_E_FORMAT, "%s: written on a machine with another byte order or word size",
             name);
    return NULL;
  }
  if (h.format != FORMAT) {
    tw_error(d, THW_E_FORMAT,
             "%s: checkpoint format %u, this program reads %u: resume with the "
             "version that wrote it",
             name, h.format, FORMAT);
    return NULL;
  }
  if (h.bytes != n) {
    tw_error(d, THW_E_FORMAT, "%s: truncated: %zu bytes of %llu", name, n,
             (unsigned long long)h.bytes);
    return NULL;
  }
  const unsigned char *p = bytes;
  uint32_t crc;
  memcpy(&crc, p + n - sizeof crc, sizeof crc);
  if (crc != checksum(0, p, n - sizeof crc)) {
    tw_error(d, THW_E_FORMAT, "%s: corrupt: the checksum does not match", name);
    return NULL;
  }
  tw_state *s = tw_state_new();
  if (parse_records(s, p + sizeof h, p + n - sizeof crc, h.records)) return s;
  tw_error(d, THW_E_FORMAT, "%s: corrupt: its records do not add up", name);
  tw_state_free(s);
  return NULL;
}

tw_state *tw_state_load(const char *file, tw_diags *d) {
  FILE *f = fopen(file, "rb");
  struct stat info;
  if (!f || fstat(fileno(f), &info) != 0) {
    tw_error(d, THW_E_IO, "%s: cannot be read: %s", file, strerror(errno));
    if (f) fclose(f);
    return NULL;
  }
  size_t n = S_ISREG(info.st_mode) ? (size_t)info.st_size : 0;
  void *bytes = malloc(n ? n : 1);
  tw_state *s = NULL;
  if (!bytes)
    tw_error(d, THW_E_NOMEM, "%s: no memory for its %zu bytes", file, n);
  else if (fread(bytes, 1, n, f) != n)
    tw_error(d, THW_E_IO, "%s: cannot be read: %s", file,
             ferror(f) ? strerror(errno) : "it shrank");
  else
    s = tw_state_parse(bytes, n, file, d);
  free(bytes);
  fclose(f);
  return s;
}
