/* ---- Head: for each class the popcount of its literals plus its offset, as bit planes (NAME_row sum[NAME_PLANES]). ---- */

/* One full adder in each bit: a + b + c = *low + 2 * *high. */
#define NAME_ADD(low, high, a, b, c)                 \
    do {                                             \
        const NAME_row half = (a) ^ (b), third = (c);   \
        (high) = ((a) & (b)) | (half & third);       \
        (low) = half ^ third;                        \
    } while (0)

/* Add `carry` to the number in planes sum[k] and up. */
static inline void NAME_ripple(NAME_row *sum, unsigned k, NAME_row *carry)
{
    for (; k < NAME_PLANES; k++) {
        const NAME_row next = sum[k] & *carry;
        sum[k] ^= *carry;
        *carry = next;
    }
}

/* Score of class c, less NAME_BASE: carry-save, two literals a step; waiting[k] holds a carry of weight 2^k. */
static void NAME_count(const NAME_row *v, size_t c, NAME_row *sum)
{
    const NAME_node *node = NAME_literal + NAME_class[c].first;
    const size_t plain = NAME_class[c].plain, all = NAME_class[c].count, pairs = all / 2u;
    const NAME_row zero = {0};
    NAME_row waiting[NAME_PLANES];
    size_t i, m;
    unsigned k;
    for (k = 0; k < NAME_PLANES; k++) {
        sum[k] = zero - (uint64_t)((NAME_class[c].start >> k) & 1u);
        waiting[k] = zero;
    }
    for (i = 0; i < pairs; i++) {
        const NAME_row a = v[node[2u * i]] ^ (zero - (uint64_t)(2u * i >= plain));
        const NAME_row b = v[node[2u * i + 1u]] ^ (zero - (uint64_t)(2u * i + 1u >= plain));
        NAME_row carry;
        NAME_ADD(sum[0], carry, a, b, sum[0]);
        for (m = i, k = 1; (m & 1u) != 0u; m >>= 1, k++) {
            NAME_ADD(sum[k], carry, waiting[k], carry, sum[k]);
        }
        waiting[k] = carry;
    }
    for (k = 1; k < NAME_PLANES; k++) {
        if (((pairs >> (k - 1u)) & 1u) != 0u) {
            NAME_ripple(sum, k, &waiting[k]);
        }
    }
    if ((all & 1u) != 0u) {
        NAME_row last = v[node[all - 1u]] ^ (zero - (uint64_t)(all > plain));
        NAME_ripple(sum, 0, &last);
    }
}

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
static void NAME_best(const NAME_row *v, NAME_row *index)
{
    NAME_row best[NAME_PLANES], sum[NAME_PLANES];
    size_t c;
    unsigned k;
    for (k = 0; k < NAME_INDEX_PLANES; k++) {
        const NAME_row zero = {0};
        index[k] = zero;
    }
    NAME_count(v, 0, best);
    for (c = 1; c < NAME_CLASSES; c++) {
        NAME_row above = {0};
        NAME_count(v, c, sum);
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
    for (done = 0; done < n; done += NAME_BLOCK) {
        const size_t count = n - done < NAME_BLOCK ? n - done : NAME_BLOCK;
        NAME_row index[NAME_INDEX_PLANES];
        NAME_block(features + done * NAME_FEATURES, count, v);
        NAME_best(v, index);
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
    for (done = 0; done < n; done += NAME_BLOCK) {
        const size_t count = n - done < NAME_BLOCK ? n - done : NAME_BLOCK;
        NAME_block(features + done * NAME_FEATURES, count, v);
        for (c = 0; c < NAME_CLASSES; c++) {
            NAME_row sum[NAME_PLANES];
            NAME_count(v, c, sum);
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
