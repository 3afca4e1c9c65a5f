/* ---- Evaluator: steps of equal gates, and of literals added to the bit planes of their class. ---- */

/* The rows of an entry: the one it writes, then the two it reads. */
static NAME_INLINE NAME_TARGET void NAME_FN(NAME_places)(const NAME_node *entry, size_t *place)
{
#if NAME_NODE_BITS == 16 && defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t packed; /* One load for all three; the table ends with an entry that is none. */
    memcpy(&packed, entry, sizeof packed);
    place[0] = (size_t)(packed & 0xffffu) * NAME_WORDS;
    place[1] = (size_t)(packed >> 16 & 0xffffu) * NAME_WORDS;
    place[2] = (size_t)(packed >> 32 & 0xffffu) * NAME_WORDS;
#else
    place[0] = (size_t)entry[0] * NAME_WORDS;
    place[1] = (size_t)entry[1] * NAME_WORDS;
    place[2] = (size_t)entry[2] * NAME_WORDS;
#endif
}

/* Gate `op` of a part of two rows. */
static NAME_INLINE NAME_TARGET void NAME_FN(NAME_gate_of)(unsigned op, const uint64_t *a, const uint64_t *b, size_t part,
                                                       NAME_VEC *out)
{
    const NAME_VEC x = NAME_OF_CONST(a, part), y = NAME_OF_CONST(b, part);
    switch (op) {
    case 1: *out = x & y; break;
    case 2: *out = x & ~y; break;
    case 3: *out = x; break;
    case 6: *out = x ^ y; break;
    case 7: *out = x | y; break;
    default: *out = x ^ x;
    }
}

#ifndef NAME_PARTS_CALLED
static NAME_INLINE NAME_TARGET void NAME_FN(NAME_gate_at)(unsigned op, const NAME_node *entry, uint64_t *v)
{
    size_t place[3], part;
    NAME_FN(NAME_places)(entry, place);
    for (part = 0; part < NAME_PARTS; part++) {
        NAME_FN(NAME_gate_of)(op, v + place[1], v + place[2], part, &NAME_OF(v + place[0], part));
    }
}

/* n gates `op`, four at a time. */
static NAME_INLINE NAME_TARGET void NAME_FN(NAME_gates)(unsigned op, const NAME_node *gate, size_t n, uint64_t *v)
{
    for (; (n & 3u) != 0u; n--, gate += 3) {
        NAME_FN(NAME_gate_at)(op, gate, v);
    }
    for (; n != 0u; n -= 4u, gate += 12) {
        NAME_FN(NAME_gate_at)(op, gate, v);
        NAME_FN(NAME_gate_at)(op, gate + 3, v);
        NAME_FN(NAME_gate_at)(op, gate + 6, v);
        NAME_FN(NAME_gate_at)(op, gate + 9, v);
    }
}
#endif

#ifdef NAME_CLASSES
/* One full adder in each bit: a + b + c = low + 2 * high. low may be one of a, b, c. */
#if NAME_BYTES == 64
#define NAME_ADD(low, high, a, b, c)                                                                              \
    do {                                                                                                          \
        const __m512i x1 = (__m512i)(a), x2 = (__m512i)(b), x3 = (__m512i)(c);                                    \
        (high) = (NAME_VEC)_mm512_ternarylogic_epi64(x1, x2, x3, 0xe8);                                           \
        (low) = (NAME_VEC)_mm512_ternarylogic_epi64(x1, x2, x3, 0x96);                                            \
    } while (0)
#else
#define NAME_ADD(low, high, a, b, c)                  \
    do {                                              \
        const NAME_VEC x1 = (a), x2 = (b), x3 = (c);  \
        const NAME_VEC half = x1 ^ x2;                \
        (high) = (x1 & x2) | (half & x3);             \
        (low) = half ^ x3;                            \
    } while (0)
#endif

/* The literal of an entry: gate `op` of the rows that it reads, or for op 16 the row itself. */
static NAME_INLINE NAME_TARGET void NAME_FN(NAME_literal_at)(unsigned op, const NAME_node *entry, const uint64_t *v,
                                                          size_t part, NAME_VEC flip, NAME_VEC *out)
{
    if (op == 16u) {
        *out = NAME_OF_CONST(v + (size_t)*entry * NAME_WORDS, part);
    } else {
        size_t place[3];
        NAME_FN(NAME_places)(entry, place);
        NAME_FN(NAME_gate_of)(op, v + place[1], v + place[2], part, out);
    }
    *out ^= flip;
}

/* Add n literals (a multiple of eight) to the planes of a class, carry-save; waiting[k * NAME_PARTS + part] holds a carry of
   weight 2^k when bit k - 3 of `eights`, the steps of eight before these, is set. */
