/* ---- Scores and classes from the planes. ---- */

/* Number of sample s in planes p: bit k of it is bit s of p[k]. */
static void NAME_numbers(const NAME_row *p, unsigned planes, size_t word, uint32_t *numbers)
{
    unsigned k, s;
    for (s = 0; s < 64u; s++) {
        numbers[s] = 0;
    }
    for (k = 0; k < planes; k++) {
        uint64_t bits;
        memcpy(&bits, (const unsigned char *)&p[k] + word * 8u, sizeof bits);
        for (s = 0; s < 64u; s++) {
            numbers[s] |= (uint32_t)((bits >> s) & 1u) << k;
        }
    }
}

/* The class of the highest score, the lowest index winning a tie, as bit planes. */
static void NAME_best(const NAME_row *sum, NAME_row *index)
{
    NAME_row best[NAME_PLANES];
    size_t c;
    unsigned k;
    for (k = 0; k < NAME_INDEX_PLANES; k++) {
        const NAME_row zero = {0};
        index[k] = zero;
    }
    memcpy(best, sum, sizeof best);
    for (c = 1; c < NAME_CLASSES; c++) {
        NAME_row above = {0};
        sum += NAME_PLANES;
        for (k = 0; k < NAME_PLANES; k++) {
            above = (sum[k] & ~best[k]) | (~(sum[k] ^ best[k]) & above);
        }
        for (k = 0; k < NAME_PLANES; k++) {
            best[k] ^= (best[k] ^ sum[k]) & above;
        }
        for (k = 0; k < NAME_INDEX_PLANES; k++) {
            index[k] = ((c >> k) & 1u) != 0u ? index[k] | above : index[k] & ~above;
        }
    }
}

void NAME_predict_in(void *workspace, const NAME_element *features, size_t n, int32_t *classes)
{
    NAME_row *v = NAME_rows(workspace);
    size_t done, word;
    for (done = 0; done < n; done += NAME_TOGETHER) {
        const size_t count = n - done < NAME_TOGETHER ? n - done : NAME_TOGETHER;
        NAME_row index[NAME_INDEX_PLANES];
        NAME_block(features + done * NAME_FEATURES, count, v);
        NAME_best(v + NAME_ROWS, index);
        for (word = 0; word * 64u < count; word++) {
            uint32_t numbers[64];
            const size_t left = count - word * 64u;
            NAME_numbers(index, NAME_INDEX_PLANES, word, numbers);
            memcpy(classes + done + word * 64u, numbers, (left < 64u ? left : 64u) * sizeof *classes);
        }
    }
}

void NAME_scores_in(void *workspace, const NAME_element *features, size_t n, int32_t *scores)
{
    NAME_row *v = NAME_rows(workspace);
    size_t done, word, c, s;
    for (done = 0; done < n; done += NAME_TOGETHER) {
        const size_t count = n - done < NAME_TOGETHER ? n - done : NAME_TOGETHER;
        NAME_block(features + done * NAME_FEATURES, count, v);
        for (c = 0; c < NAME_CLASSES; c++) {
            const NAME_row *sum = v + NAME_ROWS + c * NAME_PLANES;
            for (word = 0; word * 64u < count; word++) {
                uint32_t numbers[64];
                int32_t *out = scores + (done + word * 64u) * NAME_CLASSES + c;
                NAME_numbers(sum, NAME_PLANES, word, numbers);
                for (s = 0; s < 64u && word * 64u + s < count; s++) {
                    out[s * NAME_CLASSES] = (int32_t)((int64_t)numbers[s] + NAME_BASE);
                }
            }
        }
    }
}

#if NAME_WORKSPACE <= NAME_STACK
void NAME_predict(const NAME_element *features, size_t n, int32_t *classes)
{
    unsigned char workspace[NAME_WORKSPACE];
    NAME_predict_in(workspace, features, n, classes);
}

void NAME_scores(const NAME_element *features, size_t n, int32_t *scores)
{
    unsigned char workspace[NAME_WORKSPACE];
    NAME_scores_in(workspace, features, n, scores);
}
#endif
