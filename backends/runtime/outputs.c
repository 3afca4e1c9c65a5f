/* ---- No head: the output literals themselves. ---- */

void NAME_outputs_in(void *workspace, const NAME_element *features, size_t n, uint8_t *outputs)
{
    NAME_row *v = NAME_rows(workspace);
    size_t done, i, s;
    for (done = 0; done < n; done += NAME_TOGETHER) {
        const size_t count = n - done < NAME_TOGETHER ? n - done : NAME_TOGETHER;
        NAME_block(features + done * NAME_FEATURES, count, v);
        for (i = 0; i != NAME_OUTPUTS; i++) {
            uint8_t *out = outputs + done * NAME_OUTPUTS + i;
            uint64_t words[NAME_TOGETHER / 64u];
            memcpy(words, &v[NAME_literal[i] >> 1], sizeof words);
            for (s = 0; s < count; s++) {
                out[s * NAME_OUTPUTS] = (uint8_t)(((words[s / 64u] >> (s % 64u)) ^ NAME_literal[i]) & 1u);
            }
        }
    }
}

#if NAME_WORKSPACE <= NAME_STACK
void NAME_outputs(const NAME_element *features, size_t n, uint8_t *outputs)
{
    unsigned char workspace[NAME_WORKSPACE];
    NAME_outputs_in(workspace, features, n, outputs);
}
#endif
