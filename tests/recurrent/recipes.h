/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TESTS_RECURRENT_RECIPES_H
#define TESTS_RECURRENT_RECIPES_H

void rec_adding(void);
void rec_characters(void);
void rec_images(void);
void rec_pixels(void);

#endif
