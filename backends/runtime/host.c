/* ---- Evaluator. NAME_BLOCK samples at a time: a row holds one bit of each, sample s being bit s. ---- */

#if defined(__GNUC__)
typedef uint64_t NAME_row __attribute__((vector_size(NAME_BLOCK / 8), may_alias));
typedef NAME_element NAME_elements __attribute__((vector_size(64), may_alias));
typedef NAME_unsigned NAME_masks __attribute__((vector_size(64), may_alias));
typedef uint64_t NAME_lanes __attribute__((vector_size(64), may_alias));
#define NAME_AT_A_TIME (64u / (unsigned)sizeof(NAME_element)) /* features compared by one vector */
#define NAME_BITS ((size_t)sizeof(NAME_element) * 8u)         /* samples gathered in one element */
#define NAME_WIDE (8u / (unsigned)sizeof(NAME_element))       /* elements in 64 bits */

/* In each 64-bit lane, m is a matrix: element j of m[i] changes places with element i of m[j]. */
static inline void NAME_transpose(NAME_lanes *m)
{
    static const uint64_t low[3] = {0x00ff00ff00ff00ffu, 0x0000ffff0000ffffu, 0x00000000ffffffffu};
    unsigned d, i;
    for (d = NAME_WIDE / 2u; d != 0u; d /= 2u) {
        const unsigned shift = d * (unsigned)NAME_BITS;
        const uint64_t mask = low[shift == 8u ? 0 : shift == 16u ? 1 : 2];
        for (i = 0u; i < NAME_WIDE; i++) {
            if ((i & d) == 0u) {
                const NAME_lanes t = ((m[i] >> shift) ^ m[i + d]) & mask;
                m[i + d] ^= t;
                m[i] ^= t << shift;
            }
        }
    }
}

/* Rows of one group of features: thresholds compared, then samples gathered into the bits of each row's word. */
static void NAME_encode_group(const NAME_element *x, size_t n, size_t group, NAME_row *rows)
{
    const size_t first = NAME_group_first[group];
    const size_t width = NAME_FEATURES < NAME_AT_A_TIME ? NAME_FEATURES : NAME_AT_A_TIME;
    uint64_t *out = (uint64_t *)(void *)(rows + group * NAME_AT_A_TIME);
    NAME_elements threshold;
    size_t word, part, s, lane;
    memcpy(&threshold, NAME_threshold + group * NAME_AT_A_TIME, sizeof threshold);
    for (word = 0; word < NAME_BLOCK / 64u; word++) {
        NAME_lanes m[NAME_WIDE];
        for (part = 0; part < NAME_WIDE; part++) {
            const size_t base = word * 64u + part * NAME_BITS;
            const size_t count = n <= base ? 0u : n - base < NAME_BITS ? n - base : NAME_BITS;
            NAME_masks bits = {0};
            for (s = 0; s < count; s++) {
                NAME_elements v = {0};
                memcpy(&v, x + (base + s) * NAME_FEATURES + first, width * sizeof *x);
                bits |= (NAME_masks)(v > threshold) & (NAME_unsigned)((NAME_unsigned)1 << s);
            }
            memcpy(&m[part], &bits, sizeof bits);
        }
        NAME_transpose(m);
        for (part = 0; part < NAME_WIDE; part++) {
            uint64_t lanes[8];
            memcpy(lanes, &m[part], sizeof lanes);
            for (lane = 0; lane < 8u; lane++) {
                out[(lane * NAME_WIDE + part) * (NAME_BLOCK / 64u) + word] = lanes[lane];
            }
        }
    }
}
#else
typedef uint64_t NAME_row;
#define NAME_AT_A_TIME (64u / (unsigned)sizeof(NAME_element))

static void NAME_encode_group(const NAME_element *x, size_t n, size_t group, NAME_row *rows)
{
    const size_t first = NAME_group_first[group];
    size_t i, s;
    for (i = 0; i < NAME_AT_A_TIME && first + i < NAME_FEATURES; i++) {
        const NAME_element threshold = NAME_threshold[group * NAME_AT_A_TIME + i];
        NAME_row row = 0;
        for (s = 0; s < n; s++) {
            row |= (NAME_row)(x[s * NAME_FEATURES + first + i] > threshold) << s;
        }
        rows[group * NAME_AT_A_TIME + i] = row;
    }
}
#endif

#define NAME_GATES_OF(expression)                   \
    for (; gate < end; gate++, wire += 2, out++) {  \
        const NAME_row a = v[wire[0]], b = v[wire[1]]; \
        *out = (expression);                        \
    }                                               \
    break

/* Every gate, in topological order, in runs of one gate number: row NAME_INPUTS + g is gate g. */
static void NAME_evaluate(NAME_row *v)
{
    const NAME_node *wire = NAME_wire;
    NAME_row *out = v + NAME_INPUTS;
    const NAME_row zero = {0};
    size_t run, gate = 0;
    for (run = 0; run != NAME_RUNS; run++) {
        const size_t end = NAME_run[run].end;
        switch (NAME_run[run].op) {
        case 0: NAME_GATES_OF(((void)a, (void)b, zero));
        case 1: NAME_GATES_OF(a & b);
        case 2: NAME_GATES_OF(a & ~b);
        case 3: NAME_GATES_OF(((void)b, a));
        case 4: NAME_GATES_OF(~a & b);
        case 5: NAME_GATES_OF(((void)a, b));
        case 6: NAME_GATES_OF(a ^ b);
        case 7: NAME_GATES_OF(a | b);
        case 8: NAME_GATES_OF(~(a | b));
        case 9: NAME_GATES_OF(~(a ^ b));
        case 10: NAME_GATES_OF(((void)a, ~b));
        case 11: NAME_GATES_OF(a | ~b);
        case 12: NAME_GATES_OF(((void)b, ~a));
        case 13: NAME_GATES_OF(~a | b);
        case 14: NAME_GATES_OF(~(a & b));
        default: NAME_GATES_OF(((void)a, (void)b, ~zero));
        }
    }
}

/* Fill the encoder's rows from n samples (at most NAME_BLOCK), then run the gates. */
static void NAME_block(const NAME_element *x, size_t n, NAME_row *v)
{
    size_t i;
    for (i = 0; i != NAME_GROUPS; i++) {
        NAME_encode_group(x, n, i, v);
    }
#if NAME_ALWAYS > 0
    for (i = 0; i < NAME_ALWAYS; i++) {
        const NAME_row zero = {0};
        v[NAME_always[i]] = ~zero;
    }
#endif
    NAME_evaluate(v);
}

static NAME_row *NAME_rows(void *workspace)
{
    const uintptr_t past = (uintptr_t)workspace % sizeof(NAME_row);
    return (NAME_row *)(void *)((unsigned char *)workspace + (past == 0u ? 0u : sizeof(NAME_row) - past));
}
