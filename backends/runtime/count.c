/* ---- Head: for each class the popcount of its literals plus its offset, as bit planes (NAME_row sum[NAME_PLANES]). ---- */

#if defined(__GNUC__) && defined(__AVX512F__)
#include <immintrin.h>
#define NAME_MAJORITY(a, b, c) ((NAME_row)_mm512_ternarylogic_epi64((__m512i)(a), (__m512i)(b), (__m512i)(c), 0xe8))
#else
#define NAME_MAJORITY(a, b, c) (((a) & (b)) | (((a) | (b)) & (c)))
#endif

/* One full adder in each bit: a + b + c = low + 2 * high. low may be one of a, b, c. */
#define NAME_ADD(low, high, a, b, c)                        \
    do {                                                    \
        const NAME_row x1 = (a), x2 = (b), x3 = (c);        \
        (high) = NAME_MAJORITY(x1, x2, x3);                 \
        (low) = x1 ^ x2 ^ x3;                               \
    } while (0)

/* Add `carry` to the number in planes sum[k] and up. */
static inline void NAME_ripple(NAME_row *sum, unsigned k, NAME_row *carry)
{
    for (; k < NAME_PLANES; k++) {
        const NAME_row next = sum[k] & *carry;
        sum[k] ^= *carry;
        *carry = next;
    }
}

/* The classes' planes before any literal is counted: their offsets less NAME_BASE. */
static void NAME_start_sums(NAME_row *sum)
{
    const NAME_row zero = {0};
    size_t c;
    unsigned k;
    for (c = 0; c < NAME_CLASSES; c++) {
        for (k = 0; k < NAME_PLANES; k++) {
            sum[c * NAME_PLANES + k] = zero - (uint64_t)((NAME_start[c] >> k) & 1u);
        }
    }
}

/* Add n literals to a class's planes, carry-save, eight a step; waiting[k] holds a carry of weight 2^k. */
static void NAME_count(const NAME_row *v, const NAME_node *literal, size_t n, const NAME_row *flip, NAME_row *sum)
{
    const NAME_row inverted = *flip;
    NAME_row ones = sum[0], twos = sum[1], fours = sum[2], waiting[NAME_PLANES];
    size_t i, m;
    unsigned k;
    for (i = 0; i < n / 8u; i++, literal += 8) {
        NAME_row a, b, c, d;
        NAME_ADD(ones, a, ones, v[literal[0]] ^ inverted, v[literal[1]] ^ inverted);
        NAME_ADD(ones, b, ones, v[literal[2]] ^ inverted, v[literal[3]] ^ inverted);
        NAME_ADD(twos, c, twos, a, b);
        NAME_ADD(ones, a, ones, v[literal[4]] ^ inverted, v[literal[5]] ^ inverted);
        NAME_ADD(ones, b, ones, v[literal[6]] ^ inverted, v[literal[7]] ^ inverted);
        NAME_ADD(twos, d, twos, a, b);
        NAME_ADD(fours, a, fours, c, d);
        for (m = i, k = 3; (m & 1u) != 0u; m >>= 1, k++) {
            NAME_ADD(sum[k], a, sum[k], waiting[k], a);
        }
        waiting[k] = a;
    }
    sum[0] = ones;
    sum[1] = twos;
    sum[2] = fours;
    for (k = 3; k < NAME_PLANES; k++) {
        if (((n / 8u >> (k - 3u)) & 1u) != 0u) {
            NAME_ripple(sum, k, &waiting[k]);
        }
    }
    for (i = 0; i < n % 8u; i++) {
        NAME_row last = v[literal[i]] ^ inverted;
        NAME_ripple(sum, 0, &last);
    }
}
