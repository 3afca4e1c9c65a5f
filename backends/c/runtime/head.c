
/* ---- Scores and classes from the planes. ---- */

/* The workspace's first aligned byte. */
static uint64_t *NAME_rows(void *workspace)
{
    const uintptr_t past = (uintptr_t)workspace % (8u * NAME_WORDS);
    return (uint64_t *)(void *)((unsigned char *)workspace + (past == 0u ? 0u : 8u * NAME_WORDS - past));
}

/* Bits 0 to 7 of `bits` as the lowest bits of eight bytes. */
static uint64_t NAME_spread(uint64_t bits)
{
    const uint64_t each = (bits & 0xffu) * UINT64_C(0x0101010101010101) & UINT64_C(0x8040201008040201);
    return (each + UINT64_C(0x7f7f7f7f7f7f7f7f)) >> 7 & UINT64_C(0x0101010101010101);
}

/* Numbers of 64 samples: bit s of planes[k * NAME_WORDS] is bit k of number s. */
static void NAME_numbers(const uint64_t *planes, unsigned count, uint32_t *numbers)
{
    unsigned k, eight, s;
    memset(numbers, 0, 64u * sizeof *numbers);
    for (k = 0; k < count; k += 8u) {
        for (eight = 0; eight < 64u; eight += 8u) {
            uint64_t bytes = 0;
            unsigned j;
            for (j = 0; j < 8u && k + j < count; j++) {
                bytes |= NAME_spread(planes[(k + j) * NAME_WORDS] >> eight) << j;
            }
            for (s = 0; s < 8u; s++) {
                numbers[eight + s] |= (uint32_t)(bytes >> (8u * s) & 0xffu) << k;
            }
        }
    }
}

static void NAME_classes_of(void *workspace, const void *features, int packed, size_t bytes, size_t n, int32_t *classes)
{
    NAME_evaluator *const block = NAME_choose();
    uint64_t *const v = NAME_rows(workspace);
    const uint64_t *const index = v + (NAME_ROWS + NAME_CLASSES * NAME_PLANES) * NAME_WORDS;
    size_t done, word;
    for (done = 0; done < n; done += NAME_BLOCK) {
        const size_t left = n - done, count = left < NAME_BLOCK ? left : NAME_BLOCK;
        const size_t next = left - count < NAME_BLOCK ? left - count : NAME_BLOCK;
        block((const unsigned char *)features + done * bytes, packed, count, next, v);
        for (word = 0; word * 64u < count; word++) {
            uint32_t numbers[64];
            const size_t some = count - word * 64u;
            NAME_numbers(index + word, NAME_INDEX_PLANES, numbers);
            memcpy(classes + done + word * 64u, numbers, (some < 64u ? some : 64u) * sizeof *classes);
        }
    }
}

static void NAME_scores_of(void *workspace, const void *features, int packed, size_t bytes, size_t n, int32_t *scores)
{
    NAME_evaluator *const block = NAME_choose();
    uint64_t *const v = NAME_rows(workspace);
    size_t done, word, c, s;
    for (done = 0; done < n; done += NAME_BLOCK) {
        const size_t left = n - done, count = left < NAME_BLOCK ? left : NAME_BLOCK;
        const size_t next = left - count < NAME_BLOCK ? left - count : NAME_BLOCK;
        block((const unsigned char *)features + done * bytes, packed, count, next, v);
        for (c = 0; c < NAME_CLASSES; c++) {
            const uint64_t *const sum = v + (NAME_ROWS + c * NAME_PLANES) * NAME_WORDS;
            for (word = 0; word * 64u < count; word++) {
                uint32_t numbers[64];
                int32_t *out = scores + (done + word * 64u) * NAME_CLASSES + c;
                NAME_numbers(sum + word, NAME_PLANES, numbers);
                for (s = 0; s < 64u && word * 64u + s < count; s++) {
                    out[s * NAME_CLASSES] = (int32_t)((int64_t)numbers[s] + NAME_BASE);
                }
            }
        }
    }
}

void NAME_predict_in(void *workspace, const NAME_element *features, size_t n, int32_t *classes)
{
#ifdef NAME_FEW
    if (n < NAME_FEW) {
        NAME_row_classes((uint8_t *)workspace, features, n, classes);
        return;
    }
#endif
    NAME_classes_of(workspace, features, 0, NAME_FEATURES * sizeof *features, n, classes);
}

void NAME_scores_in(void *workspace, const NAME_element *features, size_t n, int32_t *scores)
{
#ifdef NAME_FEW
    if (n < NAME_FEW) {
        NAME_row_scores((uint8_t *)workspace, features, n, scores);
        return;
    }
#endif
    NAME_scores_of(workspace, features, 0, NAME_FEATURES * sizeof *features, n, scores);
}

#ifdef NAME_PACKED_BYTES
void NAME_predict_packed_in(void *workspace, const uint8_t *features, size_t n, int32_t *classes)
{
    NAME_classes_of(workspace, features, 1, NAME_PACKED_BYTES, n, classes);
}

void NAME_scores_packed_in(void *workspace, const uint8_t *features, size_t n, int32_t *scores)
{
    NAME_scores_of(workspace, features, 1, NAME_PACKED_BYTES, n, scores);
}
#endif
