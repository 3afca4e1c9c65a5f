/* ---- Evaluator: one sample at a time, a byte of 0 or 1 for each value in use. ---- */

#define NAME_USES(step) ((NAME_STEP_KINDS >> (step)) & 1u)
#define NAME_NEGATE 8u

#define NAME_GATES_OF(expression)                      \
    for (; left != 0u; left--, gate += 2) {            \
        const unsigned a = v[gate[0]], b = v[gate[1]]; \
        (void)a;                                       \
        (void)b;                                       \
        *out++ = (uint8_t)(expression);                \
    }                                                  \
    break

#define NAME_SUM_OF(expression)                        \
    for (; left != 0u; left--, gate += 2) {            \
        const unsigned a = v[gate[0]], b = v[gate[1]]; \
        (void)a;                                       \
        (void)b;                                       \
        sum += (expression);                           \
    }                                                  \
    break

/* Every step on one sample. v: NAME_ROWS bytes. scores: one a class, which the caller has set to the offsets. */
static void NAME_evaluate(const NAME_element *x, uint8_t *v, int32_t *scores)
{
    const NAME_node *gate = NAME_gate;
    size_t step;
#if NAME_USES(32)
    const NAME_element *threshold = NAME_threshold;
    const NAME_place *feature = NAME_feature;
#endif
#if NAME_USES(33)
    const NAME_node *literal = NAME_literal;
#endif
    for (step = 0; step != NAME_STEPS; step++) {
        unsigned left = NAME_step[step].count;
        uint8_t *out = v + NAME_step[step].out;
        uint32_t sum = 0;
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
            for (; left != 0u; left--) {
                *out++ = (uint8_t)(x[*feature++] > *threshold++);
            }
            break;
#endif
#if NAME_USES(33)
        case 33:
            for (; left != 0u; left--) {
                sum += v[*literal++];
            }
            break;
#endif
        default: break;
        }
#ifdef NAME_CLASSES
        if (NAME_step[step].kind >= 16u && NAME_step[step].kind != 32u) {
            int32_t *score = scores + NAME_step[step].out;
            *score = (NAME_step[step].kind & NAME_NEGATE) != 0u ? *score - (int32_t)sum : *score + (int32_t)sum;
        }
#else
        (void)sum;
#endif
    }
    (void)x;
    (void)gate;
    (void)scores;
}
