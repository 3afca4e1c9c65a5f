
/* ---- One sample at a time, as straight code. ---- */

#if defined(__GNUC__)
#define NAME_APART __attribute__((noinline))
#else
#define NAME_APART
#endif

/* What is before it is done before what is after it: a compiler that starts everything at once keeps it on the stack. */
#if defined(__GNUC__)
#define NAME_FENCE(word) __asm__ volatile("" : "+r"(word) : : "memory");
#else
#define NAME_FENCE(word)
#endif

/* A value that the compiler must take as it is, in a register. */
#if defined(__GNUC__)
#define NAME_OPAQUE(value) __asm__("" : "+r"(value));
#else
#define NAME_OPAQUE(value)
#endif

#ifdef NAME_CLASSES
typedef int32_t NAME_out;
#else
typedef uint8_t NAME_out;
#endif

#if NAME_BYTEWISE
/* A value is a byte of 0 or 1. */
typedef uint8_t NAME_word;
#define NAME_BIT(word) ((uint32_t)(word))
#define NAME_KEEP(word) (word)
#define NAME_KEPT(byte) (byte)
#define NAME_OVER(x, t) ((uint8_t)((x) > (t)))
#define NAME_LONG(x, t) ((uint8_t)((x) > (t)))
#define NAME_TOP(wide) ((uint8_t)((wide) >> (8u * sizeof(wide) - 1u)))
#else
/* The top bit of a word is the value; the bits below it are anything. */
typedef uint32_t NAME_word;
#define NAME_BIT(word) ((word) >> 31)
#define NAME_KEEP(word) ((uint8_t)((word) >> 24))
#define NAME_KEPT(byte) ((uint32_t)(byte) << 24)
#define NAME_OVER(x, t) ((uint32_t)((int32_t)(t) - (int32_t)(x)))
#define NAME_LONG(x, t) (0u - (uint32_t)((x) > (t)))
/* The same where y is ~x: a number from memory, or a subtraction from it, takes longer than an addition of one. */
#define NAME_PAST(y, t) ((uint32_t)((y) + ((int32_t)(t) + 1)))
#define NAME_TOP(wide) ((uint32_t)((wide) >> (8u * sizeof(wide) - 32u)))
#endif

#ifdef NAME_FLOAT
/* Floats are compared by their bits: among those of one sign the order is that of integers. t: bits of the threshold. */
static inline NAME_FLOAT NAME_bits(NAME_element x)
{
    NAME_FLOAT bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* Above a threshold that is not negative: a positive number of greater bits. */
static inline NAME_word NAME_above(NAME_element x, NAME_FLOAT t)
{
    const NAME_FLOAT bits = NAME_bits(x);
    return NAME_TOP((t - bits) & ~bits);
}

/* Above a negative threshold: a positive number, or a negative one of lesser bits. */
static inline NAME_word NAME_above_negative(NAME_element x, NAME_FLOAT t)
{
    const NAME_FLOAT bits = NAME_bits(x);
    return NAME_TOP((bits - t) | ~bits);
}
#endif
