#define NAME_GATES_OF(expression)                         \
    for (; gate != end; gate += 3) {                      \
        const NAME_row a = v[gate[1]], b = v[gate[2]];    \
        v[gate[0]] = (expression);                        \
    }                                                     \
    break

/* Every step: gates in topological order, and counts of literals into the planes of their class. */
static void NAME_evaluate(NAME_row *v)
{
    const NAME_node *gate = NAME_gate;
    const NAME_row zero = {0};
    size_t step;
#ifdef NAME_CLASSES
    const NAME_node *literal = NAME_literal;
    NAME_start_sums(v + NAME_ROWS);
#endif
    for (step = 0; step != NAME_STEPS; step++) {
        const size_t count = NAME_step[step].count;
        const NAME_node *end = gate + (NAME_step[step].op < 16u ? 3u * count : 0u);
        switch (NAME_step[step].op) {
        case 0: NAME_GATES_OF(((void)a, (void)b, zero));
        case 1: NAME_GATES_OF(a & b);
        case 2: NAME_GATES_OF(a & ~b);
        case 3: NAME_GATES_OF(((void)b, a));
        case 6: NAME_GATES_OF(a ^ b);
        case 7: NAME_GATES_OF(a | b);
#ifdef NAME_CLASSES
        default: {
            const NAME_row flip = zero - (uint64_t)(NAME_step[step].op & 1u);
            NAME_count(v, literal, count, &flip, v + NAME_ROWS + NAME_step[step].owner * NAME_PLANES);
            literal += count;
        }
#endif
        }
    }
}

/* Fill the encoder's rows from n samples (at most NAME_TOGETHER), then run the steps. */
static void NAME_block(const NAME_element *x, size_t n, NAME_row *v)
{
    NAME_encode(x, n, v);
    NAME_evaluate(v);
}

static NAME_row *NAME_rows(void *workspace)
{
    const uintptr_t past = (uintptr_t)workspace % sizeof(NAME_row);
    return (NAME_row *)(void *)((unsigned char *)workspace + (past == 0u ? 0u : sizeof(NAME_row) - past));
}
