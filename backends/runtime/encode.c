/* ---- Encoder. A row holds one bit of each of NAME_TOGETHER samples, sample s being bit s. ---- */

#define NAME_TOGETHER (8u * sizeof(NAME_row))

#if defined(__GNUC__)
#define NAME_WIDE (64u / NAME_ELEMENT_BITS) /* elements in 64 bits */
typedef uint64_t NAME_row __attribute__((vector_size(64), may_alias));
typedef NAME_element NAME_elements __attribute__((vector_size(64), may_alias));
typedef NAME_unsigned NAME_masks __attribute__((vector_size(64), may_alias));

/* bits |= (v > threshold) << s, in each element. */
#if NAME_ELEMENT_BITS == 8 && defined(__AVX512BW__)
#include <immintrin.h>
#define NAME_OR_ABOVE(bits, v, threshold, s)                                                                   \
    ((bits) = (NAME_masks)_mm512_mask_add_epi8(                                                                \
         (__m512i)(bits), NAME_ABOVE_MASK((__m512i)(v), (__m512i)(threshold)), (__m512i)(bits),                \
         _mm512_set1_epi8((char)(1u << (s)))))
#if NAME_ELEMENT_SIGNED
#define NAME_ABOVE_MASK _mm512_cmpgt_epi8_mask
#else
#define NAME_ABOVE_MASK _mm512_cmpgt_epu8_mask
#endif
#else
#define NAME_OR_ABOVE(bits, v, threshold, s) \
    ((bits) |= (NAME_masks)((v) > (threshold)) & (NAME_unsigned)((NAME_unsigned)1 << (s)))
#endif

#if defined(__clang__)
#define NAME_SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define NAME_SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (NAME_row){__VA_ARGS__})
#endif

/* Element i of the row: bit s says whether feature i of sample s is above its threshold, for `count` samples. */
static inline void NAME_gather(const NAME_element *x, const NAME_element *thresholds, size_t count, NAME_row *out)
{
    const size_t width = NAME_FEATURES < 8u * NAME_WIDE ? NAME_FEATURES : 8u * NAME_WIDE;
    NAME_elements threshold;
    NAME_masks bits = {0};
    size_t s;
    memcpy(&threshold, thresholds, sizeof threshold);
    for (s = 0; s < count; s++) {
        NAME_elements v = {0};
        memcpy(&v, x + s * NAME_FEATURES, width * sizeof *x);
        NAME_OR_ABOVE(bits, v, threshold, s);
    }
    *out = (NAME_row)bits;
}

#if NAME_WIDE > 1
/* Change bits `shift` and up of each 2 * shift bits of *a with the lower ones of *b. */
static inline void NAME_exchange(NAME_row *a, NAME_row *b, unsigned shift, uint64_t mask)
{
    const NAME_row t = ((*a >> shift) ^ *b) & mask;
    *b ^= t;
    *a ^= t << shift;
}
#endif

/* In each 64-bit lane m[0 .. NAME_WIDE - 1] is a matrix: element j of m[i] changes places with element i of m[j]. */
static inline void NAME_transpose_elements(NAME_row *m)
{
    unsigned i;
#if NAME_WIDE > 1
    for (i = 0; i < NAME_WIDE / 2u; i++) {
        NAME_exchange(&m[i], &m[i + NAME_WIDE / 2u], 32, 0x00000000ffffffffu);
    }
#endif
#if NAME_WIDE > 2
    for (i = 0; i < NAME_WIDE; i++) {
        if ((i & NAME_WIDE / 4u) == 0u) {
            NAME_exchange(&m[i], &m[i + NAME_WIDE / 4u], 16, 0x0000ffff0000ffffu);
        }
    }
#endif
#if NAME_WIDE > 4
    for (i = 0; i < NAME_WIDE; i += 2u) {
        NAME_exchange(&m[i], &m[i + 1u], 8, 0x00ff00ff00ff00ffu);
    }
#endif
    (void)m;
    (void)i;
}

