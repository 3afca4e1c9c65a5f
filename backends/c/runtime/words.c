
/* ---- Words of NAME_WORD_BITS bits: so many gates at once. ---- */

#if NAME_WORD_BITS == 64
typedef uint64_t NAME_gateword;
#else
typedef uint32_t NAME_gateword;
#endif

/* What is before it is done before what is after it: a compiler that starts everything at once keeps it on the stack. */
#if defined(__GNUC__)
#define NAME_FENCE(word) __asm__ volatile("" : "+r"(word) : : "memory");
#else
#define NAME_FENCE(word)
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
   NAME_sum: of all, from sums of NAME_eights that are less than 256 together. */
#if defined(__GNUC__) && (defined(__POPCNT__) || defined(__riscv_zbb))
#define NAME_fours(w) ((NAME_gateword)__builtin_popcountll(w))
#define NAME_eights(n) (n)
#define NAME_sum(n) ((uint32_t)(n))
#else
static inline NAME_gateword NAME_fours(NAME_gateword w)
{
    w -= w >> 1 & NAME_EACH(0x55u);
    return (w & NAME_EACH(0x33u)) + (w >> 2 & NAME_EACH(0x33u));
}

static inline NAME_gateword NAME_eights(NAME_gateword n)
{
    return (n & NAME_EACH(0x0fu)) + (n >> 4 & NAME_EACH(0x0fu));
}

static inline uint32_t NAME_sum(NAME_gateword n)
{
    n += n >> 8;
    n += n >> 16;
#if NAME_WORD_BITS == 64
    n += n >> 32;
#endif
    return (uint32_t)(n & 0xffu);
}
#endif
