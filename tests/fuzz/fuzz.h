/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz.h: what a fuzz target is
 *
 * Each target is one function that libFuzzer calls with bytes of its own making. Without libFuzzer replay.c calls it
 * with the files of the corpus, so that what was found once stays found with any compiler.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
