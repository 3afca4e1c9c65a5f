/* ---- Gates as straight code, in parts that compilers take linear time for. ---- */

#define NAME_SET(out, a, b, expression)                                                       \
    for (part = 0; part < NAME_PARTS; part++) {                                               \
        const NAME_VEC x = NAME_OF(v + (a) * NAME_WORDS, part), y = NAME_OF(v + (b) * NAME_WORDS, part); \
        NAME_OF(v + (out) * NAME_WORDS, part) = (expression);                                 \
    }
#define NAME_GATE0(out, a, b) NAME_SET(out, a, b, x ^ x)
#define NAME_GATE1(out, a, b) NAME_SET(out, a, b, x & y)
#define NAME_GATE2(out, a, b) NAME_SET(out, a, b, x & ~y)
#define NAME_GATE3(out, a, b) NAME_SET(out, a, a, x & y)
#define NAME_GATE6(out, a, b) NAME_SET(out, a, b, x ^ y)
#define NAME_GATE7(out, a, b) NAME_SET(out, a, b, x | y)

