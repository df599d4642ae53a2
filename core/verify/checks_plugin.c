/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks of the file as a whole: loading, symbols, the description's words. */
#include <ctype.h>
#include <dirent.h>
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/registry_priv.h"
#include "core/verify/priv.h"

typedef const thw_plugin *entry_fn(void);

/* The path with a slash in it, so that dlopen does not search. */
static void *open_file(vf_case *k) {
  char *path = strchr(k->o->file, '/') ? tw_strdup(k->o->file) : tw_sprintf("./%s", k->o->file);
  void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  free(path);
  return lib;
}

static entry_fn *find_entry(void *lib) {
  void *symbol = dlsym(lib, THW_ENTRY);
  entry_fn *fn;
  memcpy(&fn, &symbol, sizeof fn);
  return fn;
}

/* For the checks after "loads": NULL with a skipped check when there is nothing to look at. */
static entry_fn *need_entry(vf_case *k) {
  void *lib = open_file(k);
  entry_fn *fn = lib ? find_entry(lib) : NULL;
  if (!fn) vf_skip(k, "it does not load");
  return fn;
}

static const thw_plugin *need_plugin(vf_case *k) {
  tw_diags d = {0};
  const thw_plugin *p = tw_plugin_open(k->o->file, &d);
  if (!p) vf_skip(k, "the description is not sound");
  tw_diags_free(&d);
  return p;
}

static int loads(vf_case *k) {
  void *lib = open_file(k);
  if (!lib) return vf_fail(k, "%s", dlerror());
  if (!find_entry(lib)) return vf_fail(k, "there is no function " THW_ENTRY);
  return 0;
}

/* ---- threads, time -----------------------------------------------------------------------------
 */

static int threads(void) {
  DIR *d = opendir("/proc/self/task");
  int n = 0;
  if (!d) return -1;
  for (struct dirent *e; (e = readdir(d));) n += e->d_name[0] != '.';
  closedir(d);
  return n;
}

static double cpu_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int loads_lightly(vf_case *k) {
  int before = threads();
  double t0 = cpu_seconds();
  entry_fn *entry = need_entry(k);
  if (!entry) return -1;
  entry();
  double t = cpu_seconds() - t0;
  if (before < 0) return vf_skip(k, "/proc is not here to count threads");
  int after = threads();
  if (after != before)
    return vf_fail(k, "%d threads before loading, %d after: start nothing before create", before,
                   after);
  if (t > 0.05) return vf_warn(k, "loading took %.0f ms of processor time, more than 50", 1e3 * t);
  return 0;
}

static int answers_twice(vf_case *k) {
  entry_fn *entry = need_entry(k);
  if (!entry) return -1;
  const thw_plugin *p = entry();
  if (!p) return vf_fail(k, THW_ENTRY " answers NULL");
  thw_plugin copy;
  memcpy(&copy, p, sizeof copy);
  const thw_plugin *again = entry();
  if (again != p) return vf_fail(k, "two calls gave two pointers: return one constant description");
  if (memcmp(&copy, again, sizeof copy) != 0)
    return vf_fail(k, "the description has changed from one call to the next");
  return 0;
}

/* ---- symbols ----------------------------------------------------------------------------------
 */

/* The linker's own marks and what the sanitizers add. */
static int is_tools_own(const char *name) {
  static const char *const own[] = {"_init", "_fini", "_edata", "_end"};
  for (size_t i = 0; i < sizeof own / sizeof *own; i++)
    if (strcmp(name, own[i]) == 0) return 1;
  return strncmp(name, "__", 2) == 0;
}

typedef struct image {
  unsigned char *p;
  size_t n;
} image;

static image read_file(const char *file) {
  image m = {0};
  FILE *f = fopen(file, "rb");
  if (!f) return m;
  for (size_t k = 1; k > 0; m.n += k) {
    m.p = tw_realloc(m.p, m.n + 65536);
    k = fread(m.p + m.n, 1, 65536, f);
  }
  fclose(f);
  return m;
}

/* A piece of the image, or NULL when it is not all there. */
static const void *piece(const image *m, size_t at, size_t bytes) {
  return at <= m->n && bytes <= m->n - at ? m->p + at : NULL;
}

static const ElfW(Shdr) * dynamic_symbols(const image *m, const ElfW(Ehdr) * h) {
  for (unsigned i = 0; i < h->e_shnum; i++) {
    const ElfW(Shdr) *s = piece(m, h->e_shoff + (size_t)i * h->e_shentsize, sizeof *s);
    if (s && s->sh_type == SHT_DYNSYM) return s;
  }
  return NULL;
}

