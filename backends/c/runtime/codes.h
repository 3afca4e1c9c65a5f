/* Beside NAME.h: codes of measured values, exactly as in training: round(value / 2^exponent) - offset, half to even, held
   within the codes' type, which infinities are too. By shifts of integers alone: no floating point is computed with.
   Written by lgnc. MIT licence. */
#ifndef NAME_CODES_H
#define NAME_CODES_H

#include "NAME.h"

#include <float.h>

#define NAME_CODE_MIN (@LOW@)
#define NAME_CODE_MAX @HIGH@

/* For initialisers: what a step of each feature's code is, as a power of two in the column's own unit, and its offset. A
   reading of a converter whose own step is 2^exponent has the code reading - offset, held within the type. */
#define NAME_CODE_EXPONENTS { @EXPONENTS@ }
#define NAME_CODE_OFFSETS { @OFFSETS@ }

#ifdef __cplusplus
extern "C" {
#endif

/* The code of a value of a feature, which is below NAME_FEATURES. NaN has the lowest code. */
NAME_element NAME_code(size_t feature, float value);

/* The code of the value reading * 2^exponent; exponent: from -30000 to 30000. */
NAME_element NAME_code_of_reading(size_t feature, int32_t reading, int exponent);

/* The codes of n rows of NAME_FEATURES values. Gives how many of these were NaN. */
size_t NAME_quantise(const float *values, size_t n, NAME_element *codes);

#if DBL_MANT_DIG == 53
NAME_element NAME_code_double(size_t feature, double value);
size_t NAME_quantise_double(const double *values, size_t n, NAME_element *codes);
#endif

#ifdef __cplusplus
}
#endif

#endif
