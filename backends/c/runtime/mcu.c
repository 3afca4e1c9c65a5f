/* ---- Evaluator: one sample at a time, a byte of 0 or 1 for each value in use. ---- */

#define NAME_USES(step) ((NAME_STEP_KINDS >> (step)) & 1u)
#define NAME_NEGATE 8u

#define NAME_GATE(use)                                 \
    do {                                               \
        const unsigned a = v[gate[0]], b = v[gate[1]]; \
        (void)a;                                       \
        (void)b;                                       \
        gate += 2;                                     \
        use;                                           \
    } while (0)

/* Four at a time: the loop itself costs as much as a third of a gate. */
#define NAME_EACH(use)                         \
    if ((left & 1u) != 0u) {                   \
        use;                                   \
    }                                          \
    if ((left & 2u) != 0u) {                   \
        use;                                   \
        use;                                   \
    }                                          \
    for (left >>= 2; left != 0u; left--) {     \
        use;                                   \
        use;                                   \
        use;                                   \
        use;                                   \
    }

#define NAME_GATES_OF(expression)                            \
    NAME_EACH(NAME_GATE(*out++ = (uint8_t)(expression)))     \
    continue
#define NAME_SUM_OF(expression)                              \
    NAME_EACH(NAME_GATE(sum += (expression)))                \
    break

#ifdef NAME_FLOAT
/* A number whose order as an integer is the float's. Thresholds are stored so. */
static inline NAME_value NAME_key(NAME_element x)
{
    NAME_FLOAT bits;
    memcpy(&bits, &x, sizeof bits);
    return (NAME_value)(bits ^ (((NAME_FLOAT)0 - (bits >> (8u * sizeof bits - 1u))) >> 1));
}
#else
#define NAME_key(x) (x)
#endif

/* Every step on one sample. v: NAME_ROWS bytes. scores: one per class, which the caller has set to the offsets. */
static void NAME_evaluate(const NAME_element *x, uint8_t *v, int32_t *scores)
{
    const NAME_FLASH NAME_node *gate = NAME_gate;
    size_t step;
#if NAME_USES(32)
    const NAME_FLASH NAME_value *threshold = NAME_threshold;
    const NAME_FLASH NAME_place *feature = NAME_feature;
#endif
#if NAME_USES(33)
    const NAME_FLASH NAME_node *literal = NAME_literal;
#endif
    for (step = 0; step != NAME_STEPS; step++) {
        unsigned left = NAME_step[step].count;
        uint8_t *out = v + NAME_step[step].out;
        uint32_t sum = 0;
        (void)left;
        (void)out;
        switch (NAME_step[step].kind & ~NAME_NEGATE) {
#if NAME_USES(0)
        case 0: NAME_GATES_OF(0u);
#endif
#if NAME_USES(1)
        case 1: NAME_GATES_OF(a & b);
#endif
#if NAME_USES(2)
        case 2: NAME_GATES_OF(a & ~b);
#endif
#if NAME_USES(3)
        case 3: NAME_GATES_OF(a);
#endif
#if NAME_USES(6)
        case 6: NAME_GATES_OF(a ^ b);
#endif
#if NAME_USES(7)
        case 7: NAME_GATES_OF(a | b);
#endif
#if NAME_USES(16)
        case 16: NAME_SUM_OF(0u);
#endif
#if NAME_USES(17)
        case 17: NAME_SUM_OF(a & b);
#endif
#if NAME_USES(18)
        case 18: NAME_SUM_OF(a & ~b);
#endif
#if NAME_USES(19)
        case 19: NAME_SUM_OF(a);
#endif
#if NAME_USES(22)
        case 22: NAME_SUM_OF(a ^ b);
#endif
#if NAME_USES(23)
        case 23: NAME_SUM_OF(a | b);
#endif
#if NAME_USES(32)
        case 32:
            NAME_EACH(*out++ = (uint8_t)(NAME_key(x[*feature++]) > *threshold++))
            continue;
#endif
#if NAME_USES(33)
        case 33:
            NAME_EACH(sum += v[*literal++])
            break;
#endif
        default: continue;
        }
#ifdef NAME_CLASSES
        scores[NAME_step[step].out] += (NAME_step[step].kind & NAME_NEGATE) != 0u ? -(int32_t)sum : (int32_t)sum;
#else
        (void)sum;
#endif
    }
    (void)x;
    (void)v;
    (void)gate;
    (void)scores;
}

#ifdef NAME_CLASSES
/* The scores of one sample; returns its class. */
static int32_t NAME_row(const NAME_element *x, uint8_t *v, int32_t *scores)
{
    int32_t best = 0, c;
    for (c = 0; c < (int32_t)NAME_CLASSES; c++) {
        scores[c] = NAME_offset[c];
    }
    NAME_evaluate(x, v, scores);
    for (c = 1; c < (int32_t)NAME_CLASSES; c++) {
        best = scores[c] > scores[best] ? c : best;
    }
    return best;
}
#else
/* The outputs of one sample. */
static void NAME_row(const NAME_element *x, uint8_t *v, uint8_t *outputs)
{
    size_t k;
    NAME_evaluate(x, v, NULL);
    for (k = 0; k != NAME_OUTPUTS; k++) {
        outputs[k] = (uint8_t)((v[NAME_literal[k] >> 1] ^ NAME_literal[k]) & 1u);
    }
}
#endif
