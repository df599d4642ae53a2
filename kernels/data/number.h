/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/data/number.h - decimal text to the nearest double, fast and in no locale.
 *
 * Grammar: [+-] digits [. digits] [(e|E) [+-] digits], at least one digit before the exponent. No
 * hexadecimal, no "inf", no "nan": a file that holds those is not data. The result is correctly
 * rounded, always:
 *   - at most 2^53 as digits and a power of ten up to 22: one exact operation (Clinger 1990);
 *   - at most 19 digits and a power from -27 to -1: an exact 128-bit division;
 *   - all else: strtod in the "C" locale. */
#ifndef THALWEG_KERNELS_DATA_NUMBER_H
#define THALWEG_KERNELS_DATA_NUMBER_H

#include <stdint.h>

/* Reads a number at p, which must lie in a text that ends in a byte that is no part of a number.
 * Returns the first byte after it, or NULL when there is no number at p. An overflow gives an
 * infinity: the caller refuses it. */
const char *td_number(const char *p, double *v);

/* The whole of the n bytes at p, blanks around it allowed, is a number, and a finite one. */
int td_number_whole(const char *p, int64_t n, double *v);

#endif
