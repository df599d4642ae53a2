/* SPDX-License-Identifier: BSD-3-Clause */
#include <config.h>

#include "kernels/data/number.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double ten_to[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* A decimal number taken apart: value = digits * 10^exponent unless `cut`. */
struct decimal {
  uint64_t digits;
  int64_t exponent;
  int cut; /* more than 19 significant digits */
};

static inline unsigned digit(const char *p) {
  return (unsigned)(unsigned char)*p - '0';
}

/* Digits from p on, leading zeros not counted; `used` significant ones so far. */
static inline const char *digits(const char *p, struct decimal *d, int *used) {
  for (unsigned c; (c = digit(p)) <= 9; p++) {
    if (*used < 19) {
      d->digits = d->digits * 10 + c;
      *used += d->digits != 0;
    } else {
      d->cut = 1;
      d->exponent++;
    }
  }
  return p;
}

static const char *exponent(const char *p, struct decimal *d) {
  const char *q = p + 1;
  int minus = *q == '-';
  q += *q == '-' || *q == '+';
  if (digit(q) > 9) return p; /* "2e" is 2 and something else: the caller sees the rest */
  int64_t x = 0;
  for (unsigned c; (c = digit(q)) <= 9; q++)
    if (x < 1000000) x = x * 10 + c;
  d->exponent += minus ? -x : x;
  return q;
}

/* strtod reads the locale of the thread; a locale of our own is made once. */
static double slow(const char *p) {
#if defined(_POSIX_VERSION) || defined(__unix__) || defined(__APPLE__)
  static locale_t c_locale; /* never freed: one object per plugin */
  locale_t mine = __atomic_load_n(&c_locale, __ATOMIC_ACQUIRE);
  if (!mine) {
    mine = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale_t none = (locale_t)0;
    if (mine && !__atomic_compare_exchange_n(&c_locale, &none, mine, 0, __ATOMIC_ACQ_REL,
                                             __ATOMIC_ACQUIRE)) {
      freelocale(mine);
      mine = none;
    }
  }
  if (mine) {
    locale_t before = uselocale(mine);
    double v = strtod(p, NULL);
    uselocale(before);
    return v;
  }
#endif
  return strtod(p, NULL);
}

#ifdef __SIZEOF_INT128__
__extension__ typedef unsigned __int128 u128;

static const uint64_t five_to[] = {UINT64_C(1),
                                   UINT64_C(5),
                                   UINT64_C(25),
                                   UINT64_C(125),
                                   UINT64_C(625),
                                   UINT64_C(3125),
                                   UINT64_C(15625),
                                   UINT64_C(78125),
                                   UINT64_C(390625),
                                   UINT64_C(1953125),
                                   UINT64_C(9765625),
                                   UINT64_C(48828125),
                                   UINT64_C(244140625),
                                   UINT64_C(1220703125),
                                   UINT64_C(6103515625),
                                   UINT64_C(30517578125),
                                   UINT64_C(152587890625),
                                   UINT64_C(762939453125),
                                   UINT64_C(3814697265625),
                                   UINT64_C(19073486328125),
                                   UINT64_C(95367431640625),
                                   UINT64_C(476837158203125),
                                   UINT64_C(2384185791015625),
                                   UINT64_C(11920928955078125),
                                   UINT64_C(59604644775390625),
                                   UINT64_C(298023223876953125),
                                   UINT64_C(1490116119384765625),
                                   UINT64_C(7450580596923828125)}; /* below 2^63 */

/* w / 10^k for k in 1..27, rounded to nearest even. w * 2^shift / 5^k has at least 64 bits, and the
 * remainder says whether there is more behind them: exact. */
static int divide(uint64_t w, int k, double *v) {
  uint64_t five = five_to[k];
  int up = __builtin_clzll(w) + 63; /* w * 2^up is in [2^126, 2^127) */
  u128 n = (u128)w << up, q = n / five;
  uint64_t sticky = q * five != n;
  /* q is in [2^63, 2^127): keep 64 bits, the rest is sticky. */
  int down = 0;
  uint64_t high = (uint64_t)(q >> 64);
  if (high) {
    down = 64 - __builtin_clzll(high);
    sticky |= (q & (((u128)1 << down) - 1)) != 0;
    q >>= down;
  }
  uint64_t m = (uint64_t)q; /* top bit set: 64 significant bits */
  if (!(m >> 63)) return 0;
  uint64_t keep = m >> 11, rest = m & 0x7ff;
  if (rest > 0x400 || (rest == 0x400 && (sticky || (keep & 1)))) keep++;
  *v = ldexp((double)keep, 11 + down - up - k);
  return 1;
}
#else
static int divide(uint64_t w, int k, double *v) {
  (void)w;
  (void)k;
  (void)v;
  return 0;
}
#endif

static double value(const struct decimal *d, const char *text) {
  double v;
  if (d->digits == 0) return 0;
  if (FLT_EVAL_METHOD == 0 && !d->cut && d->digits <= UINT64_C(1) << 53) {
    if (d->exponent == 0) return (double)d->digits;
    if (d->exponent > 0 && d->exponent <= 22) return (double)d->digits * ten_to[d->exponent];
    if (d->exponent < 0 && d->exponent >= -22) return (double)d->digits / ten_to[-d->exponent];
  }
  if (!d->cut && d->exponent < 0 && d->exponent >= -27 && divide(d->digits, (int)-d->exponent, &v))
    return v;
  return fabs(slow(text));
}

const char *td_number(const char *p, double *v) {
  const char *text = p;
  int minus = *p == '-';
  p += *p == '-' || *p == '+';
  struct decimal d = {0, 0, 0};
  int used = 0;
  const char *whole = p, *q = digits(p, &d, &used);
  int64_t seen = q - whole;
  if (*q == '.') {
    const char *fraction = q + 1;
    q = digits(fraction, &d, &used);
    d.exponent -= q - fraction;
    seen += q - fraction;
  }
  if (seen == 0) return NULL;
  if (*q == 'e' || *q == 'E') q = exponent(q, &d);
  double a = value(&d, text);
  *v = minus ? -a : a;
  return q;
}

int td_number_whole(const char *p, int64_t n, double *v) {
  const char *end = p + n;
  while (p < end && (*p == ' ' || *p == '\t')) p++;
  while (end > p && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r')) end--;
  return p < end && td_number(p, v) == end && isfinite(*v);
}
