/* Written by lgnc; NAME_codes.h says what it is. MIT licence. */
#include "NAME_codes.h"

#include <string.h>

#if FLT_RADIX != 2 || FLT_MANT_DIG != 24 || FLT_MAX_EXP != 128
#error "this compiler's float is not IEEE 754's single precision"
#endif

#ifndef NAME_CODE_FLASH /* Where tables lie: avr-gcc must be told. */
#ifdef __FLASH
#define NAME_CODE_FLASH __flash
#else
#define NAME_CODE_FLASH
#endif
#endif

static const NAME_CODE_FLASH int16_t NAME_code_exponent[NAME_FEATURES] = NAME_CODE_EXPONENTS;
static const NAME_CODE_FLASH int@WIDTH@_t NAME_code_offset[NAME_FEATURES] = NAME_CODE_OFFSETS;

