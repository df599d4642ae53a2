/* SPDX-License-Identifier: BSD-3-Clause */
/* Prints the size of every public struct, the offset and size of every member and the value of
 * every constant. What it prints on LP64 is pinned in lp64.txt: a plugin compiled last year relies
 * on it. */
#include <stdio.h>

#include <thalweg/thalweg.h>

#define S(type) printf("%s %zu\n", #type, sizeof(type));
#define M(type, member)                                                                            \
  printf("%s.%s %zu %zu\n", #type, #member, offsetof(type, member), sizeof(((type *)0)->member));
#define C(name) printf("%s %lld\n", #name, (long long)(name));
#define T(name) printf("%s %s\n", #name, name);

int main(void) {
  if (sizeof(void *) != 8 || sizeof(long) != 8) return 77;
  puts("# SPDX-License-Identifier: BSD-3-Clause");
#include "layout.inc"
  return 0;
}