static int one_symbol_of(vf_case *k, const image *m) {
  const ElfW(Ehdr) *h = piece(m, 0, sizeof *h);
  if (!h || memcmp(h->e_ident, ELFMAG, SELFMAG) != 0 ||
      h->e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32))
    return vf_skip(k, "not an ELF file of this machine's word size");
  const ElfW(Shdr) *s = dynamic_symbols(m, h);
  const ElfW(Shdr) *names =
      s ? piece(m, h->e_shoff + (size_t)s->sh_link * h->e_shentsize, sizeof *names) : NULL;
  if (!names) return vf_skip(k, "no table of dynamic symbols");
  for (size_t at = 0; at < s->sh_size; at += sizeof(ElfW(Sym))) {
    const ElfW(Sym) *y = piece(m, s->sh_offset + at, sizeof *y);
    if (!y) break;
    const char *name = piece(m, names->sh_offset + y->st_name, 1);
    if (!name || !*name || y->st_shndx == SHN_UNDEF || is_tools_own(name)) continue;
    if (strcmp(name, THW_ENTRY) != 0)
      return vf_fail(k, "exports \"%s\" as well: make it static or link with -fvisibility=hidden",
                     name);
  }
  return 0;
}

static int one_symbol(vf_case *k) {
  image m = read_file(k->o->file);
  int st = one_symbol_of(k, &m);
  free(m.p);
  return st;
}

/* ---- the description ---------------------------------------------------------------------------
 */

static int description(vf_case *k) {
  tw_diags d = {0};
  if (!need_entry(k)) return -1;
  if (!tw_plugin_open(k->o->file, &d)) vf_fail(k, "%s", d.n ? d.v[0].text : "refused");
  tw_diags_free(&d);
  return 0;
}

/* 1.2, 0.1.0, 2.0-rc1 */
static int is_version(const char *s) {
  size_t n = strspn(s, "0123456789");
  if (n == 0) return 0;
  for (s += n; *s == '.'; s += n) {
    n = strspn(++s, "0123456789");
    if (n == 0) return 0;
  }
  return *s == '\0' || ((*s == '-' || *s == '+') && s[1] != '\0');
}

static int is_license_id(const char *w, size_t n) {
  if (n == 0) return 0;
  for (size_t i = 0; i < n; i++)
    if (!isalnum((unsigned char)w[i]) && !strchr("-.+:", w[i])) return 0;
  return isalpha((unsigned char)w[0]) || isdigit((unsigned char)w[0]);
}

static int is_word(const char *w, size_t n, const char *what) {
  return n == strlen(what) && strncmp(w, what, n) == 0;
}

/* SPDX license expressions: ids joined by AND, OR and WITH, with parentheses. */
static int is_license(const char *s) {
  int depth = 0, want_id = 1;
  for (;;) {
    s += strspn(s, " ");
    if (*s == '\0') return depth == 0 && !want_id;
    if (*s == '(' || *s == ')') {
      if ((*s == '(') != want_id) return 0;
      depth += *s++ == '(' ? 1 : -1;
      if (depth < 0) return 0;
      continue;
    }
    size_t n = strcspn(s, " ()");
    int joins = is_word(s, n, "AND") || is_word(s, n, "OR") || is_word(s, n, "WITH");
    if (joins == want_id || (!joins && !is_license_id(s, n))) return 0;
    want_id = joins;
    s += n;
  }
}

static int identity(vf_case *k) {
  const thw_plugin *p = need_plugin(k);
  if (!p) return -1;
  if (!is_version(p->version))
    return vf_fail(k, "the plugin's version \"%s\" is not numbers with dots (1.0, 2.1.3-rc1)",
                   p->version);
  for (uint32_t i = 0; i < p->n_components; i++)
    if (!is_version(p->components[i]->version))
      return vf_fail(k, "%s: version \"%s\" is not numbers with dots (1.0, 2.1.3-rc1)",
                     p->components[i]->id, p->components[i]->version);
  if (!is_license(p->license))
    return vf_fail(k, "license \"%s\" is not an SPDX expression (BSD-3-Clause, MIT OR Apache-2.0)",
                   p->license);
  return 0;
}

const vf_check vf_checks_plugin[] = {
    {"loads", VF_PLUGIN, "loads with RTLD_NOW | RTLD_LOCAL and has the entry", loads},
    {"one-symbol", VF_PLUGIN, "exports the entry and nothing else", one_symbol},
    {"same-answer", VF_PLUGIN, "the entry answers twice the same", answers_twice},
    {"light", VF_PLUGIN, "loads in under 50 ms of processor time and starts no thread",
     loads_lightly},
    {"description", VF_PLUGIN, "the description is sound: versions, ids, schema, help, functions",
     description},
    {"identity", VF_PLUGIN, "versions are numbers, the license is an SPDX expression", identity},
    {NULL, 0, NULL, NULL},
};
