
/* ---- The evaluator below is compiled for each instruction set, by including this file, and chosen at run time. ---- */

/* This file's name. Compilers that know it let you rename the file; define NAME_SELF for others. */
#ifndef NAME_SELF
#ifdef __FILE_NAME__
#define NAME_SELF __FILE_NAME__
#else
#define NAME_SELF "NAME.c"
#endif
#endif

/* The widest vectors in bytes that may be chosen: 64 (AVX-512), 32 (AVX2), 16 (SSE2, NEON and the like), 8 (none). */
#ifndef NAME_WIDEST
#define NAME_WIDEST 64
#endif

/* The transpose counts elements from the lowest byte of a word, so big-endian processors have no vectors. */
#if !defined(__GNUC__) || !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#define NAME_OWN 8
#elif defined(__AVX512F__) && defined(__AVX512BW__)
#define NAME_OWN 64
#elif defined(__AVX2__)
#define NAME_OWN 32
#elif defined(__SSE2__) || defined(__ARM_NEON) || defined(__ALTIVEC__) || defined(__wasm_simd128__)
#define NAME_OWN 16
#else
#define NAME_OWN 8
#endif

#if defined(__GNUC__) && defined(__x86_64__)
#include <immintrin.h>
#if NAME_OWN < 64 && NAME_WIDEST >= 64
#define NAME_HAS_AVX512
#define NAME_FN(f) f##_avx512
#define NAME_BYTES 64
#define NAME_TARGET __attribute__((target("avx512f,avx512bw")))
#include NAME_SELF
#undef NAME_FN
#undef NAME_BYTES
#undef NAME_TARGET
#endif
#if NAME_OWN < 32 && NAME_WIDEST >= 32
#define NAME_HAS_AVX2
#define NAME_FN(f) f##_avx2
#define NAME_BYTES 32
#define NAME_TARGET __attribute__((target("avx2")))
#include NAME_SELF
#undef NAME_FN
#undef NAME_BYTES
#undef NAME_TARGET
#endif
#endif

#define NAME_FN(f) f
#define NAME_TARGET
#if NAME_OWN <= NAME_WIDEST
#define NAME_BYTES NAME_OWN
#else
#define NAME_BYTES NAME_WIDEST
#endif
#include NAME_SELF

typedef void NAME_evaluator(const void *features, int packed, size_t n, size_t next, uint64_t *v);

/* The evaluator for this processor. */
static NAME_evaluator *NAME_choose(void)
{
#ifdef NAME_HAS_AVX512
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")) {
        return NAME_block_avx512;
    }
#endif
#ifdef NAME_HAS_AVX2
    if (__builtin_cpu_supports("avx2")) {
        return NAME_block_avx2;
    }
#endif
    return NAME_block;
}
