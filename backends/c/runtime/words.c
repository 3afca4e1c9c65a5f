
/* ---- Words of NAME_WORD_BITS bits: so many gates at once. ---- */

#if NAME_WORD_BITS == 64
typedef uint64_t NAME_gateword;
#else
typedef uint32_t NAME_gateword;
#endif

/* Every byte of a word. */
#define NAME_EACH(byte) ((NAME_gateword)UINT64_C(0x0101010101010101) * (byte))
#define NAME_TURN(w, by) ((w) >> (by) | (w) << (NAME_WORD_BITS - (by)))

#if NAME_LANES
/* Neighbouring features, the first in the lowest byte. */
static inline NAME_gateword NAME_lanes(const NAME_element *x)
{
    return (NAME_gateword)x[0] | (NAME_gateword)x[1] << 8 | (NAME_gateword)x[2] << 16 | (NAME_gateword)x[3] << 24
#if NAME_WORD_BITS == 64
           | (NAME_gateword)x[4] << 32 | (NAME_gateword)x[5] << 40 | (NAME_gateword)x[6] << 48 | (NAME_gateword)x[7] << 56
#endif
        ;
}
#endif

/* How many bits are set. NAME_fours: of each four; NAME_eights: of each eight, from sums of at most three NAME_fours;
   NAME_sum: of all, from sums of NAME_eights that are less than 256 together. Their masks are variables whose values the
   compiler must not know, NAME_COUNTING: an instruction can then shift and mask at once. In Thumb code those of 32 bits
   go to the high registers, which short instructions do not have. */
#if defined(__GNUC__) && defined(__thumb__) && NAME_WORD_BITS == 32
#define NAME_ASIDE(word) __asm__ volatile("" : "+h"(word));
#else
#define NAME_ASIDE(word) NAME_FENCE(word)
#endif
#if defined(__GNUC__) && (defined(__POPCNT__) || defined(__riscv_zbb))
#define NAME_COUNTING
#define NAME_fours(w) ((NAME_gateword)__builtin_popcountll(w))
#define NAME_eights(n) (n)
#define NAME_sum(n) ((uint32_t)(n))
#else
#define NAME_COUNTING                                                                                                  \
    NAME_gateword m1 = NAME_EACH(0x55u), m2 = NAME_EACH(0x33u), m4 = NAME_EACH(0x0fu), m8 = NAME_EACH(0x01u);           \
    NAME_ASIDE(m1) NAME_ASIDE(m2) NAME_ASIDE(m4) NAME_ASIDE(m8)
#define NAME_fours(w) NAME_twos((w) - ((w) >> 1 & m1), m2)
#define NAME_eights(n) NAME_halves(n, m4)
#define NAME_sum(n) ((uint32_t)((n) * m8 >> (NAME_WORD_BITS - 8)))
static inline NAME_gateword NAME_twos(NAME_gateword n, NAME_gateword mask)
{
    return (n & mask) + (n >> 2 & mask);
}

static inline NAME_gateword NAME_halves(NAME_gateword n, NAME_gateword mask)
{
    return (n & mask) + (n >> 4 & mask);
}
#endif