/* Lane j of m[i] to lane i of out[j]. */
static inline void NAME_transpose_lanes(const NAME_row *m, size_t stride, NAME_row *out)
{
    NAME_row a[8], b[8];
    unsigned i;
    for (i = 0; i < 4u; i++) {
        a[i] = NAME_SHUFFLE(m[i * stride], m[(i + 4u) * stride], 0, 1, 2, 3, 8, 9, 10, 11);
        a[i + 4u] = NAME_SHUFFLE(m[i * stride], m[(i + 4u) * stride], 4, 5, 6, 7, 12, 13, 14, 15);
    }
    for (i = 0; i < 8u; i++) {
        if ((i & 2u) == 0u) {
            b[i] = NAME_SHUFFLE(a[i], a[i + 2u], 0, 1, 8, 9, 4, 5, 12, 13);
            b[i + 2u] = NAME_SHUFFLE(a[i], a[i + 2u], 2, 3, 10, 11, 6, 7, 14, 15);
        }
    }
    for (i = 0; i < 8u; i += 2u) {
        out[i] = NAME_SHUFFLE(b[i], b[i + 1u], 0, 8, 2, 10, 4, 12, 6, 14);
        out[i + 1u] = NAME_SHUFFLE(b[i], b[i + 1u], 1, 9, 3, 11, 5, 13, 7, 15);
    }
}

/* A group's rows from what NAME_gather left there: feature NAME_WIDE * i + j of the group goes to row 8 * j + i. */
static void NAME_transpose_group(NAME_row *rows)
{
    NAME_row m[8u * NAME_WIDE];
    size_t i;
    memcpy(m, rows, sizeof m);
    for (i = 0; i < 8u; i++) {
        NAME_transpose_elements(m + i * NAME_WIDE);
    }
    for (i = 0; i < NAME_WIDE; i++) {
        NAME_transpose_lanes(m + i, NAME_WIDE, rows + 8u * i);
    }
}

/* The encoder's rows of n samples. */
static void NAME_encode(const NAME_element *x, size_t n, NAME_row *rows)
{
    size_t part, group;
    for (part = 0; part < NAME_BLOCK / NAME_ELEMENT_BITS; part++) {
        const size_t base = part * NAME_ELEMENT_BITS;
        const size_t count = n <= base ? 0u : n - base < NAME_ELEMENT_BITS ? n - base : NAME_ELEMENT_BITS;
        for (group = 0; group != NAME_GROUPS; group++) {
            const NAME_element *threshold = NAME_threshold + group * 8u * NAME_WIDE;
            NAME_row *out = rows + group * 8u * NAME_WIDE + part;
            const size_t first = (count == 0u ? 0u : base * NAME_FEATURES) + NAME_group_first[group];
            if (count == NAME_ELEMENT_BITS) {
                NAME_gather(x + first, threshold, NAME_ELEMENT_BITS, out);
            } else {
                NAME_gather(x + first, threshold, count, out);
            }
        }
    }
    for (group = 0; group != NAME_GROUPS; group++) {
        NAME_transpose_group(rows + group * 8u * NAME_WIDE);
    }
}
#else
#define NAME_WIDE (64u / NAME_ELEMENT_BITS)
typedef uint64_t NAME_row;

/* The encoder's rows of n samples. */
static void NAME_encode(const NAME_element *x, size_t n, NAME_row *rows)
{
    size_t group, i, s;
    for (group = 0; group != NAME_GROUPS; group++) {
        const size_t first = NAME_group_first[group];
        for (i = 0; i < 8u * NAME_WIDE && first + i < NAME_FEATURES; i++) {
            const NAME_element threshold = NAME_threshold[group * 8u * NAME_WIDE + i];
            NAME_row row = 0;
            for (s = 0; s < n; s++) {
                row |= (NAME_row)(x[s * NAME_FEATURES + first + i] > threshold) << s;
            }
            rows[group * 8u * NAME_WIDE + i % NAME_WIDE * 8u + i / NAME_WIDE] = row;
        }
    }
}
#endif
