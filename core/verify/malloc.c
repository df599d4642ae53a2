/* SPDX-License-Identifier: BSD-3-Clause */
/* Counts what a plugin takes from the C library past the host: the places in its image (and in
 * those that came with it) where the dynamic linker has put the addresses of malloc and its
 * relatives are made to point here. Only glibc's linker keeps the tables that this reads; elsewhere
 * nothing is counted. */
#include <config.h>

#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/verify/priv.h"

#ifdef __GLIBC__

static void counted(void) {
  __atomic_add_fetch(&vf_mem.plain, 1, __ATOMIC_RELAXED);
}

static void *my_malloc(size_t n) {
  counted();
  return malloc(n);
}
static void *my_calloc(size_t n, size_t size) {
  counted();
  return calloc(n, size);
}
static void *my_realloc(void *p, size_t n) {
  counted();
  return realloc(p, n);
}
static void *my_aligned_alloc(size_t align, size_t n) {
  counted();
  return aligned_alloc(align, n);
}
static int my_posix_memalign(void **p, size_t align, size_t n) {
  counted();
  return posix_memalign(p, align, n);
}
static char *my_strdup(const char *s) {
  counted();
  return strdup(s);
}

typedef void function(void);
static const struct {
  const char *name;
  function *mine;
} taken[] = {{"malloc", (function *)my_malloc},
             {"calloc", (function *)my_calloc},
             {"realloc", (function *)my_realloc},
             {"aligned_alloc", (function *)my_aligned_alloc},
             {"posix_memalign", (function *)my_posix_memalign},
             {"strdup", (function *)my_strdup}};

/* What `place` holds now is the linker's answer for `name`? Then ours. */
static void redirect(const char *name, void *place) {
  for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
    if (strcmp(name, taken[i].name) != 0) continue;
    void *real = dlsym(RTLD_DEFAULT, name), *now;
    memcpy(&now, place, sizeof now);
    if (!real || now != real) return;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start = (uintptr_t)place & ~(page - 1);
    if (mprotect((void *)start, page, PROT_READ | PROT_WRITE) != 0) return;
    memcpy(place, &taken[i].mine, sizeof taken[i].mine);
  }
}

/* Addresses in the dynamic section are relocated on most machines, offsets on a few. */
static const void *address(const struct link_map *m, ElfW(Addr) a) {
  return (const void *)(uintptr_t)(a < m->l_addr ? m->l_addr + a : a);
}

/* ELF32_R_SYM or ELF64_R_SYM. */
static size_t symbol_of(uint64_t info) {
  return (size_t)(sizeof(void *) == 8 ? info >> 32 : (info & 0xffffffff) >> 8);
}

static void go_through(const struct link_map *m, const char *table, size_t bytes, size_t entry,
                       const ElfW(Sym) * symbols, const char *names) {
  for (size_t at = 0; table && at + entry <= bytes; at += entry) {
    ElfW(Rel) r; /* an ElfW(Rela) begins like this */
    memcpy(&r, table + at, sizeof r);
    size_t s = symbol_of(r.r_info);
    if (s) redirect(names + symbols[s].st_name, (void *)(uintptr_t)(m->l_addr + r.r_offset));
  }
}

static void redirect_in(const struct link_map *m) {
  const char *table[3] = {NULL}, *names = NULL;
  size_t bytes[3] = {0}, entry[3] = {sizeof(ElfW(Rela)), sizeof(ElfW(Rel)), 0};
  const ElfW(Sym) *symbols = NULL;
  for (const ElfW(Dyn) *d = m->l_ld; d->d_tag != DT_NULL; d++) {
    switch (d->d_tag) {
    case DT_RELA:
      table[0] = address(m, d->d_un.d_ptr);
      break;
    case DT_RELASZ:
      bytes[0] = d->d_un.d_val;
      break;
    case DT_REL:
      table[1] = address(m, d->d_un.d_ptr);
      break;
    case DT_RELSZ:
      bytes[1] = d->d_un.d_val;
      break;
    case DT_JMPREL:
      table[2] = address(m, d->d_un.d_ptr);
      break;
    case DT_PLTRELSZ:
      bytes[2] = d->d_un.d_val;
      break;
    case DT_PLTREL:
      entry[2] = d->d_un.d_val == DT_RELA ? sizeof(ElfW(Rela)) : sizeof(ElfW(Rel));
      break;
    case DT_SYMTAB:
      symbols = address(m, d->d_un.d_ptr);
      break;
    case DT_STRTAB:
      names = address(m, d->d_un.d_ptr);
      break;
    default:
      break;
    }
  }
  for (int i = 0; symbols && names && i < 3; i++)
    if (entry[i]) go_through(m, table[i], bytes[i], entry[i], symbols, names);
}

static struct link_map *last_map(void) {
  void *program = dlopen(NULL, RTLD_NOW);
  struct link_map *m = NULL;
  if (!program || dlinfo(program, RTLD_DI_LINKMAP, &m) != 0) return NULL;
  while (m && m->l_next) m = m->l_next;
  return m;
}

void *vf_malloc_mark(void) {
  return last_map();
}

void vf_malloc_watch(void *mark) {
  const struct link_map *m = mark;
  if (!m) return;
  vf_mem.watched = 1;
  for (m = m->l_next; m; m = m->l_next) redirect_in(m);
}

#else

void *vf_malloc_mark(void) {
  return NULL;
}

void vf_malloc_watch(void *mark) {
  (void)mark;
}

#endif