static NAME_INLINE NAME_TARGET void NAME_FN(NAME_count)(unsigned op, const NAME_node *first, size_t n, uint64_t inverted,
                                                     const uint64_t *v, uint64_t *sum, NAME_VEC *waiting, size_t eights)
{
    const size_t each = op == 16u ? 1u : 3u;
    const NAME_VEC zero = {0}, flip = zero - inverted;
    size_t part, i, m;
    unsigned k;
    for (part = 0; part < NAME_PARTS; part++) {
        const NAME_node *entry = first;
        NAME_VEC ones = NAME_OF(sum, part), twos = NAME_OF(sum + NAME_WORDS, part);
        NAME_VEC fours = NAME_OF(sum + 2u * NAME_WORDS, part);
        for (i = eights; i != eights + n / 8u; i++, entry += 8u * each) {
            NAME_VEC a, b, c, d, x, y;
            NAME_FN(NAME_literal_at)(op, entry, v, part, flip, &x);
            NAME_FN(NAME_literal_at)(op, entry + each, v, part, flip, &y);
            NAME_ADD(ones, a, ones, x, y);
            NAME_FN(NAME_literal_at)(op, entry + 2u * each, v, part, flip, &x);
            NAME_FN(NAME_literal_at)(op, entry + 3u * each, v, part, flip, &y);
            NAME_ADD(ones, b, ones, x, y);
            NAME_ADD(twos, c, twos, a, b);
            NAME_FN(NAME_literal_at)(op, entry + 4u * each, v, part, flip, &x);
            NAME_FN(NAME_literal_at)(op, entry + 5u * each, v, part, flip, &y);
            NAME_ADD(ones, a, ones, x, y);
            NAME_FN(NAME_literal_at)(op, entry + 6u * each, v, part, flip, &x);
            NAME_FN(NAME_literal_at)(op, entry + 7u * each, v, part, flip, &y);
            NAME_ADD(ones, b, ones, x, y);
            NAME_ADD(twos, d, twos, a, b);
            NAME_ADD(fours, a, fours, c, d);
            for (m = i, k = 3; (m & 1u) != 0u; m >>= 1, k++) {
                NAME_VEC *plane = &NAME_OF(sum + k * NAME_WORDS, part);
                NAME_ADD(*plane, a, *plane, waiting[k * NAME_PARTS + part], a);
            }
            waiting[k * NAME_PARTS + part] = a;
        }
        NAME_OF(sum, part) = ones;
        NAME_OF(sum + NAME_WORDS, part) = twos;
        NAME_OF(sum + 2u * NAME_WORDS, part) = fours;
    }
}

/* Add the carries that wait after `eights` steps of NAME_count. */
static NAME_TARGET void NAME_FN(NAME_finish)(uint64_t *sum, const NAME_VEC *waiting, size_t eights)
{
    size_t part;
    unsigned k, at;
    for (k = 3; k < NAME_PLANES; k++) {
        for (part = 0; part < NAME_PARTS && ((eights >> (k - 3u)) & 1u) != 0u; part++) {
            NAME_VEC carry = waiting[k * NAME_PARTS + part];
            for (at = k; at < NAME_PLANES; at++) {
                NAME_VEC *plane = &NAME_OF(sum + at * NAME_WORDS, part);
                const NAME_VEC next = *plane & carry;
                *plane ^= carry;
                carry = next;
            }
        }
    }
}

/* The classes' planes before any literal is counted: their offsets less NAME_BASE. */
static NAME_TARGET void NAME_FN(NAME_start_sums)(uint64_t *sum)
{
    size_t c, word;
    unsigned k;
    for (c = 0; c < NAME_CLASSES; c++) {
        for (k = 0; k < NAME_PLANES; k++) {
            for (word = 0; word < NAME_WORDS; word++) {
                *sum++ = (uint64_t)0 - (uint64_t)((NAME_start[c] >> k) & 1u);
            }
        }
    }
}

/* The class of the highest score, the lowest index winning a tie, as bit planes. */
static NAME_TARGET void NAME_FN(NAME_best)(const uint64_t *sums, uint64_t *index)
{
    size_t part, c;
    unsigned k;
    for (part = 0; part < NAME_PARTS; part++) {
        const uint64_t *sum = sums;
        NAME_VEC best[NAME_PLANES], where[NAME_INDEX_PLANES];
        memset(where, 0, sizeof where);
        for (k = 0; k < NAME_PLANES; k++) {
            best[k] = NAME_OF_CONST(sum + k * NAME_WORDS, part);
        }
        for (c = 1; c < NAME_CLASSES; c++) {
            NAME_VEC above = {0};
            sum += NAME_PLANES * NAME_WORDS;
            for (k = 0; k < NAME_PLANES; k++) {
                const NAME_VEC own = NAME_OF_CONST(sum + k * NAME_WORDS, part);
                above = (own & ~best[k]) | (~(own ^ best[k]) & above);
            }
            for (k = 0; k < NAME_PLANES; k++) {
                best[k] ^= (best[k] ^ NAME_OF_CONST(sum + k * NAME_WORDS, part)) & above;
            }
            for (k = 0; k < NAME_INDEX_PLANES; k++) {
                where[k] = ((c >> k) & 1u) != 0u ? where[k] | above : where[k] & ~above;
            }
        }
        for (k = 0; k < NAME_INDEX_PLANES; k++) {
            NAME_OF(index + k * NAME_WORDS, part) = where[k];
        }
    }
}
#endif

