/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether a plugin's description is sound, from its first word to the last string: everything that
 * the host will follow later without looking. The first fault is reported. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <thalweg/learner.h>
#include <thalweg/model.h>
#include <thalweg/optimizer.h>
#include <thalweg/oracle.h>
#include <thalweg/source.h>

#include "core/registry_priv.h"

/* What a struct measured in the first release; longer is newer, shorter is wrong. */
#define UP_TO(type, last) (offsetof(type, last) + sizeof(((type *)0)->last))

enum { MAX_COMPONENTS = 256, MAX_SLOTS = 64, MAX_STRIDE = 4096, MAX_NAMES = 64 };

thw_status tw_fault(const tw_place *w, const char *fmt, ...) {
  char text[512];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  return tw_error(w->d, THW_E_FORMAT, "%s: %s: %s", w->file, w->what, text);
}

int tw_is_word(const char *s, unsigned separators) {
  size_t n = strlen(s);
  if (n == 0 || n > 63 || s[0] < 'a' || s[0] > 'z') return 0;
  for (size_t i = 1; i < n; i++) {
    char c = s[i];
    int separator =
        ((separators & TW_DASH) && c == '-') || ((separators & TW_UNDERSCORE) && c == '_');
    if (!separator && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9')) return 0;
  }
  return 1;
}

/* Bytes of the UTF-8 character at s, 0 when it is none (overlong and surrogates included). */
static size_t utf8_length(const unsigned char *s) {
  uint32_t c = s[0];
  size_t n = c < 0x80 ? 1 : c >= 0xC2 && c < 0xE0 ? 2 : c >= 0xE0 && c < 0xF0 ? 3 : 4;
  if (n == 1) return 1;
  if (c < 0xC2 || c > 0xF4) return 0;
  c &= 0x7Fu >> n;
  for (size_t i = 1; i < n; i++) {
    if ((s[i] & 0xC0) != 0x80) return 0;
    c = c << 6 | (s[i] & 0x3Fu);
  }
  if ((n == 3 && c < 0x800) || (n == 4 && (c < 0x10000 || c > 0x10FFFF))) return 0;
  return c >= 0xD800 && c < 0xE000 ? 0 : n;
}

int tw_is_text(const char *s, int lines) {
  if (!s || !*s) return 0;
  const unsigned char *p = (const unsigned char *)s;
  while (*p) {
    size_t n = utf8_length(p);
    if (n == 0 || (*p < ' ' && !(lines && *p == '\n')) || *p == 127) return 0;
    p += n;
  }
  return 1;
}

/* ---- the head ---------------------------------------------------------------------------------
 */

/* Versions first: behind a head that does not fit nothing can be trusted. */
static int fits(uint32_t major, uint32_t minor, uint32_t host_major, uint32_t host_minor) {
  if (major != host_major) return 0;
  return host_major == 0 ? minor == host_minor : minor <= host_minor;
}

static thw_status check_head(const char *file, const thw_plugin *p, tw_diags *d) {
  if (!p)
    return tw_error(d, THW_E_FORMAT,
                    "%s: expected " THW_ENTRY " to return the plugin's description, found NULL",
                    file);
  if (p->magic != THW_MAGIC)
    return tw_error(d, THW_E_FORMAT,
                    "%s: expected magic 0x%08" PRIx32 ", found 0x%08" PRIx32
                    ": begin the description with THW_PLUGIN_HEAD and rebuild against thalweg's "
                    "headers",
                    file, THW_MAGIC, p->magic);
  if (p->size < UP_TO(thw_plugin, components))
    return tw_error(d, THW_E_FORMAT,
                    "%s: expected a description of at least %zu bytes, found %" PRIu32
                    ": begin it with THW_PLUGIN_HEAD",
                    file, UP_TO(thw_plugin, components), p->size);
  if (!fits(p->abi_major, p->abi_minor, THW_ABI_MAJOR, THW_ABI_MINOR))
    return tw_error(
        d, THW_E_FORMAT,
        "%s: built for plugin interface %" PRIu32 ".%" PRIu32 ", this thalweg has %u.%u: %s", file,
        p->abi_major, p->abi_minor, THW_ABI_MAJOR, THW_ABI_MINOR,
        p->abi_major > THW_ABI_MAJOR ||
                (p->abi_major == THW_ABI_MAJOR && p->abi_minor > THW_ABI_MINOR)
            ? "install a newer thalweg, or rebuild the plugin against this one's headers"
            : "rebuild the plugin against this thalweg's headers");
  return THW_OK;
}

static thw_status check_plugin(const tw_place *w, const thw_plugin *p) {
  if (!p->id || !tw_is_word(p->id, TW_DASH | TW_UNDERSCORE))
    return tw_fault(w, "expected an id of lower-case letters, digits, '-' and '_', found %s%s%s",
                    p->id ? "\"" : "", p->id ? p->id : "NULL", p->id ? "\"" : "");
  if (!tw_is_text(p->version, 0))
    return tw_fault(w, "expected a version in one line, found none: set .version");
  if (!tw_is_text(p->license, 0))
    return tw_fault(w, "expected an SPDX license expression, found none: set .license");
  if (p->url && !tw_is_text(p->url, 0))
    return tw_fault(w, "expected a url in one line, or NULL: correct .url");
  if (p->n_components < 1 || p->n_components > MAX_COMPONENTS)
    return tw_fault(w, "expected 1 to %d components, found %" PRIu32 ": set .n_components",
                    MAX_COMPONENTS, p->n_components);
  if (!p->components) return tw_fault(w, "expected a table of components, found NULL");
  return THW_OK;
}

/* ---- tables of functions ----------------------------------------------------------------------
 */

typedef struct required {
  const char *name;
  size_t offset;
} required;

#define ENTRY(type, f)                                                                             \
  { #f, offsetof(type, f) }
static const required source_ops[] = {ENTRY(thw_source_ops, sets), ENTRY(thw_source_ops, info),
                                      ENTRY(thw_source_ops, take), ENTRY(thw_source_ops, release)};
static const required model_ops[] = {ENTRY(thw_model_ops, layout), ENTRY(thw_model_ops, init),
                                     ENTRY(thw_model_ops, eval)};
static const required oracle_ops[] = {ENTRY(thw_oracle_ops, space), ENTRY(thw_oracle_ops, draw),
                                      ENTRY(thw_oracle_ops, release), ENTRY(thw_oracle_ops, eval)};
static const required optimizer_ops[] = {ENTRY(thw_optimizer_ops, start),
                                         ENTRY(thw_optimizer_ops, step),
                                         ENTRY(thw_optimizer_ops, point)};
static const required linear_ops[] = {ENTRY(thw_linear_ops, facts), ENTRY(thw_linear_ops, solve)};
static const required rounds_ops[] = {ENTRY(thw_rounds_ops, start), ENTRY(thw_rounds_ops, facts),
                                      ENTRY(thw_rounds_ops, loss)};
static const required learner_ops[] = {ENTRY(thw_learner_ops, start), ENTRY(thw_learner_ops, facts),
                                       ENTRY(thw_learner_ops, commit),
                                       ENTRY(thw_learner_ops, observe)};
#undef ENTRY

#define OPS(table, type, last)                                                                     \
  { table, sizeof table / sizeof table[0], UP_TO(type, last) }
static const struct {
  const required *entry;
  size_t n, size;
} ops_of[THW_KINDS] = {
    [THW_SOURCE] = OPS(source_ops, thw_source_ops, release),
    [THW_MODEL] = OPS(model_ops, thw_model_ops, predict),
    [THW_ORACLE] = OPS(oracle_ops, thw_oracle_ops, hvp),
    [THW_OPTIMIZER] = OPS(optimizer_ops, thw_optimizer_ops, point),
    [THW_LINEAR] = OPS(linear_ops, thw_linear_ops, feasible),
    [THW_ROUNDS] = OPS(rounds_ops, thw_rounds_ops, loss),
    [THW_LEARNER] = OPS(learner_ops, thw_learner_ops, observe),
};
#undef OPS

static thw_status check_ops(const tw_place *w, const thw_component *c) {
  if (!c->ops)
    return tw_fault(w, "expected a table of functions, found NULL: set .ops to its thw_%s_ops",
                    tw_kind_name(c->kind));
  uint32_t size;
  memcpy(&size, c->ops, sizeof size);
  if (size < ops_of[c->kind].size)
    return tw_fault(w,
                    "expected a thw_%s_ops of at least %zu bytes, found %" PRIu32
                    ": set its .size to sizeof",
                    tw_kind_name(c->kind), ops_of[c->kind].size, size);
  for (size_t i = 0; i < ops_of[c->kind].n; i++) {
    const required *e = &ops_of[c->kind].entry[i];
    void (*fn)(void);
    memcpy(&fn, (const char *)c->ops + e->offset, sizeof fn);
    if (!fn)
      return tw_fault(w, "expected thw_%s_ops.%s, which every %s has, found NULL",
                      tw_kind_name(c->kind), e->name, tw_kind_name(c->kind));
  }
  return THW_OK;
}

/* ---- slots and extension ids ------------------------------------------------------------------
 */

/* "thw.state/1": words with dots and dashes, a slash, a number. */
static int is_extension(const char *s) {
  size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789.-_");
  if (n == 0 || s[n] != '/') return 0;
  size_t digits = strspn(s + n + 1, "0123456789");
  return digits > 0 && s[n + 1 + digits] == '\0';
}

static thw_status check_extensions(const tw_place *w, const char *what, const char *const *list) {
  for (size_t i = 0; list && list[i]; i++) {
    if (i == MAX_NAMES)
      return tw_fault(w, "expected at most %d %s, found more: end the list with NULL", MAX_NAMES,
                      what);
    if (!is_extension(list[i]))
      return tw_fault(w, "expected %s such as \"thw.state/1\", found \"%.40s\"", what, list[i]);
  }
  return THW_OK;
}

static const thw_slot *slot_at(const thw_component *c, uint32_t i) {
  return (const thw_slot *)(const void *)((const char *)c->slots + (size_t)i * c->slot_stride);
}

static const thw_param *param_at(const thw_component *c, uint32_t i) {
  return (const thw_param *)(const void *)((const char *)c->params + (size_t)i * c->param_stride);
}

static thw_status check_slot(const tw_place *w, const thw_component *c, uint32_t i) {
  const thw_slot *s = slot_at(c, i);
  if (!s->name || !tw_is_word(s->name, TW_UNDERSCORE) || strcmp(s->name, "type") == 0)
    return tw_fault(w,
                    "slot %" PRIu32
                    ": expected a name of lower-case letters, digits and '_' other than "
                    "\"type\", found %.40s",
                    i, s->name ? s->name : "NULL");
  for (uint32_t j = 0; j < i; j++)
    if (strcmp(slot_at(c, j)->name, s->name) == 0)
      return tw_fault(w, "slot \"%s\" is there twice: rename one", s->name);
  for (uint32_t j = 0; j < c->n_params; j++)
    if (strcmp(param_at(c, j)->name, s->name) == 0)
      return tw_fault(w, "\"%s\" is a slot and a parameter: rename one", s->name);
  if (s->kind < 1 || s->kind >= THW_KINDS)
    return tw_fault(w, "slot \"%s\": expected a kind from 1 to %u, found %" PRIu32, s->name,
                    THW_KINDS - 1, s->kind);
  if (s->min > 1)
    return tw_fault(w, "slot \"%s\": expected min 0 or 1, found %" PRIu32, s->name, s->min);
  if (!tw_is_text(s->help, 0))
    return tw_fault(w, "slot \"%s\": expected one sentence of help, found none", s->name);
  return check_extensions(w, "needed extension ids", s->needs);
}

static thw_status check_slots(const tw_place *w, const thw_component *c) {
  if (c->n_slots == 0) return THW_OK;
  if (c->n_slots > MAX_SLOTS)
    return tw_fault(w, "expected at most %d slots, found %" PRIu32, MAX_SLOTS, c->n_slots);
  if (!c->slots) return tw_fault(w, "expected a table of slots, found NULL: use THW_SLOTS");
  if (c->slot_stride < UP_TO(thw_slot, help) || c->slot_stride % sizeof(void *) ||
      c->slot_stride > MAX_STRIDE)
    return tw_fault(w, "expected a slot_stride of %zu or more, found %" PRIu32 ": use THW_SLOTS",
                    UP_TO(thw_slot, help), c->slot_stride);
  for (uint32_t i = 0; i < c->n_slots; i++) THW_TRY(check_slot(w, c, i));
  return THW_OK;
}

/* ---- components -------------------------------------------------------------------------------
 */

static thw_status check_words(tw_place *w, const thw_component *c) {
  if (c->kind < 1 || c->kind >= THW_KINDS)
    return tw_fault(w, "expected a kind from 1 to %u, found %" PRIu32 ": use THW_COMPONENT_HEAD",
                    THW_KINDS - 1, c->kind);
  if (!c->id) return tw_fault(w, "expected an id, found NULL: set .id");
  if (!tw_is_word(c->id, TW_DASH | TW_UNDERSCORE))
    return tw_fault(w, "expected an id of lower-case letters, digits, '-' and '_', found \"%.80s\"",
                    c->id);
  snprintf(w->what, sizeof w->what, "%s \"%s\"", tw_kind_name(c->kind), c->id);
  if (!tw_is_text(c->version, 0))
    return tw_fault(w, "expected a version in one line, found none: set .version");
  if (!tw_is_text(c->summary, 0))
    return tw_fault(w, "expected a summary in one line, found none: set .summary");
  if (c->doc && !tw_is_text(c->doc, 1))
    return tw_fault(w, "expected UTF-8 text without control characters in .doc, or NULL");
  if (c->reference && !tw_is_text(c->reference, 1))
    return tw_fault(w, "expected UTF-8 text without control characters in .reference, or NULL");
  return THW_OK;
}

static thw_status check_functions(const tw_place *w, const thw_component *c) {
  if (!c->create) return tw_fault(w, "expected a function to make instances, found .create NULL");
  if (!c->destroy) return tw_fault(w, "expected a function to free instances, found .destroy NULL");
  if (c->offers && c->offers[0] && !c->ext)
    return tw_fault(w, "offers \"%.40s\", but .ext is NULL: write the function that returns it",
                    c->offers[0]);
  return check_ops(w, c);
}

static thw_status check_component(tw_place *w, const thw_component *c) {
  if (!c) return tw_fault(w, "expected a component, found NULL: correct .n_components");
  if (c->size < UP_TO(thw_component, ext))
    return tw_fault(w,
                    "expected a description of at least %zu bytes, found %" PRIu32
                    ": use THW_COMPONENT_HEAD",
                    UP_TO(thw_component, ext), c->size);
  THW_TRY(check_words(w, c));
  THW_TRY(tw_check_params(w, c));
  THW_TRY(check_slots(w, c));
  THW_TRY(check_extensions(w, "offered extension ids", c->offers));
  return check_functions(w, c);
}

thw_status tw_plugin_check(const char *file, const thw_plugin *p, tw_diags *d) {
  THW_TRY(check_head(file, p, d));
  tw_place w = {.file = file, .what = "plugin", .d = d};
  THW_TRY(check_plugin(&w, p));
  for (uint32_t i = 0; i < p->n_components; i++) {
    snprintf(w.what, sizeof w.what, "component %" PRIu32, i);
    const thw_component *c = p->components[i];
    THW_TRY(check_component(&w, c));
    for (uint32_t j = 0; j < i; j++)
      if (p->components[j]->kind == c->kind && strcmp(p->components[j]->id, c->id) == 0)
        return tw_fault(&w, "is there twice in this plugin: rename one");
  }
  return THW_OK;
}
