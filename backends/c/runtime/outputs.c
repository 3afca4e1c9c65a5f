
/* ---- No head: the output literals themselves. ---- */

/* The workspace's first aligned byte. */
static uint64_t *NAME_rows(void *workspace)
{
    const uintptr_t past = (uintptr_t)workspace % (8u * NAME_WORDS);
    return (uint64_t *)(void *)((unsigned char *)workspace + (past == 0u ? 0u : 8u * NAME_WORDS - past));
}

static void NAME_outputs_of(void *workspace, const void *features, int packed, size_t bytes, size_t n, uint8_t *outputs)
{
    NAME_evaluator *const block = NAME_choose();
    uint64_t *const v = NAME_rows(workspace);
    size_t done, i, s;
    for (done = 0; done < n; done += NAME_BLOCK) {
        const size_t left = n - done, count = left < NAME_BLOCK ? left : NAME_BLOCK;
        const size_t next = left - count < NAME_BLOCK ? left - count : NAME_BLOCK;
        block((const unsigned char *)features + done * bytes, packed, count, next, v);
        for (i = 0; i != NAME_OUTPUTS; i++) {
            const uint64_t *const row = v + (size_t)(NAME_literal[i] >> 1) * NAME_WORDS;
            uint8_t *const out = outputs + done * NAME_OUTPUTS + i;
            for (s = 0; s < count; s++) {
                out[s * NAME_OUTPUTS] = (uint8_t)(((row[s / 64u] >> (s % 64u)) ^ NAME_literal[i]) & 1u);
            }
        }
    }
}

void NAME_outputs_in(void *workspace, const NAME_element *features, size_t n, uint8_t *outputs)
{
#ifdef NAME_FEW
    if (n < NAME_FEW) {
        NAME_row_outputs((uint8_t *)workspace, features, n, outputs);
        return;
    }
#endif
    NAME_outputs_of(workspace, features, 0, NAME_FEATURES * sizeof *features, n, outputs);
}

#ifdef NAME_PACKED_BYTES
void NAME_outputs_packed_in(void *workspace, const uint8_t *features, size_t n, uint8_t *outputs)
{
    NAME_outputs_of(workspace, features, 1, NAME_PACKED_BYTES, n, outputs);
}
#endif