/* Every step: gates in topological order, and counts. Bytes from `ahead` on, which the next block reads, are asked for
   on the way. */
static NAME_TARGET void NAME_FN(NAME_evaluate)(uint64_t *v, uintptr_t ahead, size_t bytes)
{
    const NAME_node *gate = NAME_gate;
    const size_t lines = bytes / 64u;
    size_t step, asked = 0, due = 0;
#ifdef NAME_CLASSES
    const NAME_node *literal = NAME_literal;
    uint64_t *const sums = v + NAME_ROWS * NAME_WORDS;
    NAME_VEC waiting[NAME_PLANES * NAME_PARTS];
    size_t eights = 0, owner = 0;
    NAME_FN(NAME_start_sums)(sums);
    memset(v + NAME_CONSTANT * NAME_WORDS, 0, 8u * NAME_WORDS);
    memset(v + (NAME_CONSTANT + 1u) * NAME_WORDS, 0xff, 8u * NAME_WORDS);
#endif
    for (step = 0; step != NAME_STEPS; step++) {
        const size_t n = NAME_step[step].count;
        const unsigned op = NAME_step[step].op;
        for (due += n; asked < lines * due / NAME_DUE; asked++) {
            NAME_PREFETCH(ahead + asked * 64u);
        }
        switch (op) {
#ifdef NAME_PARTS_CALLED
        case 0: NAME_PARTS_CALLED(NAME_step[step].owner) break;
#else
        case 0: NAME_FN(NAME_gates)(0, gate, n, v); break;
        case 1: NAME_FN(NAME_gates)(1, gate, n, v); break;
        case 2: NAME_FN(NAME_gates)(2, gate, n, v); break;
        case 3: NAME_FN(NAME_gates)(3, gate, n, v); break;
        case 6: NAME_FN(NAME_gates)(6, gate, n, v); break;
        case 7: NAME_FN(NAME_gates)(7, gate, n, v); break;
#endif
#ifdef NAME_CLASSES
        default: {
            const size_t own = NAME_step[step].owner * (size_t)(NAME_PLANES * NAME_WORDS);
            const uint64_t inverted = op & 1u;
            uint64_t *const sum = sums + own;
            if (own != owner) {
                NAME_FN(NAME_finish)(sums + owner, waiting, eights);
                eights = 0;
                owner = own;
            }
            switch (op >> 1) {
            case 9: NAME_FN(NAME_count)(1, gate, n, inverted, v, sum, waiting, eights); break;
            case 10: NAME_FN(NAME_count)(2, gate, n, inverted, v, sum, waiting, eights); break;
            case 14: NAME_FN(NAME_count)(6, gate, n, inverted, v, sum, waiting, eights); break;
            case 15: NAME_FN(NAME_count)(7, gate, n, inverted, v, sum, waiting, eights); break;
            default:
                NAME_FN(NAME_count)(16, literal, n, inverted, v, sum, waiting, eights);
                literal += n;
            }
            eights += n / 8u;
        }
#endif
        }
#ifdef NAME_PARTS_CALLED
        gate += op > 17u ? 3u * n : 0u;
#else
        gate += op < 16u || op > 17u ? 3u * n : 0u;
#endif
    }
#ifdef NAME_CLASSES
    NAME_FN(NAME_finish)(sums + owner, waiting, eights);
#endif
}

/* A block: n samples (at most NAME_BLOCK) into the encoder's rows, the steps, and the index of the best class in the
   planes behind the sums. `next` samples follow these. */
static NAME_TARGET void NAME_FN(NAME_block)(const void *features, int packed, size_t n, size_t next, uint64_t *v)
{
    size_t bytes = NAME_FEATURES * sizeof(NAME_element), size;
#ifdef NAME_PACKED_BYTES
    if (packed) {
        bytes = NAME_PACKED_BYTES;
        NAME_FN(NAME_encode_packed)((const unsigned char *)features, n, v);
    } else
#endif
    {
        NAME_FN(NAME_encode)((const NAME_element *)features, n, v);
    }
    size = n * bytes;
    bytes *= next;
#ifdef NAME_TILES_AHEAD
    bytes = !packed && bytes > NAME_TILES_AHEAD * NAME_TILE_BYTES ? NAME_TILES_AHEAD * NAME_TILE_BYTES : bytes;
#endif
    NAME_FN(NAME_evaluate)(v, (uintptr_t)features + size, bytes);
#ifdef NAME_CLASSES
    v += NAME_ROWS * NAME_WORDS;
    NAME_FN(NAME_best)(v, v + NAME_CLASSES * NAME_PLANES * NAME_WORDS);
#endif
    (void)packed;
}

#undef NAME_OR_ABOVE
#undef NAME_ABOVE
#undef NAME_ADD
